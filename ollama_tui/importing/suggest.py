"""A model's name made from what its file is called."""

from __future__ import annotations

import re

from ollama_tui.domain.names import new_name_problem
from ollama_tui.importing.gguf import UNKNOWN

_VAGUE = re.compile(
    r"(?:ggml[-_.]?)?(?:model|weights|adapter(?:[-_]model)?|lora|sha256-\w+|[0-9a-f]{40})"
)
_ALIEN = re.compile(r"[^a-z0-9_.-]+")
_LONGEST = 80
LAST_RESORT = "imported"


def suggestion(stem: str, quantization: str, *more: str) -> str:
    """Return a new model's name, its quantization as the tag, from a file name without suffix.

    File names that say nothing give way to the first of `more` that says something.
    """
    model, tag = _parted(stem, quantization)
    for candidate in (model, *more):
        name = _part(candidate)
        if name and not _VAGUE.fullmatch(name):
            break
    else:
        name = LAST_RESORT
    full = f"{name}:{tag}" if tag else name
    return full if new_name_problem(full) is None else name


def _parted(stem: str, quantization: str) -> tuple[str, str]:
    """Cut the quantization off the end of a file's name."""
    lowered, word = stem.lower(), quantization.lower()
    if word and word != UNKNOWN and lowered.endswith(word):
        rest = stem[: -len(word)]
        if rest.rstrip("-_. ") != rest:
            return rest.rstrip("-_. "), word
    return stem, ""


def _part(text: str) -> str:
    words = _ALIEN.sub("-", text.lower())
    return words.strip("-._")[:_LONGEST].rstrip("-._")
