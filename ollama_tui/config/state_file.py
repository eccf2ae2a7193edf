"""What the program keeps on disk between runs, as versioned JSON that cannot hurt.

A file that cannot be used is set aside, one of a newer version is left alone, and what cannot be
written is not kept: each is a sentence for the user, and never an error.
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
    in_words,
    read_bounded,
    read_start,
    set_aside,
    write_atomically,
)
from ollama_tui.formatting import inert

T = TypeVar("T")
VERSION = 1
"""Of the format; without one, a file is of the time before there were versions."""
KB, MB = 1 << 10, 1 << 20
_BAD_JSON = (msgspec.MsgspecError, UnicodeDecodeError)
_NUMBER = re.compile(rb"\d{1,9}")
_VERSION_FIRST = re.compile(rb'\s*\{\s*"version"\s*:\s*(\d{1,9})\b')


class Newer(Unusable):
    """The file is of a newer version: not for us, and good for who wrote it."""


class _Versioned(msgspec.Struct, Generic[T]):
    """What a file holds; the version comes first, so that it can be told at a glance."""

    version: int
    data: T


def encoded(value: object) -> bytes:
    """Return `value` as a file holds it; raises ValueError when it is no JSON."""
    try:
        return msgspec.json.encode(_Versioned(VERSION, value))
    except (UnicodeEncodeError, RecursionError, TypeError) as error:
        raise ValueError(str(error)) from None


def decoded(data: bytes, kind: type[T]) -> T:
    """Return the value of a file, which has to be a `kind`; raises Unusable and Newer."""
    expected: Any = _Versioned[kind]  # type: ignore[valid-type]
    try:
        found: _Versioned[T] = msgspec.json.decode(data, type=expected)
    except (*_BAD_JSON, RecursionError):
        return _of_another_version(data, kind)
    return found.data if found.version == VERSION else _of_another_version(data, kind)


def _of_another_version(data: bytes, kind: type[T]) -> T:
    """Return the value of a file from before there were versions, or raise what is wrong."""
    try:
        fields = _fields(data)
        if (version := fields.get("version")) is not None:
            raise _not_ours(bytes(version))
        if not _first_field(kind) <= fields.keys():
            raise Unusable("does not hold what it should")
        return msgspec.json.decode(data, type=kind)
    except RecursionError:
        raise Unusable("is nested too deeply") from None
    except msgspec.ValidationError:
        raise Unusable("does not hold what it should") from None
    except _BAD_JSON:
        raise Unusable("is damaged") from None


def _fields(data: bytes) -> dict[str, msgspec.Raw]:
    """Return the fields of an object, as they are written; anything else has none."""
    try:
        return msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        return {}


def _first_field(kind: Any) -> set[str]:
    """Return a field that was always written, for what else would be read as all defaults."""
    is_struct = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    return {msgspec.structs.fields(kind)[0].encode_name} if is_struct else set()


def _not_ours(version: bytes) -> Unusable:
    """Return what is wrong with a file of a version: with one of ours, it is what is in it."""
    if not _NUMBER.fullmatch(version) or int(version) == VERSION:
        return Unusable("does not hold what it should")
    if int(version) > VERSION:
        return Newer("was written by a newer version of ollama-tui")
    return Unusable("was written by another version of ollama-tui")


def is_newer(path: Path) -> bool:
    """Whether a newer version of the program has written the file: it is not ours to replace."""
    match = _VERSION_FIRST.match(read_start(path, 64))
    return match is not None and int(match[1]) > VERSION


class Problems:
    """What was wrong with files of the program's own, a sentence each, none twice.

    May be added to from any thread.
    """

    def __init__(self, wake: Callable[[], object] = lambda: None) -> None:
        self._wake = wake
        self._known: set[str] = set()
        self._untold: list[str] = []

    def listen(self, wake: Callable[[], object]) -> None:
        """Have `wake` called, in whatever thread, when there is something to `take`."""
        self._wake = wake

    def take(self) -> list[str]:
        """Return what nobody was told yet."""
        taken, self._untold = self._untold, []
        return taken

    def add(self, sentence: str, once: str = "") -> None:
        """Have `sentence` told, unless it was, or another one with the same `once`."""
        key = once or sentence
        if key not in self._known:
            self._known.add(key)
            self._untold.append(sentence)
            self._wake()

    def unusable(self, path: Path, error: Unusable, loss: str) -> None:
        """Set aside a file that cannot be used, and have it told; `loss` is what that means."""
        aside = None if isinstance(error, Newer) else set_aside(path)
        left = f"it is now {shown(aside)}" if aside else f"{shown(path)} stays as it is"
        self.add(f"{inert(path.name)} {error}, so {loss}; {left}.")

    def unwritable(self, folder: Path, error: OSError) -> None:
        """Have it told, once for all files, that nothing is kept."""
        self.add(
            "Settings and lists are not remembered for the next start: "
            f"{shown(folder)} cannot be written ({in_words(error)}).",
            once="unwritable",
        )


@dataclass(frozen=True)
class StateFile(Generic[T]):
    """One file and what it has to hold."""

    path: Path
    kind: type[T]
    loss: str
    """What it means when the file cannot be used, to go on a sentence with."""
    problems: Problems = field(default_factory=Problems)
    limit: int = MB
    """Bytes; a larger file is neither read nor written."""

    def read(self) -> T | None:
        """Return what the file holds; None when there is none or it cannot be used."""
        try:
            return decoded(read_bounded(self.path, self.limit), self.kind)
        except FileNotFoundError:
            return None
        except Unusable as error:
            if os.path.lexists(self.path):  # else it is the folder's fault, which writing tells
                self.problems.unusable(self.path, error, self.loss)
            return None

    def write(self, value: T) -> bool:
        """Replace what the file holds; return whether that was done."""
        try:
            data = encoded(value)
            if len(data) > self.limit or is_newer(self.path):
                return False
            write_atomically(self.path, data)
        except OSError as error:
            self.problems.unwritable(self.path.parent, error)
            return False
        except ValueError:
            return False
        return True


def shown(path: Path) -> str:
    """Return a path as a person reads it, with ~ for the home folder."""
    home = os.path.expanduser("~")
    text = str(path)
    short = home not in ("", "/", "~") and (text == home or text.startswith(f"{home}/"))
    return inert(f"~{text[len(home) :]}" if short else text)
