"""A value that can be watched; a late reader gets the newest, never a backlog."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Observable(Generic[T]):
    """Holds one immutable value; `follow()` yields the newest whenever it has changed."""

    def __init__(self, value: T) -> None:
        self.value = value
        """The newest value; `set` publishes another."""
        self._version = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def set(self, value: T) -> None:
        """Publish `value`; an equal value is not news."""
        if value is self.value or value == self.value:
            return
        self.value = value
        self._version += 1
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

    async def follow(self) -> AsyncIterator[T]:
        """Yield the current value, then each newer one; values in between may be skipped."""
        seen = -1
        while True:
            if seen == self._version:
                future = asyncio.get_running_loop().create_future()
                self._waiting.add(future)
                try:
                    await future
                finally:
                    self._waiting.discard(future)
            seen = self._version
            yield self.value
