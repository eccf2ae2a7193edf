"""Bytes on a socket that are no reply of any server, as each of our HTTP clients reads them.

A server here writes a head and then a piece again and again until the client leaves: what it got
rid of bounds what was read. Where nothing but time can end an answer, virtual time does.
"""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.clock import Clock
from ollama_tui.api.errors import Interrupted, NotOllama, OllamaError, Refused
from ollama_tui.api.host import Host
from ollama_tui.api.http import ANSWER_WITHIN, STUCK_AFTER
from ollama_tui.api.prefetch import Prefetch
from ollama_tui.api.registry import TOTAL_TIMEOUT, Registry
from ollama_tui.api.sendfile import POSSIBLE
from ollama_tui.domain.names import parse
from tests.api.sockets import Reader, Writer, serving
from tests.clock import VirtualClock, settle
from tests.faults.shown import acts

MB = 1024 * 1024
PATIENCE = 60.0
"""Seconds that no test needs: they only keep one from hanging."""
BUFFERS = 16 * MB
"""Bytes that the system takes from a server although nobody reads them."""
DIGEST = "sha256:" + "0" * 64
BOMB = gzip.compress(gzip.compress(bytes(64 * MB)))


@dataclass
class Server:
    """Writes `head`, then `piece` for ever; `written` is how much of it the client let it."""

    head: bytes
    piece: bytes = b""
    written: int = 0
    piece_every: Callable[[], Coroutine[Any, Any, object]] | None = None
    """What it waits for between two pieces."""
    flooding: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the client has let it write a megabyte."""
    _answers: list[tuple[asyncio.Task[Any] | None, Writer]] = field(default_factory=list)

    async def __call__(self, reader: Reader, writer: Writer) -> None:
        self._answers.append((asyncio.current_task(), writer))
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._answer(reader, writer)

    async def stop(self, time: VirtualClock | None) -> None:
        """Hang up, also on a client that reads no more, and be done with it."""
        for _, writer in self._answers:
            writer.transport.abort()
        if time is not None:
            await time.advance(60)
        if tasks := [task for task, _ in self._answers if task is not None]:
            await asyncio.wait(tasks, timeout=PATIENCE)
        await settle()

    async def _answer(self, reader: Reader, writer: Writer) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        if asked.startswith(b"HEAD /api"):  # whether the blob that was not uploaded is there
            writer.write(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n")
            return
        if asked.startswith(b"POST"):
            await reader.read(65536)
        writer.write(self.head)
        await writer.drain()
        while self.piece and not writer.is_closing():
            writer.write(self.piece)
            await writer.drain()
            self.written += len(self.piece)
            if self.written > MB:
                self.flooding.set()
            await (self.piece_every() if self.piece_every else asyncio.sleep(0))


@dataclass
class Asking:
    """One of our HTTP clients, asking a server at an address."""

    ask: Callable[[str, Clock, Path], Coroutine[Any, Any, object]]
    limit: float
    """Seconds in which it must end whatever comes."""


async def _listed(address: str, clock: Clock, file: Path) -> object:
    async with Ollama(f"http://{address}", clock=clock) as ollama:
        return await ollama.list()


async def _with_a_key(address: str, clock: Clock, file: Path) -> object:
    url = f"http://{address}"
    async with Ollama(url, clock=clock, api_key="secret-0123456789", send_key=True) as ollama:
        return await ollama.list()


async def _pulled(address: str, clock: Clock, file: Path) -> object:
    async with Ollama(f"http://{address}", clock=clock) as ollama:
        return [event async for event in ollama.pull("m")]


async def _published(address: str, clock: Clock, file: Path) -> object:
    async with Registry(clock=clock) as registry:
        return await registry.manifest(parse(f"{address}/library/x"), insecure=True)


async def _uploaded(address: str, clock: Clock, file: Path) -> None:
    async with Ollama(f"http://{address}", clock=clock) as ollama:
        await ollama.upload_blob(DIGEST, file)


async def _uploaded_by_httpx(address: str, clock: Clock, file: Path) -> None:
    transport = httpx.AsyncHTTPTransport(verify=False)
    async with Ollama(f"http://{address}", clock=clock, transport=transport) as ollama:
        await ollama.upload_blob(DIGEST, file)


ASKING = {
    "list": Asking(_listed, ANSWER_WITHIN),
    "list with a key": Asking(_with_a_key, ANSWER_WITHIN),
    "pull": Asking(_pulled, 120.0),
    "registry": Asking(_published, TOTAL_TIMEOUT),
    "upload by httpx": Asking(_uploaded_by_httpx, STUCK_AFTER),
}
if POSSIBLE:
    ASKING["upload"] = Asking(_uploaded, STUCK_AFTER)
everyone = pytest.mark.parametrize("asking", ASKING.values(), ids=ASKING.keys())
readers = pytest.mark.parametrize(
    "asking", [ASKING["list"], ASKING["list with a key"], ASKING["registry"]]
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "blob"
    path.write_bytes(b"x" * 100)
    return path


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """Return the most bytes that Python had at a time since the test began."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    yield lambda: tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()


