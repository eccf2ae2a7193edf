"""A slow link between two sockets: what is sent through it arrives late, and no faster than it may.

python -m tests.benchmarks.ssh.link --to PORT --journal FILE [--rate BYTES] [--round-trip SECONDS]

Prints its port. Writes a line for each piece that arrived: when (`time.monotonic`), at which end
(`client` or `server`), and how many bytes.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

RATE = 20_000
"""Bytes a second in each direction."""
ROUND_TRIP = 0.2
"""Seconds there and back."""
PIECE = 1448
"""Bytes of a full TCP segment on an Ethernet: both ends are told to send no larger ones."""
QUEUE = 32_768
"""Bytes that may wait at the entrance of the link, as in a router."""

Receive = Callable[[int], Awaitable[bytes]]
Send = Callable[[bytes], Awaitable[object]]


@dataclass
class Direction:
    """One direction of a link: a token bucket of one piece, then a delay. Keeps order."""

    rate: float
    """Bytes a second."""
    delay: float
    """Seconds from leaving the bucket to the other end."""
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    _free: float = 0.0

    async def carry(self, receive: Receive, send: Send) -> None:
        """Carry all that is received, until nothing more comes.

        Nothing is received while a piece is on its way into the link, so whoever sends too much is
        held back by his socket.
        """
        flying: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._deliver(flying, send))
            while data := await receive(PIECE):
                self._free = max(self._free, self.now()) + len(data) / self.rate
                await self._until(self._free)
                flying.put_nowait((self._free + self.delay, data))
            flying.put_nowait((self._free + self.delay, b""))

    async def _deliver(self, flying: asyncio.Queue[tuple[float, bytes]], send: Send) -> None:
        while True:
            due, data = await flying.get()
            if not data:
                return
            await self._until(due)
            await send(data)

    async def _until(self, moment: float) -> None:
        if (left := moment - self.now()) > 0:
            await self.sleep(left)


@dataclass(frozen=True)
class Arrival:
    """A piece that came out of the link."""

    at: float
    end: str
    size: int

    @property
    def line(self) -> str:
        """The line of the journal."""
        return f"{self.at!r} {self.end} {self.size}\n"


def read_journal(text: str) -> list[Arrival]:
    """Return what a journal says; a line that is still being written counts as none."""
    whole = text[: text.rfind("\n") + 1]
    fields = (line.split() for line in whole.splitlines())
    return [Arrival(float(at), end, int(size)) for at, end, size in fields]


class Relay:
    """Accepts connections and carries each to a port of loopback, through one link for all."""

    def __init__(self, port: int, rate: float, round_trip: float, journal: Path) -> None:
        self._port = port
        self._to_client = Direction(rate, round_trip / 2)
        self._to_server = Direction(rate, round_trip / 2)
        self._journal = journal.open("a", buffering=1)

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()

    async def serve(self, listener: socket.socket) -> None:
        """Carry connections until killed."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            while True:
                client, _ = await loop.sock_accept(listener)
                group.create_task(self._relay(client))

    async def _relay(self, client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        server = segmented()
        with client, server, suppress(ConnectionError):
            for end in (client, server):
                end.setblocking(False)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(server, ("127.0.0.1", self._port))
            tasks = [
                asyncio.create_task(direction.carry(partial(loop.sock_recv, source), send))
                for direction, source, send in (
                    (self._to_server, client, partial(self._arrive, "server", server)),
                    (self._to_client, server, partial(self._arrive, "client", client)),
                )
            ]
            # Whoever hangs up ends both: what is on its way the other way is for nobody.
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _arrive(self, end: str, target: socket.socket, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(target, data)
        self._journal.write(Arrival(time.monotonic(), end, len(data)).line)


def segmented() -> socket.socket:
    """Return a socket with segments and a queue as on a real link, not those of loopback.

    Loopback's segments of 64 kB would let the sender's buffer grow to megabytes: minutes of a slow
    link.
    """
    made = socket.socket()
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, PIECE)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, QUEUE // 2)  # the kernel doubles it
    return made


def main() -> None:
    """Relay to a port until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=int, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--round-trip", type=float, default=ROUND_TRIP)
    options = parser.parse_args()
    relay = Relay(options.to, options.rate, options.round_trip, options.journal)
    with segmented() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        print(listener.getsockname()[1], flush=True)
        try:
            asyncio.run(relay.serve(listener))
        finally:
            relay.close()


if __name__ == "__main__":
    main()
