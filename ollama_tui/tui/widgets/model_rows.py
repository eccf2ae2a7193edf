"""How the model table shows a model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache

from ollama_tui.domain.columns import (
    BY_KEY,
    COLUMNS,
    LOCK_CELLS,
    WIDE,
    Extents,
    capability_words,
    extents,
)
from ollama_tui.domain.emphasis import fading
from ollama_tui.domain.model import Model, ModelKey, key_of
from ollama_tui.domain.rows import NOTHING_KNOWN, KnownUpdates, ListRows, View
from ollama_tui.formatting import Span, StyledLine, cells
from ollama_tui.tui.look import MEANINGS, UNICODE_SIGNS, Signs
from ollama_tui.tui.widgets.bars import length_of, solid
from ollama_tui.tui.widgets.row_source import RowSource, TableColumn, fit_columns, width_needed
from ollama_tui.tui.widgets.text_layout import shorten_name

SHARED_INDENT = 2
"""Cells of the sign before the name of one that shares weights with the one above."""
MOST_OF_NAME = 44
"""Cells up to which a name comes before other columns."""
MOST_OF_QUANTIZATION = 8
LOCKED = " locked"
"""Beside the sign, where there is room."""
LEAST_BAR = 4
BAR = 6
WIDE_BAR = 16
"""Cells of the bar beside the size: the fewest, those that do, and those it has a use for."""
A_WORD = len("vision +1")
"""Cells of a capability and how many there are besides."""
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
        if len(word) + len(more) > room >= len(word) + len(more) - 1:
            more = more.strip()
        if len(word) + len(more) > room:
            spans.append((f"+{rest + 1}", "muted"))
            break
        if rest and len(word) + 1 + len(words[index + 1][1]) > room - (3 if rest > 1 else 0):
            spans.append((f"{word}{more}", _hue(capability)))  # one style: fewer bytes a move
            break
        spans += [(word, _hue(capability)), (" ", "")]
        room -= len(word) + 1
    return tuple(spans)


Columns = tuple[TableColumn, ...]


def _widened(columns: Columns, wishes: Iterable[tuple[str, int]], spare: int) -> Columns:
    """Return the columns with `spare` cells given to those that wish to have so many."""
    widths = {column.id: column.width for column in columns}
    for key, wish in wishes:
        if key in widths and (more := min(wish - widths[key], spare)) > 0:
            widths[key] += more
            spare -= more
    return tuple(replace(column, width=widths[column.id]) for column in columns)


def _without_extra(columns: Columns, wishes: Sequence[tuple[str, int]], room: int) -> Columns:
    """Return the columns without those that are there only to use the room that others leave."""
    while any(column.id in EXTRA for column in columns):
        if width_needed(_widened(columns, wishes, room)) <= room:
            break
        least = max(columns, key=lambda column: column.priority)
        columns = tuple(column for column in columns if column is not least)
    return columns


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

        Names have the room that nine of ten need, short as they can be, however many columns that
        costs. Others get what is left, and are whole before there are extra columns.
        """
        columns = []
        for column in (BY_KEY[key] for key in self.keys):
            title, cells = column.title, column.width
            if column.key == self.view.sort:
                falling = column.descending is not self.view.reverse
                title += self.signs.descending if falling else self.signs.ascending
            if column.key == "name":
                most = min(MOST_OF_NAME, width * 3 // 5)
                cells = max(cells, min(self.extents.usual_short_name, most))
            elif column.key == "quant":
                cells = min(max(cells, self.extents.usual_quantization), MOST_OF_QUANTIZATION)
            columns.append(
                TableColumn(
                    title,
                    max(cells, len(title)),
                    column.align,
                    flexible=column.key == "name",  # it shrinks where it is alone
                    id=column.key,
                    most=0,
                    priority=column.priority,
                )
            )
            if column.key == "size":
                columns.append(TableColumn("", LEAST_BAR, id="bar", priority=4, gap=1))
        wishes = self._wishes()
        fitting = _without_extra(fit_columns(columns, width), wishes, width)
        wishes += ("name", self._longest_name), ("bar", WIDE_BAR)
        return _widened(fitting, wishes, width - width_needed(fitting))

    @property
    def _longest_name(self) -> int:
        return self.extents.longest_name + (SHARED_INDENT if self.view.grouped else 0)

    def _wishes(self) -> tuple[tuple[str, int], ...]:
        """Return which column is to have how many cells, the most urgent first."""
        return (
            ("name", min(self.extents.longest_short_name, MOST_OF_NAME)),
            ("bar", BAR),
            ("can", A_WORD),
            ("name", min(self._longest_name, MOST_OF_NAME)),
            ("can", BY_KEY["can"].most),
        )

    def cells(self, row: Model, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says of a model."""
        return [self._cell(row, column) for column in columns]

    def _cell(self, row: Model, column: TableColumn) -> StyledLine:
        match column.id:
            case "name":
                indent = f"{self.signs.shares} " if row.key in self.following else ""
                is_locked = row.note is not None and row.note.locked
                room = column.width - len(indent) - (LOCK_CELLS if is_locked else 0)
                name = f"{indent}{shorten_name(row.label, room)}"
                if not is_locked:
                    return ((name, ""),)
                has_room = cells(name) + LOCK_CELLS + len(LOCKED) <= column.width
                return ((name, ""), (f" {self.signs.locked}{LOCKED * has_room}", "accent"))
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
