"""Names to suggest: how one that is being typed may go on, and what a wrong one may have meant."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from ollama_tui.domain.model import Model, ModelKey
from ollama_tui.domain.updates import incomparable

FAMILIES = (
    "all-minilm", "bge-m3", "codellama", "command-r", "deepseek-coder-v2", "deepseek-r1",
    "deepseek-v3.1", "devstral", "embeddinggemma", "gemma2", "gemma3", "gemma3n", "gpt-oss",
    "granite3.3", "llama3.1", "llama3.2", "llama3.2-vision", "llama3.3", "llava", "magistral",
    "minicpm-v", "mistral", "mistral-nemo", "mistral-small3.2", "mixtral",
    "mxbai-embed-large", "nomic-embed-text", "phi3", "phi4", "phi4-mini", "qwen2.5",
    "qwen2.5-coder", "qwen2.5vl", "qwen3", "qwen3-coder", "qwen3-vl", "qwq", "smollm2",
    "snowflake-arctic-embed2", "starcoder2", "tinyllama",
)  # fmt: skip
"""Well-known names of ollama.com's library, suggested where no server knows more."""
_ALIKE = 0.6
"""Similarity, from 0 to 1, from which on one name may be a misspelling of another."""
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)")


def in_order(names: Iterable[str]) -> list[str]:
    """Return names sorted as people read them: `qwen3:1.7b` before `qwen3:8b` before `qwen3:30b`.

    Each once, whatever its case.
    """
    return sorted({name.lower(): name for name in names}.values(), key=_readable)


def _readable(name: str) -> list[tuple[float, str]]:
    parts = _NUMBER.split(name.lower())
    return [(float(part), "") if at % 2 else (-1.0, part) for at, part in enumerate(parts)]


def pullable(
    models: Iterable[Model],
    outdated: Collection[ModelKey],
    seen: Mapping[str, str],
    library: Iterable[str] = FAMILIES,
) -> dict[str, str]:
    """Return the names to suggest for a pull, with what is known of each in a word or two.

    `seen` are those of the catalogue, and `library` names that its registry has. What was made on
    the server is left out.
    """
    known = {**dict.fromkeys(library, "in the library"), **seen}
    for model in models:
        if model.is_cloud:
            known[model.name] = "installed, cloud"
        elif incomparable(model) is None:
            known[model.name] = "outdated" if model.key in outdated else "installed"
    return known


def completions(typed: str, known: Iterable[str]) -> list[str]:
    """Return the names of `known` that go on from `typed`, in order; none for no letters."""
    start = typed.lower()
    return in_order(n for n in known if n.lower().startswith(start) and n != typed) if typed else []


def common_start(typed: str, offered: Sequence[str]) -> str:
    """Return `typed` with all letters that every one of `offered` goes on with."""
    if not offered:
        return typed
    first, *others = offered
    end = len(typed)
    while end < len(first) and all(o[end : end + 1].lower() == first[end].lower() for o in others):
        end += 1
    return first[:end] if end > len(typed) else typed


def nearest(wrong: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return at most so many names of `known` that somebody may have meant by `wrong`, best first.

    Other tags of the same model come first, then names that go on from it, then models of that name
    from somebody else, then names spelled alike.
    """
    from difflib import SequenceMatcher  # only for a name that is wrong

    lowered = wrong.lower()
    model, tag = _cut(lowered)
    matcher = SequenceMatcher(b=lowered)
    ranked: list[tuple[int, float, int, str]] = []
    for order, name in enumerate(in_order(known)):
        other = name.lower()
        if other == lowered:
            continue
        matcher.set_seq1(other)
        # The quick ones are upper bounds, and spare most of ten thousand names the real one.
        alike = 0.0
        if matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE:
            alike = matcher.ratio()
        theirs, _ = _cut(other)
        if theirs == model:
            closer = -alike - other.startswith(lowered) if tag else 0.0
            ranked.append((0, closer, order, name))
        elif other.startswith(lowered):
            ranked.append((1, 0.0, order, name))
        elif theirs.rpartition("/")[2] == model.rpartition("/")[2]:
            ranked.append((2, 0.0, order, name))
        elif alike >= _ALIKE:
            ranked.append((3, -alike, order, name))
    return [name for *_, name in sorted(ranked)[:most]]


def _cut(name: str) -> tuple[str, str]:
    """Return a name without its tag, and the tag."""
    where, slash, last = name.rpartition("/")
    model, _, tag = last.partition(":")
    return f"{where}{slash}{model}", tag


def did_you_mean(wrong: str, known: Iterable[str], most: int = 3) -> str:
    """Return `Did you mean qwen3:1.7b or qwen3:8b?`, raw; empty where nothing is near."""
    *others, last = nearest(wrong, known, most) or [""]
    either = f"{', '.join(others)} or {last}" if others else last
    return f"Did you mean {either}?" if either else ""
