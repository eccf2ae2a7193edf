"""Jobs that are not finished, on disk: a lost terminal or a killed program forgets none."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path

from ollama_tui.config.safe_file import (
    Unusable,
    lock,
    reason_of,
    shown_path,
    write_locked,
)
from ollama_tui.config.state_file import Problems
from ollama_tui.services.jobs.claims import Claim, is_claimed, remove_stale_claims
from ollama_tui.services.jobs.entries import Entry, JobFile, job_file_content, read_job_file
from ollama_tui.services.jobs.job import State

_MOST_FILES = 100
"""How many are looked at in one start; the next start looks at the others."""
REMEMBERED_FOR = 60.0
"""Seconds for which is kept that a job has ended: longer than jobs take to be handed over."""
_LOSS = "interrupted jobs it listed are not offered again"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Journal:
    """One file for each running program and server, locked as long as that program lives.

    A file that nobody has locked was left behind, and who locks it first has taken it over. What
    was taken over stays on disk until it is part of a new file, so nothing is lost in between. A
    file of a keeper, which goes on with transfers in the background, can be claimed while the
    keeper lives: see `claims`.

    Locks can be trusted among programs that share a kernel or a machine, and not over every
    network file system: so the machine and its boot are in the file names, and files of other
    machines are left alone. `server` identifies the server in file names; `header` is what the file
    says besides its jobs.
    """

    def __init__(
        self,
        folder: Path,
        server: str,
        problems: Problems | None = None,
        *,
        header: JobFile | None = None,
        machine: str | None = None,
        boot: str | None = None,
    ) -> None:
        self._folder = folder
        self._server = server
        self._problems = problems or Problems()
        self.header = header or JobFile()
        self.keeps_results = self.header.is_keeper
        """Whether what has ended is kept too: nobody has seen yet how it ended, or another process
        may have written down that it is to go on."""
        self._machine = re.sub(r"\W", "_", machine or os.uname().nodename)[:64] or "_"
        self._boot = this_boot() if boot is None else boot
        self._user = str(os.getuid())
        own = f"{server}.{self._machine}.{self._user}.{self._boot}.{os.urandom(6).hex()}.json"
        self.path = folder / own
        """The own file; it is there while there is something to keep."""
        self._locked: dict[Path, int] = {}
        """Files that are ours, locked; the own one among them once there is something to keep."""
        self._kept: tuple[Entry, ...] = ()
        self._over: dict[tuple[str, str], Entry] = {}
        """What has ended lately: files that others are about to remove may say that it goes on."""

    def take_over(self) -> tuple[Entry, ...]:
        """Return what programs that are gone left; it is ours until `close`.

        What a program that lives is at is left out, should it be in an older file too; and of what
        is in several files, the one counts that says that it is over.
        """
        left: dict[tuple[str, str], Entry] = {}
        living: dict[tuple[str, str], Entry] = {}
        for path in self._files():
            if is_claimed(path):
                continue
            entries = self._taken(path)
            if path not in self._locked:
                living |= {entry.key: entry for entry in entries}
                continue
            for entry in entries:
                other = left.setdefault(entry.key, entry)
                left[entry.key] = max(other, entry, key=attrgetter("precedence"))
        remove_stale_claims(self._folder)
        self.remember(left.values())
        self._kept = tuple(left.values())
        ours = tuple(
            entry
            for key, entry in left.items()
            if not (entry.seen or entry.state is State.CANCELLED)
            and not _is_seen_to(entry, living.get(key))
        )
        if len(ours) < len(self._kept):
            self.keep(ours)  # or what is left out would be ours when its process has ended
        return ours

    def remember(self, entries: Iterable[Entry]) -> None:
        """Keep for a while which of these are over, whatever else is kept."""
        self._over |= {e.key: replace(e, seen=True) for e in entries if e.is_over}

    def claims(self) -> Iterator[Claim]:
        """Yield claims to what keepers are at; each is the taker's to close."""
        for path in self._files():
            if path in self._locked:
                continue
            with suppress(Unusable, OSError):
                if read_job_file(path).is_keeper and (claim := Claim.of(path)) is not None:
                    yield claim

    @property
    def is_wanted(self) -> bool:
        """Whether another program has claimed the own file and has all that it needs."""
        return is_claimed(self.path, ready=True)

    def keep(self, entries: Sequence[Entry]) -> None:
        """Write how the jobs are, if that is news."""
        keys, since = {entry.key for entry in entries}, time.time() - REMEMBERED_FOR
        over = [entry for key, entry in self._over.items() if key not in keys]
        entries = [e for e in (*entries, *over) if not e.seen or e.ended >= since]
        if tuple(entries) == self._kept:
            return
        if entries:
            try:
                self._write(entries)
            except OSError as error:
                self._report(error)
                return
        else:
            self._drop(list(self._locked))
        self._kept = tuple(entries)

    def close(self) -> None:
        """Leave what is unfinished to whoever comes next."""
        others = any(path not in self._locked for path in self._files()) if self._locked else False
        if all(entry.seen for entry in self._kept) and not others:
            self._drop(list(self._locked))
        for file in self._locked.values():
            os.close(file)
        self._locked.clear()

    def _write(self, entries: Sequence[Entry]) -> None:
        content = job_file_content(replace(self.header, entries=tuple(entries)))
        file = write_locked(self.path, content)
        replaced = self._locked.pop(self.path, None)
        if replaced is not None:
            os.close(replaced)
        self._drop(list(self._locked))
        self._locked[self.path] = file

    def _drop(self, paths: list[Path]) -> None:
        """Remove files that are ours, and then only let go of them."""
        for path in paths:
            with suppress(OSError):
                path.unlink(missing_ok=True)
                os.close(self._locked.pop(path))

    def _files(self) -> Iterator[Path]:
        """Yield the files of programs on this server, of this user, and of this machine or boot."""
        for path in self.files_of_any_server():
            if path.name.partition(".")[0] == self._server:
                yield path

    def files_of_any_server(self) -> Iterator[Path]:
        """Yield the files of this user, and of this machine or boot."""
        try:
            names = sorted(os.listdir(self._folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self._report(error)
            return
        found = 0
        for name in names:
            match name.split("."):
                case [_, machine, self._user, boot, _, "json"]:
                    ours = machine == self._machine or boot == self._boot != ""
                case _:
                    ours = False
            if ours and found < _MOST_FILES:
                found += 1
                yield self._folder / name

    def _taken(self, path: Path) -> tuple[Entry, ...]:
        """Return what a file says; it is ours from now on unless its program lives."""
        file = None
        try:
            if (file := lock(path)) is None:
                return _read_of_living(path)
            entries = read_job_file(file).entries
        except Unusable as error:
            if file is not None:
                os.close(file)
            self._problems.unusable(path, error, _LOSS)
            return ()
        except FileNotFoundError:  # whoever had it has ended it
            return ()
        except OSError as error:
            self._report(error)
            return ()
        self._locked[path] = file
        return entries

    def _report(self, error: OSError) -> None:
        self._problems.add(
            "Jobs that are not finished are not remembered for the next start: "
            f"{shown_path(self._folder)} cannot be written ({reason_of(error)}).",
            once="downloads",
        )


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A job file of this user, of any server."""

    path: Path
    content: JobFile
    is_alive: bool
    """Whether the process that wrote it still runs."""


def job_files(folder: Path) -> tuple[FoundFile, ...]:
    """Return the job files that this machine's programs wrote; takes nothing over."""
    found: list[FoundFile] = []
    journal = Journal(folder, "")
    for path in journal.files_of_any_server():
        with suppress(OSError, Unusable):
            content = read_job_file(path)
            if (file := lock(path)) is not None:
                os.close(file)
            found.append(FoundFile(path, content, file is None))
    return tuple(found)


def _is_seen_to(entry: Entry, living: Entry | None) -> bool:
    """Whether a living process is at the job of a dead one, or has brought it to its end."""
    if living is None:
        return False
    return living.is_active or (living.is_over and living.precedence > entry.precedence)


def _read_of_living(path: Path) -> tuple[Entry, ...]:
    """Return what a file says that another process has locked: a bad one is for that to mend."""
    try:
        return read_job_file(path).entries
    except (OSError, Unusable):
        return ()


def this_boot() -> str:
    """Return what identifies this boot of the kernel; empty where it does not say."""
    try:
        return re.sub(rb"[^0-9a-f]", b"", _BOOT_ID.read_bytes())[:8].decode()
    except OSError:
        return ""
