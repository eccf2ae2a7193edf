"""How the model table shows a model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from ollama_tui.domain.columns import BY_KEY, COLUMNS, WIDE, Extents, capability_words, extents
from ollama_tui.domain.emphasis import fading
from ollama_tui.domain.model import Model, ModelKey, key_of
from ollama_tui.domain.rows import NOTHING_KNOWN, KnownUpdates, ListRows, View
from ollama_tui.formatting import Span, StyledLine
from ollama_tui.tui.look import MEANINGS, UNICODE_SIGNS, Signs
from ollama_tui.tui.widgets.bars import length_of, solid
from ollama_tui.tui.widgets.table import RowSource, TableColumn, fit_columns, width_needed
from ollama_tui.tui.widgets.text_layout import shorten_name

SHARED_INDENT = 2
"""Cells of the sign before the name of one that shares weights with the one above."""
MOST_OF_NAME = 44
"""Cells up to which a name comes before all other columns."""
BAR = 6
WIDE_BAR = 16
"""Cells of the bar beside the size, and as many as it has a use for."""
HEAT_FROM = (0.0, 0.12, 0.3, 0.6)
"""Shares of the largest model's size above which a size is of the next heat."""

EXTRA = frozenset(column.key for column in COLUMNS if column.extra)


@cache
def _hue(capability: str) -> str:
    return style if (style := f"can-{capability}") in MEANINGS else "accent"


def capability_line(row: Model, width: int) -> StyledLine:
    """Return as many words as fit, and how many there are besides."""
    if row.capabilities is None:
        return (("?", "muted"),)
    words = capability_words(row.capabilities)
    spans: list[Span] = []
    room = width
    for index, (capability, word) in enumerate(words):
        rest = len(words) - index - 1
        more = f" +{rest}" if rest else ""
        if len(word) + len(more) > room:
            spans.append((f"+{rest + 1}", "muted"))
            break
        if rest and len(word) + 1 + len(words[index + 1][1]) > room - (3 if rest > 1 else 0):
            spans.append((f"{word}{more}", _hue(capability)))  # one style: fewer bytes a move
            break
        spans += [(word, _hue(capability)), (" ", "")]
        room -= len(word) + 1
    return tuple(spans)


@dataclass
class ModelRows(RowSource[Model]):
    """The source of the model table; `update` sets what the screen knows."""

    now: Callable[[], datetime]
    keys: tuple[str, ...] = WIDE
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
    extents: Extents = field(default_factory=Extents)
    """Of all models."""
    models: tuple[Model, ...] = ()
    """All models, whatever the filter leaves of them."""
    signs: Signs = UNICODE_SIGNS

    key = staticmethod(key_of)

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the wanted columns that fit, with an arrow at the one sorted by.

        A name keeps the room for what tells it from others, however many columns that costs.
        """
        columns = []
        for column in (BY_KEY[key] for key in self.keys):
            title, cells, most = column.title, column.width, column.most
            if column.key == self.view.sort:
                falling = column.descending is not self.view.reverse
                title += self.signs.descending if falling else self.signs.ascending
            if column.key == "name":
                cells = min(max(cells, self.extents.longest_short_name), MOST_OF_NAME)
                most = self.extents.longest_name + SHARED_INDENT
            columns.append(
                TableColumn(
                    title,
                    max(cells, len(title)),
                    column.align,
                    flexible=bool(most),
                    id=column.key,
                    most=most or None,
                    priority=column.priority,
                )
            )
            if column.key == "size":
                columns.append(
                    TableColumn("", BAR, flexible=True, id="bar", most=WIDE_BAR, priority=4)
                )
        return self._with_whole_names(fit_columns(columns, width), width)

    def _with_whole_names(
        self, columns: tuple[TableColumn, ...], width: int
    ) -> tuple[TableColumn, ...]:
        """Return the columns without those that are there only to use the room that names need."""
        names = next((column for column in columns if column.id == "name"), None)
        missing = (names.most or 0) - names.width if names else 0
        while any(each.id in EXTRA for each in columns):
            if width_needed(columns) + missing <= width:
                break
            least = max(columns, key=lambda column: column.priority)
            columns = tuple(column for column in columns if column is not least)
        return columns

    def cells(self, row: Model, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says of a model."""
        return [self._cell(row, column) for column in columns]

    def _cell(self, row: Model, column: TableColumn) -> StyledLine:
        match column.id:
            case "name":
                indent = f"{self.signs.shares} " if row.key in self.following else ""
                room = column.width - len(indent)
                return ((f"{indent}{shorten_name(row.label, room)}", ""),)
            case "bar":
                return self._bar(row, column.width)
            case "can":
                return capability_line(row, column.width)
        known = BY_KEY[column.id]
        now = self.now()
        style = known.style
        if column.id == "modified":
            style = fading(row.listed.modified_at, now)
        return ((known.text(row, now), style),)

    def _bar(self, row: Model, width: int) -> StyledLine:
        """Draw a size to the scale of the largest; what is large is warm as well."""
        if row.is_cloud or not row.size or not self.extents.largest:
            return ()
        share = row.size / self.extents.largest
        heat = sum(share > least for least in HEAT_FROM)
        eighths = length_of(share, width, self.signs)
        return ((solid(eighths, self.signs), f"heat-{heat}"),)

    def gutter(self, row: Model) -> StyledLine:
        """Return the mark and the state."""
        mark = (self.signs.marked, "mark") if row.key in self.view.marks else (" ", "")
        return (mark, self._state(row))

    def _state(self, row: Model) -> tuple[str, str]:
        if row.key in self.leaving:
            return (self.signs.delete, "danger")
        if row.key in self.updates.outdated:
            return (self.signs.outdated, "loaded" if row.is_loaded else "outdated")
        if row.is_loaded:
            return (self.signs.loaded, "loaded")
        if row.is_cloud:
            return (self.signs.cloud, "cloud")
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
        models: tuple[Model, ...] = (),
    ) -> None:
        """Take over what the user chose, and what is known of all models together."""
        self.view = view
        self.aliases = visible.aliases
        self.following = visible.following
        self.updates = updates
        self.is_dimmed = bool(visible.problems)
        if models is not self.models:
            self.models, self.extents = models, extents(models)
