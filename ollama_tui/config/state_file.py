"""State files: versioned JSON that the program keeps between runs, read with any content.

A file that cannot be used is set aside, one of a newer version is left alone, and a failed write is
skipped: each is a sentence for the user in `Problems`, never an exception.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from ollama_tui.config.safe_file import (
    Unusable,
    read_bounded,
    read_start,
    reason_of,
    set_aside,
    shown_path,
    write_atomically,
)
from ollama_tui.formatting import inert

T = TypeVar("T")
VERSION = 1
"""Version of the format; files of the first format have none."""
KB, MB = 1 << 10, 1 << 20
_BAD_JSON = (msgspec.MsgspecError, UnicodeDecodeError)
_NUMBER = re.compile(rb"\d{1,9}")
_VERSION_FIRST = re.compile(rb'\s*\{\s*"version"\s*:\s*(\d{1,9})\b')


class Newer(Unusable):
    """Written by a newer version: left untouched."""


class _Versioned(msgspec.Struct, Generic[T]):
    """The content of a file; the version comes first, so that reading its start is enough."""

    version: int
    data: T


def encoded(value: object) -> bytes:
    """Return the content of a file with `value`; raises ValueError if it is not valid in JSON."""
    try:
        return msgspec.json.encode(_Versioned(VERSION, value))
    except (UnicodeEncodeError, RecursionError, TypeError) as error:
        raise ValueError(str(error)) from None


def decoded(data: bytes, kind: type[T]) -> T:
    """Return the value in a file, of type `kind`; raises Unusable and Newer."""
    expected: Any = _Versioned[kind]  # type: ignore[valid-type]
    try:
        found: _Versioned[T] = msgspec.json.decode(data, type=expected)
        if found.version == VERSION:
            return found.data
    except (*_BAD_JSON, RecursionError):
        pass  # the reason is found below
    try:
        return _without_version(data, kind)
    except RecursionError:
        raise Unusable("is nested too deeply") from None
    except msgspec.ValidationError:
        raise Unusable("has unexpected content") from None
    except _BAD_JSON:
        raise Unusable("is damaged") from None


def _without_version(data: bytes, kind: type[T]) -> T:
    """Return the value in a file without a version; raise the reason why it cannot be used."""
    try:
        fields = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:  # not an object
        fields = {}
    if (version := fields.get("version")) is not None:
        number = bytes(version)
        if not _NUMBER.fullmatch(number) or int(number) == VERSION:
            raise Unusable("has unexpected content")
        if int(number) > VERSION:
            raise Newer("was written by a newer version of ollama-tui")
        raise Unusable("was written by another version of ollama-tui")
    # The first field is always written; without this check any object would pass as all defaults.
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        first, *_ = msgspec.structs.fields(kind)
        if first.encode_name not in fields:
            raise Unusable("has unexpected content")
    return msgspec.json.decode(data, type=kind)


class Problems:
    """Problems with the program's own files, a sentence each, none twice.

    `add` may be called from any thread.
    """

    def __init__(self, notify: Callable[[], object] = lambda: None) -> None:
        self.notify = notify
        """Called by `add`, in its thread, when there is something to `take`."""
        self._known: set[str] = set()
        self._new: list[str] = []

    def take(self) -> list[str]:
        """Return the sentences added since the last call."""
        taken, self._new = self._new, []
        return taken

    def add(self, sentence: str, once: str = "") -> None:
        """Add `sentence`, unless it was added before, or another one with the same `once`."""
        key = once or sentence
        if key not in self._known:
            self._known.add(key)
            self._new.append(sentence)
            self.notify()

    def unusable(self, path: Path, error: Unusable, loss: str) -> None:
        """Set aside a file that cannot be used and report it; `loss` is the consequence."""
        aside = None if isinstance(error, Newer) else set_aside(path)
        left = (
            f"it is now {shown_path(aside)}" if aside else f"{shown_path(path)} is left unchanged"
        )
        self.add(f"{inert(path.name)} {error}, so {loss}; {left}.")


@dataclass(frozen=True)
class StateFile(Generic[T]):
    """One file and the type of its content."""

    path: Path
    kind: type[T]
    loss: str
    """The consequence when the file cannot be used, as the end of a sentence."""
    problems: Problems = field(default_factory=Problems)
    limit: int = MB
    """Bytes; a larger file is neither read nor written."""

    def read(self) -> T | None:
        """Return the content; None when there is no file or it cannot be used."""
        try:
            return decoded(read_bounded(self.path, self.limit), self.kind)
        except FileNotFoundError:
            return None
        except Unusable as error:
            if os.path.lexists(self.path):  # otherwise the folder is at fault: writing reports it
                self.problems.unusable(self.path, error, self.loss)
            return None

    def write(self, value: T) -> bool:
        """Replace the content, unless a newer version wrote it; return whether it was written."""
        version = _VERSION_FIRST.match(read_start(self.path, 64))
        try:
            data = encoded(value)
            if len(data) > self.limit or (version is not None and int(version[1]) > VERSION):
                return False
            write_atomically(self.path, data)
        except OSError as error:
            self.problems.add(
                "Settings and lists are not remembered for the next start: "
                f"{shown_path(self.path.parent)} cannot be written ({reason_of(error)}).",
                once="unwritable",
            )
            return False
        except ValueError:
            return False
        return True
