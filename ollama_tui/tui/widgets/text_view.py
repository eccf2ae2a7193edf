"""A reader for long text from the server: a license, a template, a vocabulary of 250,000 tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import cast

from textual.geometry import Region, Size
from textual.strip import Strip

from ollama_tui.formatting import StyledLine, inert, inert_lines
from ollama_tui.tui.widgets.styled_widget import ScrollingWidget
from ollama_tui.tui.widgets.text_layout import (
    Anchor,
    WrappedRow,
    WrappedText,
    fit,
    restyle,
    slice_line,
)

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
        self._texts: Sequence[str] = ()
        self._styled: Sequence[StyledLine] | None = None
        """The lines with their styles, if they have any."""
        self._length = 0
        self._wrapped = WrappedText((), 1)
        self._top: Anchor = (0, 0)
        self._last_page: Anchor = (0, 0)
        self._rows: list[WrappedRow] = []
        self._painted: list[StyledLine] = []
        self.searched = ""
        """What was searched for last."""
        self._needle: re.Pattern[str] | None = None
        self._match: Match | None = None

    def show(
        self, content: str | Sequence[str] | Sequence[StyledLine], document: object = None
    ) -> None:
        """Show a text, lines or styled lines; keep the place if `document` is the one shown."""
        self._texts, self._styled = _read(content)
        self._length = sum(map(len, self._texts))
        if document is None or document != self._document:
            self._top, self._match, self._needle = (0, 0), None, None
        elif self._match is not None and self._needle is not None:
            line, start, end = self._match
            text = self._texts[line] if line < len(self._texts) else ""
            if self._needle.fullmatch(text, start, end) is None:
                self._match = None
        self._document = document
        self._go_to(self._top)

    def find(self, text: str) -> bool:
        """Search from the top of the view, ignoring case; return whether anything was found.

        An empty `text` ends the search.
        """
        self.searched = text
        self._needle = re.compile(re.escape(text), re.IGNORECASE) if text else None
        self._match = None
        found = self.find_again()
        self._repaint()
        return found

    def find_again(self, *, backwards: bool = False) -> bool:
        """Go to the next or previous match, round the ends; return whether there is one."""
        line, start, end = self._match or (*self._top, self._top[1])
        match = next(self._matches(line, start if backwards else end, backwards), None)
        if match is None:
            return False
        self._match = match
        place = match[:2]
        last = self._rows[-1] if self._rows else None
        if last is None or not self._top <= place < (last.line, last.end):
            # Out of view: then it comes a third down the page.
            self._go_to(self._wrapped.move(self._wrapped.snap(place), -(self.page // 3)))
        self._repaint()
        return True

    def action_move(self, step: int, scroll: bool = True) -> None:
        """Scroll by `step` rows: a text has no cursor to move."""
        self._go_to(self._wrapped.move(self._top, step))

    def action_move_to_end(self, last: bool) -> None:
        """Go to the first or the last page."""
        self._go_to((len(self._texts), 0) if last else (0, 0))

    def on_resize(self) -> None:
        """Keep the text at the top of the view where it is."""
        self._go_to(self._top)

    def render_line(self, y: int) -> Strip:
        """Paint one row."""
        return self.to_strip(self._line(y, self.size))

    def _go_to(self, top: Anchor) -> None:
        """Show the text from the row that holds `top`, but no further than the last page."""
        self._wrapped = WrappedText(self._texts, self.size.width - 1)
        self._last_page = self._wrapped.last_page(self.page)
        self._top = min(self._wrapped.snap(top), self._last_page)
        self._rows = list(islice(self._wrapped.rows(self._top), self.page))
        self._repaint()

    def _repaint(self) -> None:
        """Refresh the lines that differ: most of one model's details are the next one's too."""
        size = self.size
        width, height = size
        before, self._painted = self._painted, [self._line(y, size) for y in range(height)]
        if len(before) != height:
            self.refresh()
            return
        lines = enumerate(zip(before, self._painted, strict=True))
        if changed := [Region(0, y, width, 1) for y, (old, new) in lines if old != new]:
            self.refresh(*changed)

    def _line(self, y: int, size: Size) -> StyledLine:
        """Return the row on line `y` of a view of `size`, and its cell of the scroll bar.

        Textual looks the size up in the layout, which costs as much as a short line does.
        """
        width, page = size.width, max(1, size.height)
        spans: StyledLine = ()
        if y < len(self._rows):
            row = self._rows[y]
            text = self._texts[row.line]
            # A blank that ends the row may be one cell too far to the right.
            end = row.end - 1 if text[row.end - 1 : row.end] == " " else row.end
            spans = ((text, ""),) if self._styled is None else self._styled[row.line]
            spans = slice_line(spans, row.start, max(row.start, end))
            for start, stop, style in self._highlights(row):
                spans = restyle(spans, start - row.start, stop - row.start, style)
        top = total = 0
        if self._last_page != (0, 0):
            # Approximate: an exact total would need wrapping the whole text.
            total = max(len(self._texts), self._length // max(1, width), page + 1)
            at, last = (
                line + offset / max(1, len(self._texts[line]))
                for line, offset in (self._top, self._last_page)
            )
            top = round(at / last * (total - page))
        return (*fit(spans, width - 1), self.scroll_bar(y, top, total, page))

    def _highlights(self, row: WrappedRow) -> Iterator[tuple[int, int, str]]:
        """Yield the matches in this row, and their styles."""
        if self._needle is None:
            return
        longest = len(self._needle.pattern)
        first = max(0, row.start - longest)
        for match in self._needle.finditer(self._texts[row.line][first : row.end + longest]):
            yield match.start() + first, match.end() + first, "match"
        if self._match is not None and self._match[0] == row.line:
            yield *self._match[1:], "match-now"

    def _matches(self, line: int, offset: int, backwards: bool) -> Iterator[Match]:
        """Yield the matches after a place, or before it, nearest first; round to it again."""
        if self._needle is None or not self._texts:
            return
        count = len(self._texts)
        for step in range(count + 1):
            at = (line - step if backwards else line + step) % count
            start, end = 0, len(self._texts[at])
            if not step:
                start, end = (0, offset) if backwards else (offset, end)
            found = self._needle.finditer(self._texts[at], start, end)
            for match in reversed(list(found)) if backwards else found:
                yield at, match.start(), match.end()


def _read(
    content: str | Sequence[str] | Sequence[StyledLine],
) -> tuple[Sequence[str], Sequence[StyledLine] | None]:
    """Return the lines made inert, and their styles if they have any."""
    if isinstance(content, str):
        return inert_lines(content).expandtabs(TAB).split("\n"), None
    if content and isinstance(content[0], str):
        return _read("\n".join(str(line).replace("\n", NEWLINE) for line in content))
    lines = cast("Sequence[StyledLine]", content)
    styled = [tuple((inert(text), style) for text, style in line) for line in lines]
    return ["".join(text for text, _ in line) for line in styled], styled