@asynccontextmanager
async def asked(
    asking: Asking, server: Server, file: Path, time: VirtualClock | None = None
) -> AsyncIterator[asyncio.Task[object]]:
    """Let one of our clients ask a server."""
    clock = Clock(seconds=time.monotonic, sleep=time.sleep) if time else Clock()
    async with serving(server) as address:
        try:
            yield asyncio.ensure_future(asking.ask(address, clock, file))
        finally:
            await server.stop(time)


async def failed(task: asyncio.Task[object]) -> OllamaError:
    """Wait until it has failed, as it must; return how, which must be a sentence."""
    with pytest.raises(OllamaError) as caught:
        await asyncio.wait_for(task, PATIENCE)
    assert caught.value.title.endswith(".")
    assert not acts(str(caught.value))
    assert len(str(caught.value)) < 700
    return caught.value


async def given_up(task: asyncio.Task[object], time: VirtualClock, limit: float) -> OllamaError:
    """Let time pass, however long sockets and threads take meanwhile, until it has failed."""
    async with asyncio.timeout(PATIENCE):
        while not task.done():
            await time.advance(1)
    assert time.seconds >= limit - 1
    return await failed(task)


OK = b"HTTP/1.1 200 OK\r\n"
BAD = b"HTTP/1.1 400 Bad Request\r\n"
NOT_HTTP = {
    "a length of -1": b"Content-Length: -1\r\n\r\n",
    "a length of 1e30": b"Content-Length: 1" + b"0" * 30 + b"\r\n\r\n",
    "a length of many digits": b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "a length of superscripts": b"Content-Length: \xb2\r\n\r\n",
    "two lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "another coding": b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    "two codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a chunk of -5": b"Transfer-Encoding: chunked\r\n\r\n-5\r\n",
    "a chunk of -1": b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    "a chunk of zz": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a chunk size of many digits": b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 60 + b"\r\n",
    "a header that is none": b"\xff\xfe none\r\n\r\n",
    "a header without a name": b": x\r\n\r\n",
    "a NUL in a header": b"A: \0\r\n\r\n",
    "a header folded first": b" x: y\r\n\r\n",
}


@everyone
@pytest.mark.parametrize("head", NOT_HTTP.values(), ids=NOT_HTTP.keys())
async def test_what_is_no_http_is_not_read_and_not_ollama(
    head: bytes, asking: Asking, file: Path
) -> None:
    server = Server(BAD + head if "upload" in asking.ask.__name__ else OK + head, b"x" * 65536)
    async with asked(asking, server, file) as task:
        error = await failed(task)
    assert isinstance(error, NotOllama), str(error)
    assert server.written <= BUFFERS


@everyone
@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (OK + b"A: ", b"a" * 65536),
        (OK, b"a: b\r\n" * 10_000),
        (b"HTTP/1.1 2", b"0" * 65536),
        (b"\xff" * 100, b"\xff" * 65536),
        (b"", b"\0" * 65536),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a" * 65536),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n", b"a: b\r\n" * 10_000),
    ],
    ids=["line", "headers", "status", "noise", "zeros", "chunk extension", "trailers"],
)
async def test_a_head_without_end_is_not_read(
    head: bytes, piece: bytes, asking: Asking, file: Path
) -> None:
    server = Server(head.replace(b"200 OK", b"400 x") if "upload" in asking.ask.__name__ else head)
    server.piece = piece
    async with asked(asking, server, file) as task:
        error = await failed(task)
    assert isinstance(error, NotOllama), str(error)
    assert server.written <= BUFFERS


@everyone
@pytest.mark.parametrize("status", [100, 102, 103, 150])
async def test_informational_answers_without_end_are_given_up(
    status: int, asking: Asking, file: Path
) -> None:
    time = VirtualClock()
    server = Server(b"", b"HTTP/1.1 %d x\r\nLink: </%b>\r\n\r\n" % (status, b"x" * 8000))
    async with asked(asking, server, file, time) as task:
        await asyncio.wait_for(server.flooding.wait(), PATIENCE)
        assert not task.done()
        error = await given_up(task, time, asking.limit)
    assert isinstance(error, Interrupted)
    assert "did not answer in time" in error.title


@everyone
@pytest.mark.parametrize(
    "head",
    [OK[:9], OK + b"A: ", OK + b"Content-Length: 1000000\r\n\r\n{"],
    ids=["status", "head", "body"],
)
async def test_a_byte_a_second_is_given_up(head: bytes, asking: Asking, file: Path) -> None:
    if head.endswith(b"{") and asking.ask is _pulled:
        pytest.skip("a stream is watched by the queue of jobs, which knows what it may wait for")
    time, limit = VirtualClock(), asking.limit
    if "upload" in asking.ask.__name__:
        head = head.replace(b"200 OK", b"400 x")
        limit = ANSWER_WITHIN  # of a refusal by httpx, whose head has come
    server = Server(head, b"x", piece_every=lambda: time.sleep(1))
    async with asked(asking, server, file, time) as task:
        error = await given_up(task, time, limit)
    assert isinstance(error, Interrupted | Refused), str(error)


