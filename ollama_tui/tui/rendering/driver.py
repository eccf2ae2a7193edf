"""The driver: what the terminal sends, whatever it sends, and how the terminal is given back.

Textual's own input thread ends the program at the first byte that is not UTF-8, and at a sequence
that its parser takes for a key and then cannot make one of. This one loses that byte or sequence.
"""

from __future__ import annotations

import os
import re
import select
import signal
import termios
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from threading import Thread

from textual import events
from textual._time import get_time
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

ESCAPE = "\x1b"
CSI = "\x1b["
SS3 = "\x1bO"
PASTE_START, PASTE_END = "\x1b[200~", "\x1b[201~"
NO_KEY = "[O\x7f\x1b"
"""What after escape is no key of its own: it begins a sequence, or is alt and backspace."""
LONGEST = 30
"""Characters of the longest sequence; Textual gives up at two more, and takes them for keys."""
INTERRUPT = "\x03"
NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""What of a paste is left out: a terminal's control characters, but for tabs and line ends."""
LARGEST_PASTE = 1_000_000
"""Characters of a paste that are taken."""
CHUNK = 4096
"""Bytes read at once."""
TICK = 0.1
"""Seconds between two looks whether to go on listening."""
LARGEST = 2000
"""Columns and lines of the largest terminal drawn on; what says to be larger is not one."""
OUTPUT = 2
"""Where Textual draws: stderr."""
GIVE_BACK = (
    "\x1b[?2026l"  # nothing is held back any more
    "\x1b[?2004l\x1b[?1004l\x1b[?2048l"  # no bracketed paste, no focus, no size in the input
    "\x1b[m\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h"  # wrap, the old keyboard, screen and cursor
)


class KeyParser(XTermParser):
    """Textual's parser, but for escape directly before a character: that is two keys.

    A terminal sends the same bytes for alt and a key. Over a slow link escape and what is typed
    next arrive together all the time, and no key of ours is one with alt.
    """

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterator[events.Key]:
        if not alt and (len(sequence) != 2 or sequence[0] != ESCAPE or sequence[1] in NO_KEY):
            yield from super()._sequence_to_key_events(sequence)
            return
        yield events.Key("escape", ESCAPE)
        yield from super()._sequence_to_key_events(sequence[-1])


class TerminalInput:
    """Turns bytes of a terminal into messages, and never raises for any bytes.

    Bytes that are not UTF-8 become U+FFFD, and a sequence that stands for nothing is dropped, where
    Textual would take each of its characters for a key.
    """

    def __init__(self, debug: bool = False) -> None:
        self._debug = debug
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._parser = KeyParser(debug)
        self._sequence = ""
        """The beginning of a control sequence whose end has not come."""
        self._pasted: list[str] | None = None
        """The characters of a paste under way."""

    def feed(self, data: bytes) -> Iterator[Message]:
        """Return what `data` means, together with what was fed before."""
        # One by one: after a character that the parser chokes on the next is taken as ever.
        for character in self._decode(data):
            yield from self._heard(character)

    def tick(self) -> Iterator[Message]:
        """Return what is meant now that nothing more has come: escape alone is a key."""
        messages = list(self._parsed(self._parser.tick()))
        if messages and len(self._sequence) > len(CSI):
            messages = []  # it was never ended
        if messages or not self._is_timed:
            self._sequence = ""
        yield from messages

    @property
    def _is_timed(self) -> bool:
        """Whether the parser waits, not for long, for more of a sequence."""
        return self._parser._timeout_time is not None

    def _heard(self, character: str) -> Iterator[Message]:
        if self._pasted is not None:
            if character != INTERRUPT:
                yield from self._paste(character)
                return
            yield from self._end_paste()  # or the keys would be dead for ever without its end
        if self._sequence.startswith(CSI) and not _goes_on(character):
            self._start_over()
        if len(self._sequence) > LONGEST:  # no key's, whatever is still to come of it
            self._sequence = "" if character >= "@" else self._sequence
            return
        if self._sequence or character == ESCAPE:
            is_first = character == ESCAPE
            self._sequence = ESCAPE if is_first else self._sequence + character
        messages = list(self._parsed(self._parser.feed(character)))
        if _is_ended(self._sequence):
            if self._sequence == PASTE_START:
                self._pasted, self._parser = [], KeyParser(self._debug)
            elif not messages and self._sequence.startswith(CSI):
                self._parser = KeyParser(self._debug)
            self._sequence = ""
        elif len(self._sequence) > LONGEST:
            self._parser = KeyParser(self._debug)
        yield from messages

    def _paste(self, character: str) -> Iterator[Message]:
        """Take more of a paste; none of it is a key, whatever it looks like."""
        assert self._pasted is not None
        self._pasted.append(character)
        if character == PASTE_END[-1] and "".join(self._pasted[-len(PASTE_END) :]) == PASTE_END:
            del self._pasted[-len(PASTE_END) :]
            yield from self._end_paste()
        elif len(self._pasted) > LARGEST_PASTE + len(PASTE_END):
            del self._pasted[LARGEST_PASTE]

    def _end_paste(self) -> Iterator[Message]:
        text, self._pasted = "".join(self._pasted or ())[:LARGEST_PASTE], None
        yield events.Paste(NO_TEXT.sub("", text))

    def _start_over(self) -> None:
        self._sequence, self._parser = "", KeyParser(self._debug)

    @property
    def patience(self) -> float:
        """Seconds after which `tick` may have something to say, if nothing comes before."""
        due = self._parser._timeout_time
        return TICK if due is None else min(TICK, max(0.0, due - get_time()))

    def _parsed(self, messages: Iterable[Message]) -> Iterator[Message]:
        try:
            yield from filter(_is_sound, messages)
        except (ValueError, ArithmeticError):
            # Numbers that are none: a code point or a pixel beyond all. The parser is spent.
            self._start_over()


