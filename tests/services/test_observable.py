"""A watchable value: a late reader gets the newest, never a backlog, and nothing is lost."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.services.observable import Observable


async def gather(live: Observable[int], until: int) -> list[int]:
    seen = []
    async for value in live.follow():
        seen.append(value)
        if value == until:
            return seen
    raise AssertionError("changes never end")


async def test_the_current_value_comes_first() -> None:
    assert await gather(Observable(7), 7) == [7]


async def test_a_slow_reader_gets_only_the_newest() -> None:
    live = Observable(0)
    reader = asyncio.ensure_future(gather(live, 9))
    await asyncio.sleep(0)
    for value in range(1, 10):
        live.set(value)
    assert await reader == [0, 9]


async def test_an_equal_value_is_no_news() -> None:
    live: Observable[tuple[int, ...]] = Observable((1,))
    changes = live.follow()
    assert await anext(changes) == (1,)
    waiting = asyncio.ensure_future(anext(changes))
    live.set((1,))
    await asyncio.sleep(0)
    assert not waiting.done()
    live.set((2,))
    assert await waiting == (2,)


async def test_every_reader_is_told() -> None:
    live = Observable(0)
    readers = [asyncio.ensure_future(gather(live, 1)) for _ in range(3)]
    await asyncio.sleep(0)
    live.set(1)
    assert await asyncio.gather(*readers) == [[0, 1]] * 3


async def test_a_reader_that_left_is_forgotten() -> None:
    live = Observable(0)
    reader = asyncio.ensure_future(gather(live, 9))
    await asyncio.sleep(0)
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    live.set(1)
    assert live._waiting == set()


@given(st.lists(st.integers(0, 3), max_size=30))
def test_what_is_read_is_a_subsequence_that_ends_with_the_last(values: list[int]) -> None:
    async def play() -> list[int]:
        live = Observable(-1)
        reader = asyncio.ensure_future(gather(live, 99))
        for value in [*values, 99]:
            live.set(value)
            if value % 2:
                await asyncio.sleep(0)
        return await reader

    seen = asyncio.run(play())
    rest = iter([-1, *values, 99])
    assert all(value in rest for value in seen)
    assert seen[-1] == 99
