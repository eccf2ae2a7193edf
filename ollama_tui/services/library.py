"""What we know of one server: the models listed, those that run, and facts about each.

library = Library(Ollama("http://127.0.0.1:11434"))
await library.learn()
for model in library.snapshot.able("vision", "tools"):
    print(model.name)
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from ollama_tui.api.clock import Clock, utc_now
from ollama_tui.api.errors import NotOllama, OllamaError, Refused
from ollama_tui.api.replies import Answers, ListedModel, RunningModel
from ollama_tui.domain.last_runs import LastRuns
from ollama_tui.domain.memory.seen import SeenMemory
from ollama_tui.domain.model import ConnectionState, Model, ModelKey, Snapshot
from ollama_tui.services.model_facts import CONCURRENT_SHOWS, ModelFacts
from ollama_tui.services.observable import Observable

if TYPE_CHECKING:
    from ollama_tui.api.client import KeepAlive, Ollama
    from ollama_tui.domain.memory.available import AvailableMemory
    from ollama_tui.domain.notes import Note
    from ollama_tui.services.cache import Cache
    from ollama_tui.services.notes import Notes

PUBLISH_EVERY = 0.5
"""Seconds between snapshots while learning, so that 10,000 facts are not 10,000 redraws."""
PUBLISH_PER_MODEL = 0.00025
"""Seconds more for each model listed: putting them together takes longer the more there are."""
RETRY_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between attempts while the server does not answer; the last one repeats."""
POLL_EVERY = 10.0
"""Seconds between quiet refreshes that notice changes made elsewhere."""
POLL_FACTOR = 50.0
"""A quiet refresh waits at least this many times as long as the last one took."""

T = TypeVar("T")
Refresh = asyncio.Task[OllamaError | None]
"""Ends with what went wrong, if anything did."""


