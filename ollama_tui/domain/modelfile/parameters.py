"""The parameters of a model: types, defaults and limits, and how they are read and written."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from ollama_tui.api.requests import ParameterValue
from ollama_tui.formatting import inert

Kind = Literal["int", "float", "bool", "texts"]
Scalar = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter a server knows."""

    name: str
    kind: Kind
    default: str
    """What holds when it is not set, in words."""
    help: str
    reloads: bool = False
    """Whether changing it makes a server load the model again."""
    least: float = -math.inf
    most: float = math.inf

    @property
    def range(self) -> str:
        """What makes sense, in words; empty when everything does."""
        if self.most < math.inf:
            return f"between {self.least:g} and {self.most:g}"
        return f"of {self.least:g} or more" if self.least > -math.inf else ""


PARAMETERS: tuple[Parameter, ...] = (
    Parameter("num_ctx", "int", "memory-based", "context length in tokens", True, least=1),
    Parameter("num_predict", "int", "-1", "maximum tokens to generate; -1 no limit", least=-2),
    Parameter("temperature", "float", "0.8", "randomness of sampling", least=0, most=2),
    Parameter("top_k", "int", "40", "sample from the k likeliest tokens; 0 all", least=0),
    Parameter(
        "top_p", "float", "0.9", "sample from tokens up to this total probability", least=0, most=1
    ),
    Parameter(
        "min_p",
        "float",
        "0.0",
        "least probability relative to the likeliest token",
        least=0,
        most=1,
    ),
    Parameter("typical_p", "float", "1.0", "locally typical sampling; 1 off", least=0, most=1),
    Parameter("repeat_penalty", "float", "1.0", "penalty for repetition; 1 off", least=0, most=2),
    Parameter(
        "repeat_last_n", "int", "64", "tokens checked for repetition; 0 off, -1 num_ctx", least=-1
    ),
    Parameter(
        "presence_penalty", "float", "0.0", "penalty for tokens already used", least=-2, most=2
    ),
    Parameter(
        "frequency_penalty",
        "float",
        "0.0",
        "penalty for each earlier use of a token",
        least=-2,
        most=2,
    ),
    Parameter("seed", "int", "-1", "same seed, same answer; -1 random"),
    Parameter("stop", "texts", "none", "stop before this text; may be given several times"),
    Parameter("num_keep", "int", "4", "tokens kept when the context is full", least=-1),
    Parameter("num_batch", "int", "512", "tokens processed at once", True, least=1),
    Parameter("num_gpu", "int", "-1", "layers on GPUs; -1 automatic", True, least=-1),
    Parameter("main_gpu", "int", "unset", "the GPU for small tensors", True, least=0),
    Parameter("use_mmap", "bool", "unset", "map the weights into memory", True),
    Parameter("num_thread", "int", "0", "CPU threads; 0 automatic", True, least=0),
    Parameter("draft_num_predict", "int", "4 with a draft", "tokens to draft ahead", True, least=0),
)
"""Every parameter, the most used first."""

BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}
RETIRED = frozenset(
    [
        "penalize_newline",
        "low_vram",
        "f16_kv",
        "logits_all",
        "vocab_only",
        "use_mlock",
        "mirostat",
        "mirostat_tau",
        "mirostat_eta",
    ]
)
"""Names of old that servers ignore."""

_ELSEWHERE = {
    "context_length": "num_ctx",
    "max_tokens": "num_predict",
    "max_new_tokens": "num_predict",
    "n_ctx": "num_ctx",
    "n_gpu_layers": "num_gpu",
    "n_predict": "num_predict",
    "repetition_penalty": "repeat_penalty",
    "threads": "num_thread",
}
_TRUE = frozenset(["1", "t", "T", "TRUE", "true", "True"])
_FALSE = frozenset(["0", "f", "F", "FALSE", "false", "False"])
_INT = re.compile(r"[+-]?[0-9]{1,19}")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


class BadParameter(ValueError):  # noqa: N818 - read as a sentence: except BadParameter
    """Not a parameter, or not a value for it: one sentence for a person."""

    def __init__(self, sentence: str, words: str) -> None:
        super().__init__(sentence)
        self.words = words
        """The same as Ollama's own program words it."""


def convert(name: str, text: str) -> ParameterValue:
    """Return `text` as the type of the parameter; a `stop` as a list of one; raise BadParameter."""
    parameter = BY_NAME.get(name)
    if parameter is None:
        likely = suggestions(name)
        hint = f" Did you mean {likely[0]}?" if likely else ""
        sentence = f"There is no parameter “{inert(name)}”.{hint}"
        if name in RETIRED:
            sentence = f"{name} is retired: servers ignore it."
        raise BadParameter(sentence, f"unknown parameter '{name}'")
    value = _CONVERT[parameter.kind](text)
    if value is None:
        words = f"invalid {parameter.kind} value [{text}]"
        raise BadParameter(f"{name} takes {_TAKES[parameter.kind]}.", words)
    return value


