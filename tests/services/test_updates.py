"""The store of findings: asks only when asked, few at a time, and remembers for a day."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.host import parse_host
from ollama_tui.api.registry import Registry
from ollama_tui.config.settings import Settings
from ollama_tui.domain.model import Model
from ollama_tui.domain.names import parse
from ollama_tui.domain.updates import OfferKind, UpdateStatus, Upstream
from ollama_tui.services.cache import Cache
from ollama_tui.services.library import Library
from ollama_tui.services.updates import CONCURRENT_MODELS, Checking, Updates, registry_for
from tests.clock import VirtualClock, at_once, settle
from tests.demo.levers import Demo

HOST = "http://127.0.0.1:11434"


@dataclass
class Stage:
    """A demo server, its registries, and the store under test."""

    demo: Demo
    library: Library
    updates: Updates

    def model(self, name: str) -> Model:
        return self.library.snapshot.by_name[name]

    @property
    def asked(self) -> list[str]:
        return [f"{method} {url.path}" for method, url in self.demo.registry_requests]

    async def finds(self, *names: str) -> list[Upstream]:
        found = await self.updates.check([self.model(name) for name in names])
        return [found[self.model(name).key] for name in names]


@asynccontextmanager
async def stage(
    demo: Demo | None = None,
    *,
    cache: Cache | None = None,
    ticker: VirtualClock | None = None,
    registry: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[Stage]:
    ticker = ticker or VirtualClock()
    demo = demo or Demo(pace=at_once, now=ticker.now)
    async with (
        Ollama(HOST, transport=demo.transport()) as ollama,
        Registry(registry or demo.transport()) as asked,
    ):
        library = Library(ollama, now=ticker.now)
        await library.refresh()
        updates = Updates(
            asked,
            ollama,
            library.facts.show,
            cache=cache,
            host_url=HOST,
            now=ticker.now,
        )
        yield Stage(demo, library, updates)


async def test_a_current_model_takes_one_question_without_a_body() -> None:
    async with stage() as s:
        (found,) = await s.finds("mistral:7b")
        assert found.status is UpdateStatus.CURRENT
        assert s.asked == ["HEAD /v2/library/mistral/manifests/7b"]


async def test_an_outdated_model_takes_one_more() -> None:
    async with stage() as s:
        (found,) = await s.finds("llama3.1:8b")
        assert found.status is UpdateStatus.OUTDATED
        assert found.changes == ("weights",)
        path = "/v2/library/llama3.1/manifests/8b"
        assert s.asked == [f"HEAD {path}", f"GET {path}"]


async def test_a_registry_that_tells_no_digest_is_asked_for_the_manifest_and_it_is_hashed() -> None:
    name = "hf.co/acme-labs/Compass-3B-GGUF:Q4_K_M"
    async with stage() as s:
        (found,) = await s.finds(name)
        assert found.status is UpdateStatus.CURRENT
        assert [line.split()[0] for line in s.asked] == ["HEAD", "GET"]


@pytest.mark.parametrize(
    ("server", "asked"),
    [("gpu-box", False), ("127.0.0.1", True), (socket.gethostname(), True)],
)
async def test_what_a_server_elsewhere_calls_this_machine_is_its_own(
    server: str, asked: bool
) -> None:
    settings = Settings(host=parse_host(server))
    async with Ollama(settings.host.url) as ollama, registry_for(settings, None) as registry:
        updates = Updates(registry, ollama, Library(ollama).facts.show)
        offer = await updates.offer("127.0.0.1:1/me/m:1", False, None)
    assert ("Only the server can reach 127.0.0.1:1" in offer.reason) is not asked


async def test_a_model_of_an_own_registry_that_is_not_there_is_unknown_with_the_reason() -> None:
    demo = Demo(pace=at_once)
    demo.store.write(
        parse("box.lan:5000/me/m:1"), demo.store.entries[parse("mistral:7b")].raw, demo.server.now()
    )
    async with stage(demo) as s:
        (found,) = await s.finds("box.lan:5000/me/m:1")
        assert found.reason == "Cannot connect to box.lan:5000: no such host."


async def test_a_plain_registry_says_that_it_does_not_speak_tls() -> None:
    demo = Demo(pace=at_once)
    name = parse("box.lan:5000/me/m:1")
    entry = demo.store.entries[parse("mistral:7b")]
    demo.store.write(name, entry.raw, demo.server.now())
    demo.registry.plain_hosts.add("box.lan:5000")
    demo.registry.publish(name, entry.manifest, demo.store.blobs, demo.server.now())
    async with stage(demo) as s:
        (found,) = await s.finds("box.lan:5000/me/m:1")
        assert "does not speak TLS" in found.reason
        offer = await s.updates.offer("box.lan:5000/me/m:1", True, None)
        assert offer.words == "fetches nothing: all of its 4.4 GB is on the server"


async def test_a_plain_registry_on_this_machine_is_compared_and_pulled_from_as_such() -> None:
    demo = Demo(pace=at_once)
    name = parse("127.0.0.1:5000/me/m:1")
    demo.store.write(name, demo.store.entries[parse("llama3.1:8b")].raw, demo.server.now())
    demo.registry.plain_hosts.add(name.host)
    newer = demo.registry.models[parse("llama3.1:8b").key]
    demo.registry.models[name.key] = newer
    async with stage(demo) as s:
        (found,) = await s.finds(name.display)
        assert found.status is UpdateStatus.OUTDATED
        assert found.insecure
        offer = await s.updates.offer(name.display, False, None)
        assert offer.reason == "127.0.0.1:5000 speaks plain HTTP: tick that to pull from it."


class Crowded(httpx.AsyncBaseTransport):
    """Answers nobody until told to; counts who waits."""

    def __init__(self) -> None:
        self.waiting = 0
        self.most = 0
        self.gate = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await self.gate.wait()
        self.waiting -= 1
        return httpx.Response(404)


async def test_few_are_asked_about_at_a_time_and_progress_is_published() -> None:
    crowded = Crowded()
    async with stage(registry=crowded) as s:
        models = [m for m in s.library.snapshot.models if not m.is_cloud][:12]
        check = asyncio.ensure_future(s.updates.check(models))
        await settle()
        assert crowded.most <= CONCURRENT_MODELS
        assert s.updates.is_checking
        progress = s.updates.progress.value
        assert progress is not None
        assert progress.total == 12
        crowded.gate.set()
        await check
        assert crowded.most <= CONCURRENT_MODELS
        assert s.updates.progress.value is None
        assert set(s.updates.found.value) == {model.key for model in models}


async def test_a_check_that_is_left_stops_asking_and_keeps_what_it_found() -> None:
    crowded = Crowded()
    async with stage(registry=crowded) as s:
        stub = s.model("gpt-oss:120b-cloud")
        check = asyncio.ensure_future(s.updates.check([stub, s.model("mistral:7b")]))
        await settle()
        assert s.updates.progress.value == Checking(1, 2)
        check.cancel()
        with pytest.raises(asyncio.CancelledError):
            await check
        assert not s.updates.is_checking
        assert set(s.updates.found.value) == {stub.key}


async def test_no_network_is_unknown_for_all_after_a_few_attempts() -> None:
    demo = Demo(pace=at_once)
    demo.registry_online = False
    async with stage(demo) as s:
        found = await s.updates.check(s.library.snapshot.models)
        assert {each.status for each in found.values()} == {UpdateStatus.UNKNOWN}
        assert all(each.reason for each in found.values())
        assert len(s.asked) <= CONCURRENT_MODELS + 1


async def test_a_server_that_goes_away_meanwhile_is_a_reason_not_a_crash() -> None:
    async with stage() as s:
        s.demo.online = False
        (found,) = await s.finds("llama3.1:8b")
        assert found.status is UpdateStatus.UNKNOWN
        assert "127.0.0.1" in found.reason


async def test_a_model_that_cannot_be_shown_is_compared_by_what_is_on_the_server() -> None:
    async with stage() as s:
        s.demo.fail("/api/show", 500, {"error": "boom"})
        (found,) = await s.finds("starcoder2:3b")
        assert (found.status, found.changes) == (UpdateStatus.OUTDATED, ("license",))


@pytest.mark.parametrize("body", [b"<html>hotel</html>", b"x" * 100, b'{"layers":1}', b""])
async def test_a_captive_portal_is_a_reason(body: bytes) -> None:
    portal = httpx.MockTransport(lambda request: httpx.Response(200, content=body))
    async with stage(registry=portal) as s:
        (found,) = await s.finds("mistral:7b")
        assert found.reason.startswith("ollama.com is not a registry")
        assert (await s.updates.offer("qwen3:4b", False, None)).total is None


async def test_findings_last_a_day_on_disk_but_not_what_nobody_knew(tmp_path: Path) -> None:
    cache, ticker = Cache(tmp_path), VirtualClock()
    async with stage(cache=cache, ticker=ticker) as s:
        await s.finds("llama3.1:8b", "mistral:7b", "pirate:latest")
        kept = dict(s.updates.found.value)
        del kept[s.model("pirate:latest").key]
    await ticker.advance(timedelta(hours=23).total_seconds())
    async with stage(cache=cache, ticker=ticker) as later:
        assert later.updates.found.value == kept
        assert later.asked == []
    await ticker.advance(timedelta(hours=2).total_seconds())
    async with stage(cache=cache, ticker=ticker) as next_day:
        assert next_day.updates.found.value == {}


def spoil(folder: Path) -> None:
    """Cut every file of findings off."""
    for file in folder.glob("upstream-*"):
        file.write_bytes(b'{"llama3.1:8b": 7')


async def test_a_broken_file_of_findings_is_no_findings(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    async with stage(cache=cache) as s:
        await s.finds("llama3.1:8b")
    spoil(tmp_path)
    async with stage(cache=cache) as again:
        assert again.updates.found.value == {}


async def test_an_offer_of_an_unknown_name_is_a_sentence() -> None:
    async with stage() as s:
        offer = await s.updates.offer("qwen9:1b", False, None)
        assert (offer.kind, offer.total) == (OfferKind.ABSENT, None)
        assert offer.reason == "ollama.com has no qwen9:1b."
