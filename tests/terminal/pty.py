"""A real process in a real terminal of given size, seen through pyte.

with Terminal([sys.executable, "-m", "ollama_tui", "--demo"], size=(120, 40)) as terminal:
    terminal.wait_for("qwen3")
    terminal.press("j", "enter")
    assert terminal.wait_idle() < 2000  # bytes
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import resource
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from glob import glob
from types import TracebackType

import pyte

from tests.terminal.emulators import Screen, Stream

LOOK_EVERY = 0.02
"""Seconds between two looks at a process that writes nothing."""
KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "space": " ",
    "backspace": "\x7f",
    "delete": "\x1b[3~",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
}

# pyte prints or misreads these: private CSI with an intermediate or a `<=>` prefix, and strings
# (OSC, DCS, APC, PM, SOS). The recording keeps them.
_UNREAD = re.compile(rb"\x1b\[[<=>][0-9;:]*[a-zA-Z]|\x1b\[\??[0-9;:]*[ !$]+[a-zA-Z]")
_STRINGS = re.compile(rb"\x1b[]P_^X].*?(?:\x07|\x1b\\)", re.DOTALL)
# pyte has one screen only: going to the alternate one, or back, shows an empty one.
_ALTERNATE = re.compile(rb"\x1b\[\?1049[hl]")
# The start of an escape sequence whose end has not been read yet.
_OPEN = re.compile(rb"\x1b(?:\[[0-9;:<=>? !$]*|[]P_^X](?:(?!\x07|\x1b\\).)*)?$", re.DOTALL)

_QUESTIONS: tuple[tuple[bytes, Callable[[Terminal], bytes]], ...] = (
    (rb"\x1b\[\?2026\$p", lambda terminal: b"\x1b[?2026;2$y" if terminal.synchronized else b""),
    (rb"\x1b\[\?2048\$p", lambda _: b"\x1b[?2048;0$y"),
    (rb"\x1b\[0?c", lambda _: b"\x1b[?62;22c"),
    (rb"\x1b\[6n", lambda terminal: terminal.cursor_report()),
    (rb"\x1b\[>0?q", lambda _: b"\x1bP>|pyte\x1b\\"),
    (rb"\x1b\[\?u", lambda _: b""),
)


@dataclass(frozen=True)
class Cell:
    """What one place of the screen looks like."""

    char: str
    ink: str
    paper: str
    attributes: tuple[bool, ...]


@dataclass(frozen=True)
class Chunk:
    """Bytes the process wrote, and when (seconds of `time.monotonic`)."""

    at: float
    data: bytes


@dataclass
class Terminal:
    """A process in a pty; leaving the context kills what is left of it."""

    argv: Sequence[str]
    size: tuple[int, int] = (120, 40)
    env: Mapping[str, str] = field(default_factory=dict)
    synchronized: bool = True
    """Whether to answer that synchronized output (mode 2026) is there."""
    answers: bool = True
    """Whether to answer questions at all."""
    deadline: float = 60.0
    """Seconds a wait may take before the test fails: how slow the machine is is not tested."""
    chunks: list[Chunk] = field(default_factory=list, init=False)
    exit_code: int | None = field(default=None, init=False)
    """What the process returned, or minus the signal that ended it; None while it runs."""
    usage: resource.struct_rusage | None = field(default=None, init=False)

    def __enter__(self) -> Terminal:
        width, height = self.size
        self.screen = Screen(width, height)
        self._stream = Stream(self.screen)
        self._pending = b""
        self._closed = False
        self.pid, self.fd = pty.fork()
        if not self.pid:
            _become(self.argv, self._environment(), self.size)
        self._set_size()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self.exit_code is None:
            self.signal(signal.SIGKILL)
        self.hang_up()
        self._reap(0)

    # Typing

    def press(self, *keys: str) -> None:
        """Type keys: a character, a name of `KEYS`, or `ctrl+` and a letter."""
        for key in keys:
            self.type(_bytes_of(key))

    def type(self, text: str) -> None:
        """Type text as it is, or paste it."""
        self.send(text.encode())

    def send(self, data: bytes) -> None:
        """Send bytes as they are, which need not be text."""
        os.write(self.fd, data)

    def paste(self, text: str) -> None:
        """Paste text as a terminal with bracketed paste does."""
        self.type(f"\x1b[200~{text}\x1b[201~")

    # Looking

    def text(self) -> str:
        """Return the screen as lines without trailing blanks, after reading what has come."""
        self._read(0)
        return "\n".join(line.rstrip() for line in self.screen.display)

    def cells(self) -> list[list[Cell]]:
        """Return every cell of the screen with its colours and attributes."""
        self._read(0)
        width, height = self.size
        return [[_cell(self.screen.buffer[y][x]) for x in range(width)] for y in range(height)]

    def mark(self) -> int:
        """Return a place in the recording, for `bytes_since`."""
        self._read(0)
        return sum(len(chunk.data) for chunk in self.chunks)

    def bytes_since(self, mark: int = 0) -> bytes:
        """Return what the process wrote since `mark`."""
        return b"".join(chunk.data for chunk in self.chunks)[mark:]

    @property
    def cpu(self) -> float:
        """Seconds of processor time the process has used (user and system)."""
        if self.usage is not None:
            return self.usage.ru_utime + self.usage.ru_stime
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # Waiting

    def wait_for(self, text: str, *, deadline: float | None = None) -> None:
        """Wait until `text` is on the screen."""
        self._wait(lambda: text in self.text(), f"{text!r} never appeared", deadline)

    def wait_gone(self, text: str, *, deadline: float | None = None) -> None:
        """Wait until `text` is on the screen no more."""
        self._wait(lambda: text not in self.text(), f"{text!r} never went away", deadline)

    def wait_until(self, true: Callable[[str], bool], *, deadline: float | None = None) -> None:
        """Wait until `true` of the screen's text."""
        self._wait(lambda: true(self.text()), "it never came true", deadline)

    def wait_unread(self, true: Callable[[], bool]) -> None:
        """Wait until `true`, and read nothing meanwhile."""
        end = time.monotonic() + self.deadline
        while not true():
            if time.monotonic() > end:
                raise AssertionError("it never came true")
            time.sleep(LOOK_EVERY)

    def wait_idle(self, quiet: float = 0.3) -> int:
        """Wait until nothing was written for `quiet` seconds; return the bytes that came.

        Seconds in which the process was at work, or would have been on a faster machine, count as
        none.
        """
        before = self.mark()
        start = time.monotonic()
        since = start
        while (now := time.monotonic()) < since + quiet:
            if self._read(LOOK_EVERY) or self._is_at_work:
                since = time.monotonic()
            if now > start + self.deadline:
                raise AssertionError(f"never quiet for {quiet} s:\n{self.text()}")
        return self.mark() - before

    def wait_exit(self, *, deadline: float | None = None) -> int:
        """Wait until the process is gone and return its exit code (minus the signal)."""
        self._wait(lambda: self._reap(os.WNOHANG), "it did not exit", deadline)
        self._read(0)  # what it wrote last
        assert self.exit_code is not None
        return self.exit_code

    def wait_stopped(self) -> None:
        """Wait until the process is stopped: told to go on any earlier, it would stop for good."""
        self._wait(lambda: self._state == "T", "it did not stop", None)

    @property
    def _state(self) -> str:
        """The letter of `ps`."""
        return state_of(f"/proc/{self.pid}/stat")

    @property
    def _is_at_work(self) -> bool:
        """Whether any of its threads runs, or would if the machine had time for it."""
        return any(state_of(stat) in "RD" for stat in glob(f"/proc/{self.pid}/task/*/stat"))

    # The world around it

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size, as dragging its corner does."""
        self._read(0)
        self.size = (width, height)
        self.screen.resize(height, width)
        self._set_size()

    def signal(self, number: int) -> None:
        """Send the process a signal."""
        if self.exit_code is None:
            os.kill(self.pid, number)

    def freeze(self) -> None:
        """Take nothing of what is written any more, as a link that hangs: writing blocks."""
        self._flow(termios.TCOOFF)

    def thaw(self) -> None:
        """Take again what is written."""
        self._flow(termios.TCOON)

    def _flow(self, action: int) -> None:
        tty = os.open(f"/proc/{self.pid}/fd/0", os.O_RDWR | os.O_NOCTTY)
        termios.tcflow(tty, action)
        os.close(tty)

    @property
    def is_raw(self) -> bool:
        """Whether keys come one by one and unseen, as a full-screen program wants them."""
        flags = termios.tcgetattr(self.fd)[3]
        return not flags & (termios.ICANON | termios.ECHO)

    @property
    def is_apps(self) -> bool:
        """Whether ctrl+c is a key like others: it is a signal until the app has the terminal."""
        return self.is_raw and not termios.tcgetattr(self.fd)[3] & termios.ISIG

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        if not self._closed:
            self._closed = True
            os.close(self.fd)

    def cursor_report(self) -> bytes:
        """Return the answer to a question for the cursor's position."""
        cursor = self.screen.cursor
        return b"\x1b[%d;%dR" % (cursor.y + 1, cursor.x + 1)

    def _wait(self, true: Callable[[], bool], complaint: str, deadline: float | None) -> None:
        end = time.monotonic() + (self.deadline if deadline is None else deadline)
        while not true():
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"{complaint}; the screen is\n{self.text()}")
            # A process may change without writing (exit), so look again now and then.
            self._read(min(left, 0.05))

    def _read(self, seconds: float) -> bool:
        """Read what comes within `seconds`, then all that is there; say whether anything did."""
        came = False
        while not self._closed and select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            came, seconds = True, 0
            self.chunks.append(Chunk(time.monotonic(), data))
            self._show(data)
        return came

    def _show(self, data: bytes) -> None:
        data = self._pending + data
        unfinished = _OPEN.search(data)
        cut = unfinished.start() if unfinished else len(data)
        data, self._pending = data[:cut], data[cut:]
        asked = re.compile(b"|".join(b"(%s)" % question for question, _ in _QUESTIONS))
        at = 0
        for match in asked.finditer(data):
            self._feed(data[at : match.start()])
            at = match.end()
            if self.answers:
                os.write(self.fd, _QUESTIONS[(match.lastindex or 1) - 1][1](self))
        self._feed(data[at:])

    def _feed(self, data: bytes) -> None:
        data = _UNREAD.sub(b"", _STRINGS.sub(b"", data))
        self._stream.feed(_ALTERNATE.sub(b"\x1b[m\x1b[2J\x1b[H", data))

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        return {
            **kept,
            "PYTHONPATH": root,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            **self.env,
        }

    def _set_size(self) -> None:
        _set_size(self.fd, self.size)

    def _reap(self, options: int) -> bool:
        """Collect the exit code if the process is gone; say whether it is."""
        if self.exit_code is None:
            pid, status, usage = os.wait4(self.pid, options)
            if pid:
                self.exit_code, self.usage = os.waitstatus_to_exitcode(status), usage
        return self.exit_code is not None


def _become(argv: Sequence[str], env: Mapping[str, str], size: tuple[int, int]) -> None:
    """Turn this child into the program; never return."""
    try:
        _set_size(0, size)
        os.execvpe(argv[0], list(argv), dict(env))
    finally:
        os._exit(127)


def state_of(stat: str) -> str:
    """Return the letter of a process or thread; that of a dead one when it is gone."""
    try:
        with open(stat) as file:
            return file.read().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def _set_size(fd: int, size: tuple[int, int]) -> None:
    width, height = size
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))


def _bytes_of(key: str) -> str:
    if key in KEYS:
        return KEYS[key]
    if key.startswith("ctrl+"):
        return chr(ord(key[-1].upper()) - 64)
    return key


def _cell(char: pyte.screens.Char) -> Cell:
    attributes = (
        char.bold,
        char.italics,
        char.underscore,
        char.strikethrough,
        char.reverse,
        char.blink,
    )
    return Cell(char.data, char.fg, char.bg, attributes)
