"""Long text in rows of a given width, wrapping only what is asked for.

A place in it is an anchor, `(line, offset)`, never a row number, so nothing has to be counted: a
text of any length is shown, resized and searched at the cost of what is on screen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, takewhile
from typing import NamedTuple, TypeVar

from rich.cells import cell_len

T = TypeVar("T")

BLOCK = 16_384
"""No row crosses a multiple of this many characters, so a row's start is found without reading
a line of megabytes from its beginning."""
ACCENTS = 8
"""Zero-width characters that may follow the last one of a row."""

Anchor = tuple[int, int]
"""A place in the text: line, offset in it."""


class Row(NamedTuple):
    """What one line of the screen shows: the characters from `start` to `end` of a line."""

    line: int
    start: int
    end: int


def row_end(text: str, start: int, width: int) -> int:
    """Return where the row that begins at `start` ends: after a blank if one is near, else full."""
    width = max(1, width)  # where there is no room at all, it goes on all the same
    limit = min(len(text), (start // BLOCK + 1) * BLOCK)
    end = _reach(text, start, width)
    if end >= limit:
        return limit
    blank = text.rfind(" ", start + width // 3, end + 1)
    return end if blank < 0 else blank + 1


def _reach(text: str, start: int, width: int) -> int:
    """Return the first character from `start` that is out of the row's cells."""
    end = start + width
    if text.isascii():
        return end
    part = text[start:end]
    if cell_len(part) > width:
        end = start + _fitting(part, width)
    for _ in range(ACCENTS):
        if end >= len(text) or cell_len(text[end]):
            break
        end += 1
    return end


def _fitting(part: str, width: int) -> int:
    """Return how many characters fit in `width` cells, but at least one."""
    used = 0
    for count, char in enumerate(part):
        used += cell_len(char)
        if used > width:
            return max(1, count)
    return len(part)


class Wrapped:
    """Lines of text seen in rows of `width` cells."""

    def __init__(self, lines: Sequence[str], width: int) -> None:
        self._lines = lines
        self._width = max(1, width)

    def rows(self, anchor: Anchor) -> Iterator[Row]:
        """Yield the rows from the one that begins at `anchor` to the last."""
        line, start = anchor
        while line < len(self._lines):
            for begin, end in self._rows_of(line, start):
                yield Row(line, begin, end)
            line, start = line + 1, 0

    def snap(self, anchor: Anchor) -> Anchor:
        """Return the start of the row that holds this place."""
        line, offset = anchor
        if line >= len(self._lines):
            return self.last_page(1)
        block = offset // BLOCK * BLOCK
        starts = (start for start, _ in self._rows_of(line, block))
        return line, _last(takewhile(offset.__ge__, starts)) or 0

    def forward(self, anchor: Anchor, count: int) -> Anchor:
        """Return the row `count` rows further down, or the last."""
        row = _last(islice(self.rows(anchor), count + 1))
        return anchor if row is None else (row.line, row.start)

    def back(self, anchor: Anchor, count: int) -> Anchor:
        """Return the row `count` rows further up, or the first."""
        above = _last(islice(self._before(anchor), count))
        return anchor if above is None else above

    def last_page(self, page: int) -> Anchor:
        """Return the row to begin at so that the last row is the last of `page` rows."""
        return self.back((len(self._lines), 0), page) if self._lines else (0, 0)

    def _rows_of(self, line: int, start: int) -> Iterator[tuple[int, int]]:
        text = self._lines[line]
        while True:
            end = row_end(text, start, self._width)
            yield start, end
            if end >= len(text):
                return
            start = end

    def _before(self, anchor: Anchor) -> Iterator[Anchor]:
        """Yield the rows above this one, nearest first."""
        line, offset = anchor
        while line >= 0:
            if line < len(self._lines):
                yield from ((line, start) for start in self._starts_before(line, offset))
            line -= 1
            # An empty line has one row too.
            offset = max(1, len(self._lines[line])) if line >= 0 else 0

    def _starts_before(self, line: int, offset: int) -> Iterator[int]:
        while offset > 0:
            block = (offset - 1) // BLOCK * BLOCK
            starts = (start for start, _ in self._rows_of(line, block))
            yield from reversed(list(takewhile(offset.__gt__, starts)))
            offset = block


def _last(items: Iterable[T]) -> T | None:
    return next(iter(deque(items, maxlen=1)), None)
