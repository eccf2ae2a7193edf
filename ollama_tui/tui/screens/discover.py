"""Discover: what can be had, from several sources, each a tab."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from textual import on, work
from textual.app import ComposeResult

from ollama_tui.api.huggingface_replies import Repository
from ollama_tui.domain.filter.parser import FilterProblem
from ollama_tui.domain.huggingface import Quantization
from ollama_tui.domain.model import Model, ModelKey
from ollama_tui.domain.orders import AS_GIVEN, SortColumn
from ollama_tui.domain.rows import View
from ollama_tui.formatting import StyledLine
from ollama_tui.tui.actions import BY_ID
from ollama_tui.tui.actions.action import Place
from ollama_tui.tui.actions.transfers import pull
from ollama_tui.tui.screens.action_screen import actions_of, bindings
from ollama_tui.tui.screens.cloud import Catalogue, CatalogueTab, CloudTab, RecommendedTab
from ollama_tui.tui.screens.discover_tab import DiscoverTab
from ollama_tui.tui.screens.hub import HubTab
from ollama_tui.tui.screens.library import LibraryTab
from ollama_tui.tui.screens.models_screen import ModelsScreen
from ollama_tui.tui.widgets.filter_bar import FilterBar, KeyHints
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.tab_bar import TabBar
from ollama_tui.tui.widgets.table import Table
from ollama_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from ollama_tui.domain.filter.completion import Completion
    from ollama_tui.tui.screens.main_context import MainScreenContext

DETAILS_FROM = 16
"""Lines of the screen from which on there is room for the details below the table."""


class DiscoverScreen(ModelsScreen):
    """Tabs over a table each, with what went wrong above and the details below.

    Keys, filter and order are those of the tab that is shown.
    """

    DEFAULT_CSS = """
    DiscoverScreen {
        TabBar { margin: 0 1; }
        #trouble { height: auto; max-height: 6; }
        #about { height: 8; border-top: solid $edge; padding: 0 1; }
    }
    """
    BINDINGS = [
        # Where a key has several actions, Textual keeps those of one class only: all are here.
        *bindings(Place.TABLES_BESIDE_LIST),
        *bindings(Place.MODEL_TABLES),
        *bindings(Place.DISCOVER),
        *bindings(Place.CLOUD),
        *bindings(Place.HUB),
        *bindings(Place.LIBRARY),
    ]
    title_text = "Discover"
    first_order = AS_GIVEN
    own_marks = True

    def __init__(self, context: MainScreenContext) -> None:
        self._tab: DiscoverTab | None = None
        self._first_view = View(sort=AS_GIVEN)
        super().__init__(context)
        self.tabs: tuple[DiscoverTab, ...] = ()

    # ---- the tab that is shown

    @property
    def tab(self) -> DiscoverTab:
        """The tab that is shown."""
        assert self._tab is not None
        return self._tab

    @property
    def place(self) -> Place:
        """The region of the tab that is shown."""
        return self._tab.place if self._tab is not None else Place.CLOUD

    @property
    def on_enter(self) -> str:  # type: ignore[override]
        """What `enter` does on a row of the tab."""
        return self.tab.on_enter

    @property
    def table(self) -> Table[Any]:
        """The table that is shown."""
        return self.tab.table

    @property
    def columns(self) -> Sequence[SortColumn]:  # type: ignore[override]
        """What the rows of the tab can be sorted by."""
        return self._tab.columns if self._tab is not None else ()

    @property
    def _view(self) -> View:
        return self._tab.view if self._tab is not None else self._first_view

    @_view.setter
    def _view(self, view: View) -> None:
        if self._tab is not None:
            self._tab.view = view

    @property
    def models(self) -> tuple[Model, ...]:
        """The models among the rows of the tab."""
        return self._tab.models if self._tab is not None else ()

    @property
    def rows(self) -> tuple[Model, ...]:
        """Those shown, in order."""
        return self._tab.rows if self._tab is not None else ()

    @property
    def current(self) -> Model | None:
        """The model under the cursor."""
        return self._tab.current if self._tab is not None else None

    def row_key(self, key: ModelKey) -> object:
        """Return the key of the row of a model."""
        return self.tab.row_key(key)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave a key to the action that it has on this tab."""
        if action == "run" and parameters:
            return BY_ID[str(parameters[0])] in actions_of(self.place)
        if action == "sort_by_number":
            return bool(self.columns)
        return super().check_action(action, parameters)

    # ---- laying out

    def regions(self) -> ComposeResult:
        """Lay out the tabs, troubles, the tables, details, filter."""
        known = Catalogue(self)
        self.tabs = (
            RecommendedTab(self, known), CloudTab(self, known), HubTab(self), LibraryTab(self)
        )  # fmt: skip
        self._tab = self.tabs[0]
        yield TabBar([(tab.id, tab.title) for tab in self.tabs])
        yield StaticLines(id="trouble")
        for tab in self.tabs:
            yield from tab.tables()
        yield TextView(id="about")
        yield self.filter_bar()
        self.table.display = True

    def on_mount(self) -> None:
        """Ask all who know of models, and follow what is installed."""
        for table in self._tables():
            table.moved = self.cursor_moved
        self.watch(self.app, "snapshot", self.draw)
        # A StaticLines that changes before the first layout keeps the height it had.
        self.call_after_refresh(self.tab.ask)

    def _tables(self) -> Iterator[Table[Any]]:
        for tab in self.tabs:
            yield from tab.tables()

    def on_resize(self) -> None:
        """Leave out the details where there is no room for them."""
        self.query_one("#about").display = self.app.size.height >= DETAILS_FROM

    # ---- turning the tabs

    def action_turn(self, step: int) -> None:
        """Show the next tab, or the one before."""
        self.query_one(TabBar).action_move(step)
        # At once, not with its message: the next key belongs to the tab that is shown then.
        self._show_tab(self.query_one(TabBar).active or "")

    def _show_tab(self, tab_id: str) -> None:
        if tab_id == self.tab.id:
            return
        self._tab = next(tab for tab in self.tabs if tab.id == tab_id)
        self.show_table()
        self.query_one(FilterBar).examples = self.tab.examples
        self.show_filter()
        if not self.tab.is_open:
            self.tab.is_open = True
            self.tab.open()
        self.draw()

    def show_table(self) -> None:
        """Show the table of the tab, and give it the keys."""
        for table in self._tables():
            table.display = table is self.table
        self.table.focus()

    # ---- the filter

    @property
    def filter_keys(self) -> KeyHints:  # type: ignore[override]
        """What the keys do while it is typed."""
        return self.tab.filter_keys

    @property
    def filter(self) -> str:
        """What the rows are filtered by, or what is searched for."""
        return self._view.filter

    def filter_by(self, text: str) -> None:
        """Show what a filter leaves, or what is found."""
        self.tab.filter_by(text)

    def _complete(self, text: str, cursor: int) -> Completion:
        if isinstance(self.tab, CatalogueTab):
            return super()._complete(text, cursor)
        from ollama_tui.tui.widgets.filter_bar import complete_nothing

        return complete_nothing(text, cursor)

    def action_open_filter(self) -> None:
        """Type a filter, or what is searched for."""
        self.tab.leave()
        super().action_open_filter()

    def action_leave(self) -> None:
        """Go back within the tab, or take the filter away, or go back to the list."""
        if self.tab.leave():
            self.draw()
        else:
            super().action_leave()

    @on(FilterBar.Left)
    def _look_at_rows(self) -> None:
        self.tab.filter_left()

    # ---- drawing

    def draw_now(self) -> None:
        """Show what is known now."""
        self.tab.draw()

    def show_around(
        self,
        heading: str,
        trouble: Sequence[StyledLine],
        problems: Sequence[FilterProblem],
    ) -> None:
        """Show what is above and below the table of a tab."""
        self.show_heading(heading)
        self.query_one("#trouble", StaticLines).show(trouble)
        self.query_one(FilterBar).show_problems(problems)

    def draw_for_row(self) -> None:
        """Show what is known of the row under the cursor."""
        super().draw_for_row()
        row = self.table.row
        key = (self.tab.id, row.key) if row is not None else None
        self.query_one(TextView).show(list(self.tab.lines()), key)

    def cursor_moved(self) -> None:
        """Draw what depends on the row, and let the tab go on with what it lists."""
        super().cursor_moved()
        self.tab.moved()

    # ---- the user

    def action_ask(self) -> None:
        """Ask the source of the tab again."""
        self.tab.ask()

    @work(exclusive=True, group="details")
    async def action_ask_details(self) -> None:
        """Ask for the details of the entry under the cursor, unless they are known."""
        if isinstance(self.tab, CatalogueTab):
            await self.tab.ask_details()

    def action_turn_order(self) -> None:
        """Search in the next order."""
        if isinstance(self.tab, HubTab):
            self.tab.turn_order()

    def action_open_row(self) -> None:
        """List the files of the repository under the cursor, or ask about pulling one of them."""
        tab = self.tab
        if isinstance(tab, HubTab) and isinstance(tab.table.row, Repository):
            tab.open_repository(tab.table.row.id)
        elif tab.table.row is not None:
            self.action_run("hub.pull")  # which says why it cannot act, as in read-only mode

    async def action_pull_row(self) -> None:
        """Ask about pulling the quantization under the cursor."""
        row = self.tab.table.row
        if isinstance(row, Repository):
            self.action_open_row()
        elif not isinstance(row, Quantization):
            self.context.tell("There is nothing under the cursor to pull.")
        elif row.problem:
            self.context.tell(f"{row.title} cannot be pulled. {row.problem}", trouble=True)
        else:
            await pull(self.context, row.name)

    async def action_pull_name(self) -> None:
        """Ask about pulling the model that was looked up."""
        if isinstance(self.tab, LibraryTab) and self.tab.found is not None:
            await pull(self.context, self.tab.found.name)
        else:
            self.context.tell("Type the name of a model first: / opens the line for it.")
