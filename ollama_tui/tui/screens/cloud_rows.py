"""How the catalogue's table shows an entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from ollama_tui.domain import columns as order
from ollama_tui.domain.cloud import CatalogueEntry
from ollama_tui.formatting import StyledLine
from ollama_tui.tui.screens.table_screen import leaving
from ollama_tui.tui.signs import Signs
from ollama_tui.tui.widgets.row_source import TableColumn

MODEL_COLUMNS = ("name", "params", "ctx", "can")
COLUMNS = (
    *(
        TableColumn(c.title, c.width, c.align, flexible=c.key == "name", id=c.key)
        for c in map(order.BY_KEY.__getitem__, MODEL_COLUMNS)
    ),
    TableColumn("PLAN/VRAM", 9, "right", id="needs"),
    TableColumn("WHERE", 17, id="where"),
)
LEAVING = ("ctx", "can", "params", "needs", "where")


class EntryRows:
    """The source of the table."""

    def __init__(self, now: Callable[[], datetime], signs: Signs) -> None:
        self.now = now
        self.signs = signs

    def key(self, row: CatalogueEntry) -> str:
        """Return what identifies the entry."""
        return row.key

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the columns that fit."""
        return leaving(COLUMNS, LEAVING, width)

    def cells(self, row: CatalogueEntry, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says."""
        return [self._cell(row, column.id) for column in columns]

    def _cell(self, row: CatalogueEntry, column: str) -> StyledLine:
        if column == "needs":
            return ((row.needs, "muted"),)
        if column == "where":
            # Installed models run in the cloud or were recommended just as the others are.
            return (("installed" if row.installed else " ".join(row.where), "muted"),)
        text = order.BY_KEY[column].text(row.model, self.now())
        return ((text, {"name": "", "can": "accent"}.get(column, "muted")),)

    def gutter(self, row: CatalogueEntry) -> StyledLine:
        """Return whether it is here, and whether it runs elsewhere."""
        here = (self.signs.marked, "good") if row.installed else (" ", "")
        return (here, (self.signs.cloud if row.runs_in_cloud else " ", "accent"))
