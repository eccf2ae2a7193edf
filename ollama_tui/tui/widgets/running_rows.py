"""How the models in memory are shown: the memory of the GPUs as one bar, and a row for each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ollama_tui.domain.model import ModelKey
from ollama_tui.domain.overview import processor
from ollama_tui.domain.running import LOADING, Running
from ollama_tui.formatting import UNKNOWN, Span, StyledLine, context, shorten, size
from ollama_tui.tui.look import Signs
from ollama_tui.tui.widgets.bars import bar, stacked_bar
from ollama_tui.tui.widgets.row_source import RowSource, TableColumn, fit_columns
from ollama_tui.tui.widgets.text_layout import fit, spread, width_of

if TYPE_CHECKING:
    from ollama_tui.domain.memory.available import AvailableMemory

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
    rows: Sequence[Running], memory: AvailableMemory | None, signs: Signs, width: int, height: int
) -> list[StyledLine]:
    """Return the memory of the GPUs as a headline, a bar and a legend: the fewer, the smaller.

    Where it is not known how much they have, the bar is what is used of it. Without a GPU it is
    about main memory.
    """
    amounts, name = [row.vram for row in rows], "VRAM"
    total = memory.known_total if memory is not None else None
    if memory is not None and (ram := memory.ram_to_run_in(sum(amounts))):
        amounts, name, total = [row.size for row in rows], "RAM", ram
    taken = [(row, amount) for row, amount in zip(rows, amounts, strict=True) if amount]
    used = sum(amounts)
    room = max(0, width - 2)
    lines: list[StyledLine] = [
        ((" ", ""), *_headline(f"{size(used)} {name}", used, total, memory, room))
    ]
    glyphs = (signs.full, signs.dense, signs.medium, signs.empty)
    looks = [
        (glyphs[n % len(glyphs)], SEGMENT_STYLES[n % len(SEGMENT_STYLES)])
        for n in range(len(taken))
    ]
    if height >= BAR_HEIGHT:
        parts = [
            (amount, glyph, style) for (_, amount), (glyph, style) in zip(taken, looks, strict=True)
        ]
        lines.append(((" ", ""), *stacked_bar(parts, room, signs, total or 0)))
    if height >= LEGEND_HEIGHT:
        legend: list[Span] = []
        for (row, amount), look in zip(taken, looks, strict=True):
            name = shorten(row.name, LEGEND_NAME)
            more = [look, (f" {name} ", "muted"), (size(amount), ""), ("   ", "")]
            if width_of([*legend, *more]) > room:
                break
            legend += more
        lines.append(((" ", ""), *fit(legend, room)))
    return lines


def _headline(
    what: str, used: int, total: int | None, memory: AvailableMemory | None, room: int
) -> StyledLine:
    """Return `what` is in use, of how much, and what is left; who tells, where there is room."""
    left: list[Span] = [(f"{what} in use", "strong")]
    if total is None or memory is None:
        says = memory.label if memory is not None else "the server does not say how much it has"
        return spread(left, [(says, "muted")], room)
    left.append((f" of {size(total)}", "muted"))
    free = (f"{size(total - used)} free", "strong") if total > used else ("full", "old")
    origin: Span = (f"{memory.origin}   ", "muted")
    if memory.origin and width_of([*left, origin, free]) < room:
        return spread(left, [origin, free], room)
    return spread(left, [free], room)