class Library:
    """Keeps one `Snapshot` up to date and publishes it as `snapshots`.

    `answers` is what the server has answered already: then the first refresh is not at once.
    Otherwise it begins with what `snapshots` holds, or with the list in `cache`. The models have
    what the user keeps in `notes`.
    """

    def __init__(
        self,
        ollama: Ollama,
        *,
        cache: Cache | None = None,
        host_url: str = "",
        snapshots: Observable[Snapshot] | None = None,
        answers: Answers | None = None,
        notes: Notes | None = None,
        now: Callable[[], datetime] = utc_now,
        seconds: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._ollama = ollama
        self._cache = cache
        self._host_url = host_url
        self._notes = notes
        self._noted: tuple[object, object, dict[str, Note]] = (None, None, {})
        """The notes by the names of the list, with what they were made of."""
        self._now = now
        self._seconds = seconds
        self._sleep = sleep
        self._refreshing: Refresh | None = None
        self._queued: Refresh | None = None
        self._last_refresh_seconds = 0.0
        self._memory: AvailableMemory | None = None
        self.facts = ModelFacts(ollama.show, cache, show_verbose=ollama.show_verbose, sleep=sleep)
        """What show says of the models."""
        self.loading: Observable[frozenset[ModelKey]] = Observable(frozenset())
        """The models that are being loaded for us."""
        remembered_runs = cache.last_runs(host_url) if cache else None
        self._last_runs = remembered_runs or LastRuns(since=now())
        """When each model ran last, as far as it was seen."""
        self.seen_memory = Observable(SeenMemory(0))
        """What its models were seen to take of its GPUs since then."""
        self._seen_running_at = now()
        """When the running models were asked for last."""
        if snapshots is None:
            remembered = cache.models(host_url) if cache else ()
            snapshots = Observable(Snapshot().with_list(remembered, (), self.facts.by_digest))
        self.snapshots = snapshots
        """The newest snapshot."""
        self._listed: tuple[ListedModel, ...] = tuple(m.listed for m in self.snapshot.models)
        self._running: tuple[RunningModel, ...] = self.snapshot.running
        # Answers that came before this object are not in the cache yet.
        answered = self.snapshot.state is ConnectionState.UP
        self._cached = None if answered else self._listed
        if answers is not None:
            self._apply(answers)

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot."""
        return self.snapshots.value

    async def refresh(self) -> Snapshot:
        """Ask for list, running models and version; return the snapshot that holds the answer.

        Calls made while a refresh is under way share the one that follows it, since the answer
        under way may be older than what the caller just changed. Raises OllamaError, after the
        snapshot says so too.
        """
        if (error := await self._next_refresh()) is not None:
            raise error
        return self.snapshot

    async def _next_refresh(self) -> OllamaError | None:
        """Return how a refresh ended that began no earlier than now.

        It goes on for others when this caller leaves.
        """
        if self._refreshing is None or self._refreshing.done():
            task = self._refreshing = asyncio.create_task(self._refresh_once())
        elif self._queued is None or self._queued.done():
            task = self._queued = asyncio.create_task(self._refresh_after(self._refreshing))
        else:
            task = self._queued
        return await asyncio.shield(task)

    async def _refresh_after(self, under_way: Refresh) -> OllamaError | None:
        await asyncio.wait([under_way])
        self._refreshing, self._queued = self._queued, None
        return await self._refresh_once()

    async def _refresh_once(self) -> OllamaError | None:
        started = self._seconds()
        try:
            answers = await answers_of(self._ollama)
        except OllamaError as error:
            self.facts.pause_learning()
            self._publish(replace(self.snapshot, state=ConnectionState.DOWN, problem=error))
            return error
        self._last_refresh_seconds = self._seconds() - started
        self._apply(answers)
        return None

    def _apply(self, answers: Answers) -> None:
        """Remember and publish what the server says now."""
        self._note_running(answers.running)
        if answers.listed != self._listed:  # an equal one would be kept beside that of the models
            self._listed = answers.listed
        if self._cache and self._listed != self._cached:
            self._cached = self._listed
            self._cache.keep_models(self._host_url, self._listed)
        self.facts.use_server_version(answers.version)
        self.facts.queue_unknown(self._listed)
        self._publish(self.snapshot.answered(answers, self._now()))

    def _publish(self, snapshot: Snapshot) -> None:
        facts = self.facts
        snapshot = snapshot.with_list(
            self._listed,
            self._running,
            facts.by_digest,
            facts.pending,
            self._last_runs,
            self._memory,
            self._notes_by_name(),
        )
        self.snapshots.set(snapshot)

    def _notes_by_name(self) -> dict[str, Note]:
        """Return the notes by the names of the list, made once: to compare names takes long."""
        known = self._notes.known.value if self._notes is not None else None
        if known is not None and not (self._noted[0] is self._listed and self._noted[1] is known):
            self._noted = self._listed, known, known.by_name(self._listed)
        return self._noted[2]

    async def _publish_notes(self) -> None:
        """Publish the list again whenever notes have changed."""
        if self._notes is not None:
            async for known in self._notes.known.follow():
                if known is not self._noted[1]:
                    before = self._noted[2]
                    if self._notes_by_name() != before:
                        self._publish(self.snapshot)

    def _note_running(self, running: tuple[RunningModel, ...]) -> None:
        """Take over what runs now; note and keep when something began to run, or had run last."""
        before, seen_at = self._running, self._seen_running_at
        self._running, self._seen_running_at = running, self._now()
        old, new = {r.digest for r in before}, {r.digest for r in running}
        ended = [r for r in before if r.digest not in new]
        runs = self._last_runs.with_running(ended, seen_at)
        begun = [r for r in running if r.digest not in old or r.digest not in runs.by_digest]
        self._keep_runs(runs.with_running(begun, self._seen_running_at))
        self.seen_memory.set(self.seen_memory.value.with_running(running))

    def _keep_runs(self, runs: LastRuns) -> None:
        if runs is not self._last_runs:
            self._last_runs = runs
            if self._cache:
                self._cache.keep_last_runs(self._host_url, runs)

    @asynccontextmanager
    async def telling_memory(
        self, memory: Observable[AvailableMemory | None]
    ) -> AsyncIterator[None]:
        """Say of each model what memory its server has while the block runs."""

        async def follow() -> None:
            async for available in memory.follow():
                if available != self._memory:
                    self._memory = available
                    self._publish(self.snapshot)

        async with asyncio.TaskGroup() as group:
            task = group.create_task(follow())
            try:
                yield
            finally:
                task.cancel()

    async def learn(self) -> Snapshot:
        """Refresh, then ask for what the list does not tell of each model, until all is known.

        `watching` does so little by little. Raises OllamaError.
        """
        await self.refresh()
        await self.facts.fetch_all()
        self._publish(self.snapshot)
        return self.snapshot

    async def refresh_running(self) -> None:
        """Ask for the running models only; raises OllamaError and then changes nothing."""
        running = await self._ollama.running()
        if running != self._running:
            self._note_running(running)
            self._publish(replace(self.snapshot, running=running))

    async def load(
        self, model: Model, *, keep_alive: KeepAlive = None, embedding: bool = False
    ) -> None:
        """Load a model, or change how long it stays; it is in `loading` until that is done.

        Takes up to minutes. Raises OllamaError.
        """
        self.loading.set(self.loading.value | {model.key})
        runner = model.asked_runner
        try:
            await self._ollama.load(
                model.name, keep_alive=keep_alive, embedding=embedding, runner=runner
            )
        finally:
            self.loading.set(self.loading.value - {model.key})

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Keep the snapshot fresh and learn facts in the background while the block runs.

        A refresh still under way at the end is cancelled, and with it whoever waits for it.
        """
        loops = [
            self._poll(),
            self._publish_facts(),
            self._publish_notes(),
            *[self.facts.run_learner() for _ in range(CONCURRENT_SHOWS)],
        ]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(loop) for loop in loops]
            try:
                yield
            finally:
                refreshes = [task for task in (self._refreshing, self._queued) if task is not None]
                for task in (*tasks, *refreshes):
                    task.cancel()
                self.facts.save()
                if self._cache and self.snapshot.fetched_at is not None:
                    self._cache.keep_seen(self._host_url, self.snapshot.fetched_at)
                # What runs on may have ended before it is looked at again.
                seen_at = self._seen_running_at
                self._keep_runs(self._last_runs.with_running(self._running, seen_at))
                await asyncio.gather(*refreshes, return_exceptions=True)

    async def _poll(self) -> None:
        if self.snapshot.state is ConnectionState.UP:
            await self._sleep(POLL_EVERY)
        failures = 0
        while True:
            if await self._next_refresh() is None:
                failures = 0
                pause = max(POLL_EVERY, POLL_FACTOR * self._last_refresh_seconds)
            else:
                pause = RETRY_PAUSES[min(failures, len(RETRY_PAUSES) - 1)]
                failures += 1
            await self._sleep(pause)

    async def _publish_facts(self) -> None:
        while True:
            await self.facts.wait_for_change()
            self._publish(self.snapshot)
            self.facts.save_now_and_then()
            pause = PUBLISH_EVERY + PUBLISH_PER_MODEL * len(self._listed)
            await Clock(sleep=self._sleep).within(pause, self.facts.wait_for_view())


async def answers_of(ollama: Ollama) -> Answers:
    """Ask a server for its list, running models and version at once; raises OllamaError.

    One that refuses the last two is believed for the list, which matters more.
    """

    async def unless_refused(answer: Awaitable[T], otherwise: T) -> T:
        try:
            return await answer
        except (Refused, NotOllama):
            return otherwise

    running, version = ollama.running(), ollama.version()
    answers = await asyncio.gather(
        ollama.list(), unless_refused(running, ()), unless_refused(version, "")
    )
    return Answers(*answers)
