from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.errors import OllamaError
from ollama_tui.api.replies import Progress
from ollama_tui.api.requests import CreateRequest
from ollama_tui.importing.local_file import LocalFile
from ollama_tui.services.jobs.job import State
from ollama_tui.services.jobs.queue import JobQueue
from ollama_tui.services.jobs.tasks import Copy, Create
from ollama_tui.services.jobs.upload import hash_file
from tests.clock import settle

BYTES = b"GGUF" * 1_000_000
DIGEST = "sha256:" + hashlib.sha256(BYTES).hexdigest()


class BlobServer:
    """Keeps blobs and creates models from them."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.created: list[dict[str, object]] = []
        self.asked: list[str] = []
        self.gate: asyncio.Event | None = None
        """When there is one, creates and copies wait for it."""
        self.blob_gate: asyncio.Event | None = None
        self.stored = asyncio.Event()
        """Set when all bytes of a blob have arrived."""
        self.listed: list[dict[str, object]] = []
        """The models there are; asking for them is not kept."""
        self.version = ""
        """The version it has; empty for one that does not say."""
        self.refusal = ""
        """Why blobs are not taken."""

    async def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/tags":
            return httpx.Response(200, json={"models": self.listed})
        if request.url.path == "/api/version":
            return httpx.Response(200, json={"version": self.version})
        self.asked.append(f"{request.method} {request.url.path.split('/')[2]}")
        digest = request.url.path.rpartition("/")[2]
        if request.method == "HEAD":
            return httpx.Response(200 if digest in self.blobs else 404)
        body = await request.aread()
        if "/blobs/" in request.url.path:
            self.stored.set()
            if self.blob_gate is not None:
                await self.blob_gate.wait()
            if self.refusal:
                return httpx.Response(500, json={"error": self.refusal})
            self.blobs[digest] = body
            return httpx.Response(201)
        if self.gate is not None:
            await self.gate.wait()
        if request.url.path == "/api/create":
            self.created.append(json.loads(body))
            return httpx.Response(200, content=b'{"status":"success"}\n')
        return httpx.Response(200)


@pytest.fixture
def server() -> BlobServer:
    return BlobServer()


@pytest.fixture
async def ollama(server: BlobServer) -> AsyncIterator[Ollama]:
    transport = httpx.MockTransport(server.answer)
    async with Ollama("http://127.0.0.1:11434", transport=transport) as client:
        yield client


@pytest.fixture
def file(tmp_path: Path) -> LocalFile:
    path = tmp_path / "model.gguf"
    path.write_bytes(BYTES)
    return LocalFile(path, "model.gguf", len(BYTES))


def importing(*files: LocalFile) -> Create:
    return Create(CreateRequest(model="new"), "import", files)


async def until(queue: JobQueue, job_id: int, *ends: State) -> None:
    """Wait, on real threads, until the job is in one of `ends`."""
    async with asyncio.timeout(10):
        async for jobs in queue.jobs.follow():
            if any(job.id == job_id and job.state in ends for job in jobs):
                return


async def test_files_are_sent_and_then_named_in_the_request(
    ollama: Ollama, server: BlobServer, file: LocalFile
) -> None:
    queue = JobQueue(ollama)
    await until(queue, queue.submit(importing(file)), State.DONE)
    assert server.blobs == {DIGEST: BYTES}
    assert server.created[0]["files"] == {"model.gguf": DIGEST}
    [job] = queue.jobs.value
    assert (job.verb, job.progress.completed, job.progress.fraction) == ("import", len(BYTES), 1.0)
    await queue.close()


async def test_what_the_server_has_is_not_sent_again(
    ollama: Ollama, server: BlobServer, file: LocalFile
) -> None:
    server.blobs[DIGEST] = BYTES
    queue = JobQueue(ollama)
    await until(queue, queue.submit(importing(file)), State.DONE)
    assert server.asked == ["HEAD blobs", "POST create"]
    await queue.close()


@pytest.mark.parametrize(("role", "field"), [("adapter", "adapters"), ("draft", "draft_files")])
async def test_an_adapter_or_draft_is_named_as_one(
    role: str, field: str, ollama: Ollama, server: BlobServer, file: LocalFile
) -> None:
    queue = JobQueue(ollama)
    beside = LocalFile(
        file.path, "beside.gguf", file.size, adapter=role == "adapter", draft=role == "draft"
    )
    task = Create(CreateRequest(model="new", from_="base"), "create", (beside,))
    await until(queue, queue.submit(task), State.DONE)
    assert server.created[0][field] == {"beside.gguf": DIGEST}
    assert "files" not in server.created[0]
    await queue.close()


@pytest.mark.parametrize(
    ("version", "quantize", "adapter", "key", "said"),
    [
        ("0.40.2", "", True, "lora.gguf", "creating a model with an adapter needs Ollama before"),
        ("0.40.2", "q8_0", False, "f16.gguf", "quantizing a GGUF model needs Ollama before"),
        ("0.40.2", "int8", False, "model.safetensors", None),
        ("0.40.2", "", False, "f16.gguf", None),
        ("0.33.0", "q8_0", True, "lora.gguf", None),
        ("", "q8_0", True, "lora.gguf", None),
    ],
)
async def test_what_a_server_would_refuse_is_not_uploaded(
    version: str,
    quantize: str,
    adapter: bool,
    key: str,
    said: str | None,
    ollama: Ollama,
    server: BlobServer,
    file: LocalFile,
) -> None:
    server.version = version
    queue = JobQueue(ollama)
    sent = LocalFile(file.path, key, file.size, adapter=adapter)
    request = CreateRequest(model="new", from_="base" if adapter else "", quantize=quantize)
    task = Create(request, "import", (sent,))
    await until(queue, queue.submit(task), State.DONE, State.FAILED)
    [job] = queue.jobs.value
    if said is None:
        assert job.state is State.DONE
    else:
        assert job.error is not None
        assert job.error.title.startswith(f"new was not created: {said}")
        assert job.error.title.endswith("this server is 0.40.2.")
        assert job.error.hint == "Nothing was sent."
        assert server.asked == []
    await queue.close()


@pytest.mark.parametrize(("version", "made"), [("0.33.0", False), ("0.40.0", True), ("", True)])
async def test_a_server_that_would_ignore_capabilities_is_not_given_any(
    version: str, made: bool, ollama: Ollama, server: BlobServer
) -> None:
    server.version = version
    queue = JobQueue(ollama)
    task = Create(CreateRequest(model="new", from_="base", capabilities=["decision"]))
    await until(queue, queue.submit(task), State.DONE, State.FAILED)
    [job] = queue.jobs.value
    assert (job.state is State.DONE, bool(server.created)) == (made, made)
    if job.error is not None:
        assert "needs Ollama 0.40 or newer; this server is 0.33.0." in job.error.title
    await queue.close()


async def test_a_file_that_is_gone_is_a_failure_in_words(
    ollama: Ollama, server: BlobServer, tmp_path: Path
) -> None:
    queue = JobQueue(ollama)
    missing = LocalFile(tmp_path / "gone.gguf", "gone.gguf", 10)
    await until(queue, queue.submit(importing(missing)), State.FAILED)
    error = queue.jobs.value[0].error
    assert error is not None
    assert error.title == "gone.gguf was not read: No such file or directory."
    assert server.asked == []
    await queue.close()


async def test_an_import_waits_for_its_turn_to_create(
    ollama: Ollama, server: BlobServer, file: LocalFile
) -> None:
    server.gate = asyncio.Event()
    queue = JobQueue(ollama)
    copy = queue.submit(Copy("a", "b"))
    made = queue.submit(importing(file))
    async with asyncio.timeout(10):
        await server.stored.wait()
    await settle()
    assert server.asked == ["POST copy", "HEAD blobs", "POST blobs"]
    server.gate.set()
    await until(queue, copy, State.DONE)
    await until(queue, made, State.DONE)
    assert server.asked[-1] == "POST create"
    await queue.close()


async def test_a_refused_upload_is_the_jobs_failure(
    ollama: Ollama, server: BlobServer, file: LocalFile
) -> None:
    server.refusal = "no space left on device"
    queue = JobQueue(ollama)
    await until(queue, queue.submit(importing(file)), State.FAILED)
    error = queue.jobs.value[0].error
    assert error is not None
    assert error.reason == "no space left on the server's disk"
    assert server.created == []
    await queue.close()


async def test_a_cancel_while_sending_ends_the_upload(
    ollama: Ollama, server: BlobServer, file: LocalFile
) -> None:
    server.blob_gate = asyncio.Event()
    queue = JobQueue(ollama)
    before = asyncio.all_tasks()
    made = queue.submit(importing(file))
    async with asyncio.timeout(10):
        await server.stored.wait()
    queue.cancel(made)
    await until(queue, made, State.CANCELLED)
    await settle()
    assert asyncio.all_tasks() == before
    assert (server.blobs, server.created) == ({}, [])
    await queue.close()


async def test_a_cancel_while_hashing_sends_nothing(
    ollama: Ollama, server: BlobServer, file: LocalFile
) -> None:
    queue = JobQueue(ollama)
    made = queue.submit(importing(file))
    await asyncio.sleep(0)
    queue.cancel(made)
    await until(queue, made, State.CANCELLED)
    assert server.asked == []
    await queue.close()


@pytest.mark.parametrize(
    ("there", "how"), [(0, "shorter"), (len(BYTES) - 1, "shorter"), (len(BYTES) + 1, "longer")]
)
async def test_a_file_that_changed_since_it_was_looked_at_is_not_sent(
    there: int, how: str, ollama: Ollama, server: BlobServer, file: LocalFile
) -> None:
    os.truncate(file.path, there)
    queue = JobQueue(ollama)
    await until(queue, queue.submit(importing(file)), State.FAILED)
    error = queue.jobs.value[0].error
    assert error is not None
    assert error.title == f"model.gguf was not uploaded: it became {how} while it was being read."
    assert server.asked == []
    await queue.close()


async def test_a_file_that_shrinks_while_it_is_hashed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    with path.open("wb") as sparse:
        sparse.truncate(80 * 1024 * 1024)
    steps = hash_file(LocalFile(path, "model.gguf", 80 * 1024 * 1024))
    assert await anext(steps) == Progress("hashing model.gguf 0%")
    assert await anext(steps) == Progress("hashing model.gguf 40%")
    os.truncate(path, 1024)
    with pytest.raises(OllamaError, match="it became shorter while it was being read"):
        await anext(steps)
