"""A small HTTP/1.1 server on loopback in front of an httpx transport, such as the demo's.

For tests through a real terminal and for measuring: `async with serve(transport) as url`, or in a
process of its own `python -m tests.serving --models 10000`, which prints its URL.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass

import httpx

from tests.demo.levers import Demo

HEAD_LIMIT = 64 * 1024
READ_SIZE = 256 * 1024
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class Gone(Exception):  # noqa: N818 - says what happened
    """The client is no longer there."""


@dataclass(slots=True)
class Head:
    """The request line and headers."""

    method: str
    target: str
    headers: list[tuple[str, str]]

    def get(self, name: str) -> str:
        """Return a header's value, empty when absent."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def keeps_alive(self) -> bool:
        """Whether the client wants to send more on this connection."""
        return self.get("connection").lower() != "close"


class _Body(httpx.AsyncByteStream):
    """A request's body as it arrives; counts as read when it has ended."""

    def __init__(self, reader: asyncio.StreamReader, head: Head) -> None:
        self._reader = reader
        self._length = int(head.get("content-length") or 0)
        self._chunked = "chunked" in head.get("transfer-encoding").lower()
        self.ended = not self._chunked and self._length == 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with aclosing(self._chunks() if self._chunked else self._counted()) as pieces:
            async for piece in pieces:
                yield piece
        self.ended = True

    async def _counted(self) -> AsyncGenerator[bytes, None]:
        left = self._length
        while left:
            piece = await self._reader.read(min(READ_SIZE, left))
            if not piece:
                raise Gone
            left -= len(piece)
            yield piece

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        while size := int((await self._reader.readline()).partition(b";")[0] or b"0", 16):
            yield await self._reader.readexactly(size)
            await self._reader.readline()
        await self._reader.readline()


@asynccontextmanager
async def serve(transport: httpx.AsyncBaseTransport, port: int = 0) -> AsyncIterator[str]:
    """Serve `transport` on a loopback port, 0 for any free one; gives the base URL."""
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await _converse(transport, reader, writer)
        finally:
            connections.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", port, limit=HEAD_LIMIT)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _converse(
    transport: httpx.AsyncBaseTransport, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    with suppress(Gone, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
        while (head := await _read_head(reader)) is not None:
            body = _Body(reader, head)
            await _respond(transport, head, body, reader, writer)
            if not (head.keeps_alive and body.ended):
                break
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def _read_head(reader: asyncio.StreamReader) -> Head | None:
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    line, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = line.split(" ", 2)
    pairs = (text.partition(":") for text in lines)
    return Head(method, target, [(key.strip(), value.strip()) for key, _, value in pairs])


async def _respond(
    transport: httpx.AsyncBaseTransport,
    head: Head,
    body: _Body,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    url = httpx.URL(f"http://{head.get('host') or 'localhost'}").join(head.target)
    headers = [(key, value) for key, value in head.headers if key.lower() != "transfer-encoding"]
    request = httpx.Request(head.method, url, headers=headers, stream=body)
    try:
        response = await transport.handle_async_request(request)
    except httpx.TransportError:
        raise Gone from None
    try:
        await _send(head, response, body, reader, writer)
    finally:
        await response.aclose()


async def _send(
    head: Head,
    response: httpx.Response,
    body: _Body,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    length = response.headers.get("content-length")
    writer.write(_response_head(response, head, length))
    if head.method != "HEAD" and length is None:
        leaving = asyncio.create_task(_until_gone(reader)) if body.ended else None
        await _send_chunks(response, writer, leaving)
    elif head.method != "HEAD":
        assert isinstance(response.stream, httpx.AsyncByteStream)
        async for piece in response.stream:
            writer.write(piece)
    await writer.drain()


def _response_head(response: httpx.Response, head: Head, length: str | None) -> bytes:
    kept = [
        f"{key}: {value}"
        for key, value in response.headers.multi_items()
        if key.lower() not in _HOP_BY_HOP
    ]
    streamed = length is None and head.method != "HEAD"
    kept.append("transfer-encoding: chunked" if streamed else f"content-length: {length or 0}")
    if not head.keeps_alive or streamed:
        kept.append("connection: close")
        head.headers.append(("connection", "close"))
    status = f"HTTP/1.1 {response.status_code} {response.reason_phrase}"
    return "\r\n".join([status, *kept, "", ""]).encode("latin-1")


async def _send_chunks(
    response: httpx.Response, writer: asyncio.StreamWriter, leaving: asyncio.Task[None] | None
) -> None:
    """Send the body chunk by chunk; stop the work behind it as soon as the client leaves."""
    sending = asyncio.create_task(_copy(response, writer))
    waiting = {sending, *([leaving] if leaving else [])}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        done = sending.done()
        for task in waiting:
            task.cancel()
        results = await asyncio.gather(*waiting, return_exceptions=True)
    if not done or isinstance(results[0], BaseException):
        raise Gone


async def _copy(response: httpx.Response, writer: asyncio.StreamWriter) -> None:
    assert isinstance(response.stream, httpx.AsyncByteStream)
    async for piece in response.stream:
        writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _until_gone(reader: asyncio.StreamReader) -> None:
    while await reader.read(READ_SIZE):
        pass


async def main() -> None:
    """Serve the demo until the process is ended."""
    parser = argparse.ArgumentParser(description="Serve the embedded Ollama on loopback.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--models", type=int, default=0, help="install so many made-up models more")
    parser.add_argument("--hostile", action="store_true", help="install models that mean harm")
    parser.add_argument("--huge", action="store_true", help="answer with megabytes in every word")
    parser.add_argument("--rate", type=int, default=0, help="bytes a second of each download")
    given = parser.parse_args()
    if given.huge:
        from tests.terminal.huge import answer

        async with serve(httpx.MockTransport(answer), given.port) as url:
            print(url, flush=True)
            await asyncio.Event().wait()
    demo = Demo()
    if given.rate:
        demo.server.rate = given.rate
        demo.server.hash_rate = max(demo.server.hash_rate, given.rate)
    if given.models:
        demo.add(given.models)
    if given.hostile:
        demo.add_hostile()
    async with httpx.AsyncClient(transport=demo.transport(), base_url="http://demo") as client:
        await client.get("/api/tags")  # so that who measures does not wait for our first list
    demo.requests.clear()
    async with serve(Controlled(demo), given.port) as url:
        print(url, flush=True)
        await asyncio.Event().wait()


class Controlled(httpx.AsyncBaseTransport):
    """The demo, and what a test in another process asks of it.

    `/test/hold/0.3` lets downloads stand still at that part; `/test/sent` tells the bytes that
    registries have sent, by digest, `/test/pulls` how often each model was asked for.
    """

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._inner = demo.transport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        match request.url.path.strip("/").split("/"):
            case ["test", "hold", part]:
                self._demo.registry.holds_at = float(part)
                return httpx.Response(204)
            case ["test", "sent"]:
                return httpx.Response(200, json=self._demo.registry.sent)
            case ["test", "pulls"]:
                names = [body["model"] for body in self._demo.bodies("/api/pull")]
                return httpx.Response(200, json=names)
        return await self._inner.handle_async_request(request)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
