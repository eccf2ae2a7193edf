"""What the listed models add up to: what they share is counted when nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ollama_tui.domain.snapshot import Snapshot
from ollama_tui.tui.widgets.status import Sums

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.worker import Worker

    from ollama_tui.domain.model import Model
    from ollama_tui.domain.storage.usage import Usage
    from ollama_tui.tui.app import OllamaTui

COUNT_EVERY = 2.0
"""Seconds between two counts of what models share."""


class Totals:
    """Keeps the sums of the newest list and measure of the disk; `changed` is told of a count."""

    def __init__(self, screen: Screen[None], tui: OllamaTui, changed: Callable[[], None]) -> None:
        self._screen = screen
        self._tui = tui
        self._changed = changed
        self._models: tuple[Model, ...] = ()
        self._measured: Usage | None = None
        self._sums: Sums | None = None
        self._counted_at = float("-inf")
        self._counting_later = False

    def forget(self) -> None:
        """Begin anew, and count as soon as there is something to count."""
        self._sums = None
        self._counted_at = float("-inf")

    def of(self, snapshot: Snapshot) -> Sums:
        """Return the sums of this list; plain ones until the next frame is out."""
        models, measured = snapshot.models, self._tui.measured
        if self._sums is not None and models is self._models and measured is self._measured:
            return self._sums
        if self._sums is not None and measured is not self._measured:
            self._counted_at = float("-inf")  # a new measure of the disk is not to wait
        self._models, self._measured = models, measured
        self._sums = self._until_counted(models)
        if snapshot.fetched_at is not None:  # the remembered list is not worth a count
            self._count_soon()
        return self._sums

    def _until_counted(self, models: tuple[Model, ...]) -> Sums:
        """Return what the last count says of what is shared, on a list that is not counted yet."""
        plain = Sums.plain(models)
        return self._sums if self._sums and self._sums.bytes == plain.bytes else plain

    def _count_soon(self) -> None:
        """Count after this frame, but not each time while facts are being learned."""
        wait = self._counted_at + COUNT_EVERY - self._tui.clock.seconds()
        if wait <= 0:
            self._counted_at = self._tui.clock.seconds()
            self._screen.call_after_refresh(self._count)
        elif not self._counting_later:
            self._counting_later = True
            self._count_in(wait)

    def _count_in(self, wait: float) -> Worker[None]:
        return self._screen.run_worker(partial(self._count_later, wait), group="count")

    async def _count_later(self, wait: float) -> None:
        await self._tui.clock.sleep(wait)
        self._counting_later = False
        self._count()

    def _count(self) -> None:
        """Count what is shared once: it takes too long, with 10,000 models, to be waited for."""
        session, models = self._tui.session, self._models
        if session is None or self._sums is None:
            return
        self._sums = Sums.of(session.storage.known(models), len(models))
        self._changed()
