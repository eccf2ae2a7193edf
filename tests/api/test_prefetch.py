"""The prefetched answers: complete and good, or none, and the client asks again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from ollama_tui.api.host import Host
from ollama_tui.api.prefetch import Prefetch
from ollama_tui.api.replies import Answers
from tests.api.sockets import Handler, Reader, Writer, serving

LONG = 10.0
"""Seconds: more than any of these servers takes."""
BODIES = {
    "/api/tags": json.dumps({"models": [{"name": "qwen3:8b", "size": 5}]}).encode(),
    "/api/ps": json.dumps({"models": [{"name": "qwen3:8b", "size_vram": 7}]}).encode(),
    "/api/version": b'{"version":"0.33.0"}',
}
Answer = Callable[[str], bytes]


def with_length(path: str) -> bytes:
    body = BODIES[path]
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def to_the_end(path: str) -> bytes:
    return b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n" + BODIES[path]


def server(answer: Answer, asked: list[bytes] | None = None) -> Handler:
    """Answer each path by `answer`, keep the requests in `asked`."""

    async def handler(reader: Reader, writer: Writer) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if asked is not None:
            asked.append(request)
        writer.write(answer(request.split()[1].decode()))
        await writer.drain()

    return handler


async def first_of(handler: Handler, *, prefix: str = "") -> Answers | None:
    async with serving(handler) as address:
        host, _, port = address.partition(":")
        return await Prefetch(Host("http", host, int(port), prefix)).wait(LONG)


@pytest.mark.parametrize("answer", [with_length, to_the_end])
async def test_list_runners_and_version_are_read(answer: Answer) -> None:
    answers = await first_of(server(answer))
    assert answers is not None
    assert [model.name for model in answers.listed] == ["qwen3:8b"]
    assert [runner.size_vram for runner in answers.running] == [7]
    assert answers.version == "0.33.0"


async def test_the_server_sees_plain_requests_below_the_prefix_and_no_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "secret-0123456789")
    asked: list[bytes] = []
    await first_of(server(lambda path: with_length(path.removeprefix("/in")), asked), prefix="/in")
    assert [request.split()[1] for request in asked] == [
        b"/in/api/tags",
        b"/in/api/ps",
        b"/in/api/version",
    ]
    for request in asked:
        assert b"\r\nHost: 127.0.0.1:" in request
        assert b"\r\nUser-Agent: ollama-tui/" in request
        assert b"secret" not in request


def status(line: bytes) -> Answer:
    return lambda path: b"HTTP/1.1 " + line + b"\r\n\r\n" + BODIES[path]


def header(line: bytes) -> Answer:
    return lambda path: b"HTTP/1.1 200 OK\r\n" + line + b"\r\n\r\n" + BODIES[path]


@pytest.mark.parametrize(
    "answer",
    [
        status(b"301 Moved"),
        status(b"500 Internal Server Error"),
        status(b"200"[:2]),
        header(b"Transfer-Encoding: chunked"),
        header(b"Content-Encoding: gzip"),
        header(b"Content-Length: 1000"),
        header(b"Content-Length: many"),
        header(b"no header at all"),
        lambda path: b"",
        lambda path: b"SSH-2.0-OpenSSH_9.2\r\n",
        lambda path: b"HTTP/1.1 200 OK\r\n\r\n<html>",
        lambda path: b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe",
    ],
)
async def test_any_other_answer_counts_as_none(answer: Answer) -> None:
    assert await first_of(server(answer)) is None


async def test_one_bad_answer_of_three_makes_all_count_as_none() -> None:
    answer: Answer = lambda path: b"oops" if path == "/api/ps" else with_length(path)  # noqa: E731
    assert await first_of(server(answer)) is None


async def test_answers_are_decoded_once_and_then_the_same() -> None:
    async with serving(server(with_length)) as address:
        host, _, port = address.partition(":")
        first = Prefetch(Host("http", host, int(port)))
        answers = await first.wait(LONG)
        assert answers is not None
        assert first.answers() is answers
        assert await first.wait(LONG) is answers


async def test_waiting_for_a_silent_server_ends_after_the_given_seconds() -> None:
    silent = asyncio.Event()

    async def handler(reader: Reader, writer: Writer) -> None:
        await reader.read()
        silent.set()

    async with serving(handler) as address:
        host, _, port = address.partition(":")
        first = Prefetch(Host("http", host, int(port)))
        assert await first.wait(0.01) is None
        assert first.answers() is None


@pytest.mark.parametrize("host", ["127.0.0.1", "no host", "bücher", "[", "a" * 400])
async def test_no_server_and_no_host_are_no_answer(host: str) -> None:
    assert await Prefetch(Host("http", host, 9)).wait(LONG) is None
