"""A table of any number of rows that costs what the visible ones cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic, TypeVar

from textual.binding import Binding
from textual.cache import LRUCache
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from ollama_tui.formatting import StyledLine
from ollama_tui.tui.widgets.row_source import (
    GUTTER,
    MARGIN,
    RowSource,
    TableColumn,
    joined,
    laid_out,
)
from ollama_tui.tui.widgets.styled_widget import ScrollingWidget, thumb_at
from ollama_tui.tui.widgets.text_layout import fit, wrapped

R = TypeVar("R")


class Table(ScrollingWidget, Generic[R], can_focus=True):
    """Rows under a fixed header, with a cursor that stays on its row whatever is shown next.

    It scrolls by itself rather than as a `ScrollView`: moving repaints two lines, leaving the view
    scrolls by half a page, and nothing is ever animated, so that a slow link can follow.
    """

    BINDINGS = [Binding("enter", "choose", "Open", id="move.choose", show=False)]
    DEFAULT_CSS = """
    Table { width: 1fr; height: 1fr; }
    """

    @dataclass
    class Moved(Message):
        """The cursor is on another row; `key` is None when there are no rows."""

        table: Table[Any]
        key: str | None

        @property
        def control(self) -> Table[Any]:
            """The table."""
            return self.table

    @dataclass
    class Chosen(Message):
        """Enter was pressed on the row with this key."""

        table: Table[Any]
        key: str

        @property
        def control(self) -> Table[Any]:
            """The table."""
            return self.table

    def __init__(self, source: RowSource[R], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._source = source
        self._rows: tuple[R, ...] = ()
        self._last: tuple[R, ...] = ()
        """The last rows there were, so that the cursor is remembered through an empty list."""
        self._index = 0
        self._anchor: str | None = None
        self._top = 0
        self._empty: Sequence[StyledLine] = ()
        self._columns: tuple[TableColumn, ...] | None = None
        self._bodies: LRUCache[str, StyledLine] = LRUCache(512)

    @property
    def rows(self) -> tuple[R, ...]:
        """All rows, in the order shown."""
        return self._rows

    @property
    def cursor(self) -> str | None:
        """The key of the row under the cursor, or None if there are no rows."""
        return self._source.key(self._rows[self._index]) if self._rows else None

    @property
    def row(self) -> R | None:
        """The row under the cursor, or None if there are no rows."""
        return self._rows[self._index] if self._rows else None

    @property
    def page(self) -> int:
        """How many rows fit."""
        return max(1, self.size.height - self._header)

    def visible_rows(self) -> tuple[R, ...]:
        """Return the rows on screen, first to last."""
        return self._rows[self._top : self._top + self.page]

    def show(self, rows: Sequence[R]) -> None:
        """Show `rows`; the cursor stays on its row, or goes to the nearest one that is left.

        From there it comes back when its row does, unless it was moved meanwhile.
        Everything is formatted anew, so call it too when marks, titles or columns changed.
        """
        before, line = self.cursor, self._index - self._top
        self._rows = tuple(rows)
        if self._rows:
            self._index, self._last = self._survivor(self._rows), self._rows
            self._anchor = self._anchor or self.cursor
        self._top = max(0, self._index - line)
        if self.size.height:  # hidden, it has no page, and keeps its place for later
            self._top = self._revealing(self._index)
        self._forget_layout()
        self.refresh()
        if self.cursor != before:
            self.post_message(self.Moved(self, self.cursor))

    def show_empty(self, lines: Sequence[StyledLine]) -> None:
        """Set what is shown in place of rows when there are none."""
        self._empty = tuple(lines)
        if not self._rows:
            self.refresh()

    def move_to(self, key: str) -> bool:
        """Put the cursor on the row with this key and say whether there is one."""
        places = (index for index, row in enumerate(self._rows) if self._source.key(row) == key)
        if (place := next(places, None)) is None:
            return False
        self._go(place)
        return True

    def render_line(self, y: int) -> Strip:
        """Paint the header, a row, or a line of the empty state."""
        y -= self._header
        if y < 0:
            titles = ((" " * MARGIN, ""), *joined(self._titles()))
            return self.to_strip(fit(titles, self.size.width), "title")
        if not self._rows:
            lines = [row for line in self._empty for row in wrapped(line, self.size.width)]
            return self.to_strip(fit(lines[y] if y < len(lines) else (), self.size.width))
        return self._row_strip(y)

    def on_resize(self) -> None:
        """Lay the columns out again and keep the cursor in view."""
        self._forget_layout()
        self._top = self._revealing(self._index)
        self.refresh()

    def on_focus(self) -> None:
        """Show the cursor as the one that listens."""
        self._refresh_rows(self._index)

    def on_blur(self) -> None:
        """Show the cursor as one that waits."""
        self._refresh_rows(self._index)

    def move_by(self, step: int) -> None:
        """Move by `step` rows."""
        self._go(self._index + step)

    def leap(self, step: int) -> None:
        """Move by `step` rows, the cursor staying on its line."""
        self._go(self._index + step, self._top + step)

    def move_to_end(self, last: bool) -> None:
        """Go to the first or the last row."""
        self._go(len(self._rows) - 1 if last else 0)

    def action_choose(self) -> None:
        """Tell that the row under the cursor was chosen."""
        if self.cursor is not None:
            self.post_message(self.Chosen(self, self.cursor))

    @property
    def _header(self) -> int:
        return 1 if self.size.height > 2 else 0

    def _survivor(self, rows: tuple[R, ...]) -> int:
        """Return where the cursor's row is now, or else the next one left, or the one before."""
        if not self._last:
            return 0
        here, key = self._last[self._index], self._source.key
        if key(here) != self._anchor:
            back = next((n for n, row in enumerate(rows) if key(row) == self._anchor), None)
            if back is not None:
                return back
        if (same := next((n for n, row in enumerate(rows) if row is here), None)) is not None:
            return same  # the most common case, without a look at any other row
        places = {key(row): index for index, row in enumerate(rows)}
        nearest = chain(self._last[self._index :], reversed(self._last[: self._index]))
        return next((places[name] for row in nearest if (name := key(row)) in places), 0)

    def _go(self, index: int, top: int | None = None) -> None:
        """Put the cursor on `index`, with `top` as the first row in view if that can be."""
        if not self._rows:
            return
        was, was_top = self._index, self._top
        self._index = max(0, min(index, len(self._rows) - 1))
        if top is not None:
            self._top = self._within(top)
        self._top = self._revealing(self._index)
        if self._top != was_top:
            self.refresh(Region(0, self._header, self.size.width, self.page))
        elif self._index != was:
            self._refresh_rows(was, self._index)
        self._anchor = self.cursor
        if self._index != was:
            # Straight to the screen: what it draws of the row then goes out in the same frame.
            self.screen.post_message(self.Moved(self, self.cursor))

    def _within(self, top: int) -> int:
        return max(0, min(top, len(self._rows) - self.page))

    def _revealing(self, index: int) -> int:
        """Return the first row to show so that `index` is in view, jumping by half a page."""
        half = self.page // 2
        if index < self._top:
            return self._within(min(index, self._top - half))
        if index >= self._top + self.page:
            return self._within(max(index - self.page + 1, self._top + half))
        return self._within(self._top)

    def _refresh_rows(self, *indexes: int) -> None:
        """Repaint these rows, without the scroll bar beside them."""
        lines = (self._header + index - self._top for index in indexes)
        self.refresh(*(Region(0, y, self._inner, 1) for y in lines))

    def _forget_layout(self) -> None:
        self._columns = None
        self._bodies.clear()

    @property
    def _inner(self) -> int:
        return max(0, self.size.width - 1)

    def _layout(self) -> tuple[TableColumn, ...]:
        if self._columns is None:
            room = max(0, self._inner - MARGIN)
            self._columns = laid_out(self._source.columns(room), room)
        return self._columns

    def _titles(self) -> Iterator[StyledLine]:
        for column in self._layout():
            yield fit(((column.title, ""),), column.width, column.align)

    def _row_strip(self, y: int) -> Strip:
        index = self._top + y
        if index >= len(self._rows):
            return self.to_strip(fit((), self.size.width))
        here = index == self._index
        row = self._rows[index]
        sign = (self.signs.cursor if here else " ", "")
        spans = (sign, *fit(self._source.gutter(row), GUTTER), (" ", ""), *self._body(index))
        bar = self.to_strip((self._bar(y),))
        if here:  # one style for the whole row: easy to see and cheap to send
            spans = (("".join(text for text, _ in spans), ""),)
        return Strip.join([self.to_strip(fit(spans, self._inner), "cursor" if here else ""), bar])

    def _body(self, index: int) -> StyledLine:
        key = self._source.key(self._rows[index])
        if (body := self._bodies.get(key)) is None:
            columns = self._layout()
            cells = self._source.cells(self._rows[index], columns)
            fitted = (
                fit(cell, column.width, column.align)
                for cell, column in zip(cells, columns, strict=True)
            )
            body = self._bodies[key] = joined(fitted)
        return body

    def _bar(self, y: int) -> tuple[str, str]:
        """Return the cell of the scroll bar on line `y` of the rows."""
        shown = thumb_at(y, self._top, self.page, len(self._rows))
        return (self.signs.thumb if shown else " ", "thumb")
