"""The terminal between the start of the process and that of the app.

Loading Textual takes nine tenths of a start. Before that, the terminal is made raw, so that keys
typed meanwhile are neither shown nor waited for, and the last list is painted. The app goes on from
there; whatever ends the process earlier gives the terminal back.
"""

from __future__ import annotations

import os
import termios
import time

from ollama_tui import __version__
from ollama_tui.start import picture
from ollama_tui.start.picture import Picture

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping, Sequence
    from typing import Any
else:
    import _signal as signal  # without the enumerations of its numbers, which take 2 ms

INPUT, OUTPUT = 0, 2
"""Where Textual reads keys and draws."""
FULL_FRAMES = "OLLAMA_TUI_FULL_FRAMES"
"""Set to 1 where Textual is to draw by itself: then nothing is painted before."""
TAKE = "\x1b[?1049h\x1b[?25l\x1b[?7l"
"""Alternate screen, no cursor, no line wrap."""
GIVE_BACK = "\x1b[m\x1b[?7h\x1b[?1049l\x1b[?25h"
INTERRUPTED = 130
"""What shells make of SIGINT."""
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_LFLAG, _IFLAG, _OFLAG, _CC = 3, 0, 1, 6
_NEW_LINES = termios.OPOST | termios.ONLCR
_OPTIONS = ("--demo", "--read-only")
"""With which alone, or none, it is the app that starts."""
_LONGEST_HOST = 24
_SMALLEST, _FRAMED = (40, 10), (100, 16)
"""Columns and lines from which the app draws a list, and borders."""
_WRITE_WITHIN = 0.2
"""Seconds for a terminal to take what gives it back."""


