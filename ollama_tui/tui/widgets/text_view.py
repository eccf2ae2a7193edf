"""A reader for long text from the server: a licence, a template, a vocabulary of 250,000 tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import cast

from textual.geometry import Region
from textual.strip import Strip

from ollama_tui.formatting import StyledLine, inert, inert_lines
from ollama_tui.tui.widgets.styled_widget import ScrollingWidget, thumb_at
from ollama_tui.tui.widgets.text_layout import Anchor, WrappedRow, WrappedText, fit

TAB = 4
"""Cells a tab is expanded to, at most."""

NEWLINE = "\N{SYMBOL FOR NEWLINE}"
"""Stands for a newline inside what has to stay one line."""

Match = tuple[int, int, int]
"""Something found: line, start, end."""


class TextView(ScrollingWidget, can_focus=True):
    """Text of any length, wrapped to the width, that can be moved through and searched.

    Like `Table` it scrolls by itself: it knows the row at the top by its place in the text, so
    that neither the length of the text nor a resize costs more than one screen.
    """

    DEFAULT_CSS = """
    TextView { width: 1fr; height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._document: object = None
        self._spans: Sequence[StyledLine] | None = None
        self._texts: Sequence[str] = ()
        self._length = 0
        self._top: Anchor = (0, 0)
        self._end: Anchor = (0, 0)
        self._needle: re.Pattern[str] | None = None
        self._match: Match | None = None
        self._rows: list[WrappedRow] = []
        self._painted: list[StyledLine] = []

    @property
    def page(self) -> int:
        """How many rows fit."""
        return max(1, self.size.height)

    def show(
        self, content: str | Sequence[str] | Sequence[StyledLine], document: object = None
    ) -> None:
        """Show a text, lines or styled lines; keep the place if `document` is the one shown."""
        self._texts, self._spans = _read(content)
        self._length = sum(map(len, self._texts))
        if document is None or document != self._document:
            self._top, self._match, self._needle = (0, 0), None, None
        elif self._match is not None and not self._holds(self._match):
            self._match = None
        self._document = document
        self._settle(self._top)

    def find(self, text: str) -> bool:
        """Search from the top of the view, ignoring case; say whether anything was found.

        An empty `text` ends the search.
        """
        self._needle = re.compile(re.escape(text), re.IGNORECASE) if text else None
        self._match = None
        found = self.find_next()
        self._repaint()
        return found

    def find_next(self) -> bool:
        """Go to the next match, from the end on to the beginning; say whether there is one."""
        line, offset = self._top if self._match is None else (self._match[0], self._match[2])
        return self._go_to(next(self._matches_after(line, offset), None))

    def find_previous(self) -> bool:
        """Go to the match before, from the beginning on to the end; say whether there is one."""
        line, offset = self._top if self._match is None else self._match[:2]
        return self._go_to(next(self._matches_before(line, offset), None))

    def move_by(self, step: int) -> None:
        """Scroll by `step` rows."""
        wrapped = self._wrapped()
        move = wrapped.forward if step > 0 else wrapped.back
        self._settle(move(self._top, abs(step)))

    def leap(self, step: int) -> None:
        """Scroll by `step` rows."""
        self.move_by(step)

    def move_to_end(self, last: bool) -> None:
        """Go to the first or the last page."""
        self._settle((len(self._texts), 0) if last else (0, 0))

    def on_resize(self) -> None:
        """Keep the text at the top of the view where it is."""
        self._settle(self._top)

    def render_line(self, y: int) -> Strip:
        """Paint one row."""
        return self.to_strip(self._line(y))

    def _line(self, y: int) -> StyledLine:
        row = self._rows[y] if y < len(self._rows) else None
        body = fit(self._row_spans(row) if row is not None else (), self.size.width - 1)
        return (*body, (self.signs.thumb if self._has_thumb(y) else " ", "thumb"))

    def _repaint(self) -> None:
        """Refresh the lines that read differently: of one model's details most are the next's."""
        width, height = self.size
        before, self._painted = self._painted, [self._line(y) for y in range(height)]
        if len(before) != height:
            self.refresh()
            return
        lines = enumerate(zip(before, self._painted, strict=True))
        if changed := [Region(0, y, width, 1) for y, (old, new) in lines if old != new]:
            self.refresh(*changed)

    def _wrapped(self) -> WrappedText:
        return WrappedText(self._texts, self.size.width - 1)

    def _settle(self, top: Anchor) -> None:
        """Show the text from the row that holds `top`, but no further than the last page."""
        wrapped = self._wrapped()
        self._end = wrapped.last_page(self.page)
        self._top = min(wrapped.snap(top), self._end)
        self._rows = list(islice(wrapped.rows(self._top), self.page))
        self._repaint()

    def _row_spans(self, row: WrappedRow) -> StyledLine:
        text = self._texts[row.line]
        # The blank that ended the row may stand one cell too far to the right.
        end = row.end - 1 if text[row.end - 1 : row.end] == " " else row.end
        spans: StyledLine = ((text, ""),) if self._spans is None else self._spans[row.line]
        spans = part_of(spans, row.start, max(row.start, end))
        for start, stop, style in self._marks(row):
            spans = restyled(spans, start - row.start, stop - row.start, style)
        return spans

    def _marks(self, row: WrappedRow) -> Iterator[tuple[int, int, str]]:
        """Yield what the search found in this row, and how it is to look."""
        if self._needle is None:
            return
        text = self._texts[row.line]
        longest = len(self._needle.pattern)
        near = text[max(0, row.start - longest) : row.end + longest]
        shift = max(0, row.start - longest)
        for match in self._needle.finditer(near):
            yield match.start() + shift, match.end() + shift, "match"
        if self._match is not None and self._match[0] == row.line:
            yield *self._match[1:], "match-now"

    def _holds(self, match: Match) -> bool:
        line, start, end = match
        needle = self._needle
        return (
            needle is not None
            and line < len(self._texts)
            and needle.fullmatch(self._texts[line], start, end) is not None
        )

    def _matches_after(self, line: int, offset: int) -> Iterator[Match]:
        """Yield the matches from a place on, round to it again."""
        if self._needle is None or not self._texts:
            return
        count = len(self._texts)
        for step in range(count + 1):
            at = (line + step) % count
            for match in self._needle.finditer(self._texts[at], 0 if step else offset):
                yield at, match.start(), match.end()

    def _matches_before(self, line: int, offset: int) -> Iterator[Match]:
        """Yield the matches before a place, the nearest first, round to it again."""
        if self._needle is None or not self._texts:
            return
        count = len(self._texts)
        for step in range(count + 1):
            at = (line - step) % count
            text = self._texts[at]
            found = list(self._needle.finditer(text, 0, len(text) if step else offset))
            yield from ((at, match.start(), match.end()) for match in reversed(found))

    def _go_to(self, match: Match | None) -> bool:
        """Make this the match that is looked at, a third down the page if it was out of view."""
        if match is None:
            return False
        self._match = match
        place = match[:2]
        last = self._rows[-1] if self._rows else None
        if last is None or not self._top <= place < (last.line, last.end):
            wrapped = self._wrapped()
            self._settle(wrapped.back(wrapped.snap(place), self.page // 3))
        self._repaint()
        return True

    def _has_thumb(self, y: int) -> bool:
        """Whether the scroll bar's thumb is on line `y`, as near as can be said uncounted."""
        if self._end == (0, 0):
            return False
        total = max(len(self._texts), self._length // max(1, self.size.width), self.page + 1)
        done = self._place(self._top) / self._place(self._end)
        return thumb_at(y, round(done * (total - self.page)), self.page, total)

    def _place(self, anchor: Anchor) -> float:
        line, offset = anchor
        return line + offset / max(1, len(self._texts[line]))


def _read(
    content: str | Sequence[str] | Sequence[StyledLine],
) -> tuple[Sequence[str], Sequence[StyledLine] | None]:
    """Return the lines made inert, and their styles if they have any."""
    if isinstance(content, str):
        return inert_lines(content).expandtabs(TAB).split("\n"), None
    if content and isinstance(content[0], str):
        return _read("\n".join(str(line).replace("\n", NEWLINE) for line in content))
    styled = cast("Sequence[StyledLine]", content)
    spans = [tuple((inert(text), style) for text, style in line) for line in styled]
    return ["".join(text for text, _ in line) for line in spans], spans


def part_of(spans: StyledLine, start: int, end: int) -> StyledLine:
    """Return the characters from `start` to `end`."""
    kept = []
    at = 0
    for text, style in spans:
        piece = text[max(0, start - at) : max(0, end - at)]
        if piece:
            kept.append((piece, style))
        at += len(text)
    return tuple(kept)


def restyled(spans: StyledLine, start: int, end: int, style: str) -> StyledLine:
    """Return `spans` with the characters from `start` to `end` in another style."""
    length = sum(len(text) for text, _ in spans)
    start, end = max(0, start), min(end, length)
    middle = "".join(text for text, _ in part_of(spans, start, end))
    if not middle:
        return spans
    return (*part_of(spans, 0, start), (middle, style), *part_of(spans, end, length))
