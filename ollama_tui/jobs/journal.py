"""Downloads that are not finished, on disk: a lost terminal or a killed program forgets none."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from ollama_tui.jobs.tasks import Pull


class _Download(msgspec.Struct, omit_defaults=True):
    """What is needed to go on with one."""

    name: str
    insecure: bool = False
    expected: int | None = None


class Journal:
    """One file for each running program and server; those of programs that are gone are taken over.

    `host` stands for the server in names of files. Losing a file costs a word of reminder, never a
    download, so what cannot be read or written is let be.
    """

    def __init__(self, folder: Path, host: str) -> None:
        self._folder = folder
        self._host = host
        self._own = folder / f"{host}.{os.getpid()}.json"
        self._kept: tuple[Pull, ...] = ()

    def take_over(self) -> tuple[Pull, ...]:
        """Return what programs that are gone left unfinished; it is ours from now on."""
        left: dict[str, Pull] = {}
        files = list(self._left_behind())
        for file in files:
            left |= {pull.key: pull for pull in _read(file)}
        self.keep(tuple(left.values()))
        for file in files:
            file.unlink(missing_ok=True)
        return tuple(left.values())

    def keep(self, pulls: Sequence[Pull]) -> None:
        """Write which downloads are unfinished, if that is news."""
        if tuple(pulls) == self._kept:
            return
        self._kept = tuple(pulls)
        try:
            if not pulls:
                self._own.unlink(missing_ok=True)
                return
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = self._own.with_suffix(".new")
            new.write_bytes(msgspec.json.encode([_Download(*_parts(pull)) for pull in pulls]))
            new.replace(self._own)
        except OSError:
            return

    def _left_behind(self) -> Iterator[Path]:
        try:
            names = sorted(os.listdir(self._folder))
        except OSError:
            return
        for name in names:
            host, _, pid = name.removesuffix(".json").rpartition(".")
            ours = name.endswith(".json") and host == self._host and pid.isdecimal()
            if ours and not _is_running(int(pid)):
                yield self._folder / name


def _parts(pull: Pull) -> tuple[str, bool, int | None]:
    return pull.name, pull.insecure, pull.expected


def _read(file: Path) -> tuple[Pull, ...]:
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=list[_Download])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return ()
    return tuple(Pull(each.name, each.insecure, each.expected) for each in kept)


def _is_running(pid: int) -> bool:
    """Whether another program has this number: not ours, if it was given out again."""
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
