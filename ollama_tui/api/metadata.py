"""The metadata of a model as it arrives: arrays of megabytes are cut out of the bytes as text.

A verbose answer to show has up to 15 MB, nearly all of it in a few arrays: a vocabulary, its
merges. Decoded in one go they keep everything else waiting for a tenth of a second, in a thread
too, and a single text is made of each of them anyway. So each chunk is looked through once as it
arrives, and what it has of such an array is checked and made text at once.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

import msgspec

from ollama_tui.api.decode import FAILURES, Body, decode, not_ollama, repaired
from ollama_tui.api.replies import ModelDetails, Reply, Tensor, VerboseShow

SLICE = 64 * 1024
"""Bytes looked through at a time: a millisecond or two."""
PAUSE = 0.003
"""Seconds between two chunks: what a key sets off takes many turns of the event loop, each of which
would wait for a chunk."""
LEAST_CUT = 4096
"""Bytes of an array that is cut out; a shorter one stays where it is."""
_ARRAY_DEPTH = 2
"""Levels around an array of the metadata: the answer, and `model_info`."""
_MOST_DEPTH = 1000
"""Brackets open in an array: GGUF has lists of lists at most."""

_TOKEN = re.compile(rb'"[^"]*"?|[][{},]')
_BRACKETS = re.compile(rb"[][{}]")
_ESCAPES = ((rb"\u003c", b"<"), (rb"\u003e", b">"), (rb"\u0026", b"&"))
_QUOTE, _COMMA = b'",'
_ESCAPE_BYTES = 6
"""Of `\\u003c`, the longest."""


class _RawShow(Reply, frozen=True):
    """A `VerboseShow` whose metadata is still JSON."""

    model_info: dict[str, msgspec.Raw] = {}
    projector_info: dict[str, msgspec.Raw] = {}
    tensors: list[Tensor] = []
    details: ModelDetails = ModelDetails()


class _Nothing(msgspec.Struct):
    """Takes any object, and reads nothing of it."""


class MetadataReader:
    """Makes a `VerboseShow` of the chunks of an answer, whatever they are cut into.

    `convert` is given every value of the metadata, a long one in parts, none of which ends inside
    of a text.
    """

    def __init__(self, convert: Callable[[str], str] = str) -> None:
        self._convert = convert
        self._rest = bytearray()
        """The answer with a placeholder for each array that was cut out."""
        self._mark = secrets.token_hex(8)
        """Begins each placeholder: nothing that a server can guess."""
        self._texts: list[str] = []
        """The arrays that were cut out."""
        self._tail = b""
        """The end of the last chunk, where an escape may go on in the next."""
        self._in_string = False
        self._depth = 0
        """Brackets open, outside of an array that is being read."""
        self._array: list[str] | None = None
        """What has been read of an array; None outside of one."""
        self._array_depth = 0
        """Brackets open in it, with its own."""
        self._elements = bytearray()
        """What follows in the array, with no comma yet between two of its elements."""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; raise NotOllama for an array that is no JSON."""
        for start in range(0, len(chunk), SLICE):
            data = self._tail + chunk[start : start + SLICE]
            end = _whole_escapes(data)
            self._tail = data[end:]
            self._look_through(data[:end])

    def finish(self) -> VerboseShow:
        """Return what was read; raise NotOllama if it is no JSON object."""
        self._look_through(self._tail)
        if self._array is not None:
            raise not_ollama(self._rest)
        show = decode(self._rest, _RawShow)
        return VerboseShow(
            self._values(show.model_info),
            self._values(show.projector_info),
            show.tensors,
            show.details,
        )

    def _values(self, info: dict[str, msgspec.Raw]) -> dict[str, str]:
        places = {self._placeholder(n): text for n, text in enumerate(self._texts)}
        values = {key: bytes(value) for key, value in info.items()}
        return {
            key: self._convert(_readable(value)) if (text := places.get(value)) is None else text
            for key, value in values.items()
        }

    def _placeholder(self, number: int) -> bytes:
        return b'"%b-%d"' % (self._mark.encode(), number)

    def _look_through(self, data: bytes) -> None:
        # As long as `data`, but each quote in it begins or ends a string.
        plain = data.replace(rb"\\", b"..").replace(rb"\"", b"..")
        at = 0
        while at < len(data):
            if self._array is None:
                at = self._read_rest(data, plain, at)
            else:
                at = self._read_array(data, plain, at)

    def _read_rest(self, data: bytes, plain: bytes, start: int) -> int:
        """Read up to the next array that may be cut out, or to the end; return where that is."""
        for token in _TOKEN.finditer(plain, self._end_of_string(plain, start)):
            match plain[token.start()]:
                case 0x22:
                    self._in_string = _is_open(token[0])
                case 0x5B if self._depth == _ARRAY_DEPTH:
                    self._rest += data[start : token.start()]
                    self._array, self._array_depth = [], 1
                    self._elements = bytearray()
                    return token.end()
                case 0x5B | 0x7B:
                    self._depth += 1
                case 0x5D | 0x7D:
                    self._depth -= 1
        self._rest += data[start:]
        return len(data)

    def _read_array(self, data: bytes, plain: bytes, start: int) -> int:
        """Read up to the end of the array, or of the data; return where that is."""
        if self._array_depth == 1 and (cut := self._cut_of_flat(plain, start)) is not None:
            end = len(data)
        else:
            cut, end = self._walk(plain, start)
        if cut > start:
            self._elements += data[start:cut]
            self._take_elements()
        self._elements += data[cut:end]
        if not self._array_depth:
            self._end_array()
        return end

    def _cut_of_flat(self, plain: bytes, start: int) -> int | None:
        """Return where the last comma between elements ends, or `start` for none, quickly.

        None where a bracket may open or close something: that is walked through.
        """
        parts = plain[start:].split(b'"')
        first = 1 if self._in_string else 0
        if _BRACKETS.search(b"".join(parts[first::2])):
            return None
        self._in_string = len(parts) % 2 == first
        end = len(plain)
        for number in range(len(parts) - 1, -1, -1):
            begin = end - len(parts[number])
            if number % 2 == first and (comma := parts[number].rfind(b",")) >= 0:
                return begin + comma + 1
            end = begin - 1
        return start

    def _walk(self, plain: bytes, start: int) -> tuple[int, int]:
        """Return where the last comma between elements ends, and where the array or the data."""
        cut = start
        for token in _TOKEN.finditer(plain, self._end_of_string(plain, start)):
            match plain[token.start()]:
                case 0x22:
                    self._in_string = _is_open(token[0])
                case 0x2C if self._array_depth == 1:
                    cut = token.end()
                case 0x5B | 0x7B:
                    self._array_depth += 1
                case 0x5D | 0x7D:
                    self._array_depth -= 1
            if not self._array_depth:
                return cut, token.end()
        if self._array_depth > _MOST_DEPTH:
            raise not_ollama(self._rest)
        return cut, len(plain)

    def _end_of_string(self, plain: bytes, start: int) -> int:
        """Return where the string ends that `start` may be in."""
        if not self._in_string:
            return start
        quote = plain.find(b'"', start)
        self._in_string = quote < 0
        return len(plain) if quote < 0 else quote + 1

    def _take_elements(self) -> None:
        """Add elements, with a comma after the last one, to the array."""
        assert self._array is not None
        self._array += [self._checked(self._elements[:-1]), ","]
        self._elements.clear()

    def _end_array(self) -> None:
        """Cut out the array, or leave it where it is if it is short."""
        assert self._array is not None
        if not self._elements.endswith(b"]"):  # but `}`
            raise not_ollama(self._rest)
        if not self._array and len(self._elements) < LEAST_CUT:
            self._rest += b"[" + self._elements
        else:
            self._array.append(self._checked(self._elements[:-1]))
            self._rest += self._placeholder(len(self._texts))
            self._texts.append("".join(["[", *self._array, "]"]))
        self._array, self._elements = None, bytearray()

    def _checked(self, elements: Body) -> str:
        """Return one element or more of a JSON array as text; raise NotOllama for anything else."""
        if not _are_elements(elements):
            elements = repaired(elements)
            if not _are_elements(elements):
                raise not_ollama(self._rest)
        return self._convert(_readable(elements))


def _are_elements(text: Body) -> bool:
    try:
        msgspec.json.decode(b'{"":[' + text + b"]}", type=_Nothing)
    except FAILURES:
        return False
    return bool(text.strip())


def _is_open(string: bytes) -> bool:
    return len(string) == 1 or string[-1] != _QUOTE


def _whole_escapes(data: bytes) -> int:
    """Return how much of `data` ends outside of an escape, as long as it begins outside of one."""
    last = data.rfind(b"\\", max(0, len(data) - _ESCAPE_BYTES))
    if last < 0:
        return len(data)
    backslashes = last + 1 - len(data[: last + 1].rstrip(b"\\"))
    return last if backslashes % 2 else len(data)


def _readable(value: Body) -> str:
    """Return JSON as it reads best.

    Go escapes `<`, `>` and `&` for the sake of web pages: they are shown as they are, `<|im_end|>`.
    """
    if b"\\u00" not in value:
        return value.decode("utf-8", "replace")
    parts = bytes(value).split(rb"\\")  # an escaped backslash begins no other escape
    for escape, character in _ESCAPES:
        parts = [part.replace(escape, character) for part in parts]
    return rb"\\".join(parts).decode("utf-8", "replace")
