"""The model names in what people type and paste: commands, links, lists, several at once."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote

from ollama_tui.domain.names import comparison_key, problem

_COMMAND = re.compile(
    r"(?:^|.*[\s/])ollama(?:\.exe)?\s+(?:run|pull|show|push|stop|rm)\s+(.*)", re.S
)
_FROM = re.compile(r"FROM\s+(\S+)", re.IGNORECASE)
_PROMPT = re.compile(r"(?:[$%>❯#]|PS [^>]*>)\s+")
_QUOTES = {'""', "''", "“”", "‘’", "<>"}
_SEPARATORS = re.compile(r"""("[^"]*")|[,;]|&&|\|\|""")
_ODD = re.compile(r"[\s=]")
_COMMENT = re.compile(r"(?:^|\s)#\s.*")
_LISTED = re.compile(
    r"(\S+)\s+(?:ID\s+SIZE\b|digest\s+size\b"
    r"|(?:[0-9a-f]{12}|(?:sha256:)?[0-9a-f]{64}|-)\s+(?:[\d.]+ ?[KMGT]?B\b|-)).*"
)
_TAKES_A_VALUE = {"--keepalive", "--format", "--dimensions"}
_OLLAMA = {"ollama.com", "www.ollama.com", "ollama.ai", "www.ollama.ai"}
_HUGGING_FACE = {"hf.co", "www.hf.co", "huggingface.co", "www.huggingface.co"}
_SHARD = re.compile(r"-\d{5}-of-\d{5}$")
_QUANT = re.compile(
    r"(?:^|[-._])((?:UD-)?(?:I?Q\d(?:_\w+)?|TQ\d_\d|MXFP\d(?:_\w+)?|B?F16|F32))$", re.IGNORECASE
)


def names_in(text: str) -> tuple[str, ...]:
    """Return the model names in typed or pasted `text`, each once, in order.

    They are separated by blanks, commas or lines. Of a text with commands only the models of the
    commands are meant, and of the lines of `ollama list` or an export, the names they begin with.
    """
    pieces = [piece for line in text.split("\n") for piece in _pieces(line)]
    commands = [piece for piece in pieces if _COMMAND.match(piece)]
    if commands and "\n" not in text.strip():  # typed beside a command: names are meant too
        pieces = [p for p in pieces if p in commands or not _ODD.search(p)]
        names = [name for piece in pieces for name in (*_before_command(piece), *_names_of(piece))]
    else:
        names = [name for piece in commands or pieces for name in _names_of(piece)]
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(comparison_key(name), name)
    return tuple(found.values())


def _before_command(piece: str) -> list[str]:
    """Return the words before a command that can only be names: those with a tag or an address."""
    if not (match := _COMMAND.match(piece)):
        return []
    words = piece[: match.start(1)].split()
    plain = [word for word in words if word[0].isalnum() and "=" not in word]
    return [name_in(word) for word in plain if (":" in word or "/" in word) and name_in(word)]


def _pieces(line: str) -> list[str]:
    """Cut a line at commas and between commands, but not within quotes; drop comments."""
    line = _COMMENT.sub("", line)
    cuts = [0]
    for match in _SEPARATORS.finditer(line):
        cuts += () if match[1] else match.span()
    parts = [line[at:to] for at, to in zip(cuts[::2], [*cuts[1::2], len(line)], strict=True)]
    return [part.strip() for part in parts if part.strip(" \t`")]


def _names_of(piece: str) -> list[str]:
    if listed := _LISTED.match(piece):
        return [listed[1]] if listed[1] not in ("NAME", "name") else []
    bare = piece
    while prompt := _PROMPT.match(bare):
        bare = bare[prompt.end() :]
    if _COMMAND.match(bare) or _FROM.fullmatch(bare):
        return [name] if (name := name_in(bare)) else []
    return [name for word in bare.split() if (name := name_in(word))]


def name_in(text: str) -> str:
    """Return the model name that pasted `text` means; text that is none of these comes stripped."""
    bare = _unwrapped(text)
    if match := _COMMAND.match(bare):
        words = iter(match[1].split())
        for word in words:
            if word in _TAKES_A_VALUE:
                next(words, None)
            elif not word.startswith("-"):
                break
        else:
            word = ""
        bare = _unwrapped(word)
    elif match := _FROM.fullmatch(bare):
        bare = match[1]
    return bare if re.search(r"\s", bare) else _named_by_address(bare) or bare


def _unwrapped(text: str) -> str:
    """Take off blanks, shell prompts and matching quotes, as often as there are any."""
    before, inner = "", text
    while before != inner:
        before, inner = inner, inner.strip().strip("`")
        if prompt := _PROMPT.match(inner):
            inner = inner[prompt.end() :]
        elif len(inner) > 1 and inner[0] + inner[-1] in _QUOTES:
            inner = inner[1:-1]
    return inner


def _named_by_address(text: str) -> str | None:
    """Return the name behind a page address; None when `text` is not one."""
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() not in ("http", "https"):
        return None
    address, _, query = (rest if separator else text).partition("?")
    steps = (unquote(part).strip() for part in address.partition("#")[0].split("/"))
    host, *path = list(filter(None, steps)) or [""]
    if host.lower() in _OLLAMA and path:
        name = "/".join(path[:2])
        return name if len(path) == 1 or problem(name) else name.removeprefix("library/")
    if host.lower() in _HUGGING_FACE and len(path) > 1 and (separator or problem(text)):
        return _from_hugging_face(path, query)
    plain = "/".join((host, *path))
    return plain if separator and not problem(plain) else None


def _from_hugging_face(path: list[str], query: str) -> str:
    user, repository, *more = path
    name = f"hf.co/{user}/{repository}"
    file = more[-1] if more else parse_qs(query).get("show_file_info", [""])[0]
    if not file.lower().endswith(".gguf"):
        return name
    stem = _SHARD.sub("", PurePosixPath(file).stem)
    quantization = _QUANT.search(stem)  # or the whole file name: both are tags
    return f"{name}:{quantization[1] if quantization else PurePosixPath(file).name}"
