"""Answers that never end, never begin, or grow when decompressed: each is bounded."""

from __future__ import annotations

import asyncio
import gzip
import socket
import tracemalloc
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from ollama_tui.api import requests
from ollama_tui.api.client import Ollama
from ollama_tui.api.clock import Clock
from ollama_tui.api.errors import Interrupted, NotOllama, OllamaError, ServerFailed
from ollama_tui.api.host import Host
from ollama_tui.api.http import (
    ANSWER_WITHIN,
    MAX_REPLY_BYTES,
    STREAM_WITHIN,
    STUCK_AFTER,
    WORK_WITHIN,
    HttpClient,
)
from ollama_tui.api.ndjson import MAX_BLANK_BYTES
from ollama_tui.api.prefetch import ANSWER_TIMEOUT, Prefetch
from ollama_tui.api.registry import Registry
from ollama_tui.api.replies import Progress
from ollama_tui.api.requests import Call
from ollama_tui.api.sendfile import KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, KEEPALIVE_TRIES
from ollama_tui.domain.names import parse
from tests.api.sockets import Handler, Reader, Writer, serving
from tests.clock import VirtualClock, until

MB = 1024 * 1024
DIGEST = "sha256:" + "0" * 64
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TO_THE_END = b"HTTP/1.1 200 OK\r\n\r\n"
BOMB = gzip.compress(gzip.compress(bytes(64 * MB)))
Ask = Callable[[Ollama], Coroutine[Any, Any, object]]


@pytest.fixture
def time() -> VirtualClock:
    return VirtualClock()


def endless(head: bytes, piece: bytes) -> Handler:
    """Answer with `head`, then `piece` again and again until the client leaves."""

    async def handler(reader: Reader, writer: Writer) -> None:
        await reader.read(65536)
        writer.write(head)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    return handler


def saying(text: bytes, *, then: asyncio.Event | None = None) -> Handler:
    """Answer with `text`, then be silent until the client leaves; tell `then` about it."""

    async def handler(reader: Reader, writer: Writer) -> None:
        await reader.read(65536)
        writer.write(text)
        await writer.drain()
        if then is not None:
            then.set()
        while await reader.read(65536):
            pass

    return handler


@asynccontextmanager
async def client(handler: Handler, time: VirtualClock) -> AsyncIterator[Ollama]:
    clock = Clock(seconds=time.monotonic, sleep=time.sleep)
    async with serving(handler) as address, Ollama(f"http://{address}", clock=clock) as ollama:
        yield ollama


async def pulled(ollama: Ollama) -> list[Progress]:
    return [event async for event in ollama.pull("m")]


async def listed(ollama: Ollama) -> object:
    return await ollama.list()


async def loaded(ollama: Ollama) -> object:
    return await ollama.load("m")


async def given_up(
    work: Coroutine[Any, Any, object], time: VirtualClock, limit: float
) -> OllamaError:
    """Let time pass for `work` up to `limit`, when it must have failed, and not a second before."""
    task = asyncio.ensure_future(work)
    await until(lambda: time.waiting)
    await time.advance(limit - 1)
    assert not task.done()
    await time.advance(1)
    with pytest.raises(OllamaError) as caught:
        await asyncio.wait_for(task, 30)
    return caught.value


@pytest.mark.parametrize(
    ("ask", "limit"), [(listed, ANSWER_WITHIN), (pulled, STREAM_WITHIN), (loaded, WORK_WITHIN)]
)
@pytest.mark.parametrize(
    "handler",
    [
        saying(b""),
        saying(b"HTTP/1.1 200 OK\r\nContent-Le"),
        endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    ],
    ids=["silence", "half a head", "102 for ever", "103 for ever"],
)
async def test_an_answer_that_does_not_begin_is_given_up(
    handler: Handler, ask: Ask, limit: float, time: VirtualClock
) -> None:
    async with client(handler, time) as ollama:
        error = await given_up(ask(ollama), time, limit)
    assert isinstance(error, Interrupted)
    assert error.title.endswith("did not answer in time.")
    assert error.hint


