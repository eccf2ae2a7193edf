"""The rows of a table: its columns, and what a table asks of those who fill it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from operator import attrgetter
from typing import Generic, TypeVar

from ollama_tui.domain.columns import Column
from ollama_tui.formatting import Span, StyledLine
from ollama_tui.tui.widgets.text_layout import Align

R = TypeVar("R")

GAP = 2
"""Cells between two columns."""
GUTTER = 2
"""Cells a source may use left of the first column."""
MARGIN = 1 + GUTTER + 1
"""Cells left of the first column: the cursor's sign, the gutter and a blank."""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column; a flexible one takes what the others leave, from `width` cells up to `most`."""

    title: str
    width: int
    align: Align = "left"
    flexible: bool = False
    id: str = ""
    most: int | None = None
    """Cells a flexible one has a use for; None for any number."""
    priority: int = 0
    """Columns with the highest number are dropped first when there is no room; 0 never is."""


F = TypeVar("F", Column, TableColumn)


def width_needed(columns: Sequence[Column | TableColumn]) -> int:
    """Return the cells these columns need, the gaps between them included."""
    return sum(column.width for column in columns) + GAP * max(0, len(columns) - 1)


def fit_columns(columns: Iterable[F], room: int) -> tuple[F, ...]:
    """Return the columns that fit into `room` cells, in order, the least wanted dropped."""
    fitting = list(columns)
    while len(fitting) > 1 and width_needed(fitting) > room:
        least = max(fitting, key=lambda column: column.priority)
        if least.priority == 0:
            break
        fitting.remove(least)
    return tuple(fitting)


def stretch_columns(columns: Sequence[TableColumn], room: int) -> tuple[TableColumn, ...]:
    """Return the columns with the flexible one as wide as the others leave it in `room` cells."""
    spare = room - width_needed(columns)
    stretched = []
    for column in columns:
        if column.flexible:
            width = column.width + spare
            if column.most is not None:
                width = min(width, max(column.most, column.width))
            column = replace(column, width=max(1, width))
        stretched.append(column)
    return tuple(stretched)


def join_cells(cells: Iterable[StyledLine]) -> StyledLine:
    """Return fitted cells as one line, with gaps between them."""
    gap = (" " * GAP, "")
    return tuple(chain.from_iterable((gap, *cell) for cell in cells))[1:]


class RowSource(ABC, Generic[R]):
    """What a table needs to know of its rows."""

    all_columns: Sequence[TableColumn] = ()
    """In display order; those that do not fit are left out by `priority`."""

    key: Callable[[R], str] = attrgetter("key")
    """Returns what identifies a row. It is asked of all rows at every key, so it has to be fast."""

    @abstractmethod
    def cells(self, row: R, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return one cell for each of `columns`, whose widths are final; longer ones are cut."""

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the columns to show in `width` cells, titles as shown."""
        return fit_columns(self.all_columns, width)

    def gutter(self, row: R) -> StyledLine:
        """Return the signs left of the row, up to `GUTTER` cells."""
        return ()


@dataclass(frozen=True)
class CellRow:
    """A row that is its cells: what identifies it, and one cell for each column's id."""

    key: str
    cells: Mapping[str, Span]
    sign: str = ""
    """One character left of it."""


@dataclass(frozen=True)
class CellRows(RowSource[CellRow]):
    """The source of a small table of `CellRow`."""

    all_columns: Sequence[TableColumn]

    def cells(self, row: CellRow, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return one cell for each of `columns`."""
        return [(row.cells[column.id],) for column in columns]

    def gutter(self, row: CellRow) -> StyledLine:
        """Return the sign left of the row."""
        return ((row.sign, "mark"),)
