"""What the workplaces beside the list share: the whole screen, a heading, a table, the keys."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from ollama_tui.api.errors import OllamaError
from ollama_tui.formatting import StyledLine, inert
from ollama_tui.tui.actions.action import ActionContext
from ollama_tui.tui.widgets.row_source import TableColumn, width_needed
from ollama_tui.tui.widgets.status import footer_line
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import Table
from ollama_tui.tui.widgets.text_layout import spread

if TYPE_CHECKING:
    from ollama_tui.tui.app import OllamaTui

Job = Callable[[], Awaitable[None]]


class TableScreen(ModalScreen[None]):
    """A table over the whole screen; `esc` goes back to the list."""

    DEFAULT_CSS = """
    TableScreen {
        align: left top;
        background: $background;

        & > Vertical { height: 1fr; }
        #heading, #keys { height: 1; background: $panel; }
    }
    """

    BINDINGS = [Binding("question_mark", "help", "Keys")]
    title_text = ""
    keys_shown: tuple[tuple[str, str], ...] = ()
    """Key and label, the most useful first; leaving is added."""

    def __init__(self, context: ActionContext) -> None:
        super().__init__()
        self.context = context
        self._drawn: tuple[object, ...] | None = None

    @property
    def tui(self) -> OllamaTui:
        """The app."""
        return cast("OllamaTui", self.app)

    def compose(self) -> ComposeResult:
        """Lay out heading, regions and keys."""
        with Vertical():
            yield StaticLines(id="heading")
            yield from self.regions()
            yield StaticLines(id="keys")

    def regions(self) -> ComposeResult:
        """Yield what stands between heading and keys; one of them is a table."""
        raise NotImplementedError

    @property
    def table(self) -> Table[Any]:
        """The table."""
        return self.query_one(Table)

    def draw(self, _: object = None) -> None:
        """Show what is known now, unless the screen was left: news may come after that."""
        if self.is_attached and self.query("#heading") and self.query(Table):
            self.draw_now()

    @abstractmethod
    def draw_now(self) -> None:
        """Show what is known now."""

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

    def show_keys(self) -> None:
        """Show as many keys as fit."""
        keys = [(key, label, True) for key, label in self.keys_shown]
        line = footer_line(keys, [("esc", "back", True)], self.size.width)
        self.query_one("#keys", StaticLines).show([line])

    def action_help(self) -> None:
        """Show all keys that work here."""
        from ollama_tui.tui.screens.keys import PlaceKeys

        self.app.push_screen(PlaceKeys(self.keys_shown))

    def do(self, job: Job) -> None:
        """Run what takes a while; it goes on when this screen is left, and its errors are told."""
        self.app.run_worker(self._told(job), group="workplace")

    async def _told(self, job: Job) -> None:
        try:
            await job()
        except OllamaError as error:
            self.context.tell(error.title, error.hint, trouble=True)


def said(title: str, hint: str, style: str, width: int) -> list[StyledLine]:
    """Return what happened and what to do, as lines of `width` cells; none for no title."""
    text = inert(f"{title} {hint}".strip())
    return [((f" {line}", style),) for line in wrap(text, max(width - 2, 20))]


def leaving(columns: Sequence[TableColumn], order: Sequence[str], width: int) -> list[TableColumn]:
    """Return the columns that fit; those named first in `order` leave first."""
    kept = list(columns)
    for leaver in order:
        if width_needed(kept) <= width:
            break
        kept = [column for column in kept if column.id != leaver]
    return kept
