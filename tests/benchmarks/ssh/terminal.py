"""A terminal at the user's end of the link, and what its screen says of a list of models."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from tests.benchmarks.server import HUGE
from tests.terminal.pty import KEYS, LOOK_EVERY, Terminal

T = TypeVar("T")

NAME = re.compile(rf"[a-z][a-z0-9.-]*-\d{{5}}:[0-9.]+b|{re.escape(HUGE)}")
"""The names that `tests.benchmarks.server` gives to models."""
QUIET = 0.6
"""Seconds of silence that end a step: three round trips."""
PATIENCE = 8.0
"""Seconds after which a step ends although the program never falls silent."""
DEADLINE = 200.0
"""Seconds that anything may take: 50 frames of 40 kB, one after the other."""
_BEFORE = 4
"""Cells before a name that may hold the cursor's sign."""

# What xterm answers and `Terminal` leaves out. Programs that ask wait for it, or for a time-out.
_MORE_ANSWERS: tuple[tuple[bytes, Callable[[RemoteTerminal], bytes]], ...] = (
    (rb"\x1b\]10;\?(?:\x07|\x1b\\)", lambda _: b"\x1b]10;rgb:dada/dada/dada\x1b\\"),
    (rb"\x1b\]11;\?(?:\x07|\x1b\\)", lambda _: b"\x1b]11;rgb:1212/1212/1212\x1b\\"),
    (rb"\x1b\[14t", lambda t: b"\x1b[4;%d;%dt" % (t.size[1] * 20, t.size[0] * 10)),
    (rb"\x1b\[16t", lambda _: b"\x1b[6;20;10t"),
    (rb"\x1b\[18t", lambda t: b"\x1b[8;%d;%dt" % (t.size[1], t.size[0])),
    (rb"\x1bP\+q[0-9a-fA-F;]*\x1b\\", lambda _: b"\x1bP0+r\x1b\\"),
)
_ASKED = re.compile(b"|".join(b"(%s)" % question for question, _ in _MORE_ANSWERS))
_CURSOR_KEYS = re.compile(rb"\x1b\[\?1([hl])")


@dataclass(frozen=True)
class Step:
    """What an act led to."""

    seconds: float
    """From the act to the chunk after which what was waited for stayed on the screen."""
    written: int
    """Bytes of the terminal's stream from the act to the silence after it."""
    began: float
    ended: float


