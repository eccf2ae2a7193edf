"""Reading a stream of events that come faster than anyone looks at them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

GATHER_FOR = 0.1
"""Seconds for which the events of a fast stream gather before they are read."""
FAST = 4
"""Events in that time which make a stream fast; Ollama's own progress comes 16 times a second."""
WAITED = 0.0005
"""Seconds that no event takes which is there already."""


async def paced(
    events: AsyncIterator[T],
    clock: Callable[[], float],
    sleep: Callable[[float], Awaitable[object]],
) -> AsyncIterator[T]:
    """Yield all events in order, but do not go back to the network for each of a fast stream.

    To be woken, to read a few bytes and to wait again costs more than all else that is done with
    an event. Between two readings what comes gathers in the socket, to be read in one go. Each
    stream has moments of its own: what several have gathered would hold up a key for longer. What
    a slow stream says comes at once, and the end of a fast one at most `GATHER_FOR` late.
    """
    since, count = clock(), 0
    while True:
        asked = clock()
        try:
            event = await anext(events)
        except StopAsyncIteration:
            return
        came = clock()
        count += 1
        yield event
        if came - asked < WAITED:  # it was there: what else is there comes first
            continue
        elapsed = came - since
        is_fast = count >= FAST and count * GATHER_FOR >= FAST * elapsed
        if is_fast or elapsed > GATHER_FOR:
            since, count = came, 0
        if is_fast:
            await sleep(GATHER_FOR)