def doubt(name: str, value: ParameterValue) -> str | None:
    """Return a sentence when a server would take `value` but nobody would want it."""
    parameter = BY_NAME.get(name)
    if parameter is None or isinstance(value, bool | str | list):
        return None
    if parameter.least <= value <= parameter.most:
        return None
    if parameter.most == math.inf:
        return f"{name} is {parameter.least:g} or more."
    return f"{name} is between {parameter.least:g} and {parameter.most:g}."


def suggestions(name: str) -> tuple[str, ...]:
    """Return the names that a misspelt or foreign `name` may stand for, the likeliest first."""
    from difflib import get_close_matches  # 2 ms, for problems only

    wanted = name.strip().lower()
    known = (_ELSEWHERE[wanted],) if wanted in _ELSEWHERE else ()
    begun = [n for n in BY_NAME if wanted and n.startswith(wanted)]
    return tuple(dict.fromkeys((*known, *begun, *get_close_matches(wanted, BY_NAME, 3, 0.7))))


def parse_show(text: str) -> list[tuple[str, Scalar | None]]:
    """Read show's `parameters`, in our own order since a server's is random; a null is None."""
    lines = (line.strip().partition(" ") for line in text.split("\n") if line.strip())
    pairs = [(name, _value(name, value.strip())) for name, _, value in lines]
    places = {name: place for place, name in enumerate(BY_NAME)}
    return sorted(pairs, key=lambda pair: (places.get(pair[0], len(places)), pair[0]))


def merged(pairs: Iterable[tuple[str, Scalar | None]]) -> dict[str, ParameterValue]:
    """Return the pairs as create takes them: `stop` and whatever repeats as lists, no nulls."""
    found: dict[str, list[Scalar]] = {}
    for name, value in pairs:
        if value is not None:
            found.setdefault(name, []).append(value)
    return {
        name: list(map(rendered, values)) if name == "stop" or len(values) > 1 else values[0]
        for name, values in found.items()
    }


def lines(parameters: dict[str, ParameterValue]) -> list[tuple[str, str]]:
    """Return name and text of every PARAMETER line; a list gives one line per element."""
    return [
        (name, rendered(value))
        for name, values in parameters.items()
        for value in (values if isinstance(values, list) else [values])
    ]


def rendered(value: Scalar) -> str:
    """Return a value as a Modelfile says it; integers never with an exponent."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _int(text: str) -> int | None:
    value = int(text) if _INT.fullmatch(text) else None
    return value if value is not None and -(2**63) <= value < 2**63 else None


def _float(text: str) -> float | None:
    value = float(text) if _FLOAT.fullmatch(text) else math.inf
    return value if math.isfinite(value) else None


_CONVERT: dict[Kind, Callable[[str], ParameterValue | None]] = {
    "int": _int,
    "float": _float,
    "bool": lambda text: True if text in _TRUE else False if text in _FALSE else None,
    "texts": lambda text: [text] if text else None,
}
_TAKES: dict[Kind, str] = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "texts": "a text that is not empty",
}


def _value(name: str, text: str) -> Scalar | None:
    if text == "<nil>":
        return None
    if len(text) > 1 and text[0] == text[-1] == '"':
        return unquoted(text[1:-1])
    if (number := _int(text)) is not None:
        return number
    if (fraction := _float(text)) is not None:
        kind = BY_NAME[name].kind if name in BY_NAME else None
        return int(fraction) if kind == "int" and fraction.is_integer() else fraction
    return {"true": True, "false": False}.get(text, text)


_ESCAPE = re.compile(
    rb"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL
)
_SINGLE = dict(zip(b"abfnrtv", b"\a\b\f\n\r\t\v", strict=True))


def unquoted(text: str) -> str:
    """Undo the escapes of a Go string literal, given without its quotes."""
    data = _ESCAPE.sub(_unescaped, text.encode("utf-8", "surrogatepass"))
    return data.decode("utf-8", "replace")


def _unescaped(match: re.Match[bytes]) -> bytes:
    byte, short, long, octal, single = match.groups()
    if byte or octal:
        return bytes([int(byte or octal, 16 if byte else 8) & 0xFF])
    if single:
        return bytes([_SINGLE.get(single[0], single[0])])
    point = int(short or long, 16)
    return chr(point).encode("utf-8", "replace") if point <= 0x10FFFF else b"\xef\xbf\xbd"
