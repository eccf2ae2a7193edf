"""Memory of what is not here yet: read from the first bytes of the weights, once, and bounded."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import httpx
import pytest

from ollama_tui.api.registry import Registry
from ollama_tui.api.replies import Layer
from ollama_tui.domain.memory.published import Published
from ollama_tui.domain.memory.shape import Basis
from ollama_tui.domain.names import parse
from ollama_tui.domain.updates import Offer, OfferKind
from ollama_tui.services.published_memory import STEPS, PublishedMemory
from tests.importing.making import gguf_head
from tests.importing.test_gguf_beginning import QWEN

IMAGE = "application/vnd.ollama.image."
SIZE = 5_000_000_000
HEAD = gguf_head(QWEN, ((64, 32),))
NAME = parse("qwen3:8b")


def layer(kind: str, size: int, text: str = "") -> Layer:
    return Layer(IMAGE + kind, "sha256:" + sha256((text or kind).encode()).hexdigest(), size)


def offer(*layers: Layer) -> Offer:
    total = sum(each.size for each in layers)
    return Offer(OfferKind.FETCH, total=total, layers=layers)


MODEL = layer("model", SIZE)
Blobs = dict[str, bytes]


class Site:
    """A registry with these blobs, each followed by zeros, and the ranges it was asked for."""

    def __init__(self, blobs: Blobs, answer: Callable[[], httpx.Response] | None = None) -> None:
        self.blobs = blobs
        self.answer = answer
        self.asked: list[str] = []
        self.memory = PublishedMemory(Registry(httpx.MockTransport(self._handle)))

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.headers["range"])
        if self.answer is not None:
            return self.answer()
        start, end = map(int, request.headers["range"].removeprefix("bytes=").split("-"))
        data = self.blobs[request.url.path.rpartition(":")[2]]
        content = data.ljust(end + 1, b"\0")[start : end + 1]
        headers = {"content-range": f"bytes {start}-{end}/{SIZE}"}
        return httpx.Response(206, headers=headers, content=content)

    async def tells(self, *layers: Layer) -> Published | None:
        return await self.memory.of(NAME, False, offer(*(layers or (MODEL,))))


def site(head: bytes, **more: bytes) -> Site:
    contents = {"model": head} | more
    return Site({sha256(kind.encode()).hexdigest(): data for kind, data in contents.items()})


async def test_the_first_bytes_of_the_weights_are_enough_and_read_once() -> None:
    registry = site(HEAD)
    found = await registry.tells()
    assert found is not None
    assert found.shape is not None
    assert (found.weights, found.shape.weights) == (SIZE, SIZE)
    assert (found.shape.context_length, found.shape.basis) == (40960, Basis.BOUND)
    assert await registry.tells() == found
    assert registry.asked == [f"bytes=0-{STEPS[0] - 1}"]


async def test_projectors_and_the_context_that_it_asks_for_count() -> None:
    registry = site(HEAD, params=b'{"num_ctx":16384,"stop":["x"]}')
    projector, parameters = layer("projector", 600_000_000), layer("params", 30)
    found = await registry.tells(MODEL, projector, parameters)
    assert found is not None
    assert found.shape is not None
    assert (found.shape.projector, found.shape.num_ctx) == (600_000_000, 16384)
    assert await registry.tells(MODEL, projector, parameters) == found
    assert len(registry.asked) == 2


@pytest.mark.parametrize(
    "parameters", [b"{", b"[]", b'{"num_ctx":"x"}', b'{"num_ctx":-5}', b"\xff", b'{"num_ctx":1e99}']
)
async def test_parameters_that_are_none_ask_for_no_context(parameters: bytes) -> None:
    found = await site(HEAD, params=parameters).tells(MODEL, layer("params", len(parameters)))
    assert found is not None
    assert found.shape is not None
    assert found.shape.num_ctx == 0


async def test_metadata_behind_much_else_are_read_in_steps() -> None:
    late = {"general.notes": "x" * 300_000} | QWEN
    registry = site(gguf_head(late, ()))
    found = await registry.tells()
    assert found is not None
    assert found.shape is not None
    starts = (0, *STEPS)
    assert registry.asked == [
        f"bytes={start}-{end - 1}" for start, end in zip(starts, STEPS, strict=False)
    ]


@pytest.mark.parametrize(
    "head",
    [
        b"<!DOCTYPE html><html>",
        b"",
        gguf_head({"general.notes": "x" * 3_000_000} | QWEN, ()),
        gguf_head({"tokenizer.ggml.merges": ["x" * 100] * 30_000} | QWEN, ()),
    ],
    ids=["a page", "zeros", "a long text first", "an array first"],
)
async def test_where_the_beginning_says_nothing_the_sizes_are_left_and_no_more_is_read(
    head: bytes,
) -> None:
    registry = site(head)
    assert await registry.tells() == Published(SIZE)
    assert await registry.tells() == Published(SIZE)
    assert len(registry.asked) <= len(STEPS)
    assert int(registry.asked[-1].rpartition("-")[2]) < STEPS[-1]


def drops_the_connection() -> httpx.Response:
    raise httpx.ReadError("gone")


@pytest.mark.parametrize(
    "answer",
    [
        lambda: httpx.Response(401),
        lambda: httpx.Response(404),
        lambda: httpx.Response(416),
        lambda: httpx.Response(500),
        lambda: httpx.Response(206, headers={"content-range": "bytes 9-99/100"}, content=HEAD),
        lambda: httpx.Response(200, headers={"content-encoding": "gzip"}, content=b""),
        drops_the_connection,
    ],
)
async def test_a_registry_that_refuses_leaves_the_sizes_and_is_asked_again(
    answer: Callable[[], httpx.Response],
) -> None:
    registry = Site({MODEL.digest.removeprefix("sha256:"): HEAD}, answer)
    assert await registry.tells() == Published(SIZE)
    registry.answer = None
    found = await registry.tells()
    assert found is not None
    assert found.shape is not None


async def test_a_file_that_ends_within_its_header_leaves_the_sizes() -> None:
    registry = Site({}, lambda: httpx.Response(200, content=HEAD[:150]))
    assert await registry.tells() == Published(SIZE)


async def test_what_has_no_weights_of_its_own_is_not_asked_about() -> None:
    registry = site(HEAD)
    assert await registry.tells(layer("license", 50)) is None
    assert registry.asked == []


async def test_several_files_of_weights_count_together() -> None:
    found = await site(HEAD).tells(MODEL, layer("model", 1_000, "second"))
    assert found is not None
    assert found.shape is not None
    assert found.shape.weights == SIZE + 1_000
