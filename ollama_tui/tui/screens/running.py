"""The models in memory: how much they take, where, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult

from ollama_tui.api.errors import OllamaError
from ollama_tui.api.replies import RunningModel
from ollama_tui.domain import names
from ollama_tui.domain.model import ModelKey
from ollama_tui.domain.overview import processor
from ollama_tui.formatting import UNKNOWN, StyledLine, context, inert, plural, size, until
from ollama_tui.tui.actions.action import Place, connected
from ollama_tui.tui.screens.action_screen import TableScreen, bindings, message_lines
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import RowSource, Table, TableColumn, fit_columns

if TYPE_CHECKING:
    from ollama_tui.tui.screens.main_context import MainScreenContext

LOOK_EVERY = 2.0
"""Seconds between two looks at what runs, only while this screen is there."""
COLUMNS = (
    TableColumn("NAME", 14, flexible=True, id="name"),
    TableColumn("MEMORY", 7, "right", id="memory", priority=2),
    TableColumn("CPU/GPU", 15, id="processor", priority=3),
    TableColumn("CONTEXT", 7, "right", id="context", priority=4),
    TableColumn("RUNNER", 8, id="runner", priority=5),
    TableColumn("UNTIL", 9, id="until", priority=1),
)
STYLES = {"name": "", "memory": "strong"}


@dataclass(frozen=True)
class Running:
    """One row: a runner as it reads, or a model on its way into memory."""

    key: ModelKey
    """Name as the server spells it, and digest of what runs: one name may run twice."""
    name: str
    memory: str = UNKNOWN
    processor: str = UNKNOWN
    context: str = UNKNOWN
    runner: str = UNKNOWN
    until: str = "loading …"


def rows_of(
    running: Iterable[RunningModel],
    loading: frozenset[ModelKey],
    now: datetime,
    labels: Mapping[ModelKey, str],
) -> tuple[Running, ...]:
    """Return the runners in the server's order, then what is being loaded and not listed yet.

    `labels` are of the models of which one name has several.
    """
    coming = {(names.comparison_key(key.name), key.digest): key for key in sorted(loading)}
    listed = []
    for runner in running:
        name = names.comparison_key(runner.name)
        same = {runner.digest, ""} if runner.digest else {key[1] for key in coming}
        at = {key for key in coming if key[0] == name and key[1] in same}
        listed.append(
            Running(
                key := ModelKey(runner.name, runner.digest),
                labels.get(key, inert(runner.name)),
                size(runner.size),
                processor(runner.size, runner.size_vram),
                context(runner.context_length),
                inert(runner.runner) or UNKNOWN,
                "loading …" if at else until(runner.expires_at, now),
            )
        )
        coming = {place: each for place, each in coming.items() if place not in at}
    rest = (Running(key, labels.get(key, inert(key.name))) for key in coming.values())
    return (*listed, *rest)


def summed(running: Sequence[RunningModel]) -> list[str]:
    """Return how many run, what all of them take, and how much of it on GPUs."""
    count = plural(len(running), "model")
    if not running:
        return [count]
    total = sum(runner.size for runner in running)
    vram = sum(runner.size_vram for runner in running)
    return [count, f"{size(total)} in memory", f"{size(vram)} VRAM"]


class RunningRows(RowSource[Running]):
    """The source of the table."""

    def __init__(self) -> None:
        self.until_width = 0
        """Cells of the longest time left."""
        self.with_runner = False
        """Whether the server says what runs it."""

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the columns that fit; the time left takes what it needs."""
        *others, until_column = [c for c in COLUMNS if c.id != "runner" or self.with_runner]
        needed = max(until_column.width, self.until_width)
        return fit_columns([*others, replace(until_column, width=needed)], width)

    def cells(self, row: Running, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says."""
        return [((getattr(row, c.id), STYLES.get(c.id, "muted")),) for c in columns]


class RunningScreen(TableScreen):
    """What runs, looked at every two seconds; load, keep, unload."""

    BINDINGS = bindings(Place.RUNNING)
    place = Place.RUNNING
    title_text = "Running models"
    on_enter = "running.keep"

    def __init__(self, context: MainScreenContext) -> None:
        super().__init__(context)
        self.library = connected(context).library
        self.trouble: OllamaError | None = None

    def regions(self) -> ComposeResult:
        """Lay out the table and what went wrong with it."""
        self.source = RunningRows()
        yield Table(self.source)
        yield StaticLines(id="trouble")

    def on_mount(self) -> None:
        """Follow what runs for as long as this screen is there."""
        self.table.show_empty(
            [(), (("  No model is loaded. ", ""), ("w", "key"), (" loads one.", "muted"))]
        )
        self.watch(self.app, "snapshot", self.draw)
        self.call_after_refresh(self._look_again_and_again)
        self._follow_loading()

    @work(exclusive=True, group="look")
    async def _look_again_and_again(self) -> None:
        while True:
            try:
                await self.library.refresh_running()
                self.trouble = None
            except OllamaError as error:
                self.trouble = error
            self.draw()
            await self.tui.clock.sleep(LOOK_EVERY)

    @work(exclusive=True, group="loading")
    async def _follow_loading(self) -> None:
        async for _ in self.library.loading.follow():
            self.draw()

    def draw_now(self) -> None:
        """Show what runs now, as far as it differs from what is shown."""
        now = self.tui.clock.now()
        running = self.library.snapshot.running
        labels = {m.key: m.label for m in self.library.snapshot.models if m.siblings}
        rows = rows_of(running, self.library.loading.value, now, labels)
        self.source.until_width = max((len(row.until) for row in rows), default=0)
        self.source.with_runner = any(row.runner != UNKNOWN for row in rows)
        self.show_rows(rows)
        self.show_heading(f" {self.tui.signs.dot} ".join(summed(running)))
        error = self.trouble
        lines = message_lines(error.title, error.hint, "bad", self.size.width) if error else []
        self.query_one("#trouble", StaticLines).show(lines)

    @property
    def chosen(self) -> ModelKey | None:
        """What runs under the cursor."""
        row: Running | None = self.table.row
        return row.key if row is not None else None
