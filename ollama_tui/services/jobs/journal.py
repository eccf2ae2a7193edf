"""Downloads that are not finished, on disk: a lost terminal or a killed program forgets none."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from ollama_tui.api.replies import Count
from ollama_tui.config.safe_file import (
    Unusable,
    lock,
    read_open,
    reason_of,
    shown_path,
    write_locked,
)
from ollama_tui.config.state_file import MB, Problems, decoded, encoded
from ollama_tui.services.jobs.tasks import Pull

_LIMIT = MB
_MOST_FILES = 100
"""How many are looked at in one start; the next start looks at the others."""
_LOSS = "interrupted downloads it listed are not offered again"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class _Download(msgspec.Struct, omit_defaults=True):
    """What is needed to continue one."""

    name: str
    insecure: bool = False
    expected: Count | None = None
    done: Count = 0


class Journal:
    """One file for each running program and server, locked as long as that program lives.

    A file that nobody has locked was left behind, and who locks it first has taken it over. What
    was taken over stays on disk until it is part of a new file, so nothing is lost in between.

    Locks can be trusted among programs that share a kernel or a machine, and not over every
    network file system: so the machine and its boot are in the file names, and files of other
    machines are left alone. `server` identifies the server in file names.
    """

    def __init__(
        self,
        folder: Path,
        server: str,
        problems: Problems | None = None,
        *,
        machine: str | None = None,
        boot: str | None = None,
    ) -> None:
        self._folder = folder
        self._server = server
        self._problems = problems or Problems()
        self._machine = re.sub(r"\W", "_", machine or os.uname().nodename)[:64] or "_"
        self._boot = this_boot() if boot is None else boot
        self._user = str(os.getuid())
        own = f"{server}.{self._machine}.{self._user}.{self._boot}.{os.urandom(6).hex()}.json"
        self._own = folder / own
        self._locked: dict[Path, int] = {}
        """Files that are ours, locked; the own one among them once there is something to keep."""
        self._kept: tuple[Pull, ...] = ()

    def take_over(self) -> tuple[Pull, ...]:
        """Return what programs that are gone left unfinished; it is ours until `close`."""
        left: dict[str, Pull] = {}
        for path in self._left_behind():
            left |= {pull.key: pull for pull in self._taken(path)}
        self._kept = tuple(left.values())
        return self._kept

    def keep(self, pulls: Sequence[Pull]) -> None:
        """Write which downloads are unfinished, if that is news."""
        if tuple(pulls) == self._kept:
            return
        if pulls:
            try:
                self._write(pulls)
            except OSError as error:
                self._report(error)
                return
        else:
            self._drop(list(self._locked))
        self._kept = tuple(pulls)

    def close(self) -> None:
        """Leave what is unfinished to whoever comes next."""
        for file in self._locked.values():
            os.close(file)
        self._locked.clear()

    def _write(self, pulls: Sequence[Pull]) -> None:
        downloads = [_Download(p.name, p.insecure, p.expected, p.done) for p in pulls]
        for download in downloads:
            if not 0 <= (download.expected or 0) < 2**63:
                download.expected = None  # or the file could not be read again
            download.done = min(download.done, 2**63 - 1)
        file = write_locked(self._own, encoded(downloads))
        replaced = self._locked.pop(self._own, None)
        if replaced is not None:
            os.close(replaced)
        self._drop(list(self._locked))
        self._locked[self._own] = file

    def _drop(self, paths: list[Path]) -> None:
        """Remove files that are ours, and then only let go of them."""
        for path in paths:
            with suppress(OSError):
                path.unlink(missing_ok=True)
                os.close(self._locked.pop(path))

    def _left_behind(self) -> Iterator[Path]:
        """Yield files that may have been left behind: of this server, user, and machine or boot."""
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
                case [self._server, machine, self._user, boot, _, "json"]:
                    ours = machine == self._machine or boot == self._boot != ""
                case _:
                    ours = False
            if ours and found < _MOST_FILES:
                found += 1
                yield self._folder / name

    def _taken(self, path: Path) -> tuple[Pull, ...]:
        """Return what a file says that is ours from now on; nothing when it is somebody else's."""
        file = None
        try:
            file = lock(path)
            if file is None:
                return ()
            downloads = decoded(read_open(file, _LIMIT), list[_Download])
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
        return tuple(Pull(d.name, d.insecure, d.expected, d.done) for d in downloads)

    def _report(self, error: OSError) -> None:
        self._problems.add(
            "Downloads that are not finished are not remembered for the next start: "
            f"{shown_path(self._folder)} cannot be written ({reason_of(error)}).",
            once="downloads",
        )


def this_boot() -> str:
    """Return what identifies this boot of the kernel; empty where it does not say."""
    try:
        return re.sub(rb"[^0-9a-f]", b"", _BOOT_ID.read_bytes())[:8].decode()
    except OSError:
        return ""
