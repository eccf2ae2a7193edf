"""A table of many rows, drawn with or without frame diffing: the app of the frame tests."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from textual.app import ComposeResult

from ollama_tui.formatting import StyledLine
from ollama_tui.tui.look import ThemedApp
from ollama_tui.tui.rendering.diff import DiffApp
from ollama_tui.tui.widgets.row_source import RowSource, TableColumn
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import Table
from ollama_tui.tui.widgets.text_layout import plain

COLUMNS = (
    TableColumn("NAME", 16, flexible=True),
    TableColumn("PARAMS", 6, "right"),
    TableColumn("QUANT", 6),
    TableColumn("SIZE", 7, "right"),
    TableColumn("CTX", 4, "right"),
    TableColumn("CAN", 6),
    TableColumn("MODIFIED", 9),
)


class Models(RowSource[int]):
    """Rows are numbers; the cells look like those of a list of models."""

    all_columns = COLUMNS

    def key(self, row: int) -> str:
        return str(row)

    def cells(self, row: int, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        return (
            plain(f"model-{row}:{row % 9}b", "strong"),
            plain(f"{row % 9}.{row % 7}B"),
            plain(f"Q{row % 8}_K_M"),
            plain(f"{row % 90}.{row % 10} GB"),
            plain("128K"),
            plain("·TK···"),
            plain(f"{row % 50} weeks"),
        )

    def gutter(self, row: int) -> StyledLine:
        return plain("●", "good") if row % 5 == 0 else ()


class PlainTableApp(ThemedApp[None]):
    """Drawn by Textual."""

    def compose(self) -> ComposeResult:
        yield StaticLines((plain("status line", "strong"),))
        table: Table[int] = Table(Models())
        table.styles.width = 70
        table.show(range(next((int(word) for word in sys.argv if word.isdigit()), 1000)))
        yield table
        yield StaticLines((plain("footer", "muted"),))

    def on_mount(self) -> None:
        self.animation_level = "none"


class TableApp(DiffApp[None], PlainTableApp):
    """Drawn by us."""


if __name__ == "__main__":
    (PlainTableApp if "plain" in sys.argv else TableApp)().run(mouse=False)
