"""The details beside the list: those of the model under the cursor, asked for when it rests."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from textual.worker import Worker, WorkerCancelled

from ollama_tui.api.errors import OllamaError
from ollama_tui.domain.model import Model
from ollama_tui.formatting import inert
from ollama_tui.tui.actions.action import Place
from ollama_tui.tui.screens.action_screen import bindings
from ollama_tui.tui.typeahead import HOLD
from ollama_tui.tui.widgets.details import DetailsPane

if TYPE_CHECKING:
    from ollama_tui.tui.screens.main import MainScreen

WIDE = 110
"""Columns from which list and details stand side by side."""
DETAILS_DELAY = 0.08
"""Seconds the cursor rests before details are asked for."""


class ModelDetails(DetailsPane):
    """The details of a model, with their keys."""

    BINDINGS = bindings(Place.DETAILS)


class DetailsController:
    """Draws what is known of the model under the cursor, and has the library ask for the rest."""

    def __init__(self, main: MainScreen) -> None:
        self._main = main
        self._asking: Worker[None] | None = None
        self._at_once = asyncio.Event()

    @property
    def pane(self) -> ModelDetails:
        """Where the details are drawn."""
        return self._main.query_one(ModelDetails)

    @property
    def focused(self) -> bool:
        """Whether keys go to the details."""
        focused = self._main.focused
        return focused is not None and self.pane in focused.ancestors_with_self

    @property
    def visible(self) -> bool:
        """Whether the details are on the screen."""
        return self._main.size.width >= WIDE or self._main.has_class("-details")

    def draw(self) -> None:
        """Show what is known of the model under the cursor."""
        if not self.visible:
            return
        model = self._main.current
        also = self._other_names(model) if model else ()
        show = self._main.snapshot.show(model) if model else None
        self.pane.show(model, show, also=also, now=self._main.now())
        if model is not None and show is None and not model.is_answered_in_cloud:
            self._ask(model)

    def open(self) -> None:
        """Give the details the keys; what is not known is asked for, of ollama.com too."""
        self._main.set_class(True, "-details")
        self.pane.text.focus()
        self.draw()
        model = self._main.current
        if model is not None and self._main.snapshot.show(model) is None:
            self._ask(model)

    def close(self) -> None:
        """Give the keys back to the list."""
        self._main.set_class(False, "-details")
        self._main.table.focus()

    def _other_names(self, model: Model) -> tuple[str, ...]:
        names = self._main.visible_rows.aliases.get(model.digest, ())
        return tuple(inert(name) for name in names if name != model.name)

    async def known(self) -> None:
        """Wait, not for long, until the details are there that are being asked for."""
        if self._asking is not None and not self._asking.is_finished:
            self._at_once.set()
            await self._main.tui.clock.within(HOLD, _ended(self._asking))

    def _ask(self, model: Model) -> None:
        """Ask for the details of a model once the cursor rests on it, or a key needs them."""
        self._at_once = asyncio.Event()
        work = partial(self._ask_at_rest, model.name, self._at_once)
        self._asking = self._main.run_worker(work, exclusive=True, group="details")

    async def _ask_at_rest(self, name: str, at_once: asyncio.Event) -> None:
        await self._main.tui.clock.within(DETAILS_DELAY, at_once.wait())
        model, session = self._main.current, self._main.tui.session
        if model is None or model.name != name or session is None:
            return
        try:
            await session.library.details(model)
        except OllamaError as error:
            self.pane.show_problem(model, error.title, error.hint)


async def _ended(worker: Worker[None]) -> None:
    with suppress(WorkerCancelled):
        await worker.wait()
