"""How the models in memory are shown: the memory of the GPUs as one bar, and a row for each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ollama_tui.domain.model import ModelKey
from ollama_tui.domain.overview import processor
from ollama_tui.domain.running import LOADING, Running
from ollama_tui.formatting import UNKNOWN, Span, StyledLine, context, shorten, size
from ollama_tui.tui.look import Signs
from ollama_tui.tui.widgets.bars import bar, stacked_bar
from ollama_tui.tui.widgets.row_source import RowSource, TableColumn, fit_columns
from ollama_tui.tui.widgets.text_layout import fit, spread, width_of

LONGEST_BAR = 40
LEGEND_NAME = 28
"""Cells of a name in the legend."""
LEGEND_HEIGHT, BAR_HEIGHT = 16, 12
"""Lines of the screen from which on legend and bar are shown."""
SEGMENT_STYLES = ("bar", "loaded", "aging", "cloud")
COLUMNS = (
    TableColumn("NAME", 14, id="name"),
    TableColumn("MEMORY", 7, "right", id="memory", priority=2),
    TableColumn("GPU", 8, flexible=True, most=LONGEST_BAR, id="gpu", priority=5),
    TableColumn("CPU/GPU", 15, id="processor", priority=3),
    TableColumn("CONTEXT", 8, "right", id="context", priority=4),
    TableColumn("RUNNER", 8, id="runner", priority=6),
    TableColumn("TIME LEFT", 10, "right", id="left", priority=1),
)


@dataclass
class RunningRows(RowSource[Running]):
    """The source of the table; the screen keeps what it knows up to date."""

    signs: Signs
    titles: Mapping[str, str] = field(default_factory=dict)
    """Of the columns that can be sorted by, by id, with the arrow."""
    left_width: int = 0
    """Cells of the longest time left."""
    longest: int = 0
    """Cells of the longest name."""
    with_runner: bool = False
    """Whether the server says what runs it."""
    marks: Collection[ModelKey] = frozenset()
    """Keys of marked rows."""

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the columns that fit; names and times take what they need, the bar the rest."""
        needed = {
            "left": self.left_width,
            "name": min(self.longest, max(width * 2 // 5, COLUMNS[0].width)),
        }
        every = [
            replace(
                c,
                title=self.titles.get(c.id, c.title),
                width=max(c.width, needed.get(c.id, 0)),
            )
            for c in COLUMNS
            if c.id != "runner" or self.with_runner
        ]
        shown = fit_columns(every, width)
        if any(column.flexible for column in shown):
            return shown
        return [replace(shown[0], flexible=True), *shown[1:]]

    def cells(self, row: Running, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says."""
        return [
            self._bar(row, column.width) if column.id == "gpu" else (_cell(row, column.id),)
            for column in columns
        ]

    def _bar(self, row: Running, width: int) -> StyledLine:
        share = row.gpu_share
        return bar(share, width, self.signs) if share is not None else ((UNKNOWN, "muted"),)

    def gutter(self, row: Running) -> StyledLine:
        """Return the mark, and that it is loaded."""
        mark = (self.signs.marked, "mark") if row.key in self.marks else (" ", "")
        return (mark, (self.signs.loaded, "loaded") if row.left != LOADING else (" ", ""))


def _cell(row: Running, column: str) -> Span:
    match column:
        case "name":
            return (row.name, "")
        case "memory":
            return (size(row.size) if row.size else UNKNOWN, "strong")
        case "processor":
            return (processor(row.size, row.vram) if row.size else UNKNOWN, "muted")
        case "context":
            return (context(row.context), "muted")
        case "runner":
            return (row.runner, "muted")
        case _:
            return (row.left, "")


def memory_lines(
    rows: Sequence[Running], total: int | None, signs: Signs, width: int, height: int
) -> list[StyledLine]:
    """Return the memory of the GPUs as a headline, a bar and a legend: the fewer, the smaller.

    Where the server does not tell the `total`, the bar is what is used of it.
    """
    on_gpu = [row for row in rows if row.vram]
    used = sum(row.vram for row in on_gpu)
    room = max(0, width - 2)
    lines: list[StyledLine] = [((" ", ""), *spread(*_headline(used, total), room))]
    glyphs = (signs.full, signs.dense, signs.medium, signs.empty)
    looks = [
        (glyphs[n % len(glyphs)], SEGMENT_STYLES[n % len(SEGMENT_STYLES)])
        for n in range(len(on_gpu))
    ]
    if height >= BAR_HEIGHT:
        parts = [
            (row.vram, glyph, style) for row, (glyph, style) in zip(on_gpu, looks, strict=True)
        ]
        lines.append(((" ", ""), *stacked_bar(parts, room, signs, total or 0)))
    if height >= LEGEND_HEIGHT:
        legend: list[Span] = []
        for row, look in zip(on_gpu, looks, strict=True):
            name = shorten(row.name, LEGEND_NAME)
            more = [look, (f" {name} ", "muted"), (size(row.vram), ""), ("   ", "")]
            if width_of([*legend, *more]) > room:
                break
            legend += more
        lines.append(((" ", ""), *fit(legend, room)))
    return lines


def _headline(used: int, total: int | None) -> tuple[StyledLine, StyledLine]:
    if total:
        left = total - used
        free = (f"{size(left)} free", "strong") if left > 0 else ("full", "old")
        whole = (f" of {size(total)}", "muted")
        return ((f"{size(used)} VRAM in use", "strong"), whole), (free,)
    says = "the server does not say how much it has"
    return ((f"{size(used)} VRAM in use", "strong"),), ((says, "muted"),)
