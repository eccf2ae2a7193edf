"""When a new picture of the jobs is published: at once, soon, or because a second has passed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Generic, TypeVar

from ollama_tui.services.observable import Observable

T = TypeVar("T")

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]

PUBLISH_EVERY = 0.1
"""Seconds between two pictures of mere progress."""
PULSE = 1.0
"""Seconds between two looks at the clock, for what changes by itself: countdowns and stalls."""

Timer = asyncio.Task[None]


class Publisher(Generic[T]):
    """Takes pictures with `take` and sets `live`; no timer runs unless told to `beat`.

    `crashed` is told of a bug in a timer.
    """

    def __init__(
        self,
        take: Callable[[], T],
        clock: Clock,
        sleep: Sleep,
        crashed: Callable[[BaseException], None],
    ) -> None:
        self.live = Observable(take())
        self._take = take
        self._crashed = crashed
        self._clock = clock
        self._sleep = sleep
        self._last = float("-inf")
        self._flushing: Timer | None = None
        self._beating: Timer | None = None

    @property
    def timers(self) -> list[Timer]:
        """The timers that run now."""
        return [timer for timer in (self._flushing, self._beating) if timer is not None]

    def now(self) -> None:
        """Publish at once."""
        self._last = self._clock()
        self.live.set(self._take())

    def soon(self) -> None:
        """Publish as soon as the last picture is a tenth of a second old."""
        if self._flushing is not None:
            return
        wait = self._last + PUBLISH_EVERY - self._clock()
        if wait <= 0:
            self.now()
        else:
            self._flushing = self._timer(self._flush_after(wait))

    def beat(self) -> None:
        """Publish every second from now on."""
        if self._beating is None:
            self._beating = self._timer(self._beat())

    def rest(self) -> None:
        """Stop all timers."""
        for timer in self.timers:
            timer.cancel()
        self._flushing = self._beating = None

    def _timer(self, work: Coroutine[None, None, None]) -> Timer:
        timer = asyncio.create_task(work)
        timer.add_done_callback(self._ended)
        return timer

    def _ended(self, timer: Timer) -> None:
        if not timer.cancelled() and (bug := timer.exception()) is not None:
            self._crashed(bug)

    async def _flush_after(self, seconds: float) -> None:
        await self._sleep(seconds)
        self._flushing = None
        self.now()

    async def _beat(self) -> None:
        while True:
            await self._sleep(PULSE)
            self.now()
