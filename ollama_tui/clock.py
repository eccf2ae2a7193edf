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


@dataclass(frozen=True)
class Clock:
    """The three ways in which the program knows of time."""

    now: Callable[[], datetime] = utc_now
    """Time of day, timezone-aware."""
    seconds: Callable[[], float] = time.monotonic
    """A count that never goes back."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Waits that many seconds."""


MACHINE = Clock()
"""The real one."""
