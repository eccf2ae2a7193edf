"""What the full-screen tables share: a heading, a table, and the keys in the last line."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from ollama_tui.formatting import StyledLine, inert
from ollama_tui.tui.screens.action_screen import ActionScreen
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import Table
from ollama_tui.tui.widgets.text_layout import spread

if TYPE_CHECKING:
    from ollama_tui.tui.screens.main_context import MainScreenContext


class TableScreen(ActionScreen, ModalScreen[None]):
    """A table over the whole screen.

    Its subclasses bind the actions of their place, and say which of them `enter` on a row runs.
    """

    DEFAULT_CSS = """
    TableScreen {
        align: left top;
        background: $background;

        & > Vertical { height: 1fr; }
        #heading, #keys { height: 1; background: $panel; }
    }
    """

    title_text: str
    on_enter = ""
    """Id of the action that `enter` runs on a row; empty for none."""

    def __init__(self, context: MainScreenContext) -> None:
        super().__init__()
        self.context = context
        self._drawn: tuple[object, ...] | None = None

    def compose(self) -> ComposeResult:
        """Lay out heading, regions and keys."""
        with Vertical():
            yield StaticLines(id="heading")
            yield from self.regions()
            yield StaticLines(id="keys")

    @abstractmethod
    def regions(self) -> ComposeResult:
        """Yield what is between heading and keys; one of them is a table."""

    def on_mount(self) -> None:
        """Give the table the keys."""
        self.table.focus()

    @on(Table.Moved)
    def _cursor_moved(self) -> None:
        self.draw_for_row()

    @on(Table.Chosen)
    def _row_chosen(self) -> None:
        if self.on_enter:
            self.action_run(self.on_enter)

    def action_back(self) -> None:
        """Go back to the list."""
        self.dismiss(None)

    @on(events.Resize)
    def draw(self, _: object = None) -> None:
        """Show what is known now, unless the screen was left: news may come after that."""
        if self.is_attached and self.query("#heading") and self.query(Table):
            self.draw_now()
            self.draw_for_row()

    @abstractmethod
    def draw_now(self) -> None:
        """Show what is known now."""

    def draw_for_row(self) -> None:
        """Show what depends on the row under the cursor: at least which keys can act."""
        self.query_one("#keys", StaticLines).show([self.footer()])

    def show_rows(self, rows: Sequence[object]) -> None:
        """Show `rows` unless they are what is shown: the same again costs the link nothing."""
        if self._drawn != tuple(rows):
            self._drawn = tuple(rows)
            self.table.show(rows)

    def show_heading(self, facts: str) -> None:
        """Show the title and, at the other end, what the rows add up to."""
        left: StyledLine = ((f" {self.title_text}", "strong"),)
        line = spread(left, ((f"{facts} ", "muted"),), self.size.width)
        self.query_one("#heading", StaticLines).show([line])


def message_lines(title: str, hint: str, style: str, width: int) -> list[StyledLine]:
    """Return what happened and what to do, as lines of `width` cells; none for no title."""
    text = inert(f"{title} {hint}".strip())
    return [((f" {line}", style),) for line in wrap(text, max(width - 2, 20))]
