"""Headers of a reply that httpx itself stumbles over, or would act upon."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.errors import NotOllama, OllamaError, Unauthorized
from ollama_tui.api.registry import Registry
from ollama_tui.domain.names import parse
from tests.faults.shown import acts
from tests.services.registries import manifest

NAME = parse("me/m:1")
LOCATIONS = [
    "", "/", "//", "http://", "javascript:x", "http://[::1", ":https://:[", "//xn--/\\", "///x",
    "https://xn--", ":https://xn--ahttps://[", "http://h:99999/", "http://h:b/", "\t]# ?", "?", "#",
    "http://a]b", "http://[v1.a]/", "http://[fe80::1%25x]/", "http://\u2100/", "http://a\u202eb/",
    "http://h/\x1b[31m", "http://h/" + "x" * 80_000, "http://user:hunter2@h/", "ftp://h/", "\\\\h",
    "http://:@/", "http://%00/", "https://ollama.com:b/", "http://" + "a." * 200 + "b/",
]  # fmt: skip


class Server(httpx.AsyncBaseTransport):
    """Gives the same answer to all; keeps what it was asked."""

    def __init__(self, status: int, *headers: tuple[str, str], body: bytes = b"{}") -> None:
        self.requests: list[httpx.Request] = []
        self._status = status
        self._headers: Any = [(name.encode(), value.encode()) for name, value in headers]
        self._body = body

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self._status, headers=self._headers, content=self._body)


@pytest.mark.parametrize("location", LOCATIONS, ids=ascii)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_wherever_a_redirect_leads_it_is_said_and_not_followed(
    status: int, location: str
) -> None:
    server = Server(status, ("Location", location))
    async with Ollama("https://h", transport=server) as ollama:
        with pytest.raises(NotOllama, match="the server redirects") as caught:
            await ollama.list()
        assert len(server.requests) == 1
        with pytest.raises(NotOllama, match="the server redirects"):
            [_ async for _ in ollama.pull("m")]
    assert caught.value.hint
    assert "hunter2" not in str(caught.value)
    assert not acts(str(caught.value))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("location", LOCATIONS, ids=ascii)
async def test_a_registry_that_redirects_nowhere_is_left(location: str) -> None:
    server = Server(307, ("Location", location))
    async with Registry(server) as registry:
        with pytest.raises(OllamaError) as caught:
            await registry.manifest(NAME)
    assert not acts(str(caught.value))
    assert "hunter2" not in str(caught.value)
    assert {request.url.host for request in server.requests} == {"ollama.com"}


@pytest.mark.parametrize("realm", [text for text in LOCATIONS if '"' not in text], ids=ascii)
async def test_a_registry_with_no_place_for_tokens_keeps_its_401(realm: str) -> None:
    server = Server(401, ("WWW-Authenticate", f'Bearer realm="{realm}",service="s"'))
    async with Registry(server) as registry:
        with pytest.raises(Unauthorized):
            await registry.manifest(NAME)
    assert {request.url.host for request in server.requests} == {"ollama.com"}


async def test_a_token_asked_for_in_too_many_words_is_none() -> None:
    challenge = f'Bearer realm="/token",service="{"s" * 90_000}"'
    async with Registry(Server(401, ("WWW-Authenticate", challenge))) as registry:
        with pytest.raises(Unauthorized):
            await registry.manifest(NAME)


COOKIES = [
    "a=b",
    "a=\xff",
    "a=b; max-age=" + "9" * 5000 + ";",
    "a=b; expires=Thu, 01 Jan 99999999999 00:00:00 GMT",
    "a=" + "x" * 60_000,
    "; path=/; domain=h",
]


@pytest.mark.parametrize("cookie", COOKIES, ids=lambda cookie: ascii(cookie)[:40])
async def test_no_cookie_is_kept(cookie: str) -> None:
    """One that is no ASCII made every later request fail, and an odd date wrote on the screen."""
    headers = [("Set-Cookie", cookie)] * 3
    server = Server(200, *headers, body=b'{"version":"1"}')
    async with Ollama("http://h", transport=server) as ollama:
        for _ in range(3):
            assert await ollama.version() == "1"
    registry_server = Server(200, *headers, body=manifest("weights"))
    async with Registry(registry_server) as registry:
        for _ in range(3):
            await registry.manifest(NAME)
    every = [*server.requests, *registry_server.requests]
    assert len(every) == 6
    assert not any("cookie" in request.headers for request in every)