@everyone
async def test_an_informational_answer_is_not_the_answer(asking: Asking, file: Path) -> None:
    for status in (100, 102, 103):
        server = Server(
            b"HTTP/1.1 %d x\r\nLink: </x>\r\n\r\n" % status
            + BAD
            + b'Content-Length: 15\r\nConnection: close\r\n\r\n{"error":"nay"}'
        )
        async with asked(asking, server, file) as task:
            error = await failed(task)
        assert isinstance(error, Refused)
        assert error.status == 400


@everyone
async def test_another_protocol_is_no_answer(asking: Asking, file: Path) -> None:
    server = Server(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
    server.piece = b"\0" * 65536
    async with asked(asking, server, file) as task:
        await failed(task)
    assert server.written <= BUFFERS


@everyone
@pytest.mark.parametrize("packing", [b"gzip", b"gzip, gzip", b"br", b"x"])
@pytest.mark.parametrize(
    "status",
    [b"200 OK", b"307 Moved\r\nLocation: http://127.0.0.1:1/", b"400 Bad", b"401 No", b"502 Bad"],
)
async def test_nothing_compressed_is_decompressed(
    status: bytes, packing: bytes, asking: Asking, file: Path, peak: Callable[[], int]
) -> None:
    head = b"HTTP/1.1 %b\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n"
    server = Server(head % (status, packing, len(BOMB)) + BOMB)
    async with asked(asking, server, file) as task:
        error = await failed(task)
    assert "\N{REPLACEMENT CHARACTER}" not in str(error)
    assert peak() < 8 * MB


@readers
@pytest.mark.parametrize(
    ("head", "most"),
    [
        (OK + b"Content-Length: 99999999999\r\n\r\n", 0),
        (OK + b"Content-Length: 9999999999999999999\r\n\r\n", 0),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 64),
        (OK + b"\r\n", 64),
    ],
    ids=["length", "longer", "chunk", "to the end"],
)
async def test_a_body_too_large_is_not_read_to_its_end(
    head: bytes, most: int, asking: Asking, file: Path
) -> None:
    server = Server(head, b" " * 262_144)
    async with asked(asking, server, file) as task:
        error = await failed(task)
    assert isinstance(error, NotOllama)
    assert server.written <= most * MB + BUFFERS


@pytest.mark.parametrize("name", [name for name in ASKING if name.startswith("upload")])
@pytest.mark.parametrize("status", ["200 OK", "201 Created"])
async def test_a_page_is_no_success_of_an_upload(status: str, name: str, file: Path) -> None:
    page = b"<html><title>Sign in</title></html>"
    head = b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n" % (status.encode(), len(page))
    async with asked(ASKING[name], Server(head + page), file) as task:
        error = await failed(task)
    assert isinstance(error, NotOllama)
    assert 'an HTML page titled "Sign in"' in error.title


LISTED = b'{"models":[{"name":"m"}]}'
EVENTS = b'{"status":"pulling manifest"}\n{"status":"success"}\n'
MANIFEST = (
    b'{"schemaVersion":2,"config":{"mediaType":"c","digest":"sha256:%b","size":1},"layers":[]}'
    % (b"0" * 64)
)
GOOD = {"list": LISTED, "pull": EVENTS, "registry": MANIFEST, "upload by httpx": b"", "upload": b""}


@pytest.mark.parametrize("name", [name for name in GOOD if name in ASKING])
@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_a_reply_cut_at_any_byte_is_an_error(name: str, framing: str, file: Path) -> None:
    body = GOOD[name]
    if framing == "length":
        whole = OK + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    else:
        chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        whole = OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n"
    async with asked(ASKING[name], Server(whole), file) as task:
        await asyncio.wait_for(task, PATIENCE)
    # Loading certificate authorities takes the client of registries longer than all else here.
    for at in range(0, len(whole), 11 if name == "registry" else 1):
        async with asked(ASKING[name], Server(whole[:at]), file) as task:
            error = await failed(task)
            assert isinstance(error, Interrupted | NotOllama), (at, str(error))


async def test_the_prefetch_takes_no_reply_cut_at_any_byte() -> None:
    for at in range(60 + len(LISTED)):
        whole = OK + b"Content-Length: %d\r\n\r\n%b" % (len(LISTED), LISTED)
        async with serving(Server(whole[:at])) as address:
            name, _, port = address.partition(":")
            assert await Prefetch(Host("http", name, int(port))).wait(PATIENCE) is None
