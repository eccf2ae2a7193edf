"""How it is shown what fits the memory: a row for each model, and a table of contexts for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

from ollama_tui.api.replies import RunningModel
from ollama_tui.domain.columns import BY_KEY
from ollama_tui.domain.memory.available import AvailableMemory
from ollama_tui.domain.memory.fit import (
    Fit,
    Fits,
    contexts,
    fit,
    largest_context,
    server_context,
)
from ollama_tui.domain.memory.footprint import Load
from ollama_tui.domain.memory.shape import Basis, MemoryShape
from ollama_tui.domain.memory_report import reported, unload_advice
from ollama_tui.domain.model import Model, ModelKey, key_of
from ollama_tui.domain.model_memory import need_of, shape_of_model
from ollama_tui.formatting import UNKNOWN, Span, StyledLine, context, size
from ollama_tui.tui.look import Signs
from ollama_tui.tui.widgets.bars import bar
from ollama_tui.tui.widgets.row_source import RowSource, TableColumn, fit_columns
from ollama_tui.tui.widgets.text_layout import fit as fit_line
from ollama_tui.tui.widgets.text_layout import shorten_name

KV_TYPES = ("f16", "q8_0", "q4_0")
"""Types of KV cache that are compared, the usual one first."""
WORDS = {Fits.GPU: "fits", Fits.PARTLY: "partly", Fits.NO: "no", None: ""}
STYLES = {Fits.GPU: "loaded", Fits.PARTLY: "outdated", Fits.NO: "danger", None: "bar"}
LONGEST_BAR = 30
_FIGURE, _WORD, _GAP = len("13.5 GB"), len("partly"), 2
_TOKENS = len("· 128K")
COLUMNS = (
    TableColumn("NAME", 14, id="name"),
    TableColumn("FITS", 6, id="fits", priority=1),
    TableColumn("MEMORY", 7, "right", id="memory"),
    TableColumn("", 8, flexible=True, most=LONGEST_BAR, id="bar", priority=3),
    TableColumn("AT", 5, "right", id="at", priority=4),
    TableColumn("LARGEST", 8, "right", id="largest", priority=2),
    TableColumn("SIZE", 6, "right", id="size", priority=5),
    TableColumn("CTX", 5, "right", id="ctx", priority=6),
)


@lru_cache(maxsize=1024)
def _largest(shape: MemoryShape, kv_type: str, available: AvailableMemory | None) -> int | None:
    return largest_context(shape, Load(1, kv_type=kv_type), available)


def _tokens(largest: int | None) -> str:
    """Return a context without the part of a thousand tokens that is over."""
    if largest is None:
        return UNKNOWN
    return context(largest // 1024 * 1024 or largest) if largest else "none"


@dataclass
class FitRows(RowSource[Model]):
    """The source of the table; the screen keeps what it knows up to date."""

    now: Callable[[], datetime]
    signs: Signs
    titles: Mapping[str, str] = field(default_factory=dict)
    """Of the columns that can be sorted by, by id, with the arrow."""
    longest: int = 0
    """Cells of the longest name."""
    marks: frozenset[ModelKey] = frozenset()
    """Marked models."""

    key = staticmethod(key_of)

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the columns that fit; names take what they need, the bar the rest."""
        name = max(COLUMNS[0].width, min(self.longest, width * 2 // 5))
        every = [
            replace(
                column,
                title=(title := self.titles.get(column.id, column.title)),
                width=max(name if column.id == "name" else column.width, len(title)),
            )
            for column in COLUMNS
        ]
        shown = fit_columns(every, width)
        if any(column.flexible for column in shown):
            return shown
        return [replace(shown[0], flexible=True), *shown[1:]]

    def cells(self, row: Model, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says."""
        return [self._cell(row, column) for column in columns]

    def _cell(self, row: Model, column: TableColumn) -> StyledLine:
        found, shape, available = need_of(row), shape_of_model(row), row.server_memory
        match column.id:
            case "name":
                return ((shorten_name(row.label, column.width), ""),)
            case "fits":
                word = BY_KEY["fits"].text(row, self.now())
                return ((word, STYLES[found.fits if found else None] if found else "muted"),)
            case "bar":
                limit = available.usable if available else 0
                if found is None or not limit:
                    return ()
                return bar(found.total / limit, column.width, self.signs, STYLES[found.fits])
            case "at":
                text = context(server_context(shape, available)) if shape else UNKNOWN
                return ((text, "muted"),)
            case "largest":
                text = _tokens(_largest(shape, KV_TYPES[0], available)) if shape else UNKNOWN
                return ((text, "strong"),)
        style = "strong" if column.id == "memory" and found else "muted"
        return ((BY_KEY[column.id].text(row, self.now()), style),)

    def gutter(self, row: Model) -> StyledLine:
        """Return the mark, and whether it is loaded."""
        mark = (self.signs.marked, "mark") if row.key in self.marks else (" ", "")
        return (mark, (self.signs.loaded, "loaded") if row.is_loaded else (" ", ""))


def fit_lines(
    model: Model, running: Iterable[RunningModel], signs: Signs, width: int, height: int
) -> list[StyledLine]:
    """Return what a model takes with each context and type of KV cache, in `height` lines."""
    shape, available = shape_of_model(model), model.server_memory
    if shape is None:
        why: list[StyledLine] = [((model.label, "strong"),), ((_why_unknown(model), "muted"),)]
        return why[:height]
    usual = server_context(shape, available)
    at = fit(shape, Load(usual), available)
    lines: list[StyledLine] = [_headline(model, at), _parts(at)]
    if available is not None and available.gpu_bytes:
        lines.append(_largest_line(shape, available))
    said = [
        unload_advice(model, at.footprint, available, running),
        reported(shape, model.running),
    ]
    below: list[StyledLine] = [((text, ""),) for text in said if text]
    room = height - len(lines) - len(below)
    if room >= 2:
        lines += _grid(shape, available, usual, signs, width, room)
    return [fit_line(line, width) for line in (*lines, *below)][:height]


def _why_unknown(model: Model) -> str:
    if model.is_cloud:
        return "It runs in the cloud: it takes no memory here."
    if model.facts is None:
        return "Its details are not known."
    return "Its metadata does not say what it takes in memory."


def _headline(model: Model, at: Fit) -> StyledLine:
    taken = at.footprint
    verdict = {
        Fits.GPU: "fits fully",
        Fits.PARTLY: "fits partly: the rest runs on the CPU",
        Fits.NO: "does not fit",
        None: "the memory of the server is not known",
    }[at.fits]
    return (
        (model.label, "strong"),
        ("  ", ""),
        (size(taken.total), "strong"),
        (f" at {context(taken.load.context)}, ", "muted"),
        (verdict, STYLES[at.fits] if at.fits else "muted"),
    )


def _parts(at: Fit) -> StyledLine:
    taken = at.footprint
    about = {Basis.EXACT: "", Basis.BOUND: "≤ ", Basis.ESTIMATE: "about "}[at.basis]
    parts = [
        ("weights", size(taken.weights)),
        ("projector", size(taken.projector) if taken.projector else ""),
        ("KV cache", about + size(taken.kv_cache)),
        ("recurrent state", size(taken.recurrent) if taken.recurrent else ""),
        ("compute", f"≤ {size(taken.compute)}"),
    ]
    spans: list[Span] = []
    for label, figure in parts:
        if figure:
            spans += [(f"{label} ", "muted"), (figure, ""), ("   ", "")]
    return tuple(spans[:-1])


def _largest_line(shape: MemoryShape, available: AvailableMemory) -> StyledLine:
    spans: list[Span] = [("largest context on the GPU  ", "muted")]
    for kv_type in KV_TYPES:
        largest = _largest(shape, kv_type, available)
        spans += [(f"{kv_type} ", "muted"), (_tokens(largest), "strong"), ("   ", "")]
    return tuple(spans[:-1])


def _grid(
    shape: MemoryShape,
    available: AvailableMemory | None,
    usual: int,
    signs: Signs,
    width: int,
    height: int,
) -> list[StyledLine]:
    """Return contexts × types of KV cache; where lines are few, without the smallest contexts."""
    least = _FIGURE + 1 + _WORD + _GAP
    whole = width - _TOKENS  # the gap after the first column is that which the last needs not
    count = max(1, min(len(KV_TYPES), whole // least))
    each = whole // count
    room = max(0, min(LONGEST_BAR, each - least - 1))
    cell = least + (room + 1 if room else 0)
    rows = list(contexts(shape, usual))
    while len(rows) > height - 1:
        rows.remove(next(tokens for tokens in rows if tokens != usual or len(rows) == 1))
    fits = {
        (tokens, kv): fit(shape, Load(tokens, kv_type=kv), available)
        for tokens in rows
        for kv in KV_TYPES[:count]
    }
    most = max(each.footprint.gpu for each in fits.values())
    limit = available.usable if available and available.usable else most
    title = "".join(f"{kv:<{cell}}" for kv in KV_TYPES[:count]).rstrip()
    lines: list[StyledLine] = [((f"{'CONTEXT':<{_TOKENS + _GAP}}{title}", "muted"),)]
    for tokens in rows:
        mark = signs.dot if tokens == usual else " "
        style = "strong" if tokens == usual else ""
        spans: list[Span] = [(f"{mark} {context(tokens):>{_TOKENS - 2}}  ", style)]
        for kv in KV_TYPES[:count]:
            found = fits[tokens, kv]
            if room:
                drawn = bar(found.footprint.gpu / limit, room, signs, STYLES[found.fits])
                spans += [*drawn, (" ", "")]
            figure = f"{size(found.footprint.total):>{_FIGURE}}"
            word = f"{WORDS[found.fits]:<{_WORD + _GAP}}"
            spans += [(f"{figure} ", style), (word, STYLES[found.fits] if found.fits else "")]
        lines.append(tuple(_without_end(spans)))
    return lines


def _without_end(spans: list[Span]) -> list[Span]:
    """Return the spans without the spaces at their end."""
    while spans and not (text := spans[-1][0].rstrip()):
        spans.pop()
    return [*spans[:-1], (text, spans[-1][1])] if spans else []
