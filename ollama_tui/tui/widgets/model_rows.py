"""How the model table shows a model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ollama_tui.domain.columns import ABSENT, BY_KEY, USUAL
from ollama_tui.domain.model import Model, ModelKey, key_of
from ollama_tui.domain.rows import NOTHING_KNOWN, KnownUpdates, ListRows, View
from ollama_tui.formatting import StyledLine
from ollama_tui.tui.look import UNICODE_SIGNS, Signs
from ollama_tui.tui.widgets.table import RowSource, TableColumn, fit_columns

SHARED_INDENT = 2
"""Cells of the sign before the name of one that shares weights with the one above."""


@dataclass
class ModelRows(RowSource[Model]):
    """The source of the model table; `update` sets what the screen knows."""

    now: Callable[[], datetime]
    keys: tuple[str, ...] = USUAL
    """Columns wanted, in display order."""
    view: View = field(default_factory=View)
    aliases: Collection[str] = frozenset()
    """Digests that more than one name carries."""
    updates: KnownUpdates = NOTHING_KNOWN
    """Of which models a registry has something newer, and of which nobody can tell."""
    following: frozenset[ModelKey] = frozenset()
    """Rows that stand below another they share weights with."""
    leaving: frozenset[ModelKey] = frozenset()
    """Rows of models that are being deleted, or wait for it."""
    longest: int = 0
    """Letters of the longest name: on a wide screen figures stand beside names, not far off."""
    signs: Signs = UNICODE_SIGNS

    key = staticmethod(key_of)

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the wanted columns that fit, with an arrow at the one sorted by."""
        columns = []
        for column in fit_columns((BY_KEY[key] for key in self.keys), width):
            title = column.title
            if column.key == self.view.sort:
                falling = column.descending is not self.view.reverse
                title += self.signs.descending if falling else self.signs.ascending
            flexible = column.key == "name"
            columns.append(
                TableColumn(
                    title,
                    max(column.width, len(title)),
                    column.align,
                    flexible,
                    id=column.key,
                    most=self.longest + SHARED_INDENT if flexible else None,
                )
            )
        return columns

    def cells(self, row: Model, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says of a model."""
        now = self.now()
        cells = []
        for column in (BY_KEY[each.id] for each in columns):
            text = column.text(row, now).replace(ABSENT, self.signs.dot)
            if column.key == "name" and row.key in self.following:
                text = f"{self.signs.shares} {text}"
            cells.append(((text, column.style),))
        return cells

    def gutter(self, row: Model) -> StyledLine:
        """Return the mark and the state."""
        mark = (self.signs.marked, "mark") if row.key in self.view.marks else (" ", "")
        return (mark, self._state(row))

    def _state(self, row: Model) -> tuple[str, str]:
        if row.key in self.leaving:
            return (self.signs.delete, "bad")
        if row.key in self.updates.outdated:
            return (self.signs.outdated, "good" if row.is_loaded else "warning")
        if row.is_loaded:
            return (self.signs.loaded, "good")
        if row.is_cloud:
            return (self.signs.cloud, "accent")
        if row.digest in self.aliases:
            return (self.signs.alias, "muted")
        if row.key in self.updates.uncertain:
            return (self.signs.uncertain, "muted")
        return (" ", "")

    def update(
        self,
        view: View,
        visible: ListRows,
        updates: KnownUpdates = NOTHING_KNOWN,
        longest: int = 0,
    ) -> None:
        """Take over what the user chose, and what is known of all models together."""
        self.view = view
        self.aliases = visible.aliases
        self.following = visible.following
        self.updates = updates
        self.longest = longest
        self.is_dimmed = bool(visible.problems)
