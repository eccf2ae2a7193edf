"""How the model table shows a model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ollama_tui.domain import columns as order
from ollama_tui.domain.model import Model
from ollama_tui.domain.rows import VisibleRows
from ollama_tui.domain.view import View
from ollama_tui.formatting import StyledLine
from ollama_tui.tui.signs import UNICODE, Signs
from ollama_tui.tui.widgets.row_source import TableColumn

STYLES = {"name": "", "can": "accent"}
KIN = 2
"""Cells of the sign before the name of one that shares weights with the one above."""
OTHER_STYLE = "muted"
"""Of most columns: to change the pen at each is more bytes than what they say."""


@dataclass
class ModelRows:
    """The source of the model table; the screen keeps `view` and `aliases` up to date."""

    now: Callable[[], datetime]
    keys: tuple[str, ...] = order.USUAL
    """Columns wanted, in display order."""
    view: View = field(default_factory=View)
    aliases: Collection[str] = frozenset()
    """Digests that more than one name carries."""
    outdated: frozenset[str] = frozenset()
    """Names of which a registry has something newer."""
    following: frozenset[str] = frozenset()
    """Names that stand below another they share weights with."""
    leaving: frozenset[str] = frozenset()
    """Names of models that are being deleted, or wait for it."""
    longest: int = 0
    """Letters of the longest name: on a wide screen figures stand beside names, not far off."""
    signs: Signs = UNICODE

    def key(self, row: Model) -> str:
        """Return the name."""
        return row.listed.name  # the shortest way: it is asked of all rows at every key

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the wanted columns that fit, with an arrow at the one sorted by."""
        wanted = [order.BY_KEY[key] for key in self.keys]
        return [self._column(column) for column in order.fitting(wanted, width)]

    def _column(self, column: order.Column) -> TableColumn:
        title = column.title
        if column.key == self.view.sort:
            falling = column.descending is not self.view.reverse
            title += self.signs.descending if falling else self.signs.ascending
        width = max(column.width, len(title))
        flexible = column.key == "name"
        most = self.longest + KIN if flexible else None
        return TableColumn(title, width, column.align, flexible, id=column.key, most=most)

    def cells(self, row: Model, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says of a model."""
        now = self.now()
        return [((self._text(row, c.id, now), STYLES.get(c.id, OTHER_STYLE)),) for c in columns]

    def _text(self, row: Model, column: str, now: datetime) -> str:
        if column == "can":
            return order.capability_letters(row, self.signs.dot)
        if column == "name" and row.name in self.following:
            return f"{self.signs.kin} {row.label}"
        return order.BY_KEY[column].text(row, now)

    def gutter(self, row: Model) -> StyledLine:
        """Return the mark and the state."""
        mark = (self.signs.marked, "mark") if row.name in self.view.marks else (" ", "")
        return (mark, self._state(row))

    def _state(self, row: Model) -> tuple[str, str]:
        if row.name in self.leaving:
            return (self.signs.delete, "bad")
        if row.name in self.outdated:
            return (self.signs.outdated, "good" if row.is_loaded else "warning")
        if row.is_loaded:
            return (self.signs.loaded, "good")
        if row.is_cloud:
            return (self.signs.cloud, "accent")
        if row.digest in self.aliases:
            return (self.signs.alias, "muted")
        return (" ", "")

    def looked_at(
        self,
        view: View,
        visible: VisibleRows,
        outdated: frozenset[str] = frozenset(),
        longest: int = 0,
    ) -> None:
        """Take over what the user chose, and what is known of all models together."""
        self.view = view
        self.aliases = visible.aliases
        self.following = visible.following
        self.outdated = outdated
        self.longest = longest
