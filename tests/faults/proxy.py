"""A TCP proxy between a client and a server, which does to answers what a test says.

It knows bytes, not HTTP: a fault belongs to a connection and counts from the head of its answer.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from tests.faults.faults import Fault, Kind, Shaper

READ_SIZE = 64 * 1024
_LOST = (ConnectionError, asyncio.IncompleteReadError, TimeoutError)


class Passage:
    """One connection through the proxy."""

    def __init__(self, fault: Fault, writer: asyncio.StreamWriter) -> None:
        self.fault = fault
        self.sent = bytearray()
        """All that the client has said."""
        self.came = 0
        """Bytes of the answer that the client was given."""
        self.go_on = asyncio.Event()
        """What a stalled answer waits for."""
        self.over = asyncio.Event()
        self._client = writer
        self._server: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, port: int) -> None:
        """Pass bytes to the server at `port` and back until either side, or the fault, ends it."""
        try:
            if self.fault.kind is Kind.MUTE:
                await self._listen(reader)
                return
            answers, self._server = await asyncio.open_connection("127.0.0.1", port)
            ways = {
                asyncio.create_task(self._listen(reader)),
                asyncio.create_task(self._answer(answers)),
            }
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except _LOST:
            self.break_off(Kind.RESET)
        finally:
            self.break_off(Kind.CUT)

    def break_off(self, kind: Kind = Kind.RESET) -> None:
        """End the connection, for the client with FIN (CUT) or RST (RESET)."""
        if self._server is not None:
            self._server.transport.abort()
        if kind is Kind.RESET:
            linger = struct.pack("ii", 1, 0)
            if (client := self._client.get_extra_info("socket")) is not None:
                with suppress(OSError):
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._client.transport.abort()
        else:
            self._client.close()
        self.over.set()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(READ_SIZE):
            self.sent += data
            if self._server is not None:
                self._server.write(data)
                await self._server.drain()

    async def _answer(self, reader: asyncio.StreamReader) -> None:
        shaper = Shaper(self.fault)
        while data := await reader.read(READ_SIZE):
            for piece in shaper.feed(data):
                if isinstance(piece, bytes):
                    await self._give(piece)
                elif piece is Kind.STALL:
                    await self.go_on.wait()
                elif piece is Kind.SLOW:
                    await asyncio.sleep(0)  # so that the client reads this much
                else:
                    self.break_off(piece)
                    return
        for piece in shaper.finish():
            await self._give(piece)

    async def _give(self, data: bytes) -> None:
        self._client.write(data)
        await self._client.drain()
        self.came += len(data)


class Proxy:
    """Passes connections to a server on loopback, each with the next fault of a script.

    When the script is at its end, `usual` is what happens.
    """

    def __init__(self, target: int, script: Iterable[Fault] = ()) -> None:
        self.target = target
        """Port of the server; may be changed for one that is started again."""
        self.script = deque(script)
        self.usual = Fault()
        self.passages: list[Passage] = []
        self.port = 0
        self._listener: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def open(self) -> list[Passage]:
        """The connections that are not over."""
        return [passage for passage in self.passages if not passage.over.is_set()]

    @property
    def sent(self) -> bytes:
        """All that clients have said, on all connections."""
        return b"\n".join(bytes(passage.sent) for passage in self.passages)

    async def accept(self) -> None:
        """Listen: at first on a free port, later on the same again."""
        if self._listener is None:
            self._listener = await asyncio.start_server(
                self._connected, "127.0.0.1", self.port, reuse_address=True
            )
            self.port = self._listener.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """Refuse connections; those that are open go on."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def drop(self, kind: Kind = Kind.RESET) -> int:
        """End all open connections; return how many there were."""
        dropped = self.open
        for passage in dropped:
            passage.break_off(kind)
        return len(dropped)

    async def close(self) -> None:
        """Refuse connections and end all that are open."""
        self.refuse()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        passage = Passage(self.script.popleft() if self.script else self.usual, writer)
        self.passages.append(passage)
        try:
            with suppress(asyncio.CancelledError):  # only `close` cancels it
                await passage.serve(reader, self.target)
        finally:
            self._tasks.discard(task)


@asynccontextmanager
async def proxied(target: int, script: Iterable[Fault] = ()) -> AsyncIterator[Proxy]:
    """Yield a proxy that listens, in front of the server at the loopback port `target`."""
    proxy = Proxy(target, script)
    await proxy.accept()
    try:
        yield proxy
    finally:
        await proxy.close()
