"""One source of the Discover screen: its table, its filter, and how it is drawn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ollama_tui.domain.orders import AS_GIVEN, SortColumn
from ollama_tui.domain.rows import View
from ollama_tui.formatting import StyledLine
from ollama_tui.tui.actions.action import Place
from ollama_tui.tui.screens.action_screen import message_lines
from ollama_tui.tui.widgets.filter_bar import EXAMPLES, FILTER_KEYS, KeyHints
from ollama_tui.tui.widgets.row_source import RowSource
from ollama_tui.tui.widgets.table import Table

if TYPE_CHECKING:
    from ollama_tui.domain.filter.parser import FilterProblem
    from ollama_tui.domain.model import Model, ModelKey
    from ollama_tui.tui.screens.discover import DiscoverScreen


class DiscoverTab(ABC):
    """A source; `screen` is the one it is shown on. It has its own cursor, filter and order."""

    id: ClassVar[str]
    title: ClassVar[str]
    place: ClassVar[Place]
    on_enter: ClassVar[str] = ""
    """Id of the action that `enter` runs on a row."""
    columns: Sequence[SortColumn] = ()
    filter_keys: KeyHints = FILTER_KEYS
    examples: ClassVar[str] = EXAMPLES
    """What is seen in the field of the filter before anything is typed."""

    def __init__(self, screen: DiscoverScreen) -> None:
        self.screen = screen
        self.view = View(sort=AS_GIVEN)
        self.is_open = False
        """Whether it was shown already."""

    @abstractmethod
    def tables(self) -> Sequence[Table[Any]]:
        """Return its tables, all of them."""

    @property
    @abstractmethod
    def table(self) -> Table[Any]:
        """The one shown now."""

    @abstractmethod
    def ask(self) -> None:
        """Ask its source for what is new."""

    @abstractmethod
    def draw(self) -> None:
        """Show what is known now."""

    @abstractmethod
    def lines(self) -> Sequence[StyledLine]:
        """Return what is known of the row under the cursor."""

    def open(self) -> None:
        """Begin when it is shown for the first time."""
        self.ask()

    def filter_by(self, text: str) -> None:
        """Show what a filter leaves."""
        self.view = replace(self.view, filter=text)
        self.draw()

    def filter_left(self) -> None:  # noqa: B027 - not every tab has something to do
        """Go on to the table: what is typed is complete."""

    def leave(self) -> bool:
        """Go back one step within the tab; return whether there was one."""
        return False

    def moved(self) -> None:  # noqa: B027
        """Do what comes with another row under the cursor."""

    # ---- the models among its rows, for the actions of tables of models

    @property
    def models(self) -> tuple[Model, ...]:
        """All models, filtered out or not."""
        return ()

    @property
    def rows(self) -> tuple[Model, ...]:
        """The models shown, in order."""
        return ()

    @property
    def current(self) -> Model | None:
        """The model under the cursor."""
        return None

    def row_key(self, key: ModelKey) -> object:
        """Return the key of the row of a model."""
        return key

    # ---- drawing

    def show(
        self,
        rows: Sequence[object],
        empty: str,
        heading: str,
        trouble: Sequence[StyledLine],
        problems: Sequence[FilterProblem] = (),
    ) -> None:
        """Show rows, or a sentence in their place, and what is above and beside them."""
        screen, table = self.screen, self.table
        table.show_empty([(), *message_lines(empty, "", "muted", screen.room)])
        table.show(rows)
        screen.show_around(heading, trouble, problems)


def table_of(source: RowSource[Any], id_: str) -> Table[Any]:
    """Return a table that is hidden until its tab is shown."""
    table: Table[Any] = Table(source, id=id_)
    table.display = False
    return table
