"""Connections: why they fail, who gets the key, when they are closed."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path

import httpx
import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.errors import (
    Interrupted,
    InvalidRequest,
    NotOllama,
    OllamaError,
    Refused,
    Unreachable,
)
from ollama_tui.api.http import REPLY_TIMEOUTS, WORK_TIMEOUTS
from ollama_tui.api.replies import Progress
from ollama_tui.api.requests import CreateRequest
from tests.api.sockets import Reader, Writer, answering, serving

KEY = "secret-0123456789"
VERSION = b'{"version":"1.0"}'


class Asked(httpx.AsyncBaseTransport):
    """Keeps the requests; answers with `answer`, or raises it."""

    def __init__(self, answer: httpx.Response | Exception | None = None) -> None:
        self.requests: list[httpx.Request] = []
        self._answer = answer or httpx.Response(200, content=VERSION)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


class Endless(httpx.AsyncByteStream):
    """One event, then silence; knows when it was closed."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self.closed = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"status":"pulling manifest"}\n'
        self.waiting.set()
        await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.closed.set()


async def failure(url: str, answer: httpx.Response | Exception | None = None) -> OllamaError:
    transport = Asked(answer) if answer is not None else None
    async with Ollama(url, transport=transport) as client:
        with pytest.raises(OllamaError) as caught:
            await client.version()
    return caught.value


@pytest.mark.parametrize(
    ("url", "key", "send_key", "sent"),
    [
        ("https://ollama.com", KEY, False, True),
        ("https://ollama.com:443", KEY, False, True),
        ("https://ollama.com", None, False, False),
        ("https://ollama.com", "", False, False),
        ("https://OLLAMA.com", KEY, False, True),
        ("https://ollama.com.evil.example", KEY, False, False),
        ("https://ollama.com@evil.example", KEY, False, False),
        ("https://evil.example/ollama.com", KEY, False, False),
        ("https://gpu-box", KEY, False, False),
        ("http://127.0.0.1:11434", KEY, False, False),
        ("https://gpu-box", KEY, True, True),
        ("http://gpu-box", KEY, True, False),
        ("http://127.0.0.1:11434", KEY, True, True),
    ],
)
async def test_the_key_goes_to_its_own_host_only(
    url: str, key: str | None, send_key: bool, sent: bool
) -> None:
    transport = Asked()
    async with Ollama(url, api_key=key, send_key=send_key, transport=transport) as client:
        await client.version()
    authorization = transport.requests[0].headers.get("Authorization")
    assert (authorization == f"Bearer {KEY}") is sent
    assert sent or KEY not in str(authorization)


@pytest.mark.parametrize(
    ("url", "send_key"),
    [("http://ollama.com", False), ("http://ollama.com", True), ("https://ollama.com:8443", False)],
)
async def test_a_key_that_would_have_to_be_withheld_is_said_and_nothing_is_sent(
    url: str, send_key: bool
) -> None:
    transport = Asked()
    async with Ollama(url, api_key=KEY, send_key=send_key, transport=transport) as client:
        with pytest.raises(OllamaError, match="The API key is not sent to") as raised:
            await client.version()
    assert transport.requests == []
    assert KEY not in str(raised.value)
    assert "https://ollama.com" in raised.value.hint


async def test_a_redirect_is_not_followed_and_takes_no_key_along() -> None:
    transport = Asked(httpx.Response(307, headers={"Location": "https://evil.example/x"}))
    async with Ollama("https://ollama.com", api_key=KEY, transport=transport) as client:
        with pytest.raises(NotOllama, match=r"redirects to https://evil\.example/x"):
            await client.list()
    assert len(transport.requests) == 1


@pytest.mark.parametrize("key", [KEY, f"{KEY}\r\nX: y", f"{KEY}é", f"{KEY}\x00"])
async def test_the_key_is_in_no_repr_and_no_error(key: str) -> None:
    for answer in (httpx.ConnectError("no"), httpx.Response(401, content=b"{}"), None):
        client = Ollama("https://ollama.com", api_key=key, transport=Asked(answer))
        assert KEY not in repr(client)
        with suppress(OllamaError):
            await client.version()
        with pytest.raises(OllamaError) as caught:
            await Ollama(
                "https://ollama.com", api_key=key, transport=Asked(httpx.ReadError("x"))
            ).version()
        error: BaseException | None = caught.value
        while error is not None:
            assert KEY not in str(error) + repr(error)
            error = error.__cause__ or error.__context__


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


