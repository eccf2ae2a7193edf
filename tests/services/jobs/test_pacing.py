"""Fast streams are read now and then, slow ones at once; nothing is lost or changes its place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.services.jobs.pacing import GATHER_FOR, paced
from tests.clock import VirtualClock


class Network:
    """Has the chunks of a stream: what has gathered comes at once, the next when it is time."""

    def __init__(self, time: VirtualClock, arrivals: list[float]) -> None:
        self.time = time
        self.arrivals = arrivals
        self.waits = 0
        """How often the reader had to wait for the next chunk."""

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the number of each chunk."""
        for number, at in enumerate(self.arrivals):
            if at > self.time.seconds:
                self.waits += 1
                self.time.seconds = at
            yield b"%d" % number


def read(network: Network) -> tuple[list[bytes], list[float]]:
    """Return what is read, and when each of it is."""

    async def sleep(seconds: float) -> None:
        network.time.seconds += seconds

    async def reading() -> tuple[list[bytes], list[float]]:
        chunks, moments = [], []
        async for chunk in paced(network.chunks(), network.time.monotonic, sleep):
            chunks.append(chunk)
            moments.append(network.time.seconds)
        return chunks, moments

    return asyncio.run(reading())


def every(seconds: float, count: int) -> list[float]:
    return [seconds * (number + 1) for number in range(count)]


def test_a_fast_stream_is_waited_for_a_few_times_a_second() -> None:
    network = Network(VirtualClock(), every(0.005, 1000))
    assert len(read(network)[0]) == 1000
    assert network.waits < 1.2 * 5 / GATHER_FOR


def test_a_stream_as_slow_as_ollamas_own_is_read_as_it_comes() -> None:
    arrivals = every(0.06, 100)
    assert read(Network(VirtualClock(), arrivals))[1] == arrivals


def test_after_a_fast_stream_has_become_slow_it_is_read_as_it_comes() -> None:
    slow = [10 + at for at in every(1.0, 10)]
    assert read(Network(VirtualClock(), every(0.001, 500) + slow))[1][-9:] == slow[-9:]


@given(st.lists(st.floats(0, 1), max_size=60))
def test_every_chunk_comes_in_its_place_and_soon(pauses: list[float]) -> None:
    arrivals = [sum(pauses[: n + 1]) for n in range(len(pauses))]
    chunks, moments = read(Network(VirtualClock(), arrivals))
    assert chunks == [b"%d" % number for number in range(len(pauses))]
    late: Callable[[int], float] = lambda n: moments[n] - arrivals[n]  # noqa: E731
    assert all(late(n) <= GATHER_FOR + 1e-9 for n in range(len(pauses)))


async def test_an_error_of_a_stream_is_passed_on() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"1"
        raise ConnectionResetError

    chunks = paced(broken(), VirtualClock().monotonic, VirtualClock().sleep)
    assert await anext(chunks) == b"1"
    with pytest.raises(ConnectionResetError):
        await anext(chunks)
