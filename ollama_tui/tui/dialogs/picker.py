"""Rows of which one is chosen, narrowed down by what is typed: base of palette and long choices."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from ollama_tui.formatting import StyledLine
from ollama_tui.tui.look import UNICODE_SIGNS, Signs, styles_folder
from ollama_tui.tui.widgets.keys_line import hint_lines, key_hints
from ollama_tui.tui.widgets.row_source import RowSource
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import Table
from ollama_tui.tui.widgets.text_layout import spread, width_of

R = TypeVar("R")


class PickerRows(RowSource[R]):
    """A source of rows with signs."""

    signs: Signs = UNICODE_SIGNS
    """Those that the terminal can show, once it is on the screen."""


class PickerTable(Table[R]):
    """Rows without titles, as high as they are many; never lower again when some are left out."""

    most = 0

    marks_whole_rows = True

    def header_in(self, height: int) -> int:
        """Return that no line is one of titles."""
        return 0

    @property
    def is_active(self) -> bool:
        """Always: the field above passes the keys that move on to it."""
        return True

    def show(self, rows: Sequence[R]) -> None:
        """Show `rows`, the first of them under the cursor if it was there before."""
        if len(rows) > self.most:
            self.most = len(rows)
            self.refresh(layout=True)
        super().show(rows)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the most rows there were, or half of the screen."""
        return min(self.most, viewport.height // 2)


class PickerScreen(ModalScreen[str | None], Generic[R]):
    """Rows to choose one from; with `typed` a field takes letters and narrows them down."""

    BINDINGS = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("down,ctrl+n", "move(1)", show=False),
        Binding("up,ctrl+p", "move(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        # Before the field: its caret has ctrl+a and ctrl+e.
        Binding("home", "move_to_end(False)", show=False, priority=True),
        Binding("end", "move_to_end(True)", show=False, priority=True),
    ]
    CSS_PATH = [styles_folder() / "picker.tcss"]
    placeholder = "Type to filter"
    keys_hint = "enter choose   esc cancel"

    def __init__(self, source: PickerRows[R], *, typed: bool) -> None:
        super().__init__()
        self.typed = typed
        self._source = source
        self.table: PickerTable[R] = PickerTable(source, id="rows")
        self.table.can_focus = not typed
        self.width = 72
        """Cells of the box, where there are as many."""

    def compose(self) -> ComposeResult:
        """Lay out what is above the rows, the field, the rows and the keys."""
        with Vertical(classes="dialog") as box:
            box.styles.width = self.width
            yield from self.above()
            if self.typed:
                field = Input(placeholder=self.placeholder, id="query")
                field.cursor_blink = False
                yield field
            yield self.table
            yield from self.below()
            yield StaticLines(id="hint")

    def above(self) -> Iterator[Widget]:
        """Yield what is above the rows."""
        return iter(())

    def below(self) -> Iterator[Widget]:
        """Yield what is between rows and keys."""
        return iter(())

    @property
    @abstractmethod
    def rows(self) -> Sequence[R]:
        """All rows, in order."""

    @abstractmethod
    def matching(self, query: str) -> Sequence[R]:
        """Return the rows that match `query`, the likeliest first."""

    @abstractmethod
    def id_of(self, row: R) -> str:
        """Return what is returned when this row is chosen."""

    def on_mount(self) -> None:
        """Show every row."""
        self._source.signs = self.table.signs
        self.table.show(self.rows)
        self.draw_hint()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.narrow_down(event.value)

    def narrow_down(self, query: str) -> None:
        """Show the rows that match `query`, with the cursor on the first."""
        self.table.show(self.matching(query))
        self.table.action_move_to_end(last=False)
        self.draw_hint()

    @on(Input.Submitted)
    @on(Table.Chosen)
    def choose(self, event: Input.Submitted | Table.Chosen | None = None) -> None:
        """Return the row under the cursor, if there is one."""
        if event is not None:
            event.stop()
        if (row := self.table.row) is not None:
            self.dismiss(self.id_of(row))

    def on_resize(self) -> None:
        """Lay out the keys for another width."""
        self.call_after_refresh(self.draw_hint)

    def draw_hint(self) -> None:
        """Show the keys and, while some rows are left out, how many are not."""
        shown, total = len(self.table.rows), len(self.rows)
        right: StyledLine = ((f"{shown} of {total}", "muted"),) if shown < total else ()
        hint = self.query_one("#hint", StaticLines)
        room = hint.size.width - width_of(right)
        left, *_ = hint_lines(key_hints(self.keys_hint), room, self.table.signs)
        hint.show([spread(left, right, hint.size.width)])

    def action_move(self, step: int) -> None:
        """Move the cursor by `step` rows."""
        self.table.action_move(step)

    def action_page(self, pages: float) -> None:
        """Move the cursor by a page."""
        self.table.action_page(pages)

    def action_move_to_end(self, last: bool) -> None:
        """Move the cursor to the first or the last row."""
        self.table.action_move_to_end(last)
