"""A program in a pseudo-terminal, watched from outside: bytes, times, processor, memory."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable

from tests.terminal.pty import Terminal

DEADLINE = 60.0
_ESCAPES = re.compile(rb"\x1b\[[0-9;:?<=>]*[A-Za-z]")


class Meter(Terminal):
    """A terminal that reads the bytes but paints no screen, since painting would cost us time."""

    def __enter__(self) -> Meter:
        """Start the program and the clock."""
        self.started = time.monotonic()
        super().__enter__()
        self.deadline = DEADLINE
        return self

    def seconds_until(self, *needles: str, mark: int = 0, since: float | None = None) -> float:
        """Wait until every needle was written after `mark`; return when the last one came."""
        places = [self._wait_for_bytes(needle.encode(), mark) for needle in needles]
        return max(places) - (self.started if since is None else since)

    def cost_of(self, act: Callable[[], object], quiet: float) -> tuple[int, float]:
        """Return the bytes that follow an act, and the seconds until the last of them."""
        mark, since = self.mark(), time.monotonic()
        act()
        self.wait_idle(quiet)
        size = len(self.bytes_since(mark))
        return size, self.chunks[-1].at - since if size else 0.0

    def bytes_of(self, act: Callable[[], object], quiet: float) -> bytes:
        """Return the text that follows an act, without escape sequences."""
        mark = self.mark()
        self.cost_of(act, quiet)
        return _ESCAPES.sub(b"", self.bytes_since(mark))

    def wait_for_any(self, mark: int) -> float:
        """Wait until anything was written after `mark`; return when the last of it was."""
        end = time.monotonic() + self.deadline
        while self.mark() <= mark:
            if time.monotonic() > end:
                raise AssertionError("nothing was written")
            self._read(0.5)
        return self.chunks[-1].at

    def watch(self, seconds: float) -> None:
        """Read what comes for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)

    @property
    def age(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far, to the nanosecond; ended threads included."""
        # What clock_getcpuclockid(3) makes of a process id: the scheduler's clock of that process.
        return time.clock_gettime((~self.pid << 3) | 2)

    @property
    def peak_memory(self) -> float:
        """Megabytes of memory at the peak."""
        with open(f"/proc/{self.pid}/status") as status:
            line = next(line for line in status if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def _wait_for_bytes(self, needle: bytes, mark: int) -> float:
        end = time.monotonic() + self.deadline
        while not (at := self._came_at(needle, mark)):
            if time.monotonic() > end or self._reap(os.WNOHANG):
                said = _ESCAPES.sub(b"", self.bytes_since(mark))[-2000:].decode(errors="replace")
                raise AssertionError(f"{needle.decode()!r} never came; the end of what did: {said}")
            self._read(0.05)
        return at

    def _came_at(self, needle: bytes, mark: int) -> float:
        """Return when the last byte of `needle` came, or 0: escape sequences may be in between."""
        seen, at = b"", 0
        for chunk in self.chunks:
            at += len(chunk.data)
            if at <= mark:
                continue
            seen += chunk.data[-(at - mark) :] if at - len(chunk.data) < mark else chunk.data
            if needle in _ESCAPES.sub(b"", seen):
                return chunk.at
        return 0.0

    def _feed(self, data: bytes) -> None:
        """Paint nothing."""

    def quit(self) -> None:
        """Leave as a user does, so that the next start finds the caches written."""
        self.press("q")
        self.wait_exit()
