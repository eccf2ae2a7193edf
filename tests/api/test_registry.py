"""Registries: which requests go where, and what is accepted of the answers."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from hashlib import sha256

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api import registry as registries
from ollama_tui.api.errors import (
    Busy,
    Interrupted,
    NotFound,
    NotOllama,
    OllamaError,
    ServerFailed,
    Unauthorized,
    Unreachable,
    Unsupported,
)
from ollama_tui.api.registry import Newest, Registry
from ollama_tui.domain.names import parse
from tests.api.sockets import answering, serving

CONFIG = {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 400}
WEIGHTS = {"mediaType": "application/vnd.ollama.image.model", "size": 4_000_000_000}
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "config": CONFIG | {"digest": "sha256:" + "c" * 64},
        "layers": [WEIGHTS | {"digest": "sha256:" + "a" * 64, "from": "x"}],
    }
).encode()
DIGEST = sha256(MANIFEST).hexdigest()
PAGE = b"<!DOCTYPE html><html><title>Sign in to the hotel</title>"

Answering = Callable[[httpx.Request], httpx.Response]


def registry(
    answer: Answering | httpx.Response | Exception,
) -> tuple[Registry, list[httpx.Request]]:
    """Return a registry that answers so, and the requests it gets."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    return Registry(httpx.MockTransport(handle)), seen


@pytest.mark.parametrize("host", ["127.0.0.1:5000", "localhost:5000", "127.9.9.9"])
async def test_a_registry_on_the_machine_of_a_server_elsewhere_is_not_asked_here(host: str) -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=MANIFEST)

    async with Registry(httpx.MockTransport(handle), server_is_local=False) as asked:
        with pytest.raises(Unreachable, match=f"Only the server can reach {host}"):
            await asked.newest(parse(f"{host}/me/m:1"))
        with pytest.raises(Unreachable):
            await asked.manifest(parse(f"{host}/me/m:1"), insecure=True)
        assert seen == []
        await asked.manifest(parse("box.lan:5000/me/m:1"))
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("name", "insecure", "url"),
    [
        ("qwen3", False, "https://ollama.com/v2/library/qwen3/manifests/latest"),
        ("Registry.Ollama.ai/me/m:1", False, "https://ollama.com/v2/me/m/manifests/1"),
        (
            "hf.co/acme/Model-GGUF:Q4_K_M",
            False,
            "https://hf.co/v2/acme/Model-GGUF/manifests/Q4_K_M",
        ),
        ("box.lan:5000/me/m:1", False, "https://box.lan:5000/v2/me/m/manifests/1"),
        ("box.lan:5000/me/m:1", True, "http://box.lan:5000/v2/me/m/manifests/1"),
        ("qwen3", True, "https://ollama.com/v2/library/qwen3/manifests/latest"),
        ("hf.co/acme/m:1", True, "https://hf.co/v2/acme/m/manifests/1"),
    ],
)
async def test_each_registry_is_asked_at_its_own_address(
    name: str, insecure: bool, url: str
) -> None:
    asked, seen = registry(httpx.Response(200, content=MANIFEST))
    async with asked:
        await asked.manifest(parse(name), insecure=insecure)
    assert [str(request.url) for request in seen] == [url]
    assert seen[0].method == "GET"
    assert seen[0].headers["accept"] == (
        "application/vnd.ollama.manifest.list.v2+json, "
        "application/vnd.docker.distribution.manifest.v2+json"
    )


@pytest.mark.parametrize("host", ["127.0.0.1:5000", "localhost:5000"])
async def test_a_registry_on_this_machine_may_speak_plain_http(host: str) -> None:
    asked, seen = registry(httpx.Response(200, content=MANIFEST))
    async with asked:
        published = await asked.manifest(parse(f"{host}/me/m:1"))
    assert [str(request.url) for request in seen] == [f"http://{host}/v2/me/m/manifests/1"]
    assert published.insecure


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("box.lan:5000/me/m:1", "http"),
        ("box.lan:5001/me/m:1", "https"),
        ("hf.co/acme/m:1", "https"),
        ("qwen3", "https"),
    ],
)
async def test_a_registry_that_may_do_without_tls_is_asked_without_unless_it_is_public(
    name: str, scheme: str
) -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=MANIFEST)

    plain = ("Box.lan:5000", "hf.co", "registry.ollama.ai")
    async with Registry(httpx.MockTransport(handle), plain=plain) as asked:
        published = await asked.manifest(parse(name))
    assert [request.url.scheme for request in seen] == [scheme]
    assert published.insecure is (scheme == "http")


