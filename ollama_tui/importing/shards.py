"""Models in several files: `<prefix>-00001-of-00003.gguf` and its siblings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ollama_tui.formatting import inert, listing
from ollama_tui.importing.errors import BadFile, label

_SHARD = re.compile(r"(?P<prefix>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<suffix>\.\w+)", re.S)
_MOST_NAMED = 3


class Shard(NamedTuple):
    """One part of a model, as its file name says."""

    prefix: str
    number: int
    """From 1."""
    of: int
    suffix: str

    @property
    def siblings(self) -> list[str]:
        """Names of all parts, itself too."""
        return [
            f"{self.prefix}-{number:05}-of-{self.of:05}{self.suffix}"
            for number in range(1, self.of + 1)
        ]


def shard(path: Path) -> Shard | None:
    """Return which part of a model a file is; None for one of its own."""
    match = _SHARD.fullmatch(path.name)
    if match is None or not 1 <= int(match["number"]) <= int(match["count"]):
        return None
    return Shard(match["prefix"], int(match["number"]), int(match["count"]), match["suffix"])


def with_siblings(paths: Iterable[Path]) -> list[Path]:
    """Return the files, each part of a model with all other parts; raise BadFile when one lacks."""
    found: dict[Path, None] = {}
    for path in paths:
        part = shard(path)
        names = part.siblings if part else [path.name]
        missing = [name for name in names if not path.with_name(name).is_file()]
        if part and missing:
            raise BadFile(missing_parts(missing, part.of))
        found |= dict.fromkeys(path.with_name(name) for name in names)
    return list(found)


def missing_parts(names: list[str], count: int) -> str:
    """Return the sentence that names what is not there."""
    shown = [inert(name) for name in names[:_MOST_NAMED]]
    more = [f"{len(names) - _MOST_NAMED} more"] if len(names) > _MOST_NAMED else []
    return f"{len(names)} of {count} parts are not there: {listing([*shown, *more])}."


def stem(path: Path) -> str:
    """Return the name of a file without suffix and number."""
    part = shard(path)
    return part.prefix if part else path.stem


def misnamed(path: Path, count: int) -> BadFile:
    """Return that a file is a part of several, but not called so."""
    return BadFile(
        f"{label(path)} says it is one of {count} parts, but not by its name: "
        f"call it …-00001-of-{count:05}.gguf and so on."
    )
