"""Memory is told where it is decided: before a pull, in the create form, before an import."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from ollama_tui.demo.release import BEFORE_LISTS, VERSION
from ollama_tui.domain.memory.available import AvailableMemory, Device, MemorySource
from tests.demo.levers import Demo
from tests.importing.making import gguf, gguf_head
from tests.importing.test_gguf_beginning import QWEN
from tests.journeys.driver import User, a_server, journey

SIZES = [(200, 60), (120, 40), (80, 24), (40, 10)]


GPU = AvailableMemory(MemorySource.DEMO, (Device("GPU", 12_000_000_000),))
Answer = Callable[[httpx.Request], httpx.Response]


class WithMemory(httpx.AsyncBaseTransport):
    """A way to a server that tells its memory, and to a registry of which `answer` is all blobs."""

    def __init__(self, inner: httpx.AsyncBaseTransport, answer: Answer | None) -> None:
        self._inner = inner
        self._answer = answer

    def available_memory(self) -> AvailableMemory:
        return GPU

    def gpu_memory(self) -> int:
        return GPU.gpu_bytes

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._answer is not None and request.url.path.startswith("/v2/library/gemma3/blobs/"):
            return self._answer(request)
        return await self._inner.handle_async_request(request)


@asynccontextmanager
async def started(
    size: tuple[int, int] = (120, 40), answer: Answer | None = None, version: str = VERSION
) -> AsyncIterator[tuple[User, Demo]]:
    demo, ticker = a_server(version=version)
    path = demo.transport

    def transport() -> httpx.AsyncBaseTransport:
        return WithMemory(path(), answer)

    async with journey(demo, server_time=ticker, size=size, transport=transport) as user:
        yield user, demo


@asynccontextmanager
async def about_to_pull(
    text: str, answer: Answer | None = None, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[User, Demo]]:
    async with started(size, answer) as (user, demo):
        await user.presses("p")
        await user.sees("Pull a model")
        await user.types(text)
        yield user, demo


def blobs_read(demo: Demo) -> list[str]:
    """Return the paths of the blobs of which registries were asked."""
    return [url.path for _, url in demo.registry_requests if "/blobs/" in url.path]


@pytest.mark.parametrize("size", SIZES)
async def test_typing_a_name_shows_what_it_takes_in_memory_and_that_it_fits(
    size: tuple[int, int],
) -> None:
    async with about_to_pull("gemma3:12b", size=size) as (user, _):
        await user.sees("gemma3:12b fetches 8.1 GB", "Memory ≤ 9.5 GB at 4K: fits fully")


async def test_what_does_not_fit_is_said_with_the_memory_there_is() -> None:
    async with about_to_pull("gpt-oss:20b") as (user, _):
        await user.sees("Memory ≤ 14 GB of 12 GB at 4K", "fits partly")


async def test_of_several_the_largest_is_told_and_only_its_header_is_read() -> None:
    async with about_to_pull("qwen3:4b gemma3:12b") as (user, demo):
        await user.sees("Memory, largest: ≤ 9.5 GB at 4K: fits fully")
        assert {path.split("/")[3] for path in blobs_read(demo)} == {"gemma3"}


async def test_a_header_is_read_once_and_only_of_a_name_at_rest() -> None:
    async with about_to_pull("gemma3:12") as (user, demo):
        assert blobs_read(demo) == []
        await user.types("b")
        await user.sees("Memory ≤ 9.5 GB")
        read = blobs_read(demo)
        await user.presses("backspace")
        await user.sees_no("Memory ≤")
        await user.types("b")
        await user.sees("Memory ≤ 9.5 GB")
        await user.presses("escape", "y", "p")
        await user.types("gemma3:12b")
        await user.sees("Memory ≤ 9.5 GB")
        assert blobs_read(demo) == read


async def test_what_is_here_as_its_registry_has_it_needs_no_registry_to_tell() -> None:
    async with about_to_pull("gemma2:2b") as (user, demo):
        await user.sees("gemma2:2b up to date", "Memory", "fits fully")
        assert blobs_read(demo) == []


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: httpx.Response(404),
        lambda _: httpx.Response(401, headers={"www-authenticate": "Bearer realm=x"}),
        lambda _: httpx.Response(416),
        lambda _: httpx.Response(200, content=b"<!DOCTYPE html><html>"),
        lambda _: httpx.Response(200, content=gguf_head({"general.name": "\x1b]0;x\x07"}, ())),
        lambda _: httpx.Response(206, headers={"content-range": "bytes 5-9/99"}, content=b"GGUF"),
    ],
)
async def test_a_registry_that_answers_nothing_about_it_leaves_the_sizes(
    answer: Answer,
) -> None:
    async with about_to_pull("gemma3:12b", answer) as (user, demo):
        await user.sees("gemma3:12b fetches 8.1 GB", "Memory at least 8.1 GB, the weights alone")
        await user.presses("enter")
        await user.until(lambda: demo.bodies("/api/pull") == [{"model": "gemma3:12b"}])


async def test_a_cloud_model_takes_no_memory_here() -> None:
    async with about_to_pull("gpt-oss:120b-cloud") as (user, demo):
        await user.sees("gpt-oss:120b-cloud")
        await user.waits(2)
        await user.sees_no("Memory ≤", "Memory at least")
        assert blobs_read(demo) == []


@pytest.mark.parametrize("size", SIZES)
async def test_a_context_typed_in_the_form_shows_what_it_takes(size: tuple[int, int]) -> None:
    async with started(size) as (user, _):
        await user.goes_to("llama3.1:8b")
        await user.presses("C")
        await user.sees("Create a model from llama3.1:8b" if size[1] > 12 else "Base")
        await user.presses("ctrl+n", "ctrl+n", "a")
        await user.types("num_ctx")
        await user.presses("tab")
        await user.types("8192")
        await user.sees("In memory it takes 6.6 GB at 8K")
        await user.presses("backspace", "backspace", "backspace", "backspace")
        await user.types("131072")
        await user.sees("of 12 GB at 128K")
        await user.presses("enter")
        await user.sees("of 12 GB at 128K")


async def test_of_an_unknown_base_the_form_tells_nothing_of_memory() -> None:
    async with started() as (user, _):
        await user.goes_to("qwen3-coder:480b-cloud")
        await user.presses("C")
        await user.sees("Create a model from")
        await user.presses("ctrl+n", "ctrl+n", "a")
        await user.types("num_ctx")
        await user.presses("tab")
        await user.types("8192")
        await user.sees_no("In memory it takes")


async def test_a_type_to_quantize_to_shows_what_it_takes() -> None:
    async with started() as (user, _):
        await user.goes_to("tinyllama:1.1b-chat-fp16")
        await user.presses("C")
        await user.sees("Create a model from")
        for _ in range(5):
            await user.presses("ctrl+n")
        await user.presses("down", "down", "enter")
        await user.sees("In memory it takes about", "fits fully")


async def test_the_question_for_a_type_says_which_of_them_fit() -> None:
    async with started(version=BEFORE_LISTS) as (user, _):
        await user.goes_to("tinyllama:1.1b-chat-fp16")
        await user.presses("%")
        await user.sees("Quantize tinyllama:1.1b-chat-fp16", "almost as good as the original; fits")


async def test_importing_a_gguf_file_shows_what_it_takes_before_it_is_sent(
    tmp_path: Path,
) -> None:
    shapes = {f"blk.{number}.attn_k.weight": (64, 64) for number in range(36)}
    path = tmp_path / "Tiny-F16.gguf"
    path.write_bytes(gguf(QWEN | {"general.file_type": 1}, shapes))
    async with started() as (user, demo):
        await user.presses("I")
        await user.sees("Import a model from files")
        await user.pastes(str(path))
        await user.sees("Memory", "at 4K of context: fits fully; largest context that fits: 40K")
        assert demo.seen("/api/create") == []