@pytest.mark.parametrize("answer", [httpx.Response(200, content=MANIFEST), httpx.Response(404)])
async def test_whether_a_registry_speaks_plain_http_does_not_depend_on_the_model(
    answer: httpx.Response,
) -> None:
    asked, seen = registry(answer)
    async with asked:
        assert await asked.speaks_plain_http(parse("127.0.0.1:5000/me/m:1"))
        assert not await asked.speaks_plain_http(parse("box.lan:5000/me/m:1"))
    assert [(request.method, request.url.scheme) for request in seen] == [("HEAD", "http")]


@pytest.mark.parametrize(
    "to_plain", [httpx.Response(400, text="HTTP to HTTPS"), httpx.RemoteProtocolError("hung up")]
)
async def test_a_registry_on_this_machine_that_speaks_tls_is_asked_over_tls(
    to_plain: httpx.Response | Exception,
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.scheme == "https":
            return httpx.Response(200, content=MANIFEST)
        if isinstance(to_plain, Exception):
            raise to_plain
        return to_plain

    asked, _ = registry(answer)
    async with asked:
        published = await asked.manifest(parse("127.0.0.1:5000/me/m:1"))
    assert published.digest == DIGEST
    assert not published.insecure


async def test_no_proxy_leads_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        length = f"Content-Length: {len(MANIFEST)}\r\nConnection: close\r\n\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\n" + length.encode() + MANIFEST)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Registry() as asked:
        published = await asked.manifest(parse(f"127.0.0.1:{port}/me/m:1"))
    assert published.digest == DIGEST
    assert seen[0].startswith(b"GET /v2/me/m/manifests/1 ")


async def test_no_key_and_no_cookie_ever_goes_to_a_registry() -> None:
    asked, seen = registry(httpx.Response(200, content=MANIFEST, headers={"set-cookie": "a=b"}))
    async with asked:
        await asked.newest(parse("qwen3"))
    assert "authorization" not in seen[0].headers
    assert "cookie" not in seen[0].headers


@pytest.mark.parametrize("written", ["{}", "sha256:{}", " {} "])
async def test_the_newest_digest_and_its_time_come_without_a_body(written: str) -> None:
    headers = {"ollama-content-digest": written.format(DIGEST), "ollama-push-time": "1764000000"}
    asked, seen = registry(httpx.Response(200, headers=headers))
    async with asked:
        newest = await asked.newest(parse("qwen3"))
    assert newest == Newest(DIGEST, datetime.fromtimestamp(1764000000, UTC))
    assert seen[0].method == "HEAD"


@pytest.mark.parametrize("header", ["", "abc", "sha256:" + "g" * 64, "a" * 65, "\x00"])
async def test_a_malformed_digest_counts_as_missing(header: str) -> None:
    headers = [(b"ollama-content-digest", header.encode()), (b"ollama-push-time", b"-1e9")]
    asked, _ = registry(httpx.Response(200, headers=headers))
    async with asked:
        assert await asked.newest(parse("qwen3")) == Newest("")


async def test_without_the_header_the_body_is_hashed() -> None:
    asked, _ = registry(httpx.Response(200, content=MANIFEST))
    async with asked:
        published = await asked.manifest(parse("hf.co/acme/m:1"))
    assert published.digest == DIGEST
    assert published.pushed_at is None
    assert published.manifest is not None
    assert published.manifest.size == 4_000_000_400
    assert [layer.digest[7] for layer in published.manifest.everything] == ["a", "c"]


@pytest.mark.parametrize(
    ("status", "kind", "title"),
    [
        (401, Unauthorized, "ollama.com shows qwen3:latest only after sign-in."),
        (404, NotFound, "ollama.com has no qwen3:latest."),
        (412, Unsupported, "ollama.com shows qwen3:latest only to a newer Ollama."),
        (429, Busy, "ollama.com is limiting requests."),
        (500, ServerFailed, "ollama.com answered 500."),
        (304, ServerFailed, "ollama.com answered 304."),
    ],
)
async def test_an_error_status_becomes_a_sentence(
    status: int, kind: type[OllamaError], title: str
) -> None:
    asked, _ = registry(httpx.Response(status, content=PAGE))
    async with asked:
        with pytest.raises(kind) as caught:
            await asked.manifest(parse("qwen3"))
    assert caught.value.title == title


