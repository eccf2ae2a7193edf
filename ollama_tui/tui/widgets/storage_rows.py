"""How the table of storage shows what takes the disk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ollama_tui.domain.emphasis import fading, heat
from ollama_tui.domain.model import Model, ModelKey
from ollama_tui.domain.storage.report import RowKind, StorageRow
from ollama_tui.formatting import UNKNOWN, Span, StyledLine, age, cells, size
from ollama_tui.tui.look import Signs
from ollama_tui.tui.widgets.bars import length_of, solid
from ollama_tui.tui.widgets.row_source import RowSource, TableColumn, fit_columns, width_needed
from ollama_tui.tui.widgets.text_layout import shorten_name

NARROWEST_NAME = 16
LEAST_BAR = 8
LONGEST_BAR = 60
SHORT_BAR = LONGEST_BAR // 3
"""Cells that bars keep while names take room."""
LONGEST_USERS = 64
"""Cells of the names with which something is shared, which are a few at most."""
LEAST_USERS = 20
SHARED_WITH_FROM = 140
"""Cells from which on there is room to say with which models something is shared."""


@dataclass
class StorageRows(RowSource[StorageRow]):
    """The source of the table; the screen keeps what it knows up to date."""

    signs: Signs
    now: Callable[[], datetime]
    users: Callable[[StorageRow], str]
    """Returns the names with which a model shares data, inert."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Of the columns that can be sorted by, by id, with the arrow."""
    most: int = 1
    """Bytes of the longest bar."""
    whole: int = 1
    """Bytes of which shares are hot or not: those of the disk, else of all models."""
    longest: int = NARROWEST_NAME
    """Cells of the longest name of a model."""
    longest_label: int = NARROWEST_NAME
    """The same with the rows that are no models, which name several of them."""
    marks: frozenset[ModelKey] = frozenset()
    """Marked models."""
    leaving: Collection[ModelKey] = frozenset()
    """Models that are being deleted, or wait for it."""
    models: Mapping[ModelKey, Model] = field(default_factory=dict)

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the columns that fit; the bar takes what names and the others leave."""
        every = [
            TableColumn(self._title("name"), 0, id="name"),
            TableColumn("", LEAST_BAR, id="bar", priority=3, flexible=True, most=LONGEST_BAR),
            TableColumn(self._title("alone"), 7, "right", id="alone"),
            TableColumn(self._title("shared"), 7, "right", id="shared", priority=2),
            TableColumn(self._title("modified"), 10, id="modified", priority=1),
        ]
        users = TableColumn("SHARED WITH", LEAST_USERS, id="users", priority=4)
        if width >= SHARED_WITH_FROM:
            every.append(users)
        spare = width - width_needed(every) - (SHORT_BAR - LEAST_BAR)
        longest = self.longest_label if users in every else self.longest
        name = max(NARROWEST_NAME, min(longest, max(24, width * 2 // 5, spare)))
        every[0] = replace(every[0], width=name)
        if users in every:
            wanted = LEAST_USERS + spare - name
            every[-1] = replace(users, width=max(LEAST_USERS, min(LONGEST_USERS, wanted)))
        shown = fit_columns(every, width)
        if all(column.id != "bar" for column in shown):
            return [TableColumn(shown[0].title, name, id="name", flexible=True), *shown[1:]]
        return shown

    def _title(self, key: str) -> str:
        return self.titles.get(key, key.upper())

    def cells(self, row: StorageRow, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says."""
        return [
            self._bar(row, column.width) if column.id == "bar" else (self._cell(row, column),)
            for column in columns
        ]

    def _cell(self, row: StorageRow, column: TableColumn) -> Span:
        match column.id:
            case "name" if row.kind is RowKind.MODEL:
                return (shorten_name(row.label, column.width), "")
            case "name":
                return (row.label, "muted")
            case "alone":
                return (size(row.alone), "strong") if row.alone else (UNKNOWN, "muted")
            case "shared":
                return (size(row.shared) if row.shared else UNKNOWN, "muted")
            case "modified":
                now = self.now()
                text = age(row.modified, now) if row.modified else UNKNOWN
                return (text, fading(row.modified, now))
            case _:
                return (self.users(row), "muted")

    def _bar(self, row: StorageRow, width: int) -> StyledLine:
        """Draw what is freed and what stays to one scale; what is there at all shows."""
        kind = row.kind in (RowKind.MODEL, RowKind.SHARED)
        style = heat(row.alone / self.whole) if kind else "old"
        alone = solid(length_of(row.alone / self.most, width, self.signs), self.signs)
        used = cells(alone)
        if not kind:  # of the same cells as in the bar of the disk
            alone = self.signs.loose * used
        shared = min(round(row.shared * width / self.most), width - used)
        if row.shared and not shared and used < width:
            shared = 1
        rest = width - used - shared
        return (
            (alone, style),
            (self.signs.dense * shared, "muted"),
            (" " * rest, ""),
        )

    def gutter(self, row: StorageRow) -> StyledLine:
        """Return the mark, and whether it is being deleted or loaded."""
        mark = (self.signs.marked, "mark") if row.model in self.marks else (" ", "")
        return (mark, self._state(row))

    def _state(self, row: StorageRow) -> Span:
        if row.model is None:
            return (self.signs.dot, "old") if row.alone else (" ", "")
        if row.model in self.leaving:
            return (self.signs.delete, "danger")
        model = self.models.get(row.model)
        return (self.signs.loaded, "loaded") if model and model.is_loaded else (" ", "")
