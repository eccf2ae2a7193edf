"""Files of this machine to send to a server: their names, what is wrong with one, split models."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ollama_tui.formatting import inert, listing, shorten, size

_LFS = b"version https://git-lfs"
_PAGES = (b"<!doctype", b"<html")
_SHARD = re.compile(r"(?P<prefix>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<suffix>\.\w+)", re.S)
_MOST_NAMED = 3


class BadFile(ValueError):  # noqa: N818 - read as a sentence: except BadFile
    """Not a file that can be imported; the message is one sentence or two for a person."""


def label(path: Path) -> str:
    """Return the name of a file for a sentence."""
    return shorten(inert(path.name or str(path)), 48)


def unreadable(path: Path, error: OSError) -> BadFile:
    """Return the error for a file that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return BadFile(f"{label(path)} does not exist.")
    if isinstance(error, PermissionError):
        return BadFile(f"{label(path)} cannot be read: check its permissions.")
    return BadFile(f"{label(path)} cannot be read: {inert(error.strerror or 'an I/O error')}.")


def too_short(whole: int, there: int) -> str:
    """Return how much of a file of `whole` bytes is missing, as after a partial download."""
    missing = f"{size(whole - there)} of {size(whole)}"
    return f"ends too early, {missing} are missing: download or copy it again."


def wrong_content(head: bytes) -> str | None:
    """Return what a file that begins with `head` is instead of a model; None if unknown."""
    start = head.lstrip().lower()
    if start.startswith(_LFS):
        return "is a Git LFS pointer, not the file itself: fetch it with “git lfs pull”."
    if start.startswith(_PAGES):
        return "is a web page, not a model: download the file itself."
    return None


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file to upload as a blob and to name in a create request."""

    path: Path
    key: str
    """Its name in the request: a base name, or a relative path with forward slashes."""
    size: int
    """Bytes."""
    adapter: bool = False
    """Whether it is a LoRA adapter and not part of the model itself."""
    draft: bool = False
    """Whether it is part of a draft model."""


def local_file(path: Path, key: str, *, adapter: bool = False) -> LocalFile:
    """Return a file with its current size; raise BadFile when that cannot be read."""
    try:
        return LocalFile(path, key, path.stat().st_size, adapter)
    except OSError as error:
        raise unreadable(path, error) from error


def keys_of(paths: Sequence[Path]) -> list[str]:
    """Return the names of these files in a create request, as Ollama's own client forms them.

    One file goes by its name; several by their paths below the folder they share.
    """
    if len(paths) == 1:
        return [key_text(Path(paths[0].name))]
    shared = os.path.commonpath([path.absolute().parent for path in paths])
    return [key_text(path.absolute().relative_to(shared)) for path in paths]


def key_text(path: Path) -> str:
    """Return a relative path with slashes, in characters that JSON can carry."""
    return os.fsencode(path.as_posix()).decode("utf-8", "replace")


class Shard(NamedTuple):
    """The name of one file of a split model: `<prefix>-00001-of-00003.gguf`."""

    prefix: str
    number: int
    """From 1."""
    of: int
    suffix: str

    @property
    def siblings(self) -> list[str]:
        """Names of all parts, including this one."""
        return [
            f"{self.prefix}-{number:05}-of-{self.of:05}{self.suffix}"
            for number in range(1, self.of + 1)
        ]


def shard(path: Path) -> Shard | None:
    """Return which part of a model a file is; None if it is not split."""
    match = _SHARD.fullmatch(path.name)
    if match is None or not 1 <= int(match["number"]) <= int(match["count"]):
        return None
    return Shard(match["prefix"], int(match["number"]), int(match["count"]), match["suffix"])


def with_siblings(paths: Iterable[Path]) -> list[Path]:
    """Return the files with all parts of split models; raise BadFile when a part is missing."""
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
    """Return the sentence that names the missing parts."""
    shown = [inert(name) for name in names[:_MOST_NAMED]]
    more = [f"{len(names) - _MOST_NAMED} more"] if len(names) > _MOST_NAMED else []
    return f"{len(names)} of {count} parts are missing: {listing([*shown, *more])}."


def stem(path: Path) -> str:
    """Return the name of a file without suffix and number."""
    part = shard(path)
    return part.prefix if part else path.stem
