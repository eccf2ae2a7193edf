"""When the queue publishes, and writes its journal: at once for what matters, and at most so often
for mere progress."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING

from ollama_tui.services.jobs.job import State
from ollama_tui.services.jobs.record import JobRecord, kept_entries

if TYPE_CHECKING:
    from ollama_tui.services.jobs.entries import Entry
    from ollama_tui.services.jobs.journal import Journal

PUBLISH_EVERY = 0.1
"""Seconds between two publications of mere progress; the app draws them at its own, slower pace."""
PUBLISH_AT_LEAST_EVERY = 1.0
"""Seconds between two publications of what changes by itself: countdowns and stalls."""
WRITE_EVERY = 5.0
"""Seconds between two notes on disk of how far downloads are."""


class Publisher:
    """Calls `publish` when it is due; a bug in there goes to `report_bug`."""

    def __init__(
        self,
        publish: Callable[[float], None],
        report_bug: Callable[[BaseException], None],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._publish = publish
        self._report_bug = report_bug
        self._clock = clock
        self._sleep = sleep
        self._published = self._next_due = float("-inf")
        """When was published last, and when it is to be at the latest, whatever happens."""
        self.timer: asyncio.Task[None] | None = None
        """What waits for the next publication, if there is to be one."""
        self._soon_pending = False
        """Whether the timer runs for progress that is not published yet."""

    def publish(self) -> None:
        """Publish at once."""
        self._published = self._clock()
        self._publish(self._published)

    def publish_soon(self) -> None:
        """Publish as soon as the last publication is a tenth of a second old."""
        if self._soon_pending:  # nearly always: this is called with every event
            return
        now, due = self._clock(), self._published + PUBLISH_EVERY
        if now >= due:
            self.publish()
        else:
            self._start(min(due, self._next_due) - now)
            self._soon_pending = True

    def repeat(self, wanted: bool) -> None:
        """Publish once a second from now on, or no longer."""
        if not wanted:
            self._stop()
        elif self.timer is None:
            self._next_due = self._published + PUBLISH_AT_LEAST_EVERY
            self._start(PUBLISH_AT_LEAST_EVERY)

    def _start(self, wait: float) -> None:
        self._stop()
        self.timer = asyncio.create_task(self._tick(wait))
        self.timer.add_done_callback(self._ended)

    def _stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.timer, self._soon_pending = None, False

    async def _tick(self, wait: float) -> None:
        while True:
            await self._sleep(wait)
            self._soon_pending = False
            self.publish()
            if self._published >= self._next_due:
                self._next_due = self._published + PUBLISH_AT_LEAST_EVERY
            wait = self._next_due - self._published

    def _ended(self, timer: asyncio.Task[None]) -> None:
        if not timer.cancelled() and (bug := timer.exception()) is not None:
            self._report_bug(bug)


class JournalWriter:
    """Writes how jobs are into a journal, if there is one."""

    def __init__(self, journal: Journal | None, clock: Callable[[], float]) -> None:
        self._journal = journal
        self._clock = clock
        self._written = clock()
        self._joining: frozenset[int] = frozenset()
        """The jobs that another client would join, as is written down."""

    def write(self, records: Collection[JobRecord]) -> None:
        """Write at once."""
        if (journal := self._journal) is not None:
            self._written = self._clock()
            results, seen = journal.keeps_results, not journal.header.is_keeper
            journal.keep(kept_entries(records, self._written, results=results, seen=seen))

    def write_if_due(self, records: Collection[JobRecord], now: float) -> None:
        """Write what another process must know to join, and progress now and then."""
        running = [record for record in records if record.state is State.RUNNING]
        joining = frozenset(record.id for record in running if record.joins)
        if now >= self._written + WRITE_EVERY or joining != self._joining:
            self._joining = joining
            self.write(records)

    def remember(self, entries: Collection[Entry]) -> None:
        """Keep for a while which of these are over."""
        if self._journal is not None:
            self._journal.remember(entries)

    def close(self) -> None:
        """Leave what is unfinished to whoever comes next."""
        if self._journal is not None:
            self._journal.close()
