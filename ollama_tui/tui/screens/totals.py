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

    from ollama_tui.domain.storage.usage import Usage
    from ollama_tui.tui.app import OllamaTui

COUNT_EVERY = 2.0
"""Seconds between two counts of what models share."""


class Totals:
    """The sums of the newest list and measure of the disk; `changed` is called after a count."""

    def __init__(self, screen: Screen[None], tui: OllamaTui, changed: Callable[[], None]) -> None:
        self._screen = screen
        self._tui = tui
        self._changed = changed
        self._snapshot = Snapshot()
        self._measured: Usage | None = None
        self._sums: Sums | None = None
        self._counted_at = float("-inf")
        self._later: Worker[None] | None = None

    def forget(self) -> None:
        """Start again, and count as soon as there is something to count."""
        self._sums = None
        self._counted_at = float("-inf")

    def of(self, snapshot: Snapshot) -> Sums:
        """Return the sums of this list; what is taken alone is unknown until it was counted.

        It stays unknown while facts are missing, as long as the disk cannot be measured: models
        whose details are not known yet would be taken for models that share nothing.
        """
        before, measured = self._snapshot, self._tui.measured
        is_counted = (
            snapshot.models is before.models and snapshot.facts_to_fetch == before.facts_to_fetch
        )
        if self._sums is not None and is_counted and measured is self._measured:
            return self._sums
        if measured is not self._measured:
            self._counted_at = float("-inf")  # count at once after a new disk measurement
        self._snapshot, self._measured = snapshot, measured
        plain = Sums.plain(snapshot.models)
        if self._sums is None or self._sums.bytes != plain.bytes:
            self._sums = plain
        if snapshot.fetched_at is not None:  # not for the cached list
            self._count_soon()
        return self._sums

    def _count_soon(self) -> None:
        """Count after this frame, but not each time while facts are being learned."""
        wait = self._counted_at + COUNT_EVERY - self._tui.clock.seconds()
        if wait <= 0:
            self._counted_at = self._tui.clock.seconds()
            self._screen.call_after_refresh(self._count)
        elif self._later is None or self._later.is_finished:
            self._later = self._screen.run_worker(partial(self._count_later, wait), group="count")

    async def _count_later(self, wait: float) -> None:
        await self._tui.clock.sleep(wait)
        self._count()

    def _count(self) -> None:
        """Count what is shared once: with 10,000 models that takes too long to be waited for."""
        services, snapshot = self._tui.services, self._snapshot
        if services is None:
            return
        usage = services.storage.estimate(snapshot.models)
        if usage.contents is not None or not snapshot.facts_to_fetch:
            self._sums = Sums(len(snapshot.models), usage.total, usage.unique.bytes)
            self._changed()