NO_TLS = ssl.SSLError("wrong version number")
UNTRUSTED = ssl.SSLCertVerificationError("self-signed certificate")


@pytest.mark.parametrize(
    ("raised", "kind", "why"),
    [
        (httpx.ConnectTimeout(""), Unreachable, "timed out"),
        (httpx.ConnectError("x"), Unreachable, "not reachable from here"),
        (
            caused(httpx.ConnectError("x"), ConnectionRefusedError()),
            Unreachable,
            "connection refused",
        ),
        (
            caused(httpx.ConnectError("x"), socket.gaierror(-2, "x")),
            Unreachable,
            "no such host",
        ),
        (
            caused(httpx.ConnectError("x"), UNTRUSTED),
            Unreachable,
            "its TLS certificate is not trusted",
        ),
        (caused(httpx.ConnectError("x"), NO_TLS), Unreachable, "it does not speak TLS"),
        (httpx.ProxyError("x"), Unreachable, "the proxy did not connect"),
        (httpx.ReadTimeout(""), Interrupted, "did not answer in time"),
        (httpx.WriteTimeout(""), Interrupted, "did not answer in time"),
        (httpx.ReadError(""), Interrupted, "the connection to gpu-box:1 broke"),
        (httpx.WriteError(""), Interrupted, "the connection to gpu-box:1 broke"),
        (httpx.RemoteProtocolError("gone"), Interrupted, "the connection to gpu-box:1 broke"),
        (httpx.RemoteProtocolError("illegal status line"), NotOllama, "is not Ollama"),
        (httpx.DecodingError("x"), NotOllama, "answers with compressed data"),
        (httpx.InvalidURL("x"), Unreachable, "not a valid address"),
    ],
)
async def test_a_failed_connection_says_why(
    raised: Exception, kind: type[OllamaError], why: str
) -> None:
    error = await failure("http://gpu-box:1", raised)
    assert type(error) is kind
    assert why in error.title
    assert "gpu-box:1" in error.title
    if "OLLAMA_HOST" in error.hint:
        assert "(--host, OLLAMA_HOST or config.toml)" in error.hint
    assert error.hint


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1", "http://a..b:1", "foo://x", "http://[fe80", "http://a b", "", "http://"],
)
async def test_an_address_that_cannot_work_is_unreachable(url: str) -> None:
    assert type(await failure(url)) is Unreachable


async def test_a_name_and_password_in_the_address_are_not_repeated() -> None:
    error = await failure("http://user:hunter2@127.0.0.1:1")
    assert "hunter2" not in str(error)


async def test_a_port_that_speaks_something_else_is_not_ollama() -> None:
    async def handler(_reader: Reader, writer: Writer) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        await writer.drain()

    async with serving(handler) as address:
        assert type(await failure(f"http://{address}")) is NotOllama


async def test_a_tls_address_of_a_plain_server_is_explained() -> None:
    async def handler(reader: Reader, writer: Writer) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with serving(handler) as address:
        error = await failure(f"https://{address}")
    assert "it does not speak TLS" in error.title


async def test_a_body_cut_short_is_interrupted() -> None:
    async def handler(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + VERSION)
        await writer.drain()

    async with serving(handler) as address:
        assert type(await failure(f"http://{address}")) is Interrupted


async def test_proxies_are_bypassed_for_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(answering(b'{"version":"proxy"}')) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with serving(answering(VERSION)) as address, Ollama(f"http://{address}") as direct:
            assert await direct.version() == "1.0"
        async with Ollama("http://gpu-box.invalid:1") as proxied:
            assert await proxied.version() == "proxy"


