"""The clock the program reads, the machine's or a test's, and a watchdog that uses it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import TracebackType

_ROUNDING = 1e-6
"""Tolerance for float rounding, in seconds."""


def utc_now() -> datetime:
    """Return the time of day, timezone-aware."""
    return datetime.now(UTC)


_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux stops its monotonic clock while the machine is suspended, macOS does not."""


@dataclass(frozen=True)
class Clock:
    """The functions by which the program reads the time and waits."""

    now: Callable[[], datetime] = utc_now
    """Time of day, timezone-aware."""
    seconds: Callable[[], float] = time.monotonic
    """Monotonic seconds."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Wait that many seconds."""
    uptime: Callable[[], float] | None = None
    """As `seconds`, but counting while the machine is suspended too; None for `seconds`."""

    async def within(self, seconds: float, awaited: Awaitable[object]) -> bool:
        """Wait for `awaited`, at most `seconds`; return whether it finished."""
        work, limit = asyncio.ensure_future(awaited), asyncio.ensure_future(self.sleep(seconds))
        try:
            await asyncio.wait([work, limit], return_when=asyncio.FIRST_COMPLETED)
            return work.done()
        finally:
            work.cancel()
            limit.cancel()


MACHINE = Clock(uptime=partial(time.clock_gettime, _BOOTTIME))
"""The machine's own clock."""


class Watchdog:
    """Ends a block with TimeoutError unless it is restarted before its limit runs out.

        async with Watchdog(30, clock.seconds, clock.sleep) as watchdog:
            async for chunk in response:
                watchdog.restart(30)

    The limit is in seconds, counted by `clock` and waited for by `sleep`; None is no limit.
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

    async def __aenter__(self) -> Watchdog:
        await self._block.__aenter__()
        self.restart(self._limit)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()
        await self._block.__aexit__(kind, error, traceback)

    def restart(self, limit: float | None) -> None:
        """Start over: the block ends `limit` seconds from now."""
        self._limit = limit
        self._end_at(None if limit is None else self._clock() + limit)

    def extend(self, seconds: float) -> None:
        """Postpone the end by `seconds`, to at most the limit from now."""
        if self._due is not None and self._limit is not None:
            self._end_at(min(self._due + seconds, self._clock() + self._limit))

    def _end_at(self, due: float | None) -> None:
        self._due = due
        if due is None:
            self._stop()
        elif self._timer is None or due < self._wakes:
            # An earlier timer re-checks when it fires, so a restart rarely needs a new one.
            self._stop()
            self._wakes = due
            self._timer = asyncio.create_task(self._wait())

    async def _wait(self) -> None:
        while self._due is not None and (left := self._due - self._clock()) > _ROUNDING:
            self._wakes = self._due
            await self._sleep(left)
        self._timer = None
        self._block.reschedule(asyncio.get_running_loop().time())

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
