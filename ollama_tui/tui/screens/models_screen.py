"""The base of full-screen tables of models, which filter, sort and mark as the list does."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding

from ollama_tui.domain.model import Model, ModelKey
from ollama_tui.domain.orders import SortColumn
from ollama_tui.domain.rows import View
from ollama_tui.formatting import StyledLine
from ollama_tui.tui.actions.action import Place
from ollama_tui.tui.actions.browse import sort_by
from ollama_tui.tui.look import Signs
from ollama_tui.tui.screens.action_screen import bindings
from ollama_tui.tui.screens.filtered_screen import FilteredScreen
from ollama_tui.tui.screens.model_list import LastValidFilter
from ollama_tui.tui.widgets.filter_bar import FilterBar

if TYPE_CHECKING:
    from ollama_tui.domain.filter.completion import Completion
    from ollama_tui.tui.screens.main_context import MainScreenContext


class ModelsScreen(FilteredScreen):
    """A table whose rows are models, or among whose rows models are.

    Filter and order are its own. Marks are those of the list unless `own_marks`.
    """

    BINDINGS = [
        *bindings(Place.MODEL_TABLES),
        *(Binding(str(n), f"sort_by_number({n})", show=False) for n in range(1, 10)),
    ]
    columns: Sequence[SortColumn]
    first_order: ClassVar[str]
    """Key of the column that rows are sorted by at first."""
    own_marks: ClassVar[bool] = False
    nothing: ClassVar[Sequence[StyledLine]] = ()
    """What an empty table says that no filter has emptied."""

    def __init__(self, context: MainScreenContext) -> None:
        super().__init__(context.of_table(self))
        self.list_context = context
        """The context of the list, whose cursor and marks are seen there."""
        self._view = View(sort=self.first_order)
        self._last_valid = LastValidFilter()

    # ---- what actions see

    @property
    @abstractmethod
    def models(self) -> tuple[Model, ...]:
        """All models, filtered out or not."""

    @property
    @abstractmethod
    def rows(self) -> tuple[Model, ...]:
        """The models shown, in order."""

    @property
    @abstractmethod
    def current(self) -> Model | None:
        """The model under the cursor; None for a row that is none."""

    @property
    def view(self) -> View:
        """Filter, order and marks of this table."""
        listed = self.list_context.view
        marks = self._view.marks if self.own_marks else listed.marks
        return replace(self._view, marks=marks, saved=listed.saved)

    def set_view(self, view: View) -> None:
        """Show the rows by `view`."""
        before, self._view = self._view, view
        listed = self.list_context.view
        if not self.own_marks and view.marks != listed.marks:
            self.list_context.set_view(replace(listed, marks=view.marks))
        if view.filter != before.filter:
            self.show_filter()
        self.draw()

    def move_to(self, target: ModelKey | str) -> None:
        """Put the cursor on a model, or on the first one of a name."""
        for model in self.rows:
            if target in (model.key, model.name):
                self.table.move_to(self.row_key(model.key))
                return

    def row_key(self, key: ModelKey) -> object:
        """Return the key of the row of a model."""
        return key

    # ---- the filter

    @property
    def filter(self) -> str:
        """What the rows are filtered by."""
        return self._view.filter

    def filter_by(self, text: str) -> None:
        """Show the models that a filter leaves."""
        self._view = replace(self._view, filter=text)
        self.draw()

    def filter_bar(self) -> FilterBar:
        """Return the line in which the filter is typed."""
        return FilterBar(
            complete=self._complete, earlier=lambda: self.tui.ui_state.filters, id="filter"
        )

    def _complete(self, text: str, cursor: int) -> Completion:
        from ollama_tui.domain.filter.completion import completion_in
        from ollama_tui.domain.filter.fields import Scope

        scope = Scope(self.models, self.tui.clock.now(), self.view.marks)
        return completion_in(scope, text, cursor)

    def selected(self) -> frozenset[ModelKey] | None:
        """Return the models that the filter leaves, and show what is wrong with it.

        None where there is no filter. While it is wrong, the last one that was not counts.
        """
        view, bar = self.view, self.query_one(FilterBar)
        if not view.filter.strip():
            bar.show_problems(())
            self.table.show_empty(self.nothing)
            return None
        order = self.list_context.view.sort  # any will do: rows have an order of their own
        found = self._last_valid.list_rows(
            self.models,
            replace(view, sort=order),
            now=self.tui.clock.now(),
            known=self.context.known_updates,
            watched_since=self.context.snapshot.watched_since,
        )
        bar.show_problems(found.problems)
        why = found.no_matches or "No matches."
        self.table.show_empty(
            [(), ((f"  {why}", ""),), (("  esc", "key"), (" shows all rows", "muted"))]
        )
        return frozenset(model.key for model in found.rows)

    # ---- the user

    async def action_sort_by_number(self, number: int) -> None:
        """Sort by the column with this number; again to reverse the order."""
        if number <= len(self.columns):
            await sort_by(self.context, self.columns[number - 1].key)

    @on(FilterBar.Left)
    def _remember_filter(self) -> None:
        if not self.query_one(FilterBar).has_problem:
            self.tui.ui_state.remember_filter(self.filter)


def arrow(column: SortColumn, view: View, signs: Signs) -> str:
    """Return the arrow after the title of a column that rows are sorted by, else nothing."""
    if column.key != view.sort:
        return ""
    return signs.descending if column.descending is not view.reverse else signs.ascending
