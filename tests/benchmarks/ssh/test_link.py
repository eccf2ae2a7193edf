"""A slow link is as slow as it says, and loses nothing."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from tests.benchmarks.ssh.link import PIECE, Arrival, Direction, Relay, read_journal, segmented
from tests.clock import VirtualClock, until

RATE, DELAY = 20_000, 0.1


class Source:
    """What is sent: received piece by piece, as from a socket."""

    def __init__(self, *, endless: bool = False) -> None:
        self.taken = 0
        self._endless = endless
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()

    def put(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._queue.put_nowait(piece)

    async def receive(self, most: int) -> bytes:
        piece = bytes(most) if self._endless else await self._queue.get()
        assert len(piece) <= most
        self.taken += len(piece)
        return piece


class Far:
    """The other end: what arrived, and when."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.arrived: list[tuple[float, bytes]] = []

    async def send(self, data: bytes) -> None:
        self.arrived.append((self._clock.seconds, data))


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def link(clock: VirtualClock) -> Direction:
    return Direction(RATE, DELAY, clock.monotonic, clock.sleep)


async def test_a_key_arrives_after_the_delay(clock: VirtualClock, link: Direction) -> None:
    source, far = Source(), Far(clock)
    carrying = asyncio.create_task(link.carry(source.receive, far.send))
    source.put(b"k" * 40)
    await clock.advance(0.101)
    assert far.arrived == []
    await clock.advance(0.002)
    [(at, data)] = far.arrived
    assert at == pytest.approx(0.1 + 40 / RATE)
    assert data == b"k" * 40
    source.put(b"")
    await clock.finish(carrying)


async def test_much_arrives_in_order_at_the_rate(clock: VirtualClock, link: Direction) -> None:
    source, far = Source(), Far(clock)
    sent = [bytes([number]) * PIECE for number in range(100)]
    source.put(*sent, b"")
    await clock.finish(asyncio.create_task(link.carry(source.receive, far.send)))
    assert [data for _, data in far.arrived] == sent
    for number, (at, _) in enumerate(far.arrived, start=1):
        assert at == pytest.approx(number * PIECE / RATE + DELAY)


async def test_silence_earns_no_credit(clock: VirtualClock, link: Direction) -> None:
    source, far = Source(), Far(clock)
    carrying = asyncio.create_task(link.carry(source.receive, far.send))
    await clock.advance(60)
    source.put(*[b"x" * PIECE] * 3, b"")
    await clock.finish(carrying)
    first, _, last = (at for at, _ in far.arrived)
    assert last - first == pytest.approx(2 * PIECE / RATE)


async def test_who_sends_too_much_is_held_back(clock: VirtualClock, link: Direction) -> None:
    source = Source(endless=True)
    carrying = asyncio.create_task(link.carry(source.receive, Far(clock).send))
    await clock.advance(1.0)
    assert RATE - PIECE < source.taken <= RATE + PIECE
    carrying.cancel()
    with suppress(asyncio.CancelledError):
        await carrying


async def test_a_relay_loses_nothing_and_counts_both_directions(tmp_path: Path) -> None:
    said = bytes(range(256)) * 400

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(len(said)))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    journal = tmp_path / "journal"
    relay = Relay(server.sockets[0].getsockname()[1], 1e9, 0.0, journal)
    with segmented() as listener:
        serving = asyncio.create_task(relay.serve(listening(listener)))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(said)
        assert await reader.read(-1) == said
        writer.close()
        await writer.wait_closed()
        await until(lambda: len(read_journal(journal.read_text())) > 0)
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
    relay.close()
    server.close()
    arrivals = read_journal(journal.read_text())
    for end in ("client", "server"):
        assert sum(arrival.size for arrival in arrivals if arrival.end == end) == len(said)


def listening(listener: socket.socket) -> socket.socket:
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    listener.setblocking(False)
    return listener


def test_a_journal_is_read_up_to_the_line_that_is_being_written() -> None:
    arrivals = [Arrival(12.25, "client", 1448), Arrival(12.5, "server", 36)]
    text = "".join(arrival.line for arrival in arrivals)
    assert read_journal(text) == arrivals
    assert read_journal(text[:-1]) == arrivals[:1]
    assert read_journal("12.7") == []