class EarlyTerminal:
    """The terminal, taken before the app is loaded."""

    def __init__(self, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
        self.arguments = tuple(arguments)
        self.environ = dict(environ)
        """As they were at the start: Textual takes some away."""
        self.size = _size()
        self.usage = picture.usage_key(arguments, self.environ, self.size, __version__)
        """What identifies such starts; see `picture.usage_key`."""
        self.attributes: list[Any] = []
        """Those that the terminal had."""
        self.painted: Picture | None = None
        """What it shows; None where that is not known to the cell."""
        self.age = ""
        """The age of the list that it shows."""
        self.typed = b""
        """What was typed before the terminal was raw."""
        self.is_held = False
        """Whether it is ours, and not yet the app's."""

    def take(self, found: Picture | None) -> None:
        """Make the terminal raw, and paint the picture, or where it is connecting to."""
        self.attributes = termios.tcgetattr(INPUT)
        self.is_held = True
        signal.signal(signal.SIGINT, self._interrupt)
        for number in _ENDING:
            signal.signal(number, self._end)
        signal.signal(signal.SIGTSTP, self._stop)
        signal.signal(signal.SIGCONT, self._lose)
        self._make_raw()
        if found is None:
            host = "" if "--demo" in self.arguments else self.environ.get("OLLAMA_HOST", "")
            _write(TAKE + connecting(host.strip(), self.environ, self.size))
            return
        self.age = found.age(time.time())
        painted = found.painted(self.age)
        if self.attributes[_OFLAG] & _NEW_LINES == _NEW_LINES:
            painted = painted.replace("\r\n", "\n")  # the system writes CR before LF by itself
        if _write(TAKE + painted):
            self.painted = found

    def _make_raw(self) -> None:
        """Make the terminal raw as Textual does, but for ctrl+c: nobody reads it as a key yet."""
        raw = termios.tcgetattr(INPUT)
        raw[_LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
        raw[_IFLAG] &= ~(
            termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR
        )
        # Stopped or ended with a core here, the shell would get a raw terminal.
        for key in (termios.VSUSP, termios.VQUIT):
            raw[_CC][key] = b"\0"
        # So far keys came by the line, enter as a newline: what was typed is read once, without
        # waiting for any.
        raw[_CC][termios.VMIN], raw[_CC][termios.VTIME] = 0, 0
        termios.tcsetattr(INPUT, termios.TCSANOW, raw)
        self.typed = os.read(INPUT, 4096).replace(b"\n", b"\r")
        raw[_CC][termios.VMIN] = 1
        termios.tcsetattr(INPUT, termios.TCSANOW, raw)

    def give_back(self) -> None:
        """Restore the terminal, unless it is the app's by now."""
        if not self.is_held:
            return
        self.is_held = False
        try:
            termios.tcsetattr(INPUT, termios.TCSANOW, self.attributes)
        except termios.error:  # it is gone
            return
        _write(GIVE_BACK)

    def _interrupt(self, *_: object) -> None:
        """End at once: raised in a callback of an import, KeyboardInterrupt would be lost."""
        self.give_back()
        os._exit(INTERRUPTED)

    def _end(self, number: int, _: object) -> None:
        self.give_back()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _stop(self, *_: object) -> None:
        self.give_back()
        os.kill(os.getpid(), signal.SIGSTOP)

    def _lose(self, *_: object) -> None:
        """Leave the rest to the app after a stop: a shell has written to the terminal."""
        self.give_back()


def _size() -> tuple[int, int]:
    """Return columns and lines of the terminal, as Textual finds them; raises OSError."""
    size = os.get_terminal_size(1)
    return size.columns, size.lines


def _write(text: str) -> bool:
    """Write all of `text`, unless the terminal takes nothing; return whether it was written."""
    import select

    data = text.encode("utf-8", "replace")
    try:
        while data:
            if not select.select([], [OUTPUT], [], _WRITE_WITHIN)[1]:
                return False
            data = data[os.write(OUTPUT, data) :]
    except OSError:
        return False
    return True


def connecting(host: str, environ: Mapping[str, str], size: tuple[int, int]) -> str:
    """Return what paints a first start: an empty frame, and where it is connecting to.

    It stands where the app draws the same a moment later. `host` is shown if it is plain to see.
    """
    to = f" to {host}" if 0 < len(host) <= _LONGEST_HOST and host.isascii() else ""
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    is_unicode = "utf" in locale.lower() and environ.get("TERM") != "linux"
    text = f"Connecting{to} {'…' if is_unicode else '...'}"
    width, height = size
    if not text.isprintable() or width < _SMALLEST[0] or height < _SMALLEST[1]:
        return ""
    if not is_unicode or width < _FRAMED[0] or height < _FRAMED[1]:
        return f"\x1b[4;3H{text}"
    line = "─" * (width - 2)
    sides = "".join(f"\x1b[{y}H│\x1b[{width}G│" for y in range(3, height - 1))
    return f"\x1b[2H╭{line}╮{sides}\x1b[{height - 1}H╰{line}╯\x1b[5;4H{text}"


held: EarlyTerminal | None = None
"""The terminal of this process as it was when it was taken; None where it was not."""


def begin(arguments: Sequence[str]) -> None:
    """Take the terminal and paint it, if these arguments start the app on a terminal."""
    global held
    environ = os.environ
    if not _has_screen(environ):
        return
    try:
        early = EarlyTerminal(arguments, environ)
        found = picture.read(early.environ, early.usage)
        # Whether other words are a filter is not known here, unless they were the last time.
        if found is not None or all(argument in _OPTIONS for argument in arguments):
            held = early
            held.take(found)
    except (OSError, termios.error):
        held = None


def give_back() -> None:
    """Restore the terminal if it was taken and the app does not have it."""
    if held is not None:
        held.give_back()


def _has_screen(environ: Mapping[str, str]) -> bool:
    """Whether there is a terminal to draw on, and it is this process that it listens to."""
    try:
        return (
            environ.get("TERM", "") not in ("", "dumb")
            and environ.get(FULL_FRAMES) != "1"
            and not (environ.get("COLUMNS") or environ.get("LINES"))
            and os.isatty(INPUT)
            and os.isatty(OUTPUT)
            and os.tcgetpgrp(INPUT) == os.getpgrp()
        )
    except OSError:
        return False
