"""The models in memory: how much they take, where, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult

from ollama_tui.api.errors import OllamaError
from ollama_tui.api.replies import RunningModel
from ollama_tui.domain.model import Model, ModelKey
from ollama_tui.domain.orders import AS_GIVEN, arranged
from ollama_tui.domain.running import ORDERS, Running, counts_down, rows_of, summed
from ollama_tui.formatting import UNKNOWN, cells
from ollama_tui.tui.actions.action import Place, connected
from ollama_tui.tui.actions.memory import find_running, unlisted
from ollama_tui.tui.screens.action_screen import bindings, message_lines
from ollama_tui.tui.screens.models_screen import ModelsScreen, arrow
from ollama_tui.tui.widgets.running_rows import RunningRows, memory_lines
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import Table

if TYPE_CHECKING:
    from ollama_tui.tui.screens.main_context import MainScreenContext

LOOK_EVERY = 2
"""Seconds between two looks at what runs, only while this screen is there."""


class RunningScreen(ModelsScreen):
    """What runs, looked at every two seconds; load, keep, unload. Marks are those of the list."""

    BINDINGS = bindings(Place.RUNNING)
    place = Place.RUNNING
    title_text = "Running models"
    on_enter = "running.keep"
    columns = ORDERS
    first_order = AS_GIVEN
    nothing = (
        (),
        (("  No model is loaded. ", ""), ("w", "key"), (" loads one, here and in the list.", "")),
    )

    def __init__(self, context: MainScreenContext) -> None:
        super().__init__(context)
        self.library = connected(context).library
        self.trouble: OllamaError | None = None
        self._models: dict[ModelKey, Model] = {}
        """What the rows are in the list, by the key of the row."""
        self._shown: object = None
        """What the table shows: the same again costs the link nothing."""

    def regions(self) -> ComposeResult:
        """Lay out the memory of the GPUs, the table, and what went wrong with it."""
        self.source = RunningRows(self.tui.signs)
        yield StaticLines(id="memory")
        yield Table(self.source)
        yield self.filter_bar()
        yield StaticLines(id="trouble")

    def on_mount(self) -> None:
        """Follow what runs for as long as this screen is there."""
        self.watch(self.app, "snapshot", self.draw)
        self.watch(self.app, "memory", self.draw, init=False)
        self.call_after_refresh(self._look_again_and_again)
        self._follow_loading()

    @work(exclusive=True, group="look")
    async def _look_again_and_again(self) -> None:
        """Ask the server every two seconds; between, count down what has an end."""
        while True:
            try:
                await self.library.refresh_running()
                self.trouble = None
            except OllamaError as error:
                self.trouble = error
            self.draw()
            for _ in range(LOOK_EVERY):
                await self.tui.clock.sleep(1.0)
                now = self.tui.clock.now()
                if any(counts_down(r.expires_at, now) for r in self.library.snapshot.running):
                    self.draw()

    @work(exclusive=True, group="loading")
    async def _follow_loading(self) -> None:
        async for _ in self.library.loading.follow():
            self.draw()

    # ---- what actions see

    @property
    def models(self) -> tuple[Model, ...]:
        """The models that run or are being loaded."""
        return tuple(self._models.values())

    @property
    def rows(self) -> tuple[Model, ...]:
        """The models shown, in order."""
        return tuple(self._models[row.key] for row in self.table.rows)

    @property
    def current(self) -> Model | None:
        """The model under the cursor."""
        return self._models.get(self.chosen) if self.chosen is not None else None

    def row_key(self, key: ModelKey) -> object:
        """Return the key of the row of a model."""
        return next((row for row, model in self._models.items() if model.key == key), None)

    @property
    def chosen(self) -> ModelKey | None:
        """What runs under the cursor."""
        row: Running | None = self.table.row if self.is_composed else None
        return row.key if row is not None else None

    # ---- drawing

    def draw_now(self) -> None:
        """Show what runs now, as far as it differs from what is shown."""
        snapshot, view = self.library.snapshot, self.view
        labels = {m.key: m.label for m in snapshot.models if m.siblings}
        every = rows_of(snapshot.running, self.library.loading.value, self.tui.clock.now(), labels)
        self._models = {row.key: self._model_of(row) for row in every}
        keys = self.selected()
        left = [row for row in every if keys is None or self._models[row.key].key in keys]
        rows = arranged(left, ORDERS, view.sort, view.reverse)
        source = self.source
        source.titles = {c.key: c.title + arrow(c, view, self.tui.signs) for c in ORDERS}
        source.with_runner = any(row.runner != UNKNOWN for row in rows)
        source.left_width = max((len(row.left) for row in rows), default=0)
        source.marks = frozenset(k for k, m in self._models.items() if m.key in view.marks)
        source.longest = max((cells(row.name) for row in every), default=0)
        if (shown := (rows, source.marks, view)) != self._shown:
            self._shown = shown
            self.table.show(rows)
        self.show_heading(f" {self.tui.signs.dot} ".join(summed(snapshot.running)))
        self.query_one("#memory", StaticLines).show(
            memory_lines(every, self.tui.memory, self.tui.signs, self.room, self.app.size.height)
        )
        error = self.trouble
        lines = message_lines(error.title, error.hint, "bad", self.room) if error else []
        self.query_one("#trouble", StaticLines).show(lines)

    def _model_of(self, row: Running) -> Model:
        """Return the row of the list, or one made up for what the list does not have."""
        if (model := find_running(self.context, row.key)) is not None:
            return model
        return unlisted(RunningModel(name=row.key.name, digest=row.key.digest, size=row.size))
