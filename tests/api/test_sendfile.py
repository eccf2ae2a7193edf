"""A file that the system sends by itself arrives whole, or the reason why not is a sentence."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.errors import Interrupted, InvalidRequest, NotOllama, OllamaError, Unreachable
from ollama_tui.api.sendfile import POSSIBLE, STEP
from tests.api.sockets import Reader, Writer, serving

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="this system cannot send files by itself")
DIGEST = "sha256:" + "0" * 64
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
PIECE = 256 * 1024


async def head_of(reader: Reader) -> dict[str, str]:
    """Read the head of a request; the first line is under an empty name."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    return {"": first} | {k.lower(): v.strip() for k, _, v in (one.partition(":") for one in lines)}


async def body_of(reader: Reader, length: int) -> bytes:
    return await reader.readexactly(length)


@pytest.mark.parametrize("size", [0, 1, STEP - 1, STEP, STEP + 1, 5 * STEP + 7])
async def test_every_byte_arrives_under_its_own_length(size: int, tmp_path: Path) -> None:
    data = os.urandom(size)
    file = tmp_path / "blob"
    file.write_bytes(data)
    heads: list[dict[str, str]] = []
    bodies: list[bytes] = []
    reported: list[int] = []

    async def handler(reader: Reader, writer: Writer) -> None:
        heads.append(await head_of(reader))
        bodies.append(await body_of(reader, int(heads[0]["content-length"])))
        writer.write(CREATED)

    async with serving(handler) as address, Ollama(f"http://{address}/below") as client:
        await client.upload_blob(DIGEST, file, size=size, sent=reported.append)
    assert hashlib.sha256(bodies[0]).digest() == hashlib.sha256(data).digest()
    [head] = heads
    assert head[""] == f"POST /below/api/blobs/{DIGEST} HTTP/1.1"
    assert (head["host"], head["content-length"]) == (address, str(size))
    assert head["content-type"] == "application/octet-stream"
    assert "transfer-encoding" not in head
    assert reported == sorted(reported)
    assert reported[-1:] == ([size] if size else [])


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (
            b"400 Bad Request\r\nContent-Length: 44\r\n\r\n"
            b'{"error":"digest mismatch, expected a, got"}',
            InvalidRequest,
            "not those of its digest",
        ),
        (b"307 Moved\r\nLocation: http://h/x\r\nContent-Length: 0\r\n\r\n", NotOllama, "redirects"),
    ],
)
async def test_a_refusal_is_a_sentence(
    answer: bytes, kind: type[OllamaError], words: str, tmp_path: Path
) -> None:
    file = tmp_path / "blob"
    file.write_bytes(b"x" * 100)

    async def handler(reader: Reader, writer: Writer) -> None:
        await body_of(reader, int((await head_of(reader))["content-length"]))
        writer.write(b"HTTP/1.1 " + answer)

    async with serving(handler) as address, Ollama(f"http://{address}") as client:
        with pytest.raises(kind) as caught:
            await client.upload_blob(DIGEST, file)
    assert words in caught.value.title


async def test_what_does_not_speak_http_is_no_ollama(tmp_path: Path) -> None:
    file = tmp_path / "blob"
    file.write_bytes(b"x")

    async def handler(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-x\r\n")

    async with serving(handler) as address, Ollama(f"http://{address}") as client:
        with pytest.raises(NotOllama):
            await client.upload_blob(DIGEST, file)


@pytest.mark.parametrize(("change", "how"), [(PIECE, "shorter"), (65 * STEP, "longer")])
async def test_a_file_that_changes_meanwhile_never_arrives_whole(
    change: int, how: str, tmp_path: Path
) -> None:
    file = tmp_path / "model.gguf"
    with file.open("wb") as sparse:
        sparse.truncate(64 * STEP)
    received = 0

    async def handler(reader: Reader, writer: Writer) -> None:
        nonlocal received
        await head_of(reader)
        await body_of(reader, PIECE)
        os.truncate(file, change)
        while piece := await reader.read(PIECE):
            received += len(piece)

    async with serving(handler) as address, Ollama(f"http://{address}") as client:
        with pytest.raises(OllamaError) as caught:
            await client.upload_blob(DIGEST, file)
    assert (
        caught.value.title
        == f"model.gguf was not uploaded: it became {how} while it was being read."
    )
    assert received < 64 * STEP


async def test_a_cancelled_upload_hangs_up_at_once(tmp_path: Path) -> None:
    file = tmp_path / "blob"
    with file.open("wb") as sparse:
        sparse.truncate(64 * STEP)
    started, gone = asyncio.Event(), asyncio.Event()

    async def handler(reader: Reader, writer: Writer) -> None:
        await head_of(reader)
        started.set()
        while await reader.read(PIECE):
            if not gone.is_set():
                await gone.wait()

    async with serving(handler) as address, Ollama(f"http://{address}") as client:
        task = asyncio.create_task(client.upload_blob(DIGEST, file))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gone.set()
    # Were the file or the socket left open, its ResourceWarning would fail this test.


async def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    file = tmp_path / "blob"
    file.write_bytes(b"x")

    async def handler(_: Reader, writer: Writer) -> None:
        writer.close()

    async with serving(handler) as address:
        pass
    async with Ollama(f"http://{address}") as client:
        with pytest.raises(Unreachable, match="connection refused"):
            await client.upload_blob(DIGEST, file)


async def test_a_connection_that_breaks_is_interrupted(tmp_path: Path) -> None:
    file = tmp_path / "blob"
    with file.open("wb") as sparse:
        sparse.truncate(32 * STEP)

    async def handler(reader: Reader, writer: Writer) -> None:
        head = await head_of(reader)
        if head[""].startswith("HEAD"):
            writer.write(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n")

    async with serving(handler) as address, Ollama(f"http://{address}") as client:
        with pytest.raises(Interrupted):
            await client.upload_blob(DIGEST, file)


async def test_what_was_refused_because_the_file_shrank_says_that(tmp_path: Path) -> None:
    """The system holds on to a file's pages, not to copies: they change on their way."""
    file = tmp_path / "model.gguf"
    file.write_bytes(os.urandom(PIECE))
    all_taken = asyncio.Event()

    async def handler(reader: Reader, writer: Writer) -> None:
        await head_of(reader)
        await all_taken.wait()
        os.truncate(file, 10)
        await body_of(reader, PIECE)
        words = b'{"error":"digest mismatch, expected a, got b"}'
        writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" + words)

    def sent(done: int) -> None:
        if done == PIECE:
            all_taken.set()

    async with serving(handler) as address, Ollama(f"http://{address}") as client:
        with pytest.raises(OllamaError) as caught:
            await client.upload_blob(DIGEST, file, sent=sent)
    assert caught.value.title.endswith("it became shorter while it was being read.")
