"""What we know of one server: the list, what runs, details by digest.

library = Library(Ollama("http://127.0.0.1:11434"))
await library.refresh()
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

from ollama_tui.api.errors import Busy, OllamaError, Refused
from ollama_tui.api.replies import ListedModel, RunningModel, Show
from ollama_tui.cache import Cache
from ollama_tui.catalog.model import Model
from ollama_tui.catalog.snapshot import Reach, Snapshot, combine, details_key
from ollama_tui.factbook import FactBook
from ollama_tui.live import Live

if TYPE_CHECKING:
    from ollama_tui.api.client import KeepAlive, Ollama

LEARNERS = 4
"""How many details are asked for at once in the background."""
LIST_FIRST = 0.1
"""Seconds the learners let pass when there is news, so that the list is drawn before they ask."""
OFFSCREEN_PAUSE = 0.05
"""Seconds a learner rests after each model that is not on the screen."""
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
    """Keeps one `Snapshot` up to date and publishes it as `live`."""

    def __init__(
        self,
        ollama: Ollama,
        *,
        cache: Cache | None = None,
        host_url: str = "",
        now: Callable[[], datetime] = _utc_now,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._ollama = ollama
        self._cache = cache
        self._host_url = host_url
        self._now = now
        self._sleep = sleep
        self._book = FactBook(cache)
        self._listed: tuple[ListedModel, ...] = cache.models(host_url) if cache else ()
        self._running: tuple[RunningModel, ...] = ()
        self._round: asyncio.Task[OllamaError | None] | None = None
        self._next_round: asyncio.Task[OllamaError | None] | None = None
        self._to_learn = asyncio.Event()
        self._learned = asyncio.Event()
        self._took = 0.0
        self.loading: Live[frozenset[str]] = Live(frozenset())
        """Names of the models that are being loaded for us."""
        self.live: Live[Snapshot] = Live(Snapshot())
        self._publish(self.snapshot)

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot."""
        return self.live.value

    async def refresh(self) -> Snapshot:
        """Ask for list and running models anew; return the snapshot that holds the answer.

        Calls made while a refresh is under way share the one that follows it, since the answer
        under way may be older than what the caller just changed. Raises OllamaError, after the
        snapshot says so too.
        """
        if (error := await asyncio.shield(self._next_refresh())) is not None:
            raise error
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

    def _next_refresh(self) -> asyncio.Task[OllamaError | None]:
        if self._round is None or self._round.done():
            self._round = asyncio.ensure_future(self._refresh_once())
            return self._round
        if self._next_round is None or self._next_round.done():
            self._next_round = asyncio.ensure_future(self._refresh_after(self._round))
        return self._next_round

    async def _refresh_after(
        self, under_way: asyncio.Task[OllamaError | None]
    ) -> OllamaError | None:
        await asyncio.wait([under_way])
        self._round, self._next_round = self._next_round, None
        return await self._refresh_once()

    async def _refresh_once(self) -> OllamaError | None:
        started = time.monotonic()
        try:
            listed, running, version = await asyncio.gather(
                self._ollama.list(), self._runners(), self._version()
            )
        except OllamaError as error:
            self._publish(replace(self.snapshot, reach=Reach.DOWN, problem=error))
            return error
        self._took = time.monotonic() - started
        self._keep(listed, running)
        self._publish(
            replace(
                self.snapshot,
                running=running,
                version=version,
                reach=Reach.UP,
                problem=None,
                fetched_at=self._now(),
            )
        )
        return None

    async def _runners(self) -> tuple[RunningModel, ...]:
        """Return the running models; none where the server does not tell: the list matters more."""
        try:
            return await self._ollama.running()
        except Refused:
            return ()

    async def _version(self) -> str:
        """Return the server's version, asked for anew when the server is new or was away."""
        if self.snapshot.reach is Reach.UP:
            return self.snapshot.version
        try:
            return await self._ollama.version()
        except Refused:
            return ""

    def _keep(self, listed: tuple[ListedModel, ...], running: tuple[RunningModel, ...]) -> None:
        self._running = running
        if listed != self._listed:
            self._listed = listed
            if self._cache:
                self._cache.keep_models(self._host_url, listed)
        if self._book.want(listed):
            self._to_learn.set()

    def _publish(self, snapshot: Snapshot) -> None:
        models = combine(self._listed, self._running, self._book.facts)
        if models == self.snapshot.models:
            models = self.snapshot.models
        unlearned = sum(1 for m in models if m.capabilities is None and not m.is_answered_in_cloud)
        self.live.set(replace(snapshot, models=models, unlearned=unlearned))

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
        loops = [self._poll(), self._publish_learned(), *(self._learn() for _ in range(LEARNERS))]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(loop) for loop in loops]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                self._book.save()

    async def _poll(self) -> None:
        failures = 0
        while True:
            if await asyncio.shield(self._next_refresh()) is None:
                failures = 0
                pause = max(POLL_EVERY, POLL_SHARE * self._took)
            else:
                pause = RETRY_PAUSES[min(failures, len(RETRY_PAUSES) - 1)]
                failures += 1
            await self._sleep(pause)

    async def _learn(self) -> None:
        while True:
            if self.snapshot.reach is not Reach.UP or (listed := self._book.take()) is None:
                self._to_learn.clear()
                await self._to_learn.wait()
                await self._sleep(LIST_FIRST)
                continue
            try:
                self._book.learn(listed.digest, await self._ollama.show(listed.name))
                self._learned.set()
            except Refused as error:
                if not isinstance(error, Busy):  # a busy server is asked again
                    self._book.give_up(listed.digest)
            except OllamaError:
                self._to_learn.clear()  # the next successful refresh queues it again
                await self._to_learn.wait()
            if not self._book.is_preferred(listed):
                await self._sleep(OFFSCREEN_PAUSE)

    async def _publish_learned(self) -> None:
        while True:
            await self._learned.wait()
            self._learned.clear()
            self._publish(self.snapshot)
            self._book.save_now_and_then()
            await self._sleep(PUBLISH_EVERY + PUBLISH_EACH * len(self._listed))
