"""How the table of what is outdated shows a model, and what an update of it fetches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ollama_tui.domain.model import ModelKey
from ollama_tui.domain.update_rows import OUTDATED, RowState, UpdateRow
from ollama_tui.formatting import Span, StyledLine, age, inert
from ollama_tui.tui.look import Signs
from ollama_tui.tui.widgets.bars import bar
from ollama_tui.tui.widgets.row_source import GAP, RowSource, TableColumn, fit_columns, width_needed

NARROWEST_NAME = 14
SHORTEST_BAR, LONGEST_BAR = 6, 60
COLUMNS = (
    TableColumn("NAME", NARROWEST_NAME, id="name"),
    TableColumn("TO FETCH", 16, "right", id="fetch"),
    TableColumn("WHAT CHANGED", 20, id="what", priority=2),
    TableColumn("PUSHED", 10, id="pushed", priority=3),
    TableColumn("INSTALLED", 10, id="installed", priority=4),
)
BAR = TableColumn("", SHORTEST_BAR, id="bar", flexible=True, most=LONGEST_BAR)
_STYLES = {RowState.UPDATING: "accent", RowState.OUTDATED: "", RowState.UNREACHABLE: "bad"}


@dataclass
class UpdateRows(RowSource[UpdateRow]):
    """The source of the table; the screen keeps what it knows up to date."""

    signs: Signs
    now: Callable[[], datetime]
    titles: Mapping[str, str] = field(default_factory=dict)
    """Of the columns that can be sorted by, by id, with the arrow."""
    marks: frozenset[ModelKey] = frozenset()
    """Marked models."""
    longest: int = 0
    """Cells of the longest name."""
    longest_what: int = 0
    """Cells of the longest text on what changed."""
    most: int = 1
    """Bytes of the longest bar."""

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the columns that fit; where all do and are not cut, a bar takes the rest."""
        name = max(NARROWEST_NAME, min(self.longest, width * 2 // 5))
        titled = [replace(c, title=self.titles.get(c.id, c.title)) for c in COLUMNS]
        shown = list(fit_columns([replace(titled[0], width=name), *titled[1:]], width))
        if len(shown) < 3:
            return [replace(shown[0], flexible=True), *shown[1:]]
        spare = width - width_needed(shown)
        wanted = max(0, self.longest_what - shown[2].width)
        if len(shown) < len(COLUMNS) or spare - wanted < GAP + SHORTEST_BAR:
            shown[2] = replace(shown[2], flexible=True)
            return shown
        shown[2] = replace(shown[2], width=shown[2].width + wanted)
        return [shown[0], BAR, *shown[1:]]

    def cells(self, row: UpdateRow, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says."""
        return [
            self._bar(row, column.width) if column.id == "bar" else (self._cell(row, column.id),)
            for column in columns
        ]

    def _cell(self, row: UpdateRow, column: str) -> Span:
        style = _STYLES.get(row.state, "muted")
        match column:
            case "name":
                return (row.model.label, "strong" if row.state in OUTDATED else style)
            case "fetch":
                return (row.cost, "outdated strong")
            case "what":
                return (inert(row.what), style)
            case "pushed":
                at = row.newer.pushed_at if row.newer else None
            case _:
                at = row.model.listed.modified_at
        return (age(at, self.now()) if at else "", "muted")

    def _bar(self, row: UpdateRow, width: int) -> StyledLine:
        """Draw what is fetched and what of it is there already to one scale."""
        newer = row.newer
        if newer is None:
            return ()
        length = max(1, round(newer.total * width / self.most))
        return bar(newer.to_fetch / newer.total, length, self.signs) if newer.total else ()

    def gutter(self, row: UpdateRow) -> StyledLine:
        """Return the mark, and the sign of what is known."""
        signs = self.signs
        mark = (signs.marked, "mark") if row.key in self.marks else (" ", "")
        sign = {
            RowState.UPDATING: (signs.pull, "accent"),
            RowState.OUTDATED: (signs.outdated, "outdated"),
            RowState.UNKNOWN: (signs.uncertain, "muted"),
            RowState.UNREACHABLE: ("!", "bad"),
        }
        return (mark, sign.get(row.state, (" ", "")))
