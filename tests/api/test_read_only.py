"""A read-only client: no method sends what changes the server, and no other is kept from it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from ollama_tui import CreateRequest, Ollama, OllamaError, ReadOnly
from ollama_tui.api import requests
from ollama_tui.api.requests import Endpoint
from tests.api.sockets import Reader, Writer, serving

DIGEST = "sha256:" + "0" * 64
HINT = "To change it, start without --read-only, and without read_only in config.toml."

Asking = Callable[[Ollama, Path], Awaitable[object]]


async def _all(events: Any) -> None:
    async for _ in events:
        pass


LOOKING: dict[str, Asking] = {
    "list": lambda ollama, _: ollama.list(),
    "running": lambda ollama, _: ollama.running(),
    "version": lambda ollama, _: ollama.version(),
    "status": lambda ollama, _: ollama.status(),
    "show": lambda ollama, _: ollama.show("m"),
    "show_verbose": lambda ollama, _: ollama.show_verbose("m"),
    "show_all": lambda ollama, _: ollama.show_all("m"),
    "blob_exists": lambda ollama, _: ollama.blob_exists(DIGEST),
    "me": lambda ollama, _: ollama.me(),
    "recommendations": lambda ollama, _: ollama.recommendations(),
}
CHANGING: dict[str, Asking] = {
    "create": lambda ollama, _: _all(ollama.create(CreateRequest("m"))),
    "create at once": lambda ollama, _: _all(ollama.create(CreateRequest("m"), stream=False)),
    "pull": lambda ollama, _: _all(ollama.pull("m")),
    "pull at once": lambda ollama, _: _all(ollama.pull("m", insecure=True, stream=False)),
    "push": lambda ollama, _: _all(ollama.push("m")),
    "push at once": lambda ollama, _: _all(ollama.push("m", stream=False)),
    "copy": lambda ollama, _: ollama.copy("m", "n"),
    "delete": lambda ollama, _: ollama.delete("m"),
    "upload_blob": lambda ollama, file: ollama.upload_blob(DIGEST, file),
    "load": lambda ollama, _: ollama.load("m"),
    "load to embed": lambda ollama, _: ollama.load("m", embedding=True),
    "load shorter": lambda ollama, _: ollama.load("m", keep_alive=0),
    "unload": lambda ollama, _: ollama.unload("m"),
    "sign_out": lambda ollama, _: ollama.sign_out(),
}
TITLES = {
    "create": "m was not created",
    "pull": "m was not pulled",
    "push": "m was not pushed",
    "copy": "m was not copied",
    "delete": "m was not deleted",
    "upload_blob": "The file was not uploaded",
    "load": "m was not loaded",
    "unload": "m was not unloaded",
    "sign_out": "The sign-out failed",
}
LOOKS = {
    ("GET", "/api/tags"),
    ("GET", "/api/ps"),
    ("GET", "/api/version"),
    ("GET", "/api/status"),
    ("POST", "/api/show"),
    ("HEAD", "/api/blobs/{}"),
    ("POST", "/api/me"),
    ("GET", "/api/experimental/model-recommendations"),
    ("GET", "/v2/"),
}
"""All that may be sent to a server that is not to be changed, or to a registry."""


class Noting(httpx.AsyncBaseTransport):
    """Notes what reaches it, and refuses it."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append((request.method, request.url.path.replace(DIGEST, "{}")))
        return httpx.Response(404, json={"error": "no"})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "blob"
    file.write_bytes(b"x")
    return file


def test_every_method_is_in_one_of_the_tables() -> None:
    methods = {name for name, each in vars(Ollama).items() if inspect.isfunction(each)}
    known = {name.partition(" ")[0] for name in (*LOOKING, *CHANGING)}
    assert {name for name in methods if not name.startswith("_")} == known | {"aclose"}


def test_every_endpoint_that_may_be_sent_is_known_to_change_nothing() -> None:
    endpoints = [each for each in vars(requests).values() if isinstance(each, Endpoint)]
    assert {(e.method, e.path) for e in endpoints if not e.changes_server} == LOOKS
    assert LOOKS.isdisjoint((e.method, e.path) for e in endpoints if e.changes_server)


@pytest.mark.parametrize("name", CHANGING)
async def test_what_would_change_the_server_is_not_sent(name: str, file: Path) -> None:
    transport = Noting()
    async with Ollama("http://h", transport=transport, read_only=True) as ollama:
        with pytest.raises(ReadOnly) as caught:
            await CHANGING[name](ollama, file)
    assert transport.seen == []
    failed = TITLES[name.partition(" ")[0]]
    assert caught.value.title == f"{failed}: read-only, so nothing on the server is changed."
    assert caught.value.hint == HINT


@pytest.mark.parametrize("name", CHANGING)
async def test_no_connection_is_opened_for_it(name: str, file: Path) -> None:
    connections: list[Writer] = []

    async def handler(_: Reader, writer: Writer) -> None:
        connections.append(writer)

    async with (
        serving(handler) as address,
        Ollama(f"http://{address}", read_only=True) as ollama,
    ):
        with pytest.raises(ReadOnly):
            await CHANGING[name](ollama, file)
        assert connections == []


@pytest.mark.parametrize("name", CHANGING)
async def test_another_client_sends_it(name: str, file: Path) -> None:
    transport = Noting()
    async with Ollama("http://h", transport=transport) as ollama:
        with pytest.raises(OllamaError) as caught:
            await CHANGING[name](ollama, file)
    assert not isinstance(caught.value, ReadOnly)
    assert len(transport.seen) == 1
    assert LOOKS.isdisjoint(transport.seen)


@pytest.mark.parametrize("name", LOOKING)
async def test_what_changes_nothing_is_sent(name: str, file: Path) -> None:
    transport = Noting()
    async with Ollama("http://h", transport=transport, read_only=True) as ollama:
        if name == "blob_exists":
            assert not await ollama.blob_exists(DIGEST)
        else:
            with pytest.raises(OllamaError) as caught:
                await LOOKING[name](ollama, file)
            assert not isinstance(caught.value, ReadOnly)
    assert transport.seen
    assert set(transport.seen) <= LOOKS


async def test_a_client_that_becomes_read_only_refuses_the_next_request() -> None:
    transport = Noting()
    async with Ollama("http://h", transport=transport) as ollama:
        ollama.read_only = True
        with pytest.raises(ReadOnly):
            await ollama.delete("m")
        ollama.read_only = False
        with pytest.raises(OllamaError):
            await ollama.delete("m")
    assert transport.seen == [("DELETE", "/api/delete")]
