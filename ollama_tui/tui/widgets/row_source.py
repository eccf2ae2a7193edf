"""What a table asks for its rows, and how their columns are fitted into the room there is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from operator import attrgetter
from typing import Generic, TypeVar

from ollama_tui.domain.columns import Column
from ollama_tui.formatting import Span, StyledLine
from ollama_tui.tui.widgets.text_layout import Align, fit

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
    gap: int = GAP
    """Cells before it, unless it comes first."""


F = TypeVar("F", Column, TableColumn)


def width_needed(columns: Sequence[Column | TableColumn]) -> int:
    """Return the cells these columns need, the gaps between them included."""
    gaps = (c.gap if isinstance(c, TableColumn) else GAP for c in columns[1:])
    return sum(column.width for column in columns) + sum(gaps)


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
    """Return the columns with the flexible ones as wide as the others leave them in `room` cells.

    What comes first takes first.
    """
    spare = room - width_needed(columns)
    stretched = []
    for column in columns:
        if column.flexible:
            width = column.width + spare
            if column.most is not None:
                width = min(width, max(column.most, column.width))
            width = max(1, width)
            spare -= width - column.width
            column = replace(column, width=width)
        stretched.append(column)
    return tuple(stretched)


def join_cells(cells: Iterable[StyledLine], columns: Sequence[TableColumn]) -> StyledLine:
    """Return the cells of a row, fitted to their columns, as one line."""
    fitted = (
        ((" " * column.gap, ""), *fit(cell, column.width, column.align))
        for cell, column in zip(cells, columns, strict=True)
    )
    return tuple(chain.from_iterable(fitted))[1:]


class RowSource(ABC, Generic[R]):
    """What a table needs to know of its rows."""

    all_columns: Sequence[TableColumn] = ()
    """In display order; those that do not fit are left out by `priority`."""

    is_dimmed = False
    """Whether the rows are not what was asked for, but what there was before."""

    key: Callable[[R], Hashable] = attrgetter("key")
    """Returns what identifies a row. All rows are asked on every keystroke, so it must be fast."""

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
