"""What we know of one server: the list, what runs, details by digest.

library = Library(Ollama("http://127.0.0.1:11434"))
await library.learn()
for model in library.snapshot.able("vision", "tools"):
    print(model.name)
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ollama_tui.api.errors import NotOllama, OllamaError, Refused
from ollama_tui.api.replies import Answers, ListedModel, RunningModel, Show
from ollama_tui.domain.model import Model
from ollama_tui.domain.snapshot import Reach, Snapshot, details_key
from ollama_tui.services.cache import Cache
from ollama_tui.services.learning import AT_ONCE, Learners, learn_all
from ollama_tui.services.model_facts import FactBook
from ollama_tui.services.observable import Observable
from ollama_tui.services.rounds import Rounds

if TYPE_CHECKING:
    from ollama_tui.api.client import KeepAlive, Ollama

DETAILS_KEPT = 64
"""How many models' full details stay in memory."""
PUBLISH_EACH = 0.00025
"""Seconds more for each model listed: arranging them anew takes as long as there are many."""
PUBLISH_EVERY = 0.5
"""Seconds between snapshots while learning, so that 10,000 facts are not 10,000 redraws."""
RETRY_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between attempts while the server does not answer; the last one repeats."""
POLL_EVERY = 10.0
"""Seconds between quiet refreshes that notice changes made elsewhere."""
POLL_SHARE = 50.0
"""A quiet refresh waits at least this many times as long as the last one took."""

Sleep = Callable[[float], Awaitable[None]]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Library:
    """Keeps one `Snapshot` up to date and publishes it as `live`.

    `first` is what the server has answered already: then the first refresh is not at once.
    """

    def __init__(
        self,
        ollama: Ollama,
        *,
        cache: Cache | None = None,
        host_url: str = "",
        first: Answers | None = None,
        now: Callable[[], datetime] = _utc_now,
        seconds: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._ollama = ollama
        self._cache = cache
        self._host_url = host_url
        self._now = now
        self._seconds = seconds
        self._sleep = sleep
        self._book = FactBook(cache)
        self._listed: tuple[ListedModel, ...] = cache.models(host_url) if cache else ()
        self._running: tuple[RunningModel, ...] = ()
        self._rounds = Rounds(self._refresh_once)
        self._learners = Learners(self._book, ollama.show, is_up=self._is_up, sleep=sleep)
        self._took = 0.0
        self.loading: Observable[frozenset[str]] = Observable(frozenset())
        """Names of the models that are being loaded for us."""
        self.snapshots: Observable[Snapshot] = Observable(Snapshot())
        if first is not None:
            self._take(first)
        else:
            self._publish(self.snapshot)

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot."""
        return self.snapshots.value

    def _is_up(self) -> bool:
        return self.snapshot.reach is Reach.UP

    async def refresh(self) -> Snapshot:
        """Ask for list and running models anew; return the snapshot that holds the answer.

        Calls made while a refresh is under way share the one that follows it, since the answer
        under way may be older than what the caller just changed. Raises OllamaError, after the
        snapshot says so too.
        """
        if (error := await self._rounds.answer()) is not None:
            raise error
        return self.snapshot

    async def learn(self) -> Snapshot:
        """Refresh, then ask for what the list does not tell of each model, until all is known.

        `watching` does so little by little. Raises OllamaError.
        """
        await self.refresh()
        await learn_all(self._book, self._ollama.show)
        self._publish(self.snapshot)
        return self.snapshot

    async def refresh_running(self) -> None:
        """Ask for the running models only; raises OllamaError and then changes nothing."""
        running = await self._ollama.running()
        if running != self._running:
            self._running = running
            self._publish(replace(self.snapshot, running=running))

    async def load(
        self, name: str, *, keep_alive: KeepAlive = None, embedding: bool = False
    ) -> None:
        """Load a model, or change how long it stays; it is in `loading` until that is done.

        Takes up to minutes. Raises OllamaError.
        """
        self.loading.set(self.loading.value | {name})
        try:
            await self._ollama.load(name, keep_alive=keep_alive, embedding=embedding)
        finally:
            self.loading.set(self.loading.value - {name})

    async def _refresh_once(self) -> OllamaError | None:
        started = self._seconds()
        try:
            answers = await asyncio.gather(self._ollama.list(), self._runners(), self._version())
        except OllamaError as error:
            self._publish(replace(self.snapshot, reach=Reach.DOWN, problem=error))
            return error
        self._took = self._seconds() - started
        self._take(Answers(*answers))
        return None

    async def _runners(self) -> tuple[RunningModel, ...]:
        """Return the running models; none where the server does not tell: the list matters more."""
        try:
            return await self._ollama.running()
        except (Refused, NotOllama):
            return ()

    async def _version(self) -> str:
        """Return the server's version, asked for anew when the server is new or was away."""
        if self._is_up():
            return self.snapshot.version
        try:
            return await self._ollama.version()
        except (Refused, NotOllama):
            return ""

    def _take(self, answers: Answers) -> None:
        """Keep and publish what the server says now."""
        self._running = answers.running
        if answers.listed != self._listed:
            self._listed = answers.listed
            if self._cache:
                self._cache.keep_models(self._host_url, answers.listed)
        if self._book.want(answers.listed):
            self._learners.wake()
        self._publish(self.snapshot.answered(answers, self._now()))

    def _publish(self, snapshot: Snapshot) -> None:
        self.snapshots.set(snapshot.with_list(self._listed, self._running, self._book.facts))

    async def details(self, model: Model) -> Show:
        """Return everything show says of `model`, from memory or disk when its digest is known.

        Raises OllamaError. Cloud stubs under a cloud name are answered by ollama.com, so ask for
        those only when a person wants them.
        """
        show = self.snapshot.show(model) or self._remembered(model)
        if show is None:
            show = await self._ollama.show(model.name)
            if self._cache:
                self._cache.keep_details(model.digest, show)
        self._book.learn(model.digest, show)
        kept = {k: v for k, v in self.snapshot.details.items() if k != details_key(model)}
        kept[details_key(model)] = show
        for oldest in list(kept)[:-DETAILS_KEPT]:
            del kept[oldest]
        self._publish(replace(self.snapshot, details=kept))
        return show

    def _remembered(self, model: Model) -> Show | None:
        return self._cache.details(model.digest) if self._cache else None

    def prefer(self, models: Iterable[Model]) -> None:
        """Learn about these models first: they are on the screen."""
        self._book.prefer(model.digest for model in models)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Keep the snapshot fresh and learn facts in the background while the block runs."""
        learners = [self._learners.learn() for _ in range(AT_ONCE)]
        loops = [self._poll(), self._publish_learned(), *learners]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(loop) for loop in loops]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                self._book.save()

    async def _poll(self) -> None:
        if self._is_up():
            await self._sleep(POLL_EVERY)
        failures = 0
        while True:
            if await self._rounds.answer() is None:
                failures = 0
                pause = max(POLL_EVERY, POLL_SHARE * self._took)
            else:
                pause = RETRY_PAUSES[min(failures, len(RETRY_PAUSES) - 1)]
                failures += 1
            await self._sleep(pause)

    async def _publish_learned(self) -> None:
        while True:
            await self._learners.news()
            self._publish(self.snapshot)
            self._book.save_now_and_then()
            await self._sleep(PUBLISH_EVERY + PUBLISH_EACH * len(self._listed))
