"""A file of this machine that is to be sent, and what the server is to call it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ollama_tui.importing.errors import unreadable


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
    """Return a file with the size it has now; raise BadFile when it cannot be looked at."""
    try:
        return LocalFile(path, key, path.stat().st_size, adapter)
    except OSError as error:
        raise unreadable(path, error) from error


def keys_of(paths: Sequence[Path]) -> list[str]:
    """Return what the server is to call these files, as Ollama's own client does.

    One goes by its name; several by their paths below the folder they share.
    """
    if len(paths) == 1:
        return [key_text(Path(paths[0].name))]
    shared = os.path.commonpath([path.absolute().parent for path in paths])
    return [key_text(path.absolute().relative_to(shared)) for path in paths]


def key_text(path: Path) -> str:
    """Return a relative path with slashes, as JSON can carry it."""
    return os.fsencode(path.as_posix()).decode("utf-8", "replace")
