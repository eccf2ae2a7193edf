"""What a terminal sends, as messages: whatever its bytes are, it never raises.

Textual's own input thread ends the program at the first byte that is not UTF-8, and at a sequence
that its parser takes for a key and then cannot make one of. This one drops that byte or sequence.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator

from textual import events
from textual._time import get_time
from textual._xterm_parser import XTermParser
from textual.message import Message

ESCAPE = "\x1b"
CSI = "\x1b["
SS3 = "\x1bO"
PASTE_START, PASTE_END = "\x1b[200~", "\x1b[201~"
NO_KEY = "[O\x7f\x1b"
"""What is no key of its own after escape: it begins a sequence, or is alt and backspace."""
LONGEST = 30
"""Characters of the longest sequence; after two more Textual gives up and takes them for keys."""
KEYS_KEPT = 256
"""Keys that are known by their bytes."""
INTERRUPT = "\x03"
NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Left out of a paste: a terminal's control characters, except tabs and line ends."""
LARGEST_PASTE = 1_000_000
"""Characters; what a paste has beyond them is dropped."""
LARGEST = 2000
"""Columns and lines of the largest terminal drawn on; a report of a larger one is dropped."""


class KeyParser(XTermParser):
    """Textual's parser, except that escape directly before a character is two keys.

    A terminal sends the same bytes for alt and a key. Over a slow link escape and the next key
    often arrive together, and no key of ours has alt.
    """

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterator[events.Key]:
        if not alt and (len(sequence) != 2 or sequence[0] != ESCAPE or sequence[1] in NO_KEY):
            yield from super()._sequence_to_key_events(sequence)
            return
        yield events.Key("escape", ESCAPE)
        yield from super()._sequence_to_key_events(sequence[-1])


class TerminalInput:
    """Turns bytes of a terminal into messages, and never raises for any bytes.

    Bytes that are not UTF-8 become U+FFFD, and a sequence that means nothing is dropped, where
    Textual would take each of its characters for a key.
    """

    def __init__(self, debug: bool = False) -> None:
        self._debug = debug
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._decode = self._decoder.decode
        self._parser = KeyParser(debug)
        self._sequence = ""
        """The beginning of a control sequence whose end has not been read."""
        self._pasted: list[str] | None = None
        """The characters read so far of a paste; None while there is none."""
        self._known: dict[bytes, tuple[str, str | None]] = {}
        """The keys, with their characters, that were read before: the parser takes its time."""

    def feed(self, data: bytes) -> Iterator[Message]:
        """Return what `data` means, together with what was fed before."""
        if not self._is_at_rest:
            yield from self._parse_all(data)
            return
        unit, times = _repeated(data)
        if (known := self._known.get(unit)) is None:
            messages = list(self._parse_all(unit))
            yield from messages
            match messages:
                case [events.Key(key=key, character=character)] if self._is_at_rest:
                    known = key, character
            if known is None:
                yield from self._parse_all(data[len(unit) :])
                return
            if len(unit) <= LONGEST and len(self._known) < KEYS_KEPT:
                self._known[unit] = known
            times -= 1
        for _ in range(times):
            yield events.Key(*known)

    def _parse_all(self, data: bytes) -> Iterator[Message]:
        # One by one: after a character that the parser fails on, the next is read as usual.
        for character in self._decode(data):
            yield from self._parse(character)

    @property
    def _is_at_rest(self) -> bool:
        """Whether nothing is begun that the next byte could be a part of."""
        return (
            not self._sequence
            and self._pasted is None
            and self._parser._timeout_time is None
            and not self._decoder.getstate()[0]
        )

    def tick(self) -> Iterator[Message]:
        """Return what is meant if nothing more was read for a while: escape alone is a key."""
        messages = list(self._sound(self._parser.tick()))
        if messages and len(self._sequence) > len(CSI):
            messages = []  # a sequence that was never ended
        if messages or self._parser._timeout_time is None:
            self._sequence = ""
        yield from messages

    def _parse(self, character: str) -> Iterator[Message]:
        if self._pasted is not None:
            if character != INTERRUPT:
                yield from self._paste(character)
                return
            yield from self._end_paste()  # for a paste whose end is never sent
        # A control sequence goes on and ends with printable characters (ECMA-48, 5.4).
        if self._sequence.startswith(CSI) and not " " <= character <= "~":
            self._reset()
        if len(self._sequence) > LONGEST:  # no key's, however it ends
            self._sequence = "" if character >= "@" else self._sequence
            return
        if self._sequence or character == ESCAPE:
            is_first = character == ESCAPE
            self._sequence = ESCAPE if is_first else self._sequence + character
        messages = list(self._sound(self._parser.feed(character)))
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

    def _reset(self) -> None:
        self._sequence, self._parser = "", KeyParser(self._debug)

    @property
    def timeout(self) -> float | None:
        """Seconds after which to call `tick` if nothing is read before; None for not at all."""
        due = self._parser._timeout_time
        return None if due is None else max(0.0, due - get_time())

    def _sound(self, messages: Iterable[Message]) -> Iterator[Message]:
        """Yield the messages to act on: real characters and sizes, and nothing of a mouse."""
        try:
            for message in messages:
                match message:
                    case events.Key(character=str(character)):
                        is_sound = not any("\ud800" <= unit <= "\udfff" for unit in character)
                    case events.Resize(size=size):
                        is_sound = 0 < size.width <= LARGEST and 0 < size.height <= LARGEST
                    case _:
                        is_sound = not isinstance(message, events.MouseEvent)
                if is_sound:
                    yield message
        except (ValueError, ArithmeticError):
            # A number out of range, of a code point or a pixel: the parser cannot go on.
            self._reset()


def _repeated(data: bytes) -> tuple[bytes, int]:
    """Return what `data` repeats, and how often: over a slow link a key held down comes at once."""
    end = data.find(ESCAPE.encode(), 1) if data.startswith(ESCAPE.encode()) else 1
    unit = data[:end] if end > 0 else data
    times = len(data) // max(len(unit), 1)
    return (unit, times) if unit * times == data else (data, 1)


def _is_ended(sequence: str) -> bool:
    """Whether a sequence is whole; one of two characters may be the beginning of a longer one."""
    if sequence.startswith(f"{CSI}["):  # a function key of the Linux console
        return len(sequence) == len(CSI) + 2
    if sequence.startswith(CSI):
        return len(sequence) > len(CSI) and sequence[-1] >= "@"
    return len(sequence) == (3 if sequence.startswith(SS3) else 2)
