"""The list of models: its keys, its sums, its rows while filtering, and what an empty one says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from ollama_tui.domain.columns import Listing
from ollama_tui.domain.model import ConnectionState, Model, Snapshot
from ollama_tui.domain.rows import NOTHING_KNOWN, KnownUpdates, ListRows, View, list_rows
from ollama_tui.formatting import StyledLine, inert
from ollama_tui.tui.actions.action import Place
from ollama_tui.tui.screens.action_screen import bindings
from ollama_tui.tui.widgets.status import Sums
from ollama_tui.tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.worker import Worker

    from ollama_tui.domain.filter.parser import FilterProblem
    from ollama_tui.domain.storage.usage import Usage
    from ollama_tui.tui.app import OllamaTui


class ModelTable(Table[Model]):
    """The list of models, with the keys of the list."""

    BINDINGS = bindings(Place.LIST)


class LastValidFilter:
    """Arranges by the filter, and while that has a problem in it, by the last one without."""

    def __init__(self) -> None:
        self._filter = ""
        self._listing = Listing()

    def list_rows(
        self,
        models: tuple[Model, ...],
        view: View,
        *,
        now: datetime,
        known: KnownUpdates = NOTHING_KNOWN,
    ) -> ListRows:
        """Return the rows, with the problems of the filter as it is."""
        if models is not self._listing.models:
            self._listing = self._listing.updated(models)
        asked = list_rows(self._listing, view, now=now, known=known)
        if not asked.problems:
            self._filter = view.filter
            return asked
        self._filter = without_beginnings(self._filter, view.filter, asked.problems)
        good = list_rows(self._listing, replace(view, filter=self._filter), now=now, known=known)
        return replace(good, problems=asked.problems)


def without_beginnings(good: str, typed: str, problems: Sequence[FilterProblem]) -> str:
    """Return `good` without words that only were the first letters of a field being typed.

    Before it is `size:<8g`, a filter is the word `size`, which no model has in its name: those rows
    are not what to go back to.
    """
    for problem in reversed(problems):
        wrong = typed[problem.start : problem.end]
        word = good[problem.start :].split(" ", 1)[0]
        if word and ":" not in word and wrong.startswith(f"{word}:"):
            good = good[: problem.start] + good[problem.start + len(word) :]
    return good


def empty_lines(snapshot: Snapshot, view: View, blame: str, host_url: str) -> list[StyledLine]:
    """Return the lines that say why there are no models, and what to do."""
    if snapshot.models and view.filter:
        reason = blame or "No model matches the filter."
        return [(), ((f"  {reason}", ""),), (("  esc", "key"), (" shows all models", "muted"))]
    if snapshot.state is ConnectionState.CONNECTING:
        return [(), ((f"  Connecting to {inert(host_url)} …", "muted"),)]
    if snapshot.state is ConnectionState.DOWN and snapshot.problem is not None:
        return [
            (),
            ((f"  {snapshot.problem.title}", "bad"),),
            ((f"  {snapshot.problem.hint}", ""),),
            (),
            (("  It is tried again by itself. ", "muted"), ("R", "key"), (" tries now.", "muted")),
            (("  ", ""), ("D", "key"), (" opens the demo, which needs no server.", "muted")),
        ]
    return [
        (),
        (("  This server has no models yet.", ""),),
        (("  ", ""), ("p", "key"), (" pulls one, for example qwen3:1.7b.", "muted")),
    ]


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
        usage = services.storage.known(snapshot.models)
        if usage.contents is not None or not snapshot.facts_to_fetch:
            self._sums = Sums(len(snapshot.models), usage.total, usage.unique.bytes)
            self._changed()
