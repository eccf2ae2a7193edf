"""The driver: takes the terminal, reads and writes it, and gives it back on every exit."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import termios
from collections.abc import Iterable, Sequence
from itertools import groupby
from threading import Thread
from typing import TYPE_CHECKING, cast

from textual import events
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message

from ollama_tui.start import terminal
from ollama_tui.start.terminal import EarlyTerminal
from ollama_tui.tui.rendering.output import TerminalOutput
from ollama_tui.tui.rendering.painted import Painted
from ollama_tui.tui.rendering.terminal_input import TerminalInput

if TYPE_CHECKING:
    from ollama_tui.tui.rendering.diff import DiffApp

ALTERNATE = "\x1b[?1049h"
"""Enters the alternate screen, and clears it."""
CHUNK = 4096
"""Bytes read at once."""
TYPED = (events.Key, events.Paste)
QUEUE_LIMIT = 6
"""Writes waiting for the terminal above which frames are skipped (Textual blocks at 30)."""
OUTPUT = 2
"""Where Textual draws: stderr."""
GIVE_BACK = (
    "\x1b[?2026l"  # end synchronized output
    "\x1b[?2004l\x1b[?1004l\x1b[?2048l"  # no bracketed paste, focus or size reports
    "\x1b[m\x1b[r"  # no colors, and no margins: a frame cut short may have left some
    "\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h"  # line wrap, old keyboard, screen and cursor
)


class Typed(Message, bubble=False):
    """Keys and pastes that were read together, in order."""

    def __init__(self, keys: Sequence[events.Key | events.Paste]) -> None:
        super().__init__()
        self.keys = keys


class TerminalDriver(LinuxDriver):
    """Textual's driver: its input survives any bytes, and it can give the terminal back at once."""

    is_active = False
    """Whether the terminal is ours: on its alternate screen and raw."""
    _output: TerminalOutput | None = None
    """None where Textual's thread has to write."""
    _input: TerminalInput
    _is_listening = False
    _ticking: asyncio.TimerHandle | None = None
    _early: EarlyTerminal | None = None
    """The terminal as it was taken before the app was there, until the first frame."""
    _is_entered = False
    """Whether the alternate screen has been entered already: once more would clear it."""
    _typed = b""
    """What was typed before the terminal was raw."""

    @property
    def is_lent(self) -> bool:
        """Whether another program has the terminal until it ends, such as the user's editor."""
        return not self._auto_restart

    @property
    def has_written_all(self) -> bool:
        """Whether the terminal has taken all that was written, and would take more."""
        writer = self._writer_thread
        if self._output is not None:
            is_written = self._output.has_written_all
        else:
            is_written = writer is None or writer._queue.empty()
        return is_written and bool(select.select([], [OUTPUT], [], 0)[1])

    @property
    def is_stuck(self) -> bool:
        """Whether the terminal does not take what is written, or nobody writes any more."""
        if self._output is not None:
            return self._output.is_stuck
        writer = self._writer_thread
        if writer is None:
            return False
        return writer._queue.qsize() >= QUEUE_LIMIT or not writer.is_alive()

    @property
    def size_now(self) -> Size | None:
        """The terminal's size as the system has it; None where the terminal tells it itself."""
        if self._in_band_window_resize:
            return None
        return Size(*self._get_terminal_size())

    def _sigtstp_application(self, *_: object) -> None:
        """Stop, once the terminal can be given back; until then, the app goes on."""
        if self._auto_restart and not self.has_written_all:
            self._loop.call_soon_threadsafe(self._app.action_suspend_process)
        else:
            super()._sigtstp_application()

    def _sigcont_application(self, *_: object) -> None:
        """Take the terminal again, also after a stop that no program is told of (SIGSTOP).

        A shell has changed its modes meanwhile and written to it. They are restored first: taken
        twice, the terminal would be left in ours at the end.
        """
        if self._auto_restart and self.is_active:
            if not self.has_written_all:
                return
            self.suspend_application_mode()
        super()._sigcont_application()

    def start_application_mode(self) -> None:
        """Take the terminal, or take it over as it was painted before the app was there."""
        self.is_active = True
        self._output = TerminalOutput.to(OUTPUT, self._loop)
        early = terminal.held
        if early is None or not early.is_held:
            super().start_application_mode()  # type: ignore[no-untyped-call]
            return
        self._early, self._is_entered, self._typed = early, True, early.typed
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self.attrs_before = early.attributes
        early.is_held = False

    def take_painted(self) -> Painted | None:
        """Return what was painted before the app was there, once, if it is still shown."""
        early, self._early = self._early, None
        if early is None or early.painted is None or self.size_now != early.size:
            return None
        return Painted.decoded(early.painted.cells, early.size, early.age)

    def stop_application_mode(self) -> None:
        """Give the terminal back, with the default SGR: a frame leaves what it set last."""
        self.write("\x1b[m")
        super().stop_application_mode()

    def close(self) -> None:
        """Write all that is left; Textual has restored the terminal."""
        if self._output is not None:
            self._output.close()
            self._output = None
        super().close()
        self.is_active = False

    def write(self, data: str) -> None:
        """Write to the terminal without waiting for it, but enter no alternate screen twice."""
        if self._is_entered and data == ALTERNATE:
            self._is_entered = False
        elif self._output is None:
            super().write(data)
        else:
            self._output.write(data)

    def flush(self) -> None:
        """Send at once what was written."""
        if self._output is not None:
            self._output.flush()

    def give_back(self, timeout: float) -> None:
        """Restore the terminal now, from any thread, ahead of whatever still waits to be written.

        A terminal that takes nothing is left as it is after `timeout` seconds.
        """
        if not self.is_active:
            return
        self.is_active = False
        if self.attrs_before is not None:
            try:
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
            except termios.error:
                return
        writing = Thread(target=self._write_now, daemon=True)
        writing.start()
        writing.join(timeout)

    def _write_now(self) -> None:
        try:
            os.write(OUTPUT, GIVE_BACK.encode())
        except OSError:
            return

    def run_input_thread(self) -> None:
        """Have the event loop read, rather than this thread: a key need not change threads."""
        self._is_listening = True
        self._loop.call_soon_threadsafe(self._begin_reading)

    def _begin_reading(self) -> None:
        if self._is_listening:
            self._input = TerminalInput(self._debug)
            self._send(self._input.feed(self._typed))
            self._typed = b""
            self._loop.add_reader(self.fileno, self._read)

    def disable_input(self) -> None:
        """Stop reading; what was typed and not read is dropped."""
        super().disable_input()  # waits for the thread, which has started the reading
        self._is_listening = False
        self._loop.remove_reader(self.fileno)
        if self._ticking is not None:
            self._ticking.cancel()

    def _read(self) -> None:
        """Read what there is; a terminal that is gone counts as a hang-up."""
        try:
            data = os.read(self.fileno, CHUNK)
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self.fileno)
            os.kill(os.getpid(), signal.SIGHUP)
            return
        self._send(self._input.feed(data))
        self._tick()

    def _tick(self) -> None:
        """Send what is meant if nothing more comes; look again while a sequence is not ended."""
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None
        self._send(self._input.tick())
        if (seconds := self._input.timeout) is not None:
            self._ticking = self._loop.call_later(seconds, self._tick)

    def _send(self, messages: Iterable[Message]) -> None:
        """Send messages to the app, with keys that were read together in one."""
        for is_typed, same in groupby(messages, lambda each: isinstance(each, TYPED)):
            if is_typed:
                keys = cast("list[events.Key | events.Paste]", list(same))
                if not cast("DiffApp[object]", self._app).take_at_once(keys):
                    self._app.post_message(Typed(keys))
                continue
            for message in same:
                self.process_message(message)
