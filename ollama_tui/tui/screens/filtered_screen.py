"""The base of full-screen tables whose rows are filtered while one types."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from textual import events, on

from ollama_tui.formatting import StyledLine
from ollama_tui.tui.actions.action import Place
from ollama_tui.tui.screens.action_screen import TableScreen, bindings
from ollama_tui.tui.widgets.filter_bar import FILTER_KEYS, FilterBar, KeyHints


class FilteredScreen(TableScreen):
    """A table with a line in which a filter is typed; `esc` clears that before it goes back."""

    BINDINGS = bindings(Place.TABLES_BESIDE_LIST)
    filter_keys: ClassVar[KeyHints] = FILTER_KEYS
    """What the keys do while a filter is typed."""

    @property
    @abstractmethod
    def filter(self) -> str:
        """What the rows are filtered by."""

    @abstractmethod
    def filter_by(self, text: str) -> None:
        """Show the rows that a filter leaves."""

    def action_open_filter(self) -> None:
        """Type a filter."""
        self.query_one(FilterBar).open(self.filter)

    def action_leave(self) -> None:
        """Take the filter away, or else go back."""
        if self.filter:
            self.filter_by("")
            self.show_filter()
        else:
            self.dismiss(None)

    def show_filter(self) -> None:
        """Show a filter that was not typed beside the table that keeps the keys; hide none."""
        bar = self.query_one(FilterBar)
        if self.filter:
            bar.open(self.filter)
            self.table.focus()
        else:
            bar.close()

    def footer(self) -> StyledLine:
        """Return the keys of the field while a filter is typed, else those of the table."""
        if self.query_one(FilterBar).has_focus_within:
            return self.field_footer(self.filter_keys)
        return super().footer()

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self.filter_by(event.text)

    @on(FilterBar.Left)
    def _filter_left(self) -> None:
        self.table.focus()
        self.query_one(FilterBar).close_if_empty()

    @on(events.DescendantFocus)
    def _focus_moved(self) -> None:
        self.draw_for_row()