@dataclass
class RemoteTerminal(Terminal):
    """A terminal as xterm is one, which says when something was seen on its screen."""

    stirs: Callable[[], bool] = lambda: False
    """Whether the other end is at work, or something is on its way: then silence is none."""

    def __enter__(self) -> RemoteTerminal:
        """Start the program and the clock."""
        self.started, self.deadline = time.monotonic(), DEADLINE
        super().__enter__()
        return self

    def press(self, *keys: str) -> None:
        """Type keys, cursor keys as the program has asked for them (DECCKM)."""
        modes = _CURSOR_KEYS.findall(self.bytes_since())
        application = bool(modes) and modes[-1] == b"h"
        for key in keys:
            code = KEYS.get(key, "")
            if application and len(code) == 3:
                self.type(code.replace("\x1b[", "\x1bO"))
            else:
                super().press(key)

    def step(
        self,
        act: Callable[[], object] | None,
        watched: Callable[[], T],
        done: Callable[[T], bool],
        *,
        quiet: float = QUIET,
    ) -> Step:
        """Act, wait until what is watched is as it shall be, and then until all is silent.

        Counts from the start of the program where there is no act. Raises AssertionError when what
        is watched never gets there.
        """
        mark, began = (self.mark(), time.monotonic()) if act else (0, self.started)
        if act:
            act()
        value, at = watched(), began
        end, silent_at = time.monotonic() + self.deadline, 0.0
        while not silent_at or time.monotonic() < min(silent_at, end):
            came = self._came(LOOK_EVERY)
            now = time.monotonic()
            if (new := watched()) != value:
                value, at = new, self.chunks[-1].at
            if not done(value):
                silent_at = 0.0
                self._complain_after(end)
            elif came or not silent_at:
                if not silent_at:
                    end = now + PATIENCE
                silent_at = now + quiet
        return Step(at - began, len(self.bytes_since(mark)), began, time.monotonic())

    def when(self, seen: Callable[[], object]) -> float:
        """Wait until something is true of the screen; return when what made it true came."""
        end = time.monotonic() + self.deadline
        while not seen():
            self._complain_after(end)
            self._read(LOOK_EVERY)
        return self.chunks[-1].at if self.chunks else time.monotonic()

    def _complain_after(self, end: float) -> None:
        if time.monotonic() > end or self._reap(os.WNOHANG):
            raise AssertionError(f"it never came true; the screen is\n{self.text()}")

    def settle(self, quiet: float = QUIET, patience: float = PATIENCE) -> float:
        """Read until nothing came for `quiet` seconds, for `patience` at most; return the time."""
        start = last = time.monotonic()
        while time.monotonic() < min(last + quiet, start + patience):
            if self._came(LOOK_EVERY):
                last = time.monotonic()
        return time.monotonic()

    def _came(self, seconds: float) -> bool:
        """Read what comes within `seconds`; say whether anything did, or is likely to."""
        came = self._read(seconds)
        return self.stirs() or came

    def dump(self, file: Path) -> None:
        """Write the recording for `scriptreplay --timing FILE.timing FILE.bytes`."""
        file.with_suffix(".bytes").write_bytes(self.bytes_since())
        times = [self.started, *(chunk.at for chunk in self.chunks)]
        waits = (later - earlier for earlier, later in pairwise(times))
        pairs = zip(waits, self.chunks, strict=True)
        lines = (f"{wait:.6f} {len(chunk.data)}\n" for wait, chunk in pairs)
        file.with_suffix(".timing").write_text("".join(lines))

    def watch(self, seconds: float) -> None:
        """Read what comes for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)

    # What is on the screen, without reading more of it: it belongs to the chunk read last

    @property
    def lines(self) -> list[str]:
        """The screen's lines."""
        return list(self.screen.display)

    def lines_text(self) -> str:
        """Return the screen as it is."""
        return "\n".join(self.lines)

    def has(self, text: str) -> bool:
        """Whether a text is on the screen."""
        return any(text in line for line in self.lines)

    def names(self) -> list[str]:
        """Return the models listed, from top to bottom."""
        return [name for _, _, name in self._listed()]

    def cursor_name(self) -> str | None:
        """Return the one model listed that looks unlike all others, if there is one."""
        looks = [(self._look(x, y), name) for x, y, name in self._listed()]
        count = Counter(look for look, _ in looks)
        odd = [name for look, name in looks if count[look] == 1]
        return odd[0] if len(odd) == 1 and len(looks) > 2 else None

    def _listed(self) -> list[tuple[int, int, str]]:
        """Return where models are named, in the column where most are."""
        found = [
            (match.start(), y, match[0])
            for y, line in enumerate(self.lines)
            for match in NAME.finditer(line)
        ]
        columns = Counter(x for x, _, _ in found)
        main = columns.most_common(1)[0][0] if columns else 0
        return [place for place in found if place[0] == main]

    def _look(self, x: int, y: int) -> tuple[object, ...]:
        row = self.screen.buffer[y]
        cell = row[x]
        signs = "".join(row[left].data for left in range(max(0, x - _BEFORE), x))
        return cell.fg, cell.bg, cell.bold, cell.reverse, cell.underscore, signs

    def _show(self, data: bytes) -> None:
        for match in _ASKED.finditer(data):
            os.write(self.fd, _MORE_ANSWERS[(match.lastindex or 1) - 1][1](self))
        super()._show(data)