def _goes_on(character: str) -> bool:
    """Whether a control sequence may go on, or end, with `character` (ECMA-48, 5.4)."""
    return " " <= character <= "~"


def _is_ended(sequence: str) -> bool:
    """Whether no character is missing; one of two characters may be the beginning of another."""
    if sequence.startswith(f"{CSI}["):  # a function key of Linux's own console
        return len(sequence) == len(CSI) + 2
    if sequence.startswith(CSI):
        return len(sequence) > len(CSI) and sequence[-1] >= "@"
    return len(sequence) == (3 if sequence.startswith(SS3) else 2)


def _is_sound(message: Message) -> bool:
    """Whether a message can be acted on: a real character or size, and nothing of a mouse."""
    match message:
        case events.Key(character=str(character)):
            return not any("\ud800" <= unit <= "\udfff" for unit in character)
        case events.Resize(size=size):
            return 0 < size.width <= LARGEST and 0 < size.height <= LARGEST
        case _:
            return not isinstance(message, events.MouseEvent)


class TerminalDriver(LinuxDriver):
    """Textual's driver, whose input survives all bytes and whose terminal can be given back."""

    is_active = False
    """Whether the terminal is ours: on its alternate screen and raw."""

    @property
    def is_lent(self) -> bool:
        """Whether another program has the terminal until it ends, such as the user's editor."""
        return not self._auto_restart

    def start_application_mode(self) -> None:
        """Take the terminal."""
        self.is_active = True
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Write all that is left; then the terminal is given back."""
        super().close()
        self.is_active = False

    def give_back(self, patience: float) -> None:
        """Restore the terminal now, from any thread, past whatever still waits to be written.

        A terminal that takes nothing is left as it is after `patience` seconds.
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
        writing.join(patience)

    def _write_now(self) -> None:
        try:
            os.write(OUTPUT, GIVE_BACK.encode())
        except OSError:
            return

    def run_input_thread(self) -> None:
        """Read until told to stop; a terminal that is gone counts as a hang-up."""
        heard = TerminalInput(self._debug)
        while not self.exit_event.is_set():
            ready, _, _ = select.select([self.fileno], [], [], heard.patience)
            if ready:
                data = _read(self.fileno)
                if not data:
                    os.kill(os.getpid(), signal.SIGHUP)
                    return
                for message in heard.feed(data):
                    self.process_message(message)
            for message in heard.tick():
                self.process_message(message)


def _read(fileno: int) -> bytes:
    """Return what has come; nothing when nothing will come any more."""
    try:
        return os.read(fileno, CHUNK)
    except OSError:
        return b""
