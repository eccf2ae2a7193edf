"""Where time comes from: the machine, or a test."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the time of day, timezone-aware."""
    return datetime.now(UTC)


_WITH_SLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux stops its monotonic clock while the machine is suspended, macOS does not."""


def uptime() -> float:
    """Return seconds since the machine was started, also those in which it was suspended."""
    return time.clock_gettime(_WITH_SLEEP)


@dataclass(frozen=True)
class Clock:
    """The four ways in which the program knows of time."""

    now: Callable[[], datetime] = utc_now
    """Time of day, timezone-aware."""
    seconds: Callable[[], float] = time.monotonic
    """A count that never goes back."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Waits that many seconds."""
    uptime: Callable[[], float] | None = None
    """As `seconds`, but it surely goes on while the machine is suspended; None for `seconds`."""

    async def within(self, seconds: float, awaited: Awaitable[object]) -> bool:
        """Wait for `awaited`, at most `seconds`; return whether it came to its end."""
        work, limit = asyncio.ensure_future(awaited), asyncio.ensure_future(self.sleep(seconds))
        try:
            await asyncio.wait([work, limit], return_when=asyncio.FIRST_COMPLETED)
            return work.done()
        finally:
            work.cancel()
            limit.cancel()


MACHINE = Clock(uptime=uptime)
"""The real one."""