@pytest.mark.parametrize(
    ("failure", "kind", "words"),
    [
        (httpx.ConnectError("no route"), Unreachable, "Cannot connect to ollama.com"),
        (httpx.ConnectTimeout("slow"), Unreachable, "Cannot connect to ollama.com"),
        (httpx.ReadTimeout("slow"), Interrupted, "did not answer in time"),
        (httpx.ReadError("reset"), Interrupted, "the connection to ollama.com broke"),
        (httpx.RemoteProtocolError("illegal status line"), NotOllama, "is not a registry"),
        (TimeoutError(), Interrupted, "did not answer in time"),
    ],
)
async def test_no_network_is_an_error_that_does_not_blame_the_server(
    failure: Exception, kind: type[OllamaError], words: str
) -> None:
    asked, _ = registry(failure)
    async with asked:
        with pytest.raises(kind) as caught:
            await asked.newest(parse("qwen3"))
    assert words in caught.value.title
    assert "OLLAMA_HOST" not in str(caught.value)


async def test_an_untrusted_certificate_is_named() -> None:
    failure = httpx.ConnectError("tls")
    failure.__cause__ = ssl.SSLCertVerificationError("self-signed")
    asked, _ = registry(failure)
    async with asked:
        with pytest.raises(Unreachable, match="certificate is not trusted"):
            await asked.newest(parse("box.lan/me/m:1"))


def bad_digest(digest: str) -> bytes:
    return MANIFEST.replace(b"sha256:" + b"a" * 64, digest.encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        PAGE,
        b"null",
        b"[]",
        b'{"layers":[]}',
        b'{"config":null,"layers":null}',
        MANIFEST.replace(b"4000000000", b"-1"),
        MANIFEST.replace(b"4000000000", b'"big"'),
        bad_digest("sha256:../../etc/passwd"),
        bad_digest("a" * 64),
        b"[" * 100_000,
        b"\xff\xfe{}",
    ],
)
async def test_what_is_no_manifest_is_refused_whole(body: bytes) -> None:
    asked, _ = registry(httpx.Response(200, content=body))
    async with asked:
        with pytest.raises(NotOllama):
            await asked.manifest(parse("qwen3"))


class Endless(httpx.AsyncByteStream):
    """A body without end; knows how much was taken."""

    taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.taken += 65536
            yield b"x" * 65536


async def test_a_body_without_end_is_given_up() -> None:
    body = Endless()
    asked, _ = registry(httpx.Response(200, stream=body))
    async with asked:
        with pytest.raises(NotOllama, match="more than a manifest can be"):
            await asked.manifest(parse("qwen3"))
    assert body.taken <= registries.MAX_MANIFEST_BYTES + 2 * 65536


def redirecting(location: str, then: bytes = MANIFEST) -> Answering:
    """Send the first request elsewhere."""

    def answer(request: httpx.Request) -> httpx.Response:
        if str(request.url) == "https://hf.co/v2/acme/m/manifests/1":
            return httpx.Response(307, headers={"location": location})
        return httpx.Response(200, content=then)

    return answer


@pytest.mark.parametrize("location", ["/elsewhere", "https://huggingface.co/v2/acme/m/manifests/1"])
async def test_redirects_to_the_same_owner_are_followed(location: str) -> None:
    asked, seen = registry(redirecting(location))
    async with asked:
        assert (await asked.manifest(parse("hf.co/acme/m:1"))).digest == DIGEST
    assert len(seen) == 2


@pytest.mark.parametrize(
    "location",
    [
        "http://hf.co/v2/acme/m/manifests/1",
        "https://evil.example/",
        "https://169.254.169.254/latest/meta-data",
        "https://hf.co.evil.example/",
        "https://hf.co@evil.example/",
        "file:///etc/passwd",
        "https://hf.co:8443/",
        "//evil.example",
    ],
)
async def test_redirects_to_strangers_are_not_followed(location: str) -> None:
    asked, seen = registry(redirecting(location))
    async with asked:
        with pytest.raises(OllamaError):
            await asked.manifest(parse("hf.co/acme/m:1"))
    assert len(seen) == 1


