"""A file is uploaded whole or not at all, with constant memory."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.errors import Interrupted, OllamaError
from ollama_tui.api.sendfile import CHUNK
from tests.api.sockets import Reader, Writer, serving

DIGEST = "sha256:" + "0" * 64


class Store(httpx.AsyncBaseTransport):
    """Takes uploads chunk by chunk; `meanwhile` happens after the first chunk."""

    def __init__(self, meanwhile: Path | None = None, change: int = 0) -> None:
        self.digest = hashlib.sha256()
        self.length = 0
        self.headers = httpx.Headers()
        self._meanwhile = meanwhile
        self._change = change

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.headers = request.headers
        assert isinstance(request.stream, httpx.AsyncByteStream)
        async for chunk in request.stream:
            assert len(chunk) <= CHUNK
            self.digest.update(chunk)
            self.length += len(chunk)
            if self._meanwhile is not None:
                os.truncate(self._meanwhile, self._change)
        return httpx.Response(201)


class Early(httpx.AsyncBaseTransport):
    """Has the blob already: answers without reading."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 7])
async def test_every_byte_arrives_under_its_own_length(size: int, tmp_path: Path) -> None:
    file = tmp_path / "blob"
    data = os.urandom(size)
    file.write_bytes(data)
    store, reported = Store(), list[int]()
    async with Ollama("http://h", transport=store) as client:
        await client.upload_blob(DIGEST, file, sent=reported.append)
    assert store.digest.digest() == hashlib.sha256(data).digest()
    assert store.headers["Content-Length"] == str(size)
    assert "Transfer-Encoding" not in store.headers
    assert reported == sorted(reported)
    assert reported[-1:] == ([size] if size else [])


async def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "blob"
    with file.open("wb") as sparse:
        sparse.truncate(64 * CHUNK)
    store = Store()
    async with Ollama("http://h", transport=store) as client:
        tracemalloc.start()
        await client.upload_blob(DIGEST, file)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert store.length == 64 * CHUNK
    assert peak < 6 * CHUNK


@pytest.mark.parametrize(
    ("change", "how"), [(CHUNK, "shorter"), (0, "shorter"), (9 * CHUNK, "longer")]
)
async def test_a_file_that_changes_meanwhile_is_not_uploaded(
    change: int, how: str, tmp_path: Path
) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(os.urandom(6 * CHUNK))
    store = Store(file, change)
    async with Ollama("http://h", transport=store) as client:
        with pytest.raises(OllamaError) as caught:
            await client.upload_blob(DIGEST, file)
    assert (
        caught.value.title
        == f"model.gguf was not uploaded: it became {how} while it was being read."
    )
    assert store.length < 6 * CHUNK


@pytest.mark.parametrize(("hashed", "how"), [(CHUNK, "longer"), (3 * CHUNK, "shorter")])
async def test_a_file_that_changed_since_it_was_hashed_is_not_sent_at_all(
    hashed: int, how: str, tmp_path: Path
) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(bytes(2 * CHUNK))
    store = Store()
    async with Ollama("http://h", transport=store) as client:
        with pytest.raises(OllamaError, match=f"it became {how} while it was"):
            await client.upload_blob(DIGEST, file, size=hashed)
    assert store.length == 0
    assert not store.headers


async def test_a_file_that_vanished_is_named(tmp_path: Path) -> None:
    async with Ollama("http://h", transport=Store()) as client:
        with pytest.raises(OllamaError) as caught:
            await client.upload_blob(DIGEST, tmp_path / "gone\x1b[2J.gguf")
        with pytest.raises(OllamaError, match="it cannot be read"):
            await client.upload_blob(DIGEST, tmp_path)
    assert caught.value.title == "gone\ufffd[2J.gguf was not uploaded: it is no longer there."


async def test_an_early_answer_counts_as_done(tmp_path: Path) -> None:
    file = tmp_path / "blob"
    file.write_bytes(bytes(3 * CHUNK))
    async with Ollama("http://h", transport=Early()) as client:
        await client.upload_blob(DIGEST, file)


@pytest.mark.parametrize("answers", [True, False])
async def test_a_server_that_has_the_blob_may_hang_up(answers: bool, tmp_path: Path) -> None:
    """The early answer can be lost with the connection; then the server is asked."""
    file = tmp_path / "blob"
    file.write_bytes(bytes(32 * CHUNK))
    methods: list[bytes] = []

    async def handler(reader: Reader, writer: Writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        methods.append(head.split()[0])
        if answers or head.startswith(b"HEAD"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()

    async with serving(handler) as address, Ollama(f"http://{address}") as client:
        await client.upload_blob(DIGEST, file)
    assert methods[0] == b"POST"
    assert answers or methods == [b"POST", b"HEAD"]


async def test_a_broken_upload_of_a_missing_blob_is_interrupted(tmp_path: Path) -> None:
    file = tmp_path / "blob"
    file.write_bytes(bytes(32 * CHUNK))

    async def handler(reader: Reader, writer: Writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"HEAD"):
            writer.write(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n")
            await writer.drain()

    async with serving(handler) as address, Ollama(f"http://{address}") as client:
        with pytest.raises(Interrupted):
            await client.upload_blob(DIGEST, file)


async def test_cancelling_an_upload_closes_the_file(tmp_path: Path) -> None:
    file = tmp_path / "blob"
    file.write_bytes(bytes(4 * CHUNK))
    started = asyncio.Event()

    class Stuck(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            assert isinstance(request.stream, httpx.AsyncByteStream)
            chunks: AsyncIterator[bytes] = request.stream.__aiter__()
            await anext(chunks)
            started.set()
            await asyncio.Event().wait()
            raise AssertionError("nobody wakes this transport")

    async with Ollama("http://h", transport=Stuck()) as client:
        task = asyncio.create_task(client.upload_blob(DIGEST, file))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    # Were the file left open, its ResourceWarning would fail this test.
