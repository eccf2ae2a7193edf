"""A limit on how long somebody else may be silent, by whatever clock the caller goes by."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType

_HAIR = 1e-6
"""Seconds that are none: what is left of a sum of floats."""


class Watch:
    """Ends a block with TimeoutError when nothing is heard in it for too long.

    async with Watch(30, clock, sleep) as watch:
        async for piece in answer:
            watch.heard()

    `clock` and `sleep` count the same seconds; a limit of None is none.
    """

    def __init__(
        self,
        limit: float | None,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._limit = limit
        self._clock = clock
        self._sleep = sleep
        self._block = asyncio.timeout(None)
        self._due: float | None = None
        self._wakes = 0.0
        self._timer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Watch:
        await self._block.__aenter__()
        self.heard(self._limit)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()
        await self._block.__aexit__(kind, error, traceback)

    def heard(self, limit: float | None) -> None:
        """Begin anew: from now on, silence for `limit` seconds ends the block."""
        self._limit = limit
        self._end_at(None if limit is None else self._clock() + limit)

    def earn(self, seconds: float) -> None:
        """Put the end off by `seconds`, but never further than the limit from now."""
        if self._due is not None and self._limit is not None:
            self._end_at(min(self._due + seconds, self._clock() + self._limit))

    def _end_at(self, due: float | None) -> None:
        self._due = due
        if due is None:
            self._stop()
        elif self._timer is None or due < self._wakes:
            # A timer that wakes before that time looks again by itself: most words cost nothing.
            self._stop()
            self._wakes = due
            self._timer = asyncio.create_task(self._run_out())

    async def _run_out(self) -> None:
        while self._due is not None and (left := self._due - self._clock()) > _HAIR:
            self._wakes = self._due
            await self._sleep(left)
        self._timer = None
        self._block.reschedule(asyncio.get_running_loop().time())

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