async def test_a_loop_of_redirects_ends() -> None:
    asked, seen = registry(
        lambda request: httpx.Response(302, headers={"location": request.url.path})
    )
    async with asked:
        with pytest.raises(NotOllama, match="redirects too often"):
            await asked.newest(parse("qwen3"))
    assert len(seen) == registries.MAX_REQUESTS


def guarded(realm: str, token: httpx.Response) -> Answering:
    """Ask for a bearer token first."""
    challenge = f'Bearer realm="{realm}",service="box",scope="repository:me/m:pull"'

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return token
        if request.headers.get("authorization") == "Bearer for-all":
            return httpx.Response(200, content=MANIFEST)
        return httpx.Response(401, headers={"www-authenticate": challenge})

    return answer


@pytest.mark.parametrize("field", ["token", "access_token"])
async def test_a_token_for_everybody_is_fetched_without_credentials(field: str) -> None:
    token = httpx.Response(200, json={field: "for-all"})
    asked, seen = registry(guarded("https://box.lan/token", token))
    async with asked:
        assert (await asked.manifest(parse("box.lan/me/m:1"))).digest == DIGEST
    assert [request.url.path for request in seen] == [
        "/v2/me/m/manifests/1", "/token", "/v2/me/m/manifests/1",
    ]  # fmt: skip
    assert dict(seen[1].url.params) == {"service": "box", "scope": "repository:me/m:pull"}
    assert "authorization" not in seen[1].headers


@pytest.mark.parametrize(
    ("realm", "token", "requests"),
    [
        ("https://evil.example/token", httpx.Response(200, json={"token": "for-all"}), 1),
        ("http://box.lan/token", httpx.Response(200, json={"token": "for-all"}), 1),
        ("https://box.lan/token", httpx.Response(401), 2),
        ("https://box.lan/token", httpx.Response(200, content=PAGE), 2),
        ("https://box.lan/token", httpx.Response(200, json={"token": "a\r\nb: c"}), 2),
        ("https://box.lan/token", httpx.Response(200, json={"token": ["for-all"]}), 2),
        ("https://box.lan/token", httpx.Response(200, json={"token": "wrong"}), 3),
    ],
)
async def test_where_a_key_would_be_needed_it_stays_a_401(
    realm: str, token: httpx.Response, requests: int
) -> None:
    asked, seen = registry(guarded(realm, token))
    async with asked:
        with pytest.raises(Unauthorized):
            await asked.manifest(parse("box.lan/me/m:1"))
    assert len(seen) == requests


async def test_a_registry_that_never_answers_can_be_left() -> None:
    reached = asyncio.Event()

    async def handle(request: httpx.Request) -> httpx.Response:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with Registry(httpx.MockTransport(handle)) as asked:
        task = asyncio.ensure_future(asked.newest(parse("qwen3")))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@given(
    status=st.integers(200, 599),
    body=st.binary(max_size=80) | st.just(MANIFEST),
    location=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=20),
)
def test_whatever_is_answered_only_our_errors_come_out(
    status: int, body: bytes, location: str
) -> None:
    async def ask() -> None:
        fields = [
            (name, location.encode("latin-1"))
            for name in (b"location", b"www-authenticate", b"ollama-content-digest")
        ]
        asked, _ = registry(httpx.Response(status, content=body, headers=fields))
        async with asked:
            await asked.manifest(parse("box.lan/me/m:1"))

    said = []
    try:
        asyncio.run(ask())
    except OllamaError as error:
        said.append(error.title)
    assert all(map(str.isprintable, said))


async def test_proxies_are_bypassed_for_a_registry_on_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(answering(b"{}", status="418 Proxy")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with serving(answering(MANIFEST)) as address, Registry() as direct:
            name = parse(f"{address}/library/x")
            assert (await direct.manifest(name, insecure=True)).digest == DIGEST
        async with Registry() as proxied:
            with pytest.raises(OllamaError, match="418"):
                await proxied.manifest(parse("gpu-box.invalid:1/library/x"), insecure=True)
