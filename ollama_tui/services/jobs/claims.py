"""How one process passes its jobs on to another, with no moment in which nobody is at them.

The *giver* lives and has its job file locked; the *taker* wants its jobs. The taker claims the file
by a lock on a second one beside it, joins what can be joined, writes all of it into a job file of
its own, and marks the claim ready. The giver then ends its streams and lets go of its lock, which
the taker waits for; it removes both files and begins what could not be joined.

Who dies in the middle changes nothing: a lock ends with its process. No process id is used, as they
mean nothing in another container.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ollama_tui.config.safe_file import Unusable, lock, lock_new
from ollama_tui.services.jobs.entries import JobFile, read_job_file

_READY = b"ready"


class Claim:
    """The right to take over one job file, as long as this process lives and until `close`."""

    def __init__(self, path: Path, file: int) -> None:
        self.path = path
        """The job file."""
        self._file = file
        self._taken: int | None = None
        os.ftruncate(file, 0)

    @classmethod
    def of(cls, path: Path) -> Claim | None:
        """Claim a job file; None if another process has claimed it. Raises OSError."""
        file = lock_new(_claim_on(path))
        return cls(path, file) if file is not None else None

    def read(self) -> JobFile:
        """Return the jobs; raises FileNotFoundError when they have ended, and Unusable."""
        return read_job_file(self.path)

    def mark_ready(self) -> None:
        """Let the giver stop: its jobs are written down here, and under way where they can be."""
        os.pwrite(self._file, _READY, 0)

    def is_let_go(self) -> bool:
        """Whether the giver has let go of its jobs, or is gone; they are ours alone then."""
        if self._taken is not None:
            return True
        try:
            self._taken = lock(self.path)
        except FileNotFoundError:
            return True
        except (Unusable, OSError):  # another program will set it aside
            return True
        return self._taken is not None

    def remove_file(self) -> None:
        """Remove the job file, which the giver has let go of."""
        if self._taken is not None:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """End the claim."""
        with suppress(OSError):
            _claim_on(self.path).unlink(missing_ok=True)
        for file in (self._taken, self._file):
            if file is not None:
                os.close(file)


def is_claimed(path: Path, *, ready: bool = False) -> bool:
    """Whether a living process has claimed a job file and, with `ready`, has all it needs."""
    claim = _claim_on(path)
    try:
        if ready and claim.read_bytes() != _READY:
            return False
        file = lock(claim)
    except (OSError, Unusable):
        return False
    if file is None:
        return True
    with suppress(OSError):
        claim.unlink()  # of a process that is gone
    os.close(file)
    return False


def remove_stale_claims(folder: Path) -> None:
    """Remove what killed processes have left behind of claims on files that are gone."""
    with suppress(OSError):
        for claim in folder.glob("*.claim"):
            if not (path := claim.with_suffix(".json")).exists():
                is_claimed(path)


def _claim_on(path: Path) -> Path:
    return path.with_suffix(".claim")
