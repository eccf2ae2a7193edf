"""What fits the memory of the server: the models, and one of them at each context."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult

from ollama_tui.api.errors import OllamaError
from ollama_tui.domain.memory_report import ORDERS
from ollama_tui.domain.model import Model
from ollama_tui.domain.model_memory import need_of
from ollama_tui.domain.orders import arranged
from ollama_tui.formatting import cells, inert, plural
from ollama_tui.tui.actions import models
from ollama_tui.tui.actions.action import Place, connected
from ollama_tui.tui.screens.action_screen import bindings
from ollama_tui.tui.screens.models_screen import ModelsScreen, arrow
from ollama_tui.tui.widgets.fit_rows import FitRows, fit_lines
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import Table
from ollama_tui.tui.widgets.text_layout import fit as fit_line
from ollama_tui.tui.widgets.text_layout import spread

if TYPE_CHECKING:
    from ollama_tui.tui.screens.main_context import MainScreenContext

LEAST_HEIGHT = 16
"""Lines of the screen from which on there is room for the contexts of a model."""
MOST_LINES = 12
"""Lines that they have a use for."""
ASK_AFTER = 0.3
"""Seconds that the cursor rests before all metadata of a model is asked for."""


class FitScreen(ModelsScreen):
    """Rows by how they fit; marks are those of the list."""

    DEFAULT_CSS = """
    FitScreen {
        #about { border-top: solid $edge; padding: 0 1; }
    }
    """
    BINDINGS = bindings(Place.FIT)
    place = Place.FIT
    title_text = "Fit"
    on_enter = "fit.open"
    columns = ORDERS
    first_order = "fits"
    nothing = ((), (("  No model takes any memory here.", ""),))

    def __init__(self, context: MainScreenContext) -> None:
        super().__init__(context)
        self._shown: tuple[object, ...] | None = None

    def regions(self) -> ComposeResult:
        """Lay out the memory, the table, the contexts of the model at the cursor, the filter."""
        self.source = FitRows(self.tui.clock.now, self.tui.signs)
        yield StaticLines(id="memory")
        yield Table(self.source)
        yield StaticLines(id="about")
        yield self.filter_bar()

    def on_mount(self) -> None:
        """Follow the list, and what is known of the memory."""
        self.draw()
        self.watch(self.app, "snapshot", self.draw, init=False)
        self.watch(self.app, "memory", self.draw, init=False)

    # ---- what actions see

    @property
    def models(self) -> tuple[Model, ...]:
        """The models that take memory here."""
        return tuple(m for m in self.context.snapshot.models if not m.is_cloud)

    @property
    def rows(self) -> tuple[Model, ...]:
        """The models shown, in order."""
        return tuple(self.table.rows)

    @property
    def current(self) -> Model | None:
        """The model under the cursor."""
        row: Model | None = self.table.row
        return row

    # ---- drawing

    def draw_now(self) -> None:
        """Show what is known now."""
        every, view, keys = self.models, self.view, self.selected()
        shown = (every, keys, view)
        if shown != self._shown:
            self._shown = shown
            left = [m for m in every if keys is None or m.key in keys]
            # Of those that fit alike the largest come first.
            by_memory = arranged(left, ORDERS, "memory", False)
            rows = arranged(by_memory, ORDERS, view.sort, view.reverse)
            source = self.source
            source.titles = {c.key: c.title + arrow(c, view, self.tui.signs) for c in ORDERS}
            source.longest = max((cells(m.label) for m in every), default=0)
            source.marks = view.marks
            self.table.show(rows)
        count = plural(len(every), "model")
        known = [need for m in self.table.rows if (need := need_of(m)) and need.fits]
        fully = sum(need.fits == "gpu" for need in known)
        facts = f"{fully:,} of {count} fit fully" if known else count
        self.show_heading(facts)
        self._draw_memory()

    def _draw_memory(self) -> None:
        available, room = self.tui.memory, self.room - 2
        kept = ""
        if available is None:
            text = "The memory of the server is not known: set memory in config.toml."
        elif available.gpu_bytes:
            text = f"GPU memory: {inert(available.label)}"
            if available.usable < available.gpu_bytes:
                kept = "1 GiB of each GPU is left free"
        else:
            text = f"Memory: {inert(available.label)}"
        line = fit_line(((text, "muted"),), room)
        if cells(text) + cells(kept) < room:
            line = spread(((text, "muted"),), ((kept, "muted"),), room)
        self.query_one("#memory", StaticLines).show([((" ", ""), *line)])

    def draw_for_row(self) -> None:
        """Show the contexts of the model at the cursor."""
        super().draw_for_row()
        about = self.query_one("#about", StaticLines)
        height = self.app.size.height
        about.display = height >= LEAST_HEIGHT
        if not about.display:
            return
        lines = min(MOST_LINES, height // 2 - 1)
        about.styles.height = lines + 1
        model = self.current
        running = self.context.snapshot.running
        drawn = fit_lines(model, running, self.tui.signs, self.room - 2, lines) if model else []
        about.show(drawn)
        memory = model.facts.memory if model and model.facts else None
        if model is not None and memory is not None and memory.needs_verbose:
            self._learn(model)

    @work(exclusive=True, group="learn")
    async def _learn(self, model: Model) -> None:
        """Ask for what the figures of a model need, once the cursor rests on it."""
        await self.tui.clock.sleep(ASK_AFTER)
        with suppress(OllamaError):  # the figures stay estimates
            await connected(self.context).facts.learn_memory([model])

    def action_go_to_model(self) -> None:
        """Put the list's cursor on the model here, and go back to the list."""
        if (model := self.current) is not None:
            models.reveal(self.list_context, model.key)
            self.dismiss(None)
