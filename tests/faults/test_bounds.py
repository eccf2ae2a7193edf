"""Each bound of what is read of a reply: just below it is read, just above it is not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable

import httpx
import msgspec
import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.decode import MAX_NESTING, error_text, page_title, shown, shown_manifests
from ollama_tui.api.error_rules.explain import from_response
from ollama_tui.api.errors import NotOllama, Refused, Unauthorized
from ollama_tui.api.host import Host
from ollama_tui.api.http import MAX_REPLY_BYTES
from ollama_tui.api.manifests import LIST_TYPE, MAX_CHILDREN
from ollama_tui.api.ndjson import EventReader
from ollama_tui.api.prefetch import MAX_HEADERS, Prefetch
from ollama_tui.api.registry import MAX_TOKEN, Registry
from ollama_tui.api.replies import ManifestShow, Show
from ollama_tui.api.requests import PULL, Call
from ollama_tui.domain.names import parse
from tests.api.sockets import Reader, Writer, serving
from tests.services.registries import manifest

NAME = parse("me/m:1")
PULLING = Call(PULL, "m")
DEPTHS = (1, MAX_NESTING + 1, 500, 900, 960, 980, 990, 1000, 5000, 100_000)


def nest(depth: int, kind: str = "[]") -> bytes:
    start, end = (b"[", b"]") if kind == "[]" else (b'{"a":', b"}")
    return start * depth + b"1" + end * depth


@pytest.mark.parametrize("kind", ["[]", "{}"])
@pytest.mark.parametrize("field", ["model_info", "projector_info"])
def test_metadata_nested_deeply_is_none_and_the_rest_stays(field: str, kind: str) -> None:
    for depth in (1, MAX_NESTING, MAX_NESTING + 1, 500, 900):
        body = b'{"%b":{"deep":%b,"n":7},"system":"s"}' % (field.encode(), nest(depth, kind))
        show = shown(body, Show)
        values = getattr(show, field)
        assert (values["n"], show.system) == (7, "s")
        assert (values["deep"] is None) == (depth > MAX_NESTING)
        [one] = shown_manifests(b'{"manifests":[' + body + b"]}").manifests
        assert isinstance(one, ManifestShow)
        assert (getattr(one, field)["deep"] is None) == (depth > MAX_NESTING)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("kind", ["[]", "{}"])
def test_an_error_may_be_nested_as_deep_as_it_likes(depth: int, kind: str) -> None:
    body = b'{"error":' + nest(depth, kind) + b"}"
    refused = from_response(500, body, PULLING)
    assert isinstance(refused, Refused)
    assert refused.title.startswith("m was not pulled: ")
    with pytest.raises((Refused, NotOllama)):
        list(EventReader(PULLING).feed(body + b"\n"))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ('"boom"', "boom"),
        ('{"message":"boom","type":"x"}', "boom"),
        ('{"message":{"message":"boom"}}', '{"message":{"message":"boom"}}'),
        ('{"message":null}', '{"message":null}'),
        ('["boom", 7]', '["boom", 7]'),
        ("7", "7"),
        ("true", "true"),
        ("", ""),
        ("null", ""),
        ("false", ""),
        ("[]", ""),
        ("{}", ""),
        ('""', ""),
        (r'"a\ud800b"', "a\ufffdb"),
    ],
)
def test_the_text_of_an_error_is_its_own_or_its_json(error: str, text: str) -> None:
    assert error_text(msgspec.Raw(error.encode())) == text


def test_of_an_error_without_end_only_the_start_is_read() -> None:
    assert len(error_text(msgspec.Raw(b"[" + b"[]," * 2_000_000 + b"1]"))) == 8192


def test_an_error_that_is_not_utf8_loses_one_character() -> None:
    assert error_text(msgspec.Raw(b'"a\xffb"')) == "a\ufffdb"


def test_a_title_is_found_beside_attributes() -> None:
    assert page_title('<html><title class="x">A</title>') == "A"
    assert page_title("<html>" + "<title" * 10_000) == ""
    assert page_title("<html><title " + "x" * 5000 + ">A</title>") == ""


@pytest.mark.parametrize(
    ("length", "is_read"),
    [
        ("2", True),
        (str(MAX_REPLY_BYTES), True),
        (str(MAX_REPLY_BYTES + 1), False),
        ("9" * 20, False),
        ("-1", True),
        ("x", True),
        ("9" * 5000, True),
        ("\u0665", True),
    ],
)
async def test_a_reply_that_says_it_is_too_large_is_not_read(length: str, is_read: bool) -> None:
    read: list[bool] = []

    class Body(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            read.append(True)
            yield b'{"version":"1"}'

    def answer(request: httpx.Request) -> httpx.Response:
        headers = [(b"content-length", length.encode())]
        return httpx.Response(200, headers=headers, stream=Body())

    async with Ollama("http://h", transport=httpx.MockTransport(answer)) as ollama:
        if is_read:
            assert await ollama.version() == "1"
        else:
            with pytest.raises(NotOllama, match="more than 64 MB") as caught:
                await ollama.version()
            assert caught.value.hint
    assert bool(read) is is_read


Answering = Callable[[httpx.Request], httpx.Response]


def registry(answer: Answering) -> Registry:
    return Registry(httpx.MockTransport(answer))


@pytest.mark.parametrize(("count", "is_read"), [(MAX_CHILDREN, True), (MAX_CHILDREN + 1, False)])
async def test_a_list_of_more_manifests_than_runners_is_refused(count: int, is_read: bool) -> None:
    entries = [{"digest": f"sha256:{n:064x}", "runner": "mlx"} for n in range(count)]
    body = {"schemaVersion": 2, "mediaType": LIST_TYPE, "manifests": entries}
    async with registry(lambda _: httpx.Response(200, json=body)) as asked:
        if is_read:
            assert len((await asked.manifest(NAME)).children) == count
        else:
            with pytest.raises(NotOllama, match="more than 100 manifests"):
                await asked.manifest(NAME)


@pytest.mark.parametrize("place", ["runner", "mediaType", "digest"])
async def test_a_word_of_a_manifest_is_no_book(place: str) -> None:
    body = json.loads(manifest("weights"))
    (body if place == "runner" else body["layers"][0])[place] = "x" * 1025
    async with registry(lambda _: httpx.Response(200, json=body)) as asked:
        with pytest.raises(NotOllama):
            await asked.manifest(NAME)


@pytest.mark.parametrize(("length", "is_sent"), [(MAX_TOKEN, True), (MAX_TOKEN + 1, False)])
async def test_a_token_of_megabytes_is_not_sent(length: int, is_sent: bool) -> None:
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"token": "t" * length})
        if "authorization" in request.headers:
            sent.append(request.headers["authorization"])
            return httpx.Response(200, content=manifest("weights"))
        challenge = {"www-authenticate": 'Bearer realm="https://ollama.com/token"'}
        return httpx.Response(401, headers=challenge)

    async with registry(answer) as asked:
        if is_sent:
            await asked.manifest(NAME)
        else:
            with pytest.raises(Unauthorized):
                await asked.manifest(NAME)
    assert len(sent) == int(is_sent)


@pytest.mark.parametrize(("count", "is_read"), [(MAX_HEADERS, True), (MAX_HEADERS + 1, False)])
async def test_the_prefetch_reads_only_so_many_headers(count: int, is_read: bool) -> None:
    """What comes after the last one that is read must not become the body."""
    bodies = {"tags": b'{"models":[]}', "ps": b'{"models":[]}', "version": b'{"version":"1"}'}

    async def handler(reader: Reader, writer: Writer) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode().rpartition("/")[2]
        head = b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * count
        writer.write(head + b"\r\n" + bodies[asked])
        await writer.drain()

    async with serving(handler) as address:
        name, _, port = address.partition(":")
        answers = await Prefetch(Host("http", name, int(port))).wait(30)
    assert (answers is not None) is is_read
