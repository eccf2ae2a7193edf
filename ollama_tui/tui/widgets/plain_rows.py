"""Rows of a small table that need no more than a key and their cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ollama_tui.formatting import Span, StyledLine
from ollama_tui.tui.widgets.columns import Column


@dataclass(frozen=True)
class PlainRow:
    """One row: what identifies it, and a cell for each column's id."""

    key: str
    cells: Mapping[str, Span]
    sign: str = ""
    """One character left of it."""


@dataclass(frozen=True)
class PlainRows:
    """The columns of such a table; those that do not fit in `narrow` cells leave."""

    every: tuple[Column, ...]
    narrow: int = 0
    """Width below which the columns of `leaving` are left out."""
    leaving: frozenset[str] = frozenset()

    def key(self, row: PlainRow) -> str:
        """Return what identifies the row."""
        return row.key

    def columns(self, width: int) -> Sequence[Column]:
        """Return the columns to show in `width` cells."""
        if width >= self.narrow:
            return self.every
        return [column for column in self.every if column.id not in self.leaving]

    def cells(self, row: PlainRow, columns: Sequence[Column]) -> Sequence[StyledLine]:
        """Return one cell for each of `columns`."""
        return [(row.cells[column.id],) for column in columns]

    def gutter(self, row: PlainRow) -> StyledLine:
        """Return the sign left of the row."""
        return ((row.sign, "mark"),)
