"""Importing: files of this machine become a model of the server, or a sentence says why not."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from ollama_tui.demo.release import BEFORE_LISTS, VERSION
from ollama_tui.services.jobs.job import Job, State
from tests.demo.levers import Demo
from tests.importing.making import ADAPTER, MODEL, gguf, write_folder
from tests.journeys.driver import User, a_server, journey

NAME = "tiny-qwen:f16"
LIMIT = 500
"""Rounds of work after which a job counts as stuck: files are read by real threads."""


class Meddled(httpx.AsyncBaseTransport):
    """A way to the server on which something happens to a file once it was asked for."""

    def __init__(self, inner: httpx.AsyncBaseTransport, meddle: Callable[[], object]) -> None:
        self._inner = inner
        self._meddle = meddle

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if request.method == "HEAD":
            self._meddle()
        return response


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "Tiny-Qwen-F16.gguf"
    path.write_bytes(gguf(MODEL, [(64, 320), (64,)]))
    return path


@asynccontextmanager
async def connected(
    meddle: Callable[[], object] | None = None, version: str = VERSION
) -> AsyncIterator[tuple[User, Demo]]:
    demo, ticker = a_server(version=version)
    path = demo.transport

    def transport() -> httpx.AsyncBaseTransport:
        return Meddled(path(), meddle) if meddle else path()

    async with journey(demo, server_time=ticker, transport=transport) as user:
        yield user, demo


async def imports(user: User, path: Path, *keys: str) -> Job:
    """Import what is at a path, with more keys before the last enter, and see it end."""
    before = len(user.app.jobs)
    await user.presses("I")
    await user.sees("Import a model from files")
    await user.pastes(str(path))
    await user.sees("to upload")
    await user.presses("enter", *keys, "enter")
    if before:  # the name is taken by then
        await user.sees("Replace tiny-qwen:f16, which already exists?")
        await user.presses("y")
    for _ in range(LIMIT):
        ended = [job for job in user.app.jobs[before:] if not job.active]
        if ended:
            await user.waits(1)
            return ended[0]
        await user.server_works(1)
    raise AssertionError(f"still at work\n{user.screen}")


def change_size(path: Path, by: int) -> None:
    """Cut a file off, or make it longer."""
    os.truncate(path, path.stat().st_size + by)


def asked(demo: Demo) -> list[str]:
    """Return what was asked about blobs and models, in order."""
    parts = [(seen.method, seen.path.split("/")[2]) for seen in demo.requests if "/" in seen.path]
    return [f"{method} {what}" for method, what in parts if what in ("blobs", "create")]


async def test_a_gguf_is_hashed_asked_for_uploaded_and_made_a_model(model: Path) -> None:
    async with connected() as (user, demo):
        job = await imports(user, model)
        assert (job.verb, job.state) == ("import", State.DONE)
        assert asked(demo) == ["HEAD blobs", "POST blobs", "POST create"]
        [body] = demo.bodies("/api/create")
        assert body["model"] == NAME
        [(key, digest)] = body["files"].items()
        assert key == model.name
        assert f"/api/blobs/{digest}" in [seen.path for seen in demo.requests]
        await user.until(lambda: NAME in user.names)


async def test_what_was_imported_has_the_cursor(model: Path) -> None:
    async with connected() as (user, _):
        await user.presses("2", "G")
        await imports(user, model)
        await user.until(lambda: user.cursor == NAME, "the cursor on the new model")
        assert user.row(NAME)


async def test_what_was_imported_once_is_not_sent_again(model: Path) -> None:
    async with connected() as (user, demo):
        await imports(user, model)
        demo.requests.clear()
        job = await imports(user, model)
        assert job.state is State.DONE
        assert asked(demo) == ["HEAD blobs", "POST create"]


async def test_a_type_to_quantize_to_is_sent_and_made(model: Path) -> None:
    async with connected(version=BEFORE_LISTS) as (user, demo):
        await user.presses("I")
        await user.pastes(str(model))
        await user.sees("keep F16")
        await user.presses("enter", "down", "right", "ctrl+g")
        await user.until(lambda: user.app.jobs)
        for _ in range(LIMIT):
            if not user.app.jobs[0].active:
                break
            await user.server_works(1)
        [body] = demo.bodies("/api/create")
        assert body["quantize"] == "Q8_0"
        await user.until(lambda: NAME in user.names)
        [made] = [m for m in user.main.table.rows if m.name == NAME]
        assert made.listed.details.quantization_level == "Q8_0"


async def test_a_folder_is_sent_file_by_file(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "Tiny-Llama")
    async with connected() as (user, demo):
        job = await imports(user, folder)
        assert job.state is State.DONE
        [body] = demo.bodies("/api/create")
        assert set(body["files"]) == {
            "model.safetensors",
            "config.json",
            "tokenizer.json",
            "tokenizer_config.json",
        }
        await user.until(lambda: "tiny-llama:latest" in user.names)


async def test_an_adapter_is_put_on_its_base(tmp_path: Path) -> None:
    path = tmp_path / "chat-lora.gguf"
    path.write_bytes(gguf(ADAPTER))
    async with connected(version=BEFORE_LISTS) as (user, demo):
        base = user.names[0]
        await imports(user, path, "down", "ctrl+u", *base)
        [body] = demo.bodies("/api/create")
        assert body["from"] == base
        assert list(body["adapters"]) == ["chat-lora.gguf"]
        assert "files" not in body


async def test_leaving_sends_nothing(model: Path) -> None:
    async with connected() as (user, demo):
        await user.presses("I")
        await user.pastes(str(model))
        await user.presses("escape", "y")
        assert not user.in_dialog
        assert user.app.jobs == ()
        assert asked(demo) == []


async def test_read_only_says_why_it_does_not_import() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, read_only=True) as user:
        await user.presses("I")
        await user.until(lambda: user.toasts)
        assert "Read-only" in user.toasts[0]
        assert not user.in_dialog


async def test_a_full_disk_of_the_server_is_said_and_makes_nothing(model: Path) -> None:
    async with connected() as (user, demo):
        demo.disk_free = 1000
        job = await imports(user, model)
        assert job.state is State.FAILED
        assert job.error is not None
        assert "no space" in job.error.reason
        assert asked(demo) == ["HEAD blobs", "POST blobs"]
        assert NAME not in demo.names
        assert NAME not in user.names


MEDDLING: list[tuple[str, Callable[[Path], object], str]] = [
    ("other bytes", lambda p: p.write_bytes(b"x" * p.stat().st_size), "digest"),
    ("shorter", lambda p: p.write_bytes(p.read_bytes()[:-40]), "it became shorter"),
    ("longer", lambda p: p.write_bytes(p.read_bytes() + b"more"), "it became longer"),
    ("gone", lambda p: p.unlink(missing_ok=True), "no longer there"),
]


@pytest.mark.parametrize(("how", "meddle", "words"), MEDDLING, ids=[how for how, _, _ in MEDDLING])
async def test_a_file_that_changes_after_it_was_hashed_is_no_model(
    how: str, meddle: Callable[[Path], object], words: str, model: Path
) -> None:
    async with connected(meddle=lambda: meddle(model)) as (user, demo):
        job = await imports(user, model)
        assert job.state is State.FAILED
        assert job.error is not None
        assert words in f"{job.error.title} {job.error.hint}"
        assert "POST create" not in asked(demo)
        assert NAME not in demo.names
        assert NAME not in user.names


@pytest.mark.parametrize(("change", "how"), [(-40, "shorter"), (40, "longer")])
async def test_a_file_that_changes_after_it_was_looked_at_is_not_sent(
    change: int, how: str, model: Path
) -> None:
    async with connected() as (user, demo):
        await user.presses("I")
        await user.pastes(str(model))
        await user.sees("to upload")
        await user.presses("enter")
        change_size(model, change)
        await user.presses("enter")
        said = f"Tiny-Qwen-F16.gguf was not uploaded: it became {how} while it was being read."
        await user.until(lambda: any(said in toast for toast in user.toasts))
        assert asked(demo) == []
        assert NAME not in demo.names
