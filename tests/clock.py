"""A clock that only moves when a test says so: `Demo(pace=clock.sleep, now=clock.now)`."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TICK = 0.06
"""Seconds between two events of a stream."""
TURNS = 25
"""Turns of the event loop in which woken tasks get done what they can without waiting."""


class VirtualClock:
    """Virtual time: `sleep` waits until `advance` has passed its moment."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()

    @property
    def waiting(self) -> int:
        """How many wait for time to pass."""
        return sum(not future.done() for _, _, future in self._sleepers)

    def now(self) -> datetime:
        """Return the virtual time of day."""
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Return the virtual seconds, as `time.monotonic` does the real ones."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Wait that many virtual seconds."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.seconds + seconds, next(self._order), future))
        await future

    async def advance(self, seconds: float = TICK) -> None:
        """Let `seconds` pass, waking in order all whose moment comes, and let them work."""
        await settle()
        end = self.seconds + seconds
        while self._sleepers and self._sleepers[0][0] <= end + 1e-9:
            due, _, future = heapq.heappop(self._sleepers)
            self.seconds = max(self.seconds, due)  # later than due after `stand_still`
            if not future.done():
                future.set_result(None)
                await settle()
        self.seconds = max(self.seconds, end)

    def stand_still(self, seconds: float) -> None:
        """Let `seconds` pass in which nobody gets to work, as in a stopped process."""
        self.seconds += seconds

    async def finish(self, task: asyncio.Task[object], *, limit: float = 36_000.0) -> None:
        """Let time pass until `task` is done, at most `limit` virtual seconds."""
        end = self.seconds + limit
        await settle()
        while not task.done() and self.seconds < end:
            await self.advance()
        assert task.done(), "still not done"


async def settle() -> None:
    """Let every ready task run until it waits for time or for another."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def until(condition: Callable[[], object]) -> None:
    """Let others work until `condition` holds; for what a real socket takes unknown turns to do."""
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("never came true")


async def at_once(seconds: float) -> None:
    """Do not wait at all: for tests that only care for the order of events."""
    await asyncio.sleep(0)
