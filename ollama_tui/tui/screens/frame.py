"""The lines that all screens have in common: the status of the server, jobs and keys.

The main screen is below all others and knows what these lines say, so it draws them on each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from operator import attrgetter, is_
from typing import TYPE_CHECKING

from ollama_tui.domain.model import Snapshot
from ollama_tui.formatting import StyledLine
from ollama_tui.start.picture import age_text
from ollama_tui.tui.screens.action_screen import ActionScreen
from ollama_tui.tui.widgets.status import Facts, Sums, status_line

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.worker import Worker, WorkType

    from ollama_tui.domain.model import Model
    from ollama_tui.domain.storage.usage import Usage
    from ollama_tui.tui.app import OllamaTui
    from ollama_tui.tui.screens.main import MainScreen


class Frame:
    """Draws the lines that all screens have in common, on each that is open."""

    def __init__(self, main: MainScreen) -> None:
        self._main = main
        self.totals = Totals(main, main.tui, changed=self._draw_counted)
        self._shown: tuple[tuple[Sequence[Model], Usage | None], int] | None = None
        """The rows and what was known of the disk when their bytes were counted, and the bytes."""

    def _open(self) -> list[ActionScreen]:
        return [s for s in self._main.app.screen_stack if isinstance(s, ActionScreen)]

    def draw(self, screen: ActionScreen) -> None:
        """Draw the lines on one screen."""
        screen.show_lines("status", [self._status()])
        screen.show_lines("jobs", self._jobs())
        if screen.is_composed:
            screen.draw_footer()

    def draw_status(self) -> None:
        """Draw the status line."""
        line = self._status()
        for screen in self._open():
            screen.show_lines("status", [line])

    def _draw_counted(self) -> None:
        self.draw_status()
        self._main.details.draw()

    def draw_jobs(self) -> None:
        """Draw the jobs, what they add up to, and the keys: some act only while jobs run."""
        lines = self._jobs()
        for screen in self._open():
            screen.show_lines("jobs", lines)
            if screen.is_composed:
                screen.draw_footer()
        self.draw_status()

    def _status(self) -> StyledLine:
        main, tui = self._main, self._main.tui
        checking, measured = tui.checking, tui.measured
        by_key = main.snapshot.by_key
        totals = None
        if main.jobs:
            from ollama_tui.services.jobs.job import totals as totals_of

            totals = totals_of(main.jobs)
        facts = Facts(
            sums=self.totals.of(main.snapshot),
            shown=len(main.list_rows.rows),
            shown_bytes=self._bytes_shown() if main.view.filter else None,
            marked_bytes=self._taken_by([by_key[k] for k in main.view.marks if k in by_key]),
            disk_free=measured.free if measured else None,
            disk_size=measured.capacity if measured else None,
            memory=tui.memory,
            jobs=totals,
            outdated=len(main.updates.outdated),
            checking=f"checking {checking.done:,} of {checking.total:,}" if checking else "",
            read_only=tui.settings.read_only,
            age=_age_of(main.snapshot, main.now()),
        )
        return status_line(
            main.snapshot,
            main.view,
            facts,
            host="demo" if tui.settings.demo else tui.settings.host.label,
            signs=tui.signs,
            width=main.size.width,
        )

    def _bytes_shown(self) -> int:
        """Return what the rows take, counted once for the same rows."""
        of = self._main.list_rows.rows, self.totals.usage(self._main.snapshot)
        if self._shown is None or self._shown[0][0] is not of[0] or self._shown[0][1] is not of[1]:
            self._shown = of, self._taken_by(of[0])
        return self._shown[1]

    def _taken_by(self, models: Sequence[Model]) -> int:
        """Return the bytes that models take together; what they share counts once if known."""
        usage = self.totals.usage(self._main.snapshot)
        if usage is None:
            return sum([model.size for model in models if not model.is_cloud])
        return usage.taken_by({model.listed.name for model in models})

    def _jobs(self) -> list[StyledLine]:
        if not self._main.jobs:
            return []
        from ollama_tui.tui.widgets.job_rows import strip_lines

        return strip_lines(self._main.jobs, self._main.tui.signs, self._main.size.width)


def _age_of(snapshot: Snapshot, now: datetime) -> str:
    """Return how long ago a list that is only remembered was seen; empty where it is not known."""
    seen_at = snapshot.seen_at
    return age_text((now - seen_at).total_seconds()) if seen_at is not None else ""


COUNT_EVERY = 2.0
"""Seconds between two counts of what models share."""
MANY = 1000
"""Models from which on counting takes longer than drawing a frame: 10,000 take 60 ms."""


class Totals:
    """The sums of the newest list and measure of the disk; `changed` is called after a count."""

    def __init__(self, screen: Screen[None], tui: OllamaTui, changed: Callable[[], None]) -> None:
        self._screen = screen
        self._tui = tui
        self._changed = changed
        self._snapshot = Snapshot()
        self._measured: Usage | None = None
        self._sums: Sums | None = None
        self._usage: Usage | None = None
        self._counted: tuple[Model, ...] = ()
        """The list that `_usage` is about."""
        self._counted_at = float("-inf")
        self._later: Worker[None] | None = None

    def forget(self) -> None:
        """Start again, and count as soon as there is something to count."""
        self._sums = self._usage = None
        self._counted_at = float("-inf")

    def of(self, snapshot: Snapshot) -> Sums:
        """Return the sums of this list; what is taken alone is unknown until it was counted.

        It stays unknown while facts are missing, as long as the disk cannot be measured: models
        whose details are not known yet would be taken for models that share nothing.
        """
        before, measured = self._snapshot, self._tui.measured
        is_counted = snapshot.facts_to_fetch == before.facts_to_fetch and (
            _take_the_same(before.models, snapshot.models)
        )
        if self._sums is not None and is_counted and measured is self._measured:
            self._snapshot = snapshot
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

    def usage(self, snapshot: Snapshot) -> Usage | None:
        """Return what was counted of this list; None when that was not done yet."""
        if self._usage is not None and snapshot.models is not self._counted:
            before, now = (
                [m.listed for m in models] for models in (self._counted, snapshot.models)
            )
            if before != now:
                return None
            self._counted = snapshot.models  # compared once, not with each move of the cursor
        return self._usage

    def _count_soon(self) -> None:
        """Count after this frame, but not each time while facts are being learned."""
        wait = self._counted_at + COUNT_EVERY - self._tui.clock.seconds()
        if wait <= 0:
            self._counted_at = self._tui.clock.seconds()
            self._screen.call_after_refresh(self._count)
        elif self._later is None or self._later.is_finished:
            self._later = self._screen.run_worker(
                partial(self._count_later, wait), group="count", description="count"
            )

    async def _count_later(self, wait: float) -> None:
        await self._tui.clock.sleep(wait)
        self._count()

    def _count(self) -> None:
        """Count what is shared once; many models in a thread, while keys are answered."""
        services, snapshot = self._tui.services, self._snapshot
        if services is None:
            return
        usage = services.storage.known(snapshot.models)
        if usage.contents is None and snapshot.facts_to_fetch:
            return
        if len(snapshot.models) > MANY:
            work: WorkType[None] = partial(self._count_many, usage, snapshot)
            # Without a description, Textual makes one of all the arguments: 30 MB of models.
            self._screen.run_worker(work, group="count", description="count")
        else:
            self._take(usage, snapshot)

    async def _count_many(self, usage: Usage, snapshot: Snapshot) -> None:
        await asyncio.to_thread(usage.count)
        # Else it is counted again soon.
        if _take_the_same(self._snapshot.models, snapshot.models):
            self._take(usage, snapshot)

    def _take(self, usage: Usage, snapshot: Snapshot) -> None:
        self._sums = Sums(len(snapshot.models), usage.total, usage.unique.bytes)
        self._usage, self._counted = usage, usage.models
        self._changed()


LISTED, FACTS = attrgetter("listed"), attrgetter("facts")


def _take_the_same(some: Sequence[Model], others: Sequence[Model]) -> bool:
    """Whether two lists are of the same data: they may differ in what runs, and in notes."""
    return some is others or (
        len(some) == len(others)
        and all(map(is_, map(LISTED, some), map(LISTED, others)))
        and all(map(is_, map(FACTS, some), map(FACTS, others)))
    )