@pytest.mark.parametrize("proxy", ["socks9://x", "http://[bad", "://"])
async def test_a_broken_proxy_setting_is_an_error_of_ours(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    assert type(await failure("http://gpu-box.invalid:1")) is Unreachable


async def test_own_authorities_count_on_loopback_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    assert "certificate settings are wrong" in (await failure("https://127.0.0.1:1")).title


async def test_streams_and_loads_wait_for_ever_and_reads_do_not() -> None:
    transport = Asked(httpx.Response(200, content=b'{"status":"success"}'))
    async with Ollama("http://h", transport=transport) as client:
        [_ async for _ in client.pull("m")]
        [_ async for _ in client.create(CreateRequest("m"), stream=False)]
        await client.load("m")
        await client.copy("a", "b")
    limits = [request.extensions["timeout"] for request in transport.requests]
    assert [limit["read"] for limit in limits] == [None, None, None, 30.0]
    assert {limit["connect"] for limit in limits} == {10.0}
    assert (WORK_TIMEOUTS.read, REPLY_TIMEOUTS.read) == (None, 30.0)


async def test_cancelling_a_pull_closes_the_connection() -> None:
    body = Endless()
    async with Ollama("http://h", transport=Asked(httpx.Response(200, stream=body))) as client:

        async def pull() -> None:
            async with aclosing(client.pull("m")) as events:
                async for _ in events:
                    pass

        task = asyncio.create_task(pull())
        await body.waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert body.closed.is_set()


async def test_leaving_a_pull_closes_the_connection() -> None:
    body = Endless()
    async with Ollama("http://h", transport=Asked(httpx.Response(200, stream=body))) as client:
        async with aclosing(client.pull("m")) as events:
            assert await anext(events) == Progress("pulling manifest")
            assert not body.closed.is_set()
        assert body.closed.is_set()


async def test_the_server_sees_a_cancelled_pull_hang_up() -> None:
    hung_up = asyncio.Event()

    async def handler(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"}")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        line = b'{"status":"pulling manifest"}\n'
        writer.write(b"%x\r\n%s\r\n" % (len(line), line))
        await writer.drain()
        assert await reader.read() == b""
        hung_up.set()

    async with serving(handler) as address, Ollama(f"http://{address}") as client:
        async with aclosing(client.pull("m")) as events:
            await anext(events)
        await asyncio.wait_for(hung_up.wait(), 5)


async def test_a_closed_client_says_so_whatever_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "blob"
    file.write_bytes(b"x")
    async with serving(answering(VERSION)) as address:
        async with Ollama(f"http://{address}") as client:
            await client.version()
        for call in (
            client.version,
            partial(client.delete, "m"),
            partial(anext, client.pull("m")),
            partial(client.load, "m"),
            partial(client.blob_exists, "sha256:" + "0" * 64),
            partial(client.upload_blob, "sha256:" + "0" * 64, file),
        ):
            with pytest.raises(OllamaError) as caught:
                await call()
            assert caught.value.title == f"The connection to {address} is closed already."
    await client.aclose()


async def test_a_client_never_used_is_closed_too() -> None:
    client = Ollama("http://127.0.0.1:1")
    await client.aclose()
    with pytest.raises(OllamaError, match="is closed already"):
        await client.list()


async def test_closing_the_client_ends_what_is_under_way() -> None:
    asked = asyncio.Event()

    async def handler(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()

    async with serving(handler) as address, Ollama(f"http://{address}") as client:
        call = asyncio.create_task(client.version())
        await asked.wait()
        await client.aclose()
        with pytest.raises(OllamaError):
            await call


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"OK", b"[]"])
async def test_an_answer_that_should_be_empty_is_no_success_when_it_is_not(body: bytes) -> None:
    transport = Asked(httpx.Response(200, content=body))
    async with Ollama("http://h", transport=transport) as client:
        with pytest.raises(NotOllama):
            await client.delete("m")


async def test_an_error_under_status_200_is_still_an_error() -> None:
    transport = Asked(httpx.Response(200, content=b'{"error":"unexpected endpoint"}'))
    async with Ollama("http://h", transport=transport) as client:
        for call in (client.copy("a", "b"), client.delete("a"), client.load("a"), client.list()):
            with pytest.raises((Refused, NotOllama)):
                await call


async def test_text_that_is_no_unicode_is_refused_before_it_is_sent() -> None:
    transport = Asked()
    async with Ollama("http://h", transport=transport) as client:
        with pytest.raises(InvalidRequest):
            await client.delete("\udc80")
    assert transport.requests == []


async def test_an_endless_error_page_is_cut() -> None:
    async def pages() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536

    transport = Asked(httpx.Response(500, content=pages()))
    async with Ollama("http://h", transport=transport) as client:
        with pytest.raises(Refused) as caught:
            await client.list()
    assert len(caught.value.server_text) == 600


async def test_a_path_prefix_comes_before_every_path() -> None:
    transport = Asked()
    async with Ollama("https://h:8443/ollama/", transport=transport) as client:
        await client.version()
    assert str(transport.requests[0].url) == "https://h:8443/ollama/api/version"
