"""Text laid out in terminal cells: styled lines cut, padded and sliced; long text wrapped."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice, takewhile
from operator import itemgetter
from typing import Literal, NamedTuple, TypeVar

from rich.cells import cell_len, set_cell_size

from ollama_tui.formatting import ELLIPSIS, Span, StyledLine, inert, shorten

T = TypeVar("T")

Align = Literal["left", "right"]
Anchor = tuple[int, int]
"""A place in a text: line, offset in it."""

BLOCK = 16_384
"""No row crosses a multiple of this many characters, so a row's start is found without reading
a line of megabytes from its beginning."""
ACCENTS = 8
"""Zero-width characters that may follow the last one of a row."""


def plain(text: str, style: str = "") -> StyledLine:
    """Return a line of one span."""
    return ((text, style),)


def width_of(spans: Iterable[Span]) -> int:
    """Return the width in cells of `spans` made inert."""
    return sum(cell_len(inert(text)) for text, _ in spans)


def fit(spans: Sequence[Span], width: int, align: Align = "left") -> StyledLine:
    """Return `spans` cut with an ellipsis or padded to exactly `width` cells, and inert."""
    safe = tuple((inert(text), style) for text, style in spans if text)
    spare = width - sum(cell_len(text) for text, _ in safe)
    if not spare:
        return safe
    if spare > 0:
        blank = (" " * spare, "")
        return (blank, *safe) if align == "right" else (*safe, blank)
    kept: list[Span] = []
    room = width - cell_len(ELLIPSIS)
    for text, style in safe:
        if cell_len(text) > room:
            kept.append((set_cell_size(text, room) + ELLIPSIS, style))
            break
        kept.append((text, style))
        room -= cell_len(text)
    return tuple(kept) if width > 0 else ()


def shorten_name(name: str, width: int) -> str:
    """Return an inert name in at most `width` cells, without what tells it least from others.

    That is the registry, then the namespace, then the middle: names differ in their ends.
    """
    rest = name
    while cell_len(name) > width and "/" in rest:
        rest = rest.partition("/")[2]
        name = f"{ELLIPSIS}/{rest}"
    if cell_len(name) <= width:
        return name
    tail = rest[-width:] if width > 0 else ""
    while cell_len(tail) > width // 2:
        tail = tail[1:]
    return f"{shorten(rest, width - cell_len(tail))}{tail}"


def spread(left: Sequence[Span], right: Sequence[Span], width: int) -> StyledLine:
    """Return a line of `width` cells with `left` at one end and `right` at the other.

    Where both do not fit, `right` stays whole as long as it takes less than half.
    """
    room = min(width_of(right), max(width // 2, width - width_of(left) - 1))
    if room <= 0:
        return fit(left, width)
    return (*fit(left, width - room), *fit(right, room, "right"))


def merge_spans(spans: Iterable[Span]) -> StyledLine:
    """Return `spans` with neighbours of one style joined."""
    return tuple(
        ("".join(text for text, _ in same), style)
        for style, same in groupby(spans, key=itemgetter(1))
    )


def restyle(spans: StyledLine, parts: Iterable[tuple[int, int, str]]) -> StyledLine:
    """Return `spans` with parts of it, from start to end, in other styles.

    The parts come in order and do not overlap; they may stick out of the line.
    """
    left = list(parts)[::-1]
    kept: list[Span] = []
    at = begin = 0
    for text, style in spans:
        finish = begin + len(text)
        while at < finish:
            while left and left[-1][1] <= at:
                left.pop()
            start, stop, other = left[-1] if left else (finish, finish, "")
            until, shown = (min(start, finish), style) if at < start else (min(stop, finish), other)
            piece = text[at - begin : until - begin]
            if at > start and at == begin and kept:  # the part began in the span before
                kept[-1] = (kept[-1][0] + piece, shown)
            else:
                kept.append((piece, shown))
            at = until
        begin = finish
    return tuple(kept)


def wrap_line(line: StyledLine, width: int) -> list[StyledLine]:
    """Return a line of one span in as many rows as it takes, indented alike; others as one row."""
    if len(line) != 1 or width_of(line) <= width:
        return [line]
    text, style = line[0]
    indent = text[: len(text) - len(text.lstrip())]
    rows: list[StyledLine] = []
    at = len(indent)
    while at < len(text):
        end = row_end(text, at, width - len(indent))
        rows.append(((indent + text[at:end].rstrip(), style),))
        at = end
    return rows or [line]


def row_end(text: str, start: int, width: int) -> int:
    """Return where the row that begins at `start` ends: after a blank if one is near, else full."""
    width = max(1, width)  # where there is no room at all, a row has one character all the same
    limit = min(len(text), (start // BLOCK + 1) * BLOCK)
    end = start + width if text.isascii() else _end_in_cells(text, start, width)
    if end >= limit:
        return limit
    blank = text.rfind(" ", start + width // 3, end + 1)
    return end if blank < 0 else blank + 1


def _end_in_cells(text: str, start: int, width: int) -> int:
    """Return the first character from `start` that does not fit into `width` cells."""
    end = start + width
    part = text[start:end]
    if cell_len(part) > width:
        used = 0
        for count, char in enumerate(part):
            used += cell_len(char)
            if used > width:
                end = start + max(1, count)
                break
    for _ in range(ACCENTS):
        if end >= len(text) or cell_len(text[end]):
            break
        end += 1
    return end


class WrappedRow(NamedTuple):
    """What one line of the screen shows: the characters from `start` to `end` of a line."""

    line: int
    start: int
    end: int


class WrappedText:
    """Lines of text seen in rows of `width` cells, wrapping only what is asked for.

    A place in it is an anchor, `(line, offset)`, never a row number, so nothing has to be counted:
    a text of any length is shown, resized and searched at the cost of what is on screen.
    """

    def __init__(self, lines: Sequence[str], width: int) -> None:
        self._lines = lines
        self._width = max(1, width)

    def rows(self, anchor: Anchor) -> Iterator[WrappedRow]:
        """Yield the rows from the one that begins at `anchor` to the last."""
        line, start = anchor
        while line < len(self._lines):
            for begin, end in self._rows_of(line, start):
                yield WrappedRow(line, begin, end)
            line, start = line + 1, 0

    def snap(self, anchor: Anchor) -> Anchor:
        """Return the start of the row that holds this place."""
        line, offset = anchor
        if line >= len(self._lines):
            return self.last_page(1)
        block = offset // BLOCK * BLOCK
        starts = (start for start, _ in self._rows_of(line, block))
        return line, _last(takewhile(offset.__ge__, starts)) or 0

    def move(self, anchor: Anchor, rows: int) -> Anchor:
        """Return the row so many rows further down, or up if negative, within the text."""
        if rows < 0:
            return _last(islice(self._rows_above(anchor), -rows)) or anchor
        row = _last(islice(self.rows(anchor), rows + 1))
        return anchor if row is None else (row.line, row.start)

    def last_page(self, page: int) -> Anchor:
        """Return the row to begin at so that the last row is the last of `page` rows."""
        return self.move((len(self._lines), 0), -page) if self._lines else (0, 0)

    def _rows_of(self, line: int, start: int) -> Iterator[tuple[int, int]]:
        """Yield start and end of each row of a line, from the one that begins at `start`."""
        text = self._lines[line]
        end = -1
        while end < len(text):
            end = row_end(text, start, self._width)
            yield start, end
            start = end

    def _rows_above(self, anchor: Anchor) -> Iterator[Anchor]:
        """Yield the rows above this one, nearest first."""
        line, offset = anchor
        while line >= 0:
            while line < len(self._lines) and offset > 0:
                block = (offset - 1) // BLOCK * BLOCK
                starts = (start for start, _ in self._rows_of(line, block))
                for start in reversed(list(takewhile(offset.__gt__, starts))):
                    yield line, start
                offset = block
            line -= 1
            # An empty line has one row too.
            offset = max(1, len(self._lines[line])) if line >= 0 else 0


def _last(items: Iterable[T]) -> T | None:
    return next(iter(deque(items, maxlen=1)), None)
