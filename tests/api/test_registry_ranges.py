"""Parts of blobs: asked for by range, wherever the registry keeps them, and never more is read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from ollama_tui.api.errors import NotOllama, OllamaError, ServerFailed, Unauthorized
from ollama_tui.api.registry import Registry
from ollama_tui.domain.names import parse

BLOB = bytes(range(256)) * 16
DIGEST = "a" * 64
NAME = parse("hf.co/acme/Model-GGUF:Q4_K_M")
STORE = "https://cdn.example/blobs/a?Policy=x%20y&Signature=a-b~c_"

Answering = Callable[[httpx.Request], httpx.Response]


def asked(request: httpx.Request) -> range:
    first, _, last = request.headers["range"].removeprefix("bytes=").partition("-")
    return range(int(first), int(last) + 1)


def partial(request: httpx.Request) -> httpx.Response:
    """Answer as a server of files does."""
    part = asked(request)
    content = BLOB[part.start : part.stop]
    if not content:
        return httpx.Response(416, headers={"content-range": f"bytes */{len(BLOB)}"})
    last = part.start + len(content) - 1
    headers = {"content-range": f"bytes {part.start}-{last}/{len(BLOB)}"}
    return httpx.Response(206, headers=headers, content=content)


async def part_of(
    answer: Answering, part: range = range(100)
) -> tuple[bytes | OllamaError, list[httpx.Request]]:
    """Return what comes of asking for a part of the blob, and the requests that were sent."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer(request)

    async with Registry(httpx.MockTransport(handle)) as registry:
        try:
            return await registry.blob_part(NAME, DIGEST, part), seen
        except OllamaError as error:
            return error, seen


@pytest.mark.parametrize(
    ("part", "sent"),
    [
        (range(100), "bytes=0-99"),
        (range(64, 300), "bytes=64-299"),
        (range(4000, 9000), "bytes=4000-8999"),
    ],
)
async def test_a_part_is_asked_for_by_its_range(part: range, sent: str) -> None:
    found, (request,) = await part_of(partial, part)
    assert request.headers["range"] == sent
    assert str(request.url) == f"https://hf.co/v2/acme/Model-GGUF/blobs/sha256:{DIGEST}"
    assert found == BLOB[part.start : part.stop]


class Endless(httpx.AsyncByteStream):
    """A body without an end; counts what is read of it."""

    def __init__(self) -> None:
        self.sent = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.sent += 50
            yield BLOB[:50]

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize("status", [200, 206])
async def test_of_an_endless_answer_no_more_is_read_than_asked_for(status: int) -> None:
    body = Endless()
    headers = {"content-range": "bytes 0-99/4096"} if status == 206 else {}
    found, _ = await part_of(lambda _: httpx.Response(status, headers=headers, stream=body))
    assert found == BLOB[:50] * 2
    assert body.sent == 100
    assert body.closed


async def test_a_registry_that_knows_no_ranges_is_read_up_to_the_end_of_the_part() -> None:
    found, _ = await part_of(lambda _: httpx.Response(200, content=BLOB), range(64, 300))
    assert found == BLOB[64:300]


async def test_more_than_was_asked_for_is_left_out() -> None:
    headers = {"content-range": "bytes 0-4095/4096"}
    found, _ = await part_of(lambda _: httpx.Response(206, headers=headers, content=BLOB))
    assert found == BLOB[:100]


@pytest.mark.parametrize(
    "told", ["", "bytes 7-99/4096", "bytes */4096", "bytes -5-9/9", "bytes ٠-9/9", "items 0-99/1"]
)
async def test_another_part_than_asked_for_is_refused(told: str) -> None:
    found, _ = await part_of(
        lambda _: httpx.Response(206, headers={b"content-range": told.encode()}, content=BLOB[:100])
    )
    assert isinstance(found, NotOllama)
    assert "another part" in found.title


async def test_a_range_behind_the_end_is_an_error() -> None:
    found, _ = await part_of(partial, range(9000, 9100))
    assert isinstance(found, ServerFailed)


async def test_a_redirect_to_another_host_carries_the_range_but_not_the_token() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"token": "anonymous"})
        if request.url.host == "cdn.example":
            return partial(request)
        if "authorization" not in request.headers:
            challenge = 'Bearer realm="https://hf.co/token",service="hf.co",scope="pull"'
            return httpx.Response(401, headers={"www-authenticate": challenge})
        return httpx.Response(307, headers={"location": STORE})

    found, seen = await part_of(answer)
    assert found == BLOB[:100]
    assert [request.headers.get("authorization") for request in seen] == [
        None, None, "Bearer anonymous", None,
    ]  # fmt: skip
    assert [request.url.host for request in seen] == ["hf.co", "hf.co", "hf.co", "cdn.example"]
    assert seen[-1].headers["range"] == "bytes=0-99"
    # A signature may be of the query: it stays as it was named, letter by letter.
    assert str(seen[-1].url) == STORE


async def test_without_a_token_it_needs_sign_in() -> None:
    found, seen = await part_of(lambda _: httpx.Response(401))
    assert isinstance(found, Unauthorized)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "target", ["http://cdn.example/a", "https://127.0.0.1/a", "https://10.0.0.1/"]
)
async def test_where_no_blob_may_be_it_is_not_asked_for(target: str) -> None:
    found, seen = await part_of(lambda _: httpx.Response(307, headers={"location": target}))
    assert isinstance(found, NotOllama)
    assert len(seen) == 1
