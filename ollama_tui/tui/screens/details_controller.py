"""The details beside the list: those of the model under the cursor, asked for when it rests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import cached_property, partial
from typing import TYPE_CHECKING

from textual.cache import FIFOCache

from ollama_tui.api.errors import OllamaError
from ollama_tui.domain.model import Model, ModelKey
from ollama_tui.domain.overview import Sharing, Surroundings
from ollama_tui.formatting import inert
from ollama_tui.tui.actions.action import Place
from ollama_tui.tui.screens.action_screen import bindings
from ollama_tui.tui.typeahead import PAUSE_SECONDS
from ollama_tui.tui.widgets.details import DetailsPane, Subject
from ollama_tui.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from textual.worker import WorkType

    from ollama_tui.domain.storage.usage import Usage
    from ollama_tui.services.connection import Services
    from ollama_tui.tui.screens.main import MainScreen

WIDE = 110
"""Columns from which list and details stand side by side."""
ROOMY = 180
"""Columns from which the list has three quarters of them."""
DETAILS_DELAY = 0.08
"""Seconds the cursor rests before details are asked for, while it goes from row to row."""


class ModelDetailsPane(DetailsPane):
    """The details of a model, with their keys."""

    BINDINGS = bindings(Place.DETAILS)


class DetailsController:
    """Draws what is known of the model under the cursor, and has the rest asked for."""

    def __init__(self, main: MainScreen) -> None:
        self._main = main
        self._asked: tuple[object, ...] = ()
        """The model asked about last, of which connection, and the moment of the list."""
        self._asked_at = 0.0
        """When that was, in seconds on the app's clock."""
        self._at_once = asyncio.Event()
        """Set to ask without waiting for the cursor to rest."""
        self._sharing: FIFOCache[ModelKey, tuple[Model, Usage, Sharing]] = FIFOCache(64)
        """What was counted last of models, with what it was counted of."""
        self._answered = asyncio.Event()
        """Set when nothing is under way: the last request was answered, refused or cancelled."""
        self._answered.set()

    @cached_property
    def pane(self) -> ModelDetailsPane:
        """Where the details are drawn."""
        return self._main.query_one(ModelDetailsPane)

    @cached_property
    def _border(self) -> Pane:
        return self._main.query_one("#about", Pane)

    @property
    def focused(self) -> bool:
        """Whether keys go to the details."""
        focused = self._main.focused
        return focused is not None and self.pane in focused.ancestors_with_self

    def choose_place(self, width: int) -> None:
        """Put the details beside the list where there is room; a wide list has more of it."""
        self._main.set_class(width < WIDE, "-narrow")
        self._main.set_class(width >= ROOMY, "-wide")

    def draw(self) -> None:
        """Show what is known of the model under the cursor, if the details are on the screen."""
        main = self._main
        if main.size.width < WIDE and not main.has_class("-details"):
            return
        border = self._border
        if (model := main.current) is None:
            border.entitle("")
            self.pane.show(None)
            return
        border.entitle(model.label)
        place = f"{main.table.position:,} of {len(main.list_rows.rows):,}"
        subject = self._subject(model)
        self.pane.show(subject, place)
        if subject.show is None and not model.is_answered_in_cloud:
            self._ask(model)

    def prepare(self, models: Iterable[Model]) -> None:
        """Prepare what is known of models that the cursor may be on next."""
        if self._main.size.width >= WIDE:
            for model in models:
                self.pane.prepare(self._subject(model))

    def _subject(self, model: Model) -> Subject:
        """Return what is known of a model."""
        main = self._main
        names = main.list_rows.aliases.get(model.digest, ())
        also = tuple([inert(name) for name in names if name != model.name])
        show = main.tui.details.get(model.details_key)
        return Subject(model, show, main.now(), also, self._around(model))

    def _around(self, model: Model) -> Surroundings:
        """Return what is known of `model` beside what list and show say."""
        main = self._main
        usage = None if model.is_cloud else main.frame.totals.usage(main.snapshot)
        return Surroundings(
            sharing=self._sharing_of(model, usage) if usage is not None else None,
            update=main.tui.updates.get(model.key),
            watched_since=main.snapshot.watched_since,
        )

    def _sharing_of(self, model: Model, usage: Usage) -> Sharing:
        """Return what `usage` says of a model; the same object again for the same question."""
        before = self._sharing.get(model.key)
        if before is not None and before[0] is model and before[1] is usage:
            return before[2]
        sharing = Sharing.of(model, usage)
        self._sharing[model.key] = model, usage, sharing
        return sharing

    def open(self) -> None:
        """Give the details the keys; what is not known is asked for, of ollama.com too."""
        self._main.set_class(True, "-details")
        self.pane.text.focus()
        if self._answered.is_set():
            self._asked = ()  # what was refused may be asked for again
        self.draw()
        model = self._main.current
        if model is not None and model.details_key not in self._main.tui.details:
            self._ask(model)

    def close(self) -> None:
        """Give the keys back to the list; nothing is searched for there."""
        self.pane.end_find()
        self._main.set_class(False, "-details")
        self._main.table.focus()

    async def wait_until_loaded(self) -> None:
        """Wait, not for long, until the details are there that are being asked for.

        The request goes on after that: only the wait for it ends.
        """
        if not self._answered.is_set():
            self._at_once.set()
            await self._main.tui.clock.within(PAUSE_SECONDS, self._answered.wait())

    def _ask(self, model: Model) -> None:
        """Ask for the details of a model at once, or when the cursor, on its way, rests on it.

        What is under way goes on, however often the model is drawn meanwhile, and what was refused
        is asked for again after the next list.
        """
        services = self._main.tui.services
        asked = (services, model.details_key, model.name, self._main.snapshot.fetched_at)
        under_way = not self._answered.is_set()
        if services is None or asked == self._asked or (under_way and asked[:3] == self._asked[:3]):
            return
        self._asked = asked
        self._at_once, self._answered = asyncio.Event(), asyncio.Event()
        now, before = services.clock.seconds(), self._asked_at
        self._asked_at = now
        if now - before > DETAILS_DELAY:
            self._at_once.set()
        events = self._at_once, self._answered
        work: WorkType[None] = partial(self._ask_at_rest, services, model, *events)
        # Without a description, Textual makes one of the arguments, and all the models in them.
        self._main.run_worker(work, exclusive=True, group="details", description="details")

    async def _ask_at_rest(
        self, services: Services, model: Model, at_once: asyncio.Event, answered: asyncio.Event
    ) -> None:
        try:
            await services.clock.within(DETAILS_DELAY, at_once.wait())
            current = self._main.current
            if current is None or current.key != model.key:
                self._asked = ()
                return
            await services.facts.show(model)  # publishes `facts.details`, which has us draw again
        except OllamaError as error:
            self.pane.show_problem(model, error.title, error.hint)
        finally:
            answered.set()
