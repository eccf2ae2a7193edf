"""Choosing the columns of the list and their order, which the list shows meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from ollama_tui.domain.columns import BY_KEY, COLUMNS
from ollama_tui.formatting import listing
from ollama_tui.tui.dialogs.picker import PickerTable
from ollama_tui.tui.look import styles_folder
from ollama_tui.tui.widgets.keys_line import KeysLine
from ollama_tui.tui.widgets.row_source import CellRow, CellRows, TableColumn
from ollama_tui.tui.widgets.table import Table

NAME = "name"
"""The column that always stays."""
Columns = tuple[str, ...]
"""Keys of columns, in order."""


class ColumnsDialog(ModalScreen[Columns | None]):
    """All columns, those shown with a sign; dismisses with the chosen ones, or None to go back.

    `show` shows columns in the list, and returns those that have no room there. `samples` is what
    each column says of a model.
    """

    CSS_PATH = [styles_folder() / "columns.tcss"]
    BINDINGS = [
        Binding("space", "toggle_column", show=False),
        Binding("K,shift+up", "shift_column(-1)", show=False),
        Binding("J,shift+down", "shift_column(1)", show=False),
        Binding("r", "reset", show=False),
        Binding("escape,q", "leave", "Cancel"),
    ]

    def __init__(
        self,
        chosen: Columns,
        usual: Columns,
        samples: Mapping[str, str],
        show: Callable[[Columns], Columns],
        sign: str,
    ) -> None:
        super().__init__()
        self._before, self._usual, self._samples = chosen, usual, samples
        self._show = show
        self._sign = sign
        self._order: list[str] = []
        self._chosen: set[str] = set()
        self._take(chosen)

    def _take(self, chosen: Columns) -> None:
        self._order = [*chosen, *(c.key for c in COLUMNS if c.key not in chosen)]
        self._chosen = set(chosen)

    @property
    def chosen(self) -> Columns:
        """The columns chosen, in order."""
        return tuple(key for key in self._order if key in self._chosen)

    def compose(self) -> ComposeResult:
        """Lay out the columns, a line about them and the keys."""
        source = CellRows(
            (TableColumn("", 10, id="title"), TableColumn("", 20, flexible=True, id="sample"))
        )
        with Vertical(classes="dialog"):
            yield Static("Columns", classes="heading", markup=False)
            yield PickerTable(source)
            yield Static("", classes="message", markup=False)
            yield KeysLine("space toggle   J K move   r reset   enter keep   esc cancel")

    def on_mount(self) -> None:
        """Show the columns there are."""
        self._draw(self._show(self.chosen))

    def _draw(self, no_room: Columns) -> None:
        self.query_one(Table).show(
            [
                CellRow(
                    key,
                    {
                        "title": (BY_KEY[key].title, "" if key in self._chosen else "muted"),
                        "sample": (self._samples.get(key, ""), "muted"),
                    },
                    self._sign if key in self._chosen else "",
                )
                for key in self._order
            ]
        )
        titles = [BY_KEY[key].title for key in no_room]
        self._say(f"No room here for {listing(titles)}." if titles else "")

    def _say(self, text: str) -> None:
        self.query_one(".message", Static).update(text)

    def _change(self) -> None:
        self._draw(self._show(self.chosen))

    def action_toggle_column(self) -> None:
        """Show the column at the cursor, or hide it."""
        row = self.query_one(Table).row
        if row is None:
            return
        if row.key == NAME:
            self._say("The name always stays.")
            return
        self._chosen ^= {row.key}
        self._change()

    def action_shift_column(self, by: int) -> None:
        """Move the column at the cursor up or down."""
        row = self.query_one(Table).row
        if row is None:
            return
        here = self._order.index(row.key)
        if 0 <= here + by < len(self._order):
            self._order[here], self._order[here + by] = self._order[here + by], row.key
            self._change()

    def action_reset(self) -> None:
        """Take the columns of the settings, or the usual ones."""
        self._take(self._usual)
        self._change()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Keep the columns as they are shown."""
        event.stop()
        self.dismiss(self.chosen)

    def action_leave(self) -> None:
        """Go back to the columns there were."""
        self._show(self._before)
        self.dismiss(None)
