"""A table of any number of rows, which it asks a `RowSource` for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

from textual.binding import Binding
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from ollama_tui.formatting import Span, StyledLine
from ollama_tui.tui.widgets.row_source import (
    GUTTER,
    MARGIN,
    RowSource,
    TableColumn,
    join_cells,
    stretch_columns,
)
from ollama_tui.tui.widgets.styled_widget import BAR_STYLES, ScrollingWidget
from ollama_tui.tui.widgets.text_layout import fit, merge_spans, width_of, wrap_line

R = TypeVar("R")

ROWS_THAT_STAY = 2
"""Rows of a page that are still seen on the next one, beside the one that the cursor goes to."""
ROWS_KEPT = 512
"""Rows that are kept as they were drawn."""


class Table(ScrollingWidget, Generic[R], can_focus=True):
    """Rows under a fixed header, with a cursor that stays on its row whatever is shown next.

    It scrolls by itself rather than as a `ScrollView`: moving repaints two lines, leaving the view
    turns a page, and nothing is ever animated, so that a slow link can follow.
    """

    BINDINGS = [Binding("enter", "choose", "Open", id="move.choose", show=False)]
    DEFAULT_CSS = """
    Table { width: 1fr; height: 1fr; }
    """
    marks_whole_rows = False
    """Whether the ground of the cursor lies under all columns."""

    @dataclass
    class Moved(Message):
        """The cursor is on another row; `key` is None when there are no rows."""

        key: Hashable | None

    @dataclass
    class Chosen(Message):
        """Enter was pressed on the row under the cursor."""

    def __init__(self, source: RowSource[R], *, id: str | None = None) -> None:
        self._lines: LRUCache[tuple[Hashable, bool, bool, Span], Strip] = LRUCache(ROWS_KEPT)
        """Rows as they were drawn: with the cursor or without, focused or not, and with what part
        of the scroll bar."""
        super().__init__(id=id)
        self.rows: tuple[R, ...] = ()
        """All rows, in the order shown; set them with `show`."""
        self._source = source
        self._last: tuple[R, ...] = ()
        """The last rows there were, so that the cursor is remembered through an empty list."""
        self._index = 0
        self.pinned: Hashable | None = None
        """The key of the row that the user put the cursor on; it may be gone for now.

        Where that row has another key from now on, set it before `show`: the cursor goes along."""
        self._top = 0
        self._empty: Sequence[StyledLine] = ()
        self.moved: Callable[[], None] = self._tell_moved
        """Called when a movement key has put the cursor on another row; a screen may take it over
        to draw in the same frame what depends on the row."""
        self._columns: tuple[TableColumn, ...] | None = None
        self._bodies: LRUCache[Hashable, tuple[StyledLine, StyledLine]] = LRUCache(ROWS_KEPT)

    @property
    def cursor(self) -> Hashable | None:
        """The key of the row under the cursor, or None if there are no rows."""
        return self._source.key(self.rows[self._index]) if self.rows else None

    @property
    def position(self) -> int:
        """Which row the cursor is on, from 1 on; 0 where there is none."""
        return self._index + 1 if self.cursor is not None else 0

    @property
    def row(self) -> R | None:
        """The row under the cursor, or None if there are no rows."""
        return self.rows[self._index] if self.rows else None

    @property
    def header(self) -> int:
        """One line of titles, unless there is hardly room for rows."""
        return self.header_in(self.size.height)

    def header_in(self, height: int) -> int:
        """Return how many of `height` lines are titles."""
        return 1 if height > 2 else 0

    @property
    def cursor_line(self) -> int | None:
        """The line of the screen that the cursor is on; None without rows or while hidden."""
        if not self.rows or not self.region.height:
            return None
        return self.region.y + self.header + self._index - self._top

    def rows_in_view(self) -> tuple[R, ...]:
        """Return the rows on screen, first to last."""
        return self.rows[self._top : self._top + self.page]

    def show(self, rows: Sequence[R]) -> None:
        """Show `rows`; the cursor stays on its row, or goes to the nearest one that is left.

        From there it comes back when its row does, unless it was moved meanwhile.
        Everything is formatted again, so call it too when marks, titles or columns changed.
        """
        before, line = self.cursor, self._index - self._top
        self.rows = tuple(rows)
        if self.rows:
            self._index, self._last = self._survivor(), self.rows
            self.pinned = self.pinned or self.cursor
        self._top = self._top_with(self._index, max(0, self._index - line), self.size)
        self._columns = None
        self._bodies.clear()
        self._lines.clear()
        self.refresh()
        if self.cursor != before:
            self._tell_moved()

    def begin_again(self) -> None:
        """Forget where the cursor was: the rows shown next have it on the first one."""
        self.rows = self._last = ()
        self.pinned, self._index, self._top = None, 0, 0

    def show_empty(self, lines: Sequence[StyledLine]) -> None:
        """Set what is shown in place of rows when there are none."""
        self._empty = tuple(lines)
        if not self.rows:
            self.refresh()

    def move_to(self, key: Hashable) -> bool:
        """Put the cursor on the row with this key; return whether there is one."""
        places = (index for index, row in enumerate(self.rows) if self._source.key(row) == key)
        if (place := next(places, None)) is None:
            return False
        if self._go(place, self._top):
            self._tell_moved()
        return True

    def pin(self) -> None:
        """Take the row under the cursor as the one that the user has chosen."""
        if self.rows:
            self.pinned = self.cursor

    def action_move(self, step: int, scroll: bool = False) -> None:
        """Move by `step` rows; with `scroll` the cursor stays on its line of the screen."""
        if self._go(self._index + step, self._top + step if scroll else self._top):
            self.moved()

    def action_move_to_end(self, last: bool) -> None:
        """Go to the first or the last row."""
        if self._go(len(self.rows) - 1 if last else 0, self._top):
            self.moved()

    def action_choose(self) -> None:
        """Post that the row under the cursor was chosen."""
        if self.cursor is not None:
            self.post_message(self.Chosen())

    def on_resize(self) -> None:
        """Lay the columns out again and keep the cursor in view."""
        self._columns = None
        self._bodies.clear()
        self._lines.clear()
        self._top = self._top_with(self._index, self._top, self.size)
        self.refresh()

    def notify_style_update(self) -> None:
        """Draw in other colors from now on."""
        super().notify_style_update()
        self._lines.clear()

    def render_line(self, y: int) -> Strip:
        """Paint the header, a row, or a line of the empty state."""
        width, height = self.room
        header = self.header_in(height)
        y -= header
        if y < 0:
            columns = self._layout()
            titles = join_cells((((c.title, ""),) for c in columns), columns)
            return self.to_strip(fit(((" " * MARGIN, ""), *titles), width), "title")
        if not self.rows:
            lines = [row for line in self._empty for row in wrap_line(line, width)]
            return self.to_strip(fit(lines[y] if y < len(lines) else (), width))
        index = self._top + y
        if index >= len(self.rows):
            return self.to_strip(fit((), width))
        return self._row(index, index == self._index)

    def prepare_moves(self) -> Sequence[R]:
        """Draw, unseen, what the next step of the cursor shows; return the rows it may go to."""
        self.room = self.size
        here = self._index
        near = [n for n in (here + 1, here - 1) if 0 <= n < len(self.rows)]
        for index in near:
            if self._top <= index < self._top + self.page:
                self._row(index, is_here=True)
                self._row(here, is_here=False)
        return [self.rows[index] for index in near]

    def _row(self, index: int, is_here: bool) -> Strip:
        """Return a row as it is drawn in view, with or without the cursor."""
        width, height = self.room
        page = max(1, height - self.header_in(height))
        bar = self.scroll_bar(index - self._top, self._top, len(self.rows), page)
        key = (self._source.key(self.rows[index]), is_here, self.is_active, bar)
        if (strip := self._lines.get(key)) is None:
            line = self._line(self.rows[index], is_here, width - 1)
            strip = self._lines[key] = Strip.join([line, self.to_strip((bar,))])
        return strip

    def _line(self, row: R, is_here: bool, width: int) -> Strip:
        """Draw a row, on which the cursor may be.

        The ground of the cursor lies under the first column only: that is as easy to see, colors
        keep their meaning beside it, and a move sends half of what whole rows would be. In the
        lists of dialogs, which are narrow, it lies under all.
        """
        cell, rest = self._body(row)
        sign = (self.signs.cursor if is_here else " ", "")
        if self.marks_whole_rows:
            cell, rest = (*cell, *rest), ()
        lead = (sign, *fit(self._source.gutter(row), GUTTER), (" ", ""), *cell)
        if not is_here:
            spans = (*lead, *rest)
            if self._source.is_dimmed:
                spans = (("".join(text for text, _ in spans), "muted"),)
            return self.to_strip(fit(spans, width))
        # Bars of letters would be hard to read in their colours on the ground of the cursor.
        kept = BAR_STYLES if self.signs.eighths else ()
        lead = merge_spans((text, style if style in kept else "") for text, style in lead)
        lead = fit(lead, width if self.marks_whole_rows else min(width, width_of(lead)))
        parts = self.to_strip(lead, "cursor"), self.to_strip(fit(rest, width - width_of(lead)))
        return Strip.join(parts)

    def _body(self, row: R) -> tuple[StyledLine, StyledLine]:
        """Return the first cell of a row, and the others joined, all of them fitted."""
        key = self._source.key(row)
        if (body := self._bodies.get(key)) is None:
            columns = self._layout()
            first, *others = self._source.cells(row, columns)
            cell = fit(first, columns[0].width, columns[0].align)
            rest = join_cells(others, columns[1:])
            gap = ((" " * columns[1].gap, ""),) if others else ()
            body = self._bodies[key] = cell, (*gap, *rest)
        return body

    def _layout(self) -> tuple[TableColumn, ...]:
        if self._columns is None:
            room = max(0, self.size.width - 1 - MARGIN)
            self._columns = stretch_columns(self._source.columns(room), room)
        return self._columns

    def _survivor(self) -> int:
        """Return where the cursor's row is now, or else the next one left, or the one before."""
        if not self._last:
            return 0
        here, key = self._last[self._index], self._source.key
        if key(here) != self.pinned:
            back = next((n for n, row in enumerate(self.rows) if key(row) == self.pinned), None)
            if back is not None:
                return back
        if (same := next((n for n, row in enumerate(self.rows) if row is here), None)) is not None:
            return same  # the most common case, without a look at any other row
        places = {key(row): index for index, row in enumerate(self.rows)}
        nearest = chain(self._last[self._index :], reversed(self._last[: self._index]))
        return next((places[name] for row in nearest if (name := key(row)) in places), 0)

    def _go(self, index: int, top: int) -> bool:
        """Put the cursor on `index`, with `top` as the first row in view if that can be.

        Return whether it was elsewhere.
        """
        if not self.rows:
            return False
        was, was_top, size = self._index, self._top, self.size
        header = self.header_in(size.height)
        self._index = max(0, min(index, len(self.rows) - 1))
        self._top = self._top_with(self._index, top, size)
        if self._top != was_top:
            self.refresh(Region(0, header, size.width, max(1, size.height - header)))
        elif self._index != was:
            # Both rows, without the scroll bar beside them.
            lines = (header + row - self._top for row in (was, self._index))
            self.refresh(*(Region(0, y, max(0, size.width - 1), 1) for y in lines))
        self.pinned = self.cursor
        return self._index != was

    def _tell_moved(self) -> None:
        self.post_message(self.Moved(self.cursor))

    def _top_with(self, index: int, top: int, size: Size) -> int:
        """Return the first row to show so that `index` is in view: `top`, or a page away.

        Hidden, the table has no page, and stays where it is until it has one.
        """
        if not size.height:
            return top
        page = max(1, size.height - self.header_in(size.height))
        stay = min(ROWS_THAT_STAY, (page - 1) // 3)
        if index < top:
            top = index - page + 1 + stay
        elif index >= top + page:
            top = index - stay
        return max(0, min(top, len(self.rows) - page))