async def test_a_trickle_is_given_up(time: VirtualClock) -> None:
    sent = asyncio.Semaphore(0)

    async def handler(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            sent.release()
            await time.sleep(1)

    async with client(handler, time) as ollama:
        task = asyncio.ensure_future(ollama.list())
        for _ in range(int(ANSWER_WITHIN) + 1):
            await asyncio.wait_for(sent.acquire(), 30)
            await time.advance(1)
        with pytest.raises(Interrupted, match="did not answer in time"):
            await asyncio.wait_for(task, 30)


async def test_a_large_answer_over_a_slow_line_is_read_to_its_end(time: VirtualClock) -> None:
    body = b'{"models":[' + b" " * 1_000_000 + b"]}"

    async def handler(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        for start in range(0, len(body), 10_000):
            writer.write(body[start : start + 10_000])
            await writer.drain()
            await time.sleep(5)

    async with client(handler, time) as ollama:
        task = asyncio.ensure_future(ollama.list())
        await until(lambda: time.waiting)
        for _ in range(200):
            await time.advance(5)
        assert await asyncio.wait_for(task, 30) == ()


@pytest.mark.parametrize("straight", [True, False])
async def test_an_upload_that_is_stuck_is_given_up(
    straight: bool, time: VirtualClock, tmp_path: Path
) -> None:
    file = tmp_path / "blob"
    file.write_bytes(bytes(1000))
    asked: list[str] = []

    async def handler(reader: Reader, writer: Writer) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split()[0].decode())
        if asked[-1] == "HEAD":
            writer.write(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n")
            return
        while await reader.read(65536):
            pass

    transport = None if straight else httpx.AsyncHTTPTransport()
    clock = Clock(seconds=time.monotonic, sleep=time.sleep)
    async with (
        serving(handler) as address,
        Ollama(f"http://{address}", clock=clock, transport=transport) as ollama,
    ):
        sent: asyncio.Queue[int] = asyncio.Queue()
        upload = ollama.upload_blob(DIGEST, file, size=1000, sent=sent.put_nowait)
        task = asyncio.ensure_future(upload)
        assert await asyncio.wait_for(sent.get(), 30) == 1000
        await time.advance(STUCK_AFTER - 1)
        assert not task.done()
        await time.advance(1)
        with pytest.raises(Interrupted, match="did not answer in time"):
            await asyncio.wait_for(task, 30)
    assert asked == ["POST", "HEAD"]


@pytest.mark.parametrize("straight", [True, False])
async def test_an_upload_to_a_slow_server_is_waited_for(
    straight: bool, time: VirtualClock, tmp_path: Path
) -> None:
    step, rounds = 16 * MB, 5  # more than the buffers of the system hold
    file = tmp_path / "blob"
    with file.open("wb") as large:
        large.truncate(rounds * step)
    read: asyncio.Queue[int] = asyncio.Queue()

    async def handler(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for number in range(rounds):
            await reader.readexactly(step)
            read.put_nowait(number)
            await time.sleep(0.8 * STUCK_AFTER)
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")

    transport = None if straight else httpx.AsyncHTTPTransport()
    clock = Clock(seconds=time.monotonic, sleep=time.sleep)
    async with (
        serving(handler) as address,
        Ollama(f"http://{address}", clock=clock, transport=transport) as ollama,
    ):
        task = asyncio.ensure_future(ollama.upload_blob(DIGEST, file))
        for _ in range(rounds):
            await asyncio.wait_for(read.get(), 30)
            await time.advance(0.8 * STUCK_AFTER)
        await asyncio.wait_for(task, 30)


@pytest.mark.parametrize("piece", [b"\n" * 65536, b" \r\n" * 20000, b"\r\n"])
async def test_empty_lines_without_end_are_refused(piece: bytes, time: VirtualClock) -> None:
    async with client(endless(TO_THE_END, piece), time) as ollama:
        with pytest.raises(NotOllama, match="empty lines without end") as caught:
            await asyncio.wait_for(pulled(ollama), 60)
    assert caught.value.hint


async def test_a_few_empty_lines_between_events_are_none(time: VirtualClock) -> None:
    line = b'{"status":"x"}\n' + b"\n" * (MAX_BLANK_BYTES - 1)
    body = TO_THE_END + 5 * line + b'{"status":"success"}\n'

    async def handler(reader: Reader, writer: Writer) -> None:
        await reader.read(65536)
        writer.write(body)
        await writer.drain()

    async with client(handler, time) as ollama:
        assert len(await pulled(ollama)) == 6


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """Return the most bytes that Python had at a time since the test began."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    yield lambda: tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()


@pytest.mark.parametrize("packing", ["gzip", "gzip, gzip", "deflate", "br", "x"])
@pytest.mark.parametrize("ask", [listed, pulled, loaded])
async def test_a_compressed_answer_is_not_decompressed(
    packing: str, ask: Ask, time: VirtualClock, peak: Callable[[], int]
) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {packing}\r\nContent-Length: {len(BOMB)}\r\n\r\n"
    async with client(saying(head.encode() + BOMB), time) as ollama:
        with pytest.raises(NotOllama, match="compressed") as caught:
            await asyncio.wait_for(ask(ollama), 30)
    assert "compression" in caught.value.hint
    assert peak() < 8 * MB


async def test_a_compressed_error_is_judged_by_its_status(time: VirtualClock) -> None:
    head = b"HTTP/1.1 502 x\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB)
    async with client(saying(head + BOMB), time) as ollama:
        with pytest.raises(ServerFailed) as caught:
            await asyncio.wait_for(ollama.list(), 30)
    assert caught.value.status == 502


async def test_every_request_asks_for_an_uncompressed_answer(time: VirtualClock) -> None:
    requests: list[bytes] = []

    async def handler(reader: Reader, writer: Writer) -> None:
        requests.append((await reader.read(65536)).lower())
        writer.write(b'HTTP/1.1 200 OK\r\n\r\n{"models":[],"status":"success","version":"1"}')

    async with client(handler, time) as ollama:
        await listed(ollama)
        await pulled(ollama)
    async with serving(handler) as address:
        host, _, port = address.partition(":")
        assert await Prefetch(Host("http", host, int(port))).wait(10) is not None
    assert len(requests) == 5
    assert all(b"\r\naccept-encoding: identity\r\n" in request for request in requests)


async def test_a_compressed_manifest_is_not_decompressed(peak: Callable[[], int]) -> None:
    packed = {"Content-Encoding": "gzip, gzip"}

    async def pieces() -> AsyncIterator[bytes]:
        yield BOMB

    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=packed, content=pieces()))
    async with Registry(transport) as registry:
        with pytest.raises(NotOllama):
            await registry.manifest(parse("qwen3:8b"))
    assert peak() < 8 * MB


async def test_a_reply_without_end_is_refused(time: VirtualClock, peak: Callable[[], int]) -> None:
    async with client(endless(TO_THE_END, b" " * 262_144), time) as ollama:
        with pytest.raises(NotOllama, match="more than 64 MB") as caught:
            await asyncio.wait_for(ollama.list(), 60)
    assert caught.value.hint
    assert peak() < 2.5 * MAX_REPLY_BYTES


async def test_connections_have_tcp_keepalive() -> None:
    body = b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"status":"x"}\r\n'
    async with serving(saying(body)) as address:
        wire = HttpClient(f"http://{address}", api_key=None, send_key=False, transport=None)
        async with wire.stream(Call(requests.PULL, "m"), {"model": "m"}) as response:
            connection = response.extensions["network_stream"].get_extra_info("socket")
            assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            assert [connection.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [
                KEEPALIVE_IDLE,
                KEEPALIVE_INTERVAL,
                KEEPALIVE_TRIES,
            ]
        await wire.aclose()


class TestFirst:
    """The thread that asks before anything is loaded."""

    async def is_refused(self, handler: Handler, *, seconds: float = 0.0) -> None:
        """Ask on a clock that goes on by `seconds` at each look; be done while more is coming."""
        left = asyncio.Event()

        async def watched(reader: Reader, writer: Writer) -> None:
            with suppress(ConnectionError):
                await handler(reader, writer)
            left.set()

        async with serving(watched) as address:
            host, _, port = address.partition(":")
            first = Prefetch(Host("http", host, int(port)), clock=count(0.0, seconds).__next__)
            await asyncio.wait_for(left.wait(), 30)
            assert await first.wait(30) is None

    @pytest.mark.parametrize(
        "length", [b"-1", b"+5", b"1e3", b"\xb2", b"9" * 5000, b"", b"99999999999"]
    )
    async def test_an_absurd_content_length_is_not_waited_for(self, length: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n"
        await self.is_refused(endless(head, b" " * 1000))

    @pytest.mark.parametrize(
        ("head", "piece"),
        [
            (b"", b"a"),
            (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 60000000\r\n\r\n", b" "),
            (TO_THE_END, b" "),
        ],
    )
    async def test_a_trickle_is_given_up(self, head: bytes, piece: bytes) -> None:
        await self.is_refused(endless(head, piece), seconds=ANSWER_TIMEOUT / 50)
