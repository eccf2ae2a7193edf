"""Work done in rounds, one at a time: who asks during one shares the next with all who do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Rounds(Generic[T]):
    """Gives everybody the answer of a round that began no earlier than they asked.

    The one under way may be older than what the caller just changed.
    """

    def __init__(self, once: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._once = once
        self._round: asyncio.Task[T] | None = None
        self._next_round: asyncio.Task[T] | None = None

    async def answer(self) -> T:
        """Return the answer of the next round; it goes on for others when this caller leaves."""
        return await asyncio.shield(self._joined())

    def _joined(self) -> asyncio.Task[T]:
        if self._round is None or self._round.done():
            self._round = asyncio.ensure_future(self._once())
            return self._round
        if self._next_round is None or self._next_round.done():
            self._next_round = asyncio.ensure_future(self._after(self._round))
        return self._next_round

    async def _after(self, under_way: asyncio.Task[T]) -> T:
        await asyncio.wait([under_way])
        self._round, self._next_round = self._next_round, None
        return await self._once()
