"""The columns of a table, and what a table asks of those who fill it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol, TypeVar

from ollama_tui.formatting import StyledLine
from ollama_tui.tui.widgets.lines import Align

RowIn = TypeVar("RowIn", contravariant=True)

GAP = 2
"""Cells between two columns."""
GUTTER = 2
"""Cells a source may use left of the first column."""
MARGIN = 1 + GUTTER + 1
"""Cells left of the first column: the cursor's sign, the gutter and a blank."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; a flexible one takes what the others leave, from `width` cells up to `most`."""

    title: str
    width: int
    align: Align = "left"
    flexible: bool = False
    id: str = ""
    most: int | None = None
    """Cells a flexible one has a use for; None for any number."""


def width_needed(columns: Sequence[Column]) -> int:
    """Return the cells these columns need, the gaps between them included."""
    return sum(column.width for column in columns) + GAP * max(0, len(columns) - 1)


def laid_out(columns: Sequence[Column], room: int) -> tuple[Column, ...]:
    """Return the columns with the flexible one as wide as the others leave it in `room` cells."""
    spare = room - width_needed(columns)
    return tuple(_widened(column, spare) if column.flexible else column for column in columns)


def _widened(column: Column, spare: int) -> Column:
    width = column.width + spare
    if column.most is not None:
        width = min(width, max(column.most, column.width))
    return replace(column, width=max(1, width))


def joined(cells: Iterable[StyledLine]) -> StyledLine:
    """Return fitted cells as one line, with gaps between them."""
    gap = (" " * GAP, "")
    return tuple(chain.from_iterable((gap, *cell) for cell in cells))[1:]


class Source(Protocol[RowIn]):
    """What a table needs to know of its rows."""

    def key(self, row: RowIn) -> str:
        """Return what identifies the row."""

    def columns(self, width: int) -> Sequence[Column]:
        """Return the columns to show in `width` cells (see `width_needed`), titles as shown."""

    def cells(self, row: RowIn, columns: Sequence[Column]) -> Sequence[StyledLine]:
        """Return one cell for each of `columns`, whose widths are final; longer ones are cut."""

    def gutter(self, row: RowIn) -> StyledLine:
        """Return the signs left of the row, up to `GUTTER` cells."""
