"""The library: one truth about a server, refreshed without waste, learned in the background."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.errors import NotOllama, OllamaError, Unreachable
from ollama_tui.api.replies import Answers, ListedModel, Show
from ollama_tui.demo.release import VERSION
from ollama_tui.domain.memory.available import GIB
from ollama_tui.domain.memory.seen import SeenMemory
from ollama_tui.domain.model import ConnectionState, Snapshot
from ollama_tui.services.cache import Cache
from ollama_tui.services.library import POLL_EVERY, PUBLISH_EVERY, Library, answers_of
from ollama_tui.services.model_facts import DETAILS_KEPT, LIST_FIRST, ModelFacts
from ollama_tui.services.observable import Observable
from tests.clock import VirtualClock, settle
from tests.demo.levers import Demo

URL = "http://127.0.0.1:11434"
OLD = "0.12.3"
"""A version whose list does not tell capabilities."""


@pytest.fixture
def time() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def demo(time: VirtualClock) -> Demo:
    return Demo(pace=time.sleep, now=time.now)


@pytest.fixture
async def ollama(demo: Demo) -> AsyncIterator[Ollama]:
    async with Ollama(URL, transport=demo.transport()) as client:
        yield client


@pytest.fixture
def library(ollama: Ollama, time: VirtualClock) -> Library:
    return Library(ollama, now=time.now, seconds=time.monotonic, sleep=time.sleep)


async def test_a_refresh_returns_the_snapshot_that_holds_the_answer(
    library: Library, time: VirtualClock
) -> None:
    snapshot = await library.refresh()
    assert len(snapshot.models) == 36
    assert snapshot.state is ConnectionState.UP
    assert snapshot.version == VERSION
    assert snapshot.fetched_at == time.now()
    assert {model.name for model in snapshot.models if model.is_loaded} == {
        "qwen3:1.7b",
        "gpt-oss:20b",
    }


async def test_many_refreshes_at_once_ask_the_server_twice(library: Library, demo: Demo) -> None:
    await asyncio.gather(*[library.refresh() for _ in range(20)])
    assert len(demo.seen("/api/tags")) == 2


async def test_a_refresh_asked_for_during_another_sees_what_was_changed_meanwhile(
    library: Library, demo: Demo, ollama: Ollama
) -> None:
    first = asyncio.ensure_future(library.refresh())
    await asyncio.sleep(0)
    await ollama.copy("qwen3:1.7b", "mine:v1")
    assert (await library.refresh()).model("mine:v1") is not None
    await first


async def test_an_unchanged_list_keeps_its_models_by_identity(library: Library) -> None:
    before = (await library.refresh()).models
    assert (await library.refresh()).models is before


async def test_a_list_that_says_the_same_is_the_same_list(ollama: Ollama, demo: Demo) -> None:
    before = await ollama.list()
    assert await ollama.list() is before
    await ollama.copy("qwen3:1.7b", "mine:v1")
    assert {model.name for model in await ollama.list()} - {m.name for m in before} == {"mine:v1"}


async def test_a_list_fetched_ahead_that_is_that_of_last_time_is_kept_once(
    ollama: Ollama, tmp_path: Path
) -> None:
    cache = Cache(tmp_path)
    answers = await answers_of(ollama)
    cache.keep_models("", answers.listed)
    library = Library(ollama, cache=cache)
    before = [model.listed for model in library.snapshot.models]
    library = Library(ollama, cache=cache, snapshots=library.snapshots, answers=answers)
    after = [model.listed for model in library.snapshot.models]
    assert list(map(id, after)) == list(map(id, before))


async def test_a_failure_is_raised_and_said_in_the_snapshot_and_the_list_stays(
    library: Library, demo: Demo
) -> None:
    await library.refresh()
    demo.online = False
    with pytest.raises(Unreachable):
        await library.refresh()
    assert library.snapshot.state is ConnectionState.DOWN
    assert library.snapshot.problem is not None
    assert len(library.snapshot.models) == 36


async def test_a_cancelled_caller_does_not_cancel_the_refresh_of_another(
    library: Library,
) -> None:
    impatient = asyncio.ensure_future(library.refresh())
    patient = asyncio.ensure_future(library.refresh())
    await asyncio.sleep(0)
    impatient.cancel()
    assert len((await patient).models) == 36


async def test_who_wants_the_same_details_shares_a_request_unless_the_other_leaves(
    library: Library, time: VirtualClock
) -> None:
    asked: list[str] = []

    async def show(model: str, *, runner: str = "") -> Show:
        asked.append(model)
        await time.sleep(1.0)
        return Show()

    model, *_ = (await library.refresh()).models
    facts = ModelFacts(show)
    first, second, third = [asyncio.ensure_future(facts.show(model)) for _ in range(3)]
    await settle()
    assert asked == [model.name]
    second.cancel()
    await settle()
    assert asked == [model.name]
    first.cancel()
    await settle()
    assert asked == [model.name] * 2
    await time.advance(1.0)
    assert await third == Show()


@pytest.mark.parametrize(("status", "body"), [(404, "404 page not found"), (200, "<html>")])
async def test_a_server_without_ps_or_version_still_lists(
    library: Library, demo: Demo, status: int, body: str
) -> None:
    for path in ("/api/ps", "/api/version"):
        demo.fail(path, status, body)
    snapshot = await library.refresh()
    assert len(snapshot.models) == 36
    assert (snapshot.running, snapshot.version) == ((), "")


async def test_details_are_asked_for_once_per_digest(library: Library, demo: Demo) -> None:
    snapshot = await library.refresh()
    first, second = (snapshot.by_name[name] for name in ("gemma3:4b", "gemma3:latest"))
    assert first.digest == second.digest
    assert await library.facts.show(first) == await library.facts.show(second)
    assert len(demo.seen("/api/show")) == 1
    assert library.facts.details_of(second) is not None


async def test_details_of_many_models_do_not_pile_up(library: Library, demo: Demo) -> None:
    demo.add(DETAILS_KEPT + 5)
    snapshot = await library.refresh()
    crowd = [model for model in snapshot.models if "-" in model.name and not model.is_cloud]
    for model in crowd[: DETAILS_KEPT + 3]:
        if model.name != "old-experiment:latest":
            await library.facts.show(model)
    assert len(library.facts.details.value) <= DETAILS_KEPT


async def test_details_come_from_disk_when_they_are_there(
    ollama: Ollama, demo: Demo, tmp_path: Path
) -> None:
    first = Library(ollama, cache=Cache(tmp_path), host_url=URL)
    show = await first.facts.show((await first.refresh()).by_name["qwen3:8b"])
    again = Library(ollama, cache=Cache(tmp_path), host_url=URL)
    assert await again.facts.show((await again.refresh()).by_name["qwen3:8b"]) == show
    assert len(demo.seen("/api/show")) == 1


async def test_details_that_fail_are_an_error_and_leave_nothing_behind(library: Library) -> None:
    broken = (await library.refresh()).by_name["old-experiment:latest"]
    with pytest.raises(OllamaError):
        await library.facts.show(broken)
    assert library.facts.details_of(broken) is None


async def test_a_library_begins_with_the_list_of_last_time(ollama: Ollama, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.keep_models(URL, (ListedModel(name="remembered:1b", digest="b" * 64),))
    library = Library(ollama, cache=cache, host_url=URL)
    assert [model.name for model in library.snapshot.models] == ["remembered:1b"]
    assert library.snapshot.fetched_at is None


async def test_a_list_that_was_fetched_ahead_is_there_at_the_next_start(
    ollama: Ollama, time: VirtualClock, tmp_path: Path
) -> None:
    answers = await answers_of(ollama)
    ahead = Snapshot().answered(answers, time.now()).with_list(answers.listed, (), {})
    Library(
        ollama, cache=Cache(tmp_path), host_url=URL, snapshots=Observable(ahead), answers=answers
    )
    assert Cache(tmp_path).models(URL) == answers.listed


async def test_watching_polls_more_slowly_than_it_retries(
    library: Library, demo: Demo, time: VirtualClock
) -> None:
    async with library.watching():
        await time.advance(9)
        assert len(demo.seen("/api/tags")) == 1
        await time.advance(2)
        assert len(demo.seen("/api/tags")) == 2
        demo.online = False
        await time.advance(10)
        reached = [library.snapshot.state]
        demo.online = True
        await time.advance(3)
        reached.append(library.snapshot.state)
    assert reached == [ConnectionState.DOWN, ConnectionState.UP]


# Everything at once, for callers without a screen


async def test_learning_knows_in_the_end_what_every_model_can_do(
    library: Library, demo: Demo
) -> None:
    await library.refresh()
    before = {model.name for model in library.snapshot.able("tools")}
    known = await library.learn()
    assert known is library.snapshot
    assert before < {model.name for model in known.able("tools")}
    asked = len(demo.seen("/api/show"))
    await library.learn()
    assert len(demo.seen("/api/show")) == asked


async def test_learning_ends_with_an_error_when_what_answers_is_not_ollama(
    library: Library, demo: Demo
) -> None:
    demo.fail("/api/show", 200, "<html>", times=4)
    with pytest.raises(NotOllama):
        await library.learn()
    assert len(demo.seen("/api/show")) == 4


# Capabilities that an old server does not list


@pytest.fixture
def old(time: VirtualClock) -> Demo:
    return Demo(pace=time.sleep, now=time.now, version=OLD)


@pytest.fixture
async def learning(
    old: Demo, time: VirtualClock, tmp_path: Path
) -> AsyncIterator[tuple[Library, Demo]]:
    async with Ollama(URL, transport=old.transport()) as client:
        library = Library(
            client, cache=Cache(tmp_path), host_url=URL, now=time.now, sleep=time.sleep
        )
        async with library.watching():
            await settle()
            yield library, old


async def test_they_are_learned_in_the_background(
    learning: tuple[Library, Demo], time: VirtualClock
) -> None:
    library, _ = learning
    assert library.snapshot.unknown_capabilities > 20
    await time.advance(5)
    assert library.snapshot.unknown_capabilities == 1  # the one whose layer is missing
    assert library.snapshot.by_name["llava:7b"].can("vision")


async def test_each_digest_is_asked_about_once(
    learning: tuple[Library, Demo], time: VirtualClock
) -> None:
    library, old = learning
    await time.advance(40)
    digests = {m.digest for m in library.snapshot.models if not m.is_cloud}
    assert len(old.seen("/api/show")) == len(digests)


async def test_models_on_the_screen_come_first(old: Demo, time: VirtualClock) -> None:
    async with Ollama(URL, transport=old.transport()) as client:
        library = Library(client, now=time.now, sleep=time.sleep)
        models = (await library.refresh()).by_name
        wanted = [models[name] for name in ("codellama:7b-code", "starcoder2:3b")]
        library.facts.prioritise(wanted)
        async with library.watching():
            await time.advance(5)
        asked = [body["model"] for body in old.bodies("/api/show")]
        assert set(asked[:2]) == {"codellama:7b-code", "starcoder2:3b"}


async def test_what_is_on_the_screen_is_shown_at_once_when_all_of_it_was_learned(
    old: Demo, time: VirtualClock
) -> None:
    class SlowShow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await time.sleep(0.02 if request.url.path == "/api/show" else 0)
            return await answering.handle_async_request(request)

    answering = old.transport()
    async with Ollama(URL, transport=SlowShow()) as client:
        library = Library(client, now=time.now, sleep=time.sleep)
        refreshed = asyncio.ensure_future(library.refresh())
        await time.advance(0)
        models = (await refreshed).by_name
        wanted = ("codellama:7b-code", "starcoder2:3b", "gemma2:2b", "mistral:7b")
        library.facts.prioritise([models[name] for name in wanted])
        published = []
        async with library.watching():
            await time.advance(LIST_FIRST + PUBLISH_EVERY / 2)
            published += [library.snapshot.by_name[name].facts for name in wanted]
        assert None not in published


async def test_cloud_models_are_never_asked_about_unasked(
    learning: tuple[Library, Demo], time: VirtualClock
) -> None:
    _, old = learning
    await time.advance(20)
    assert not any("cloud" in body["model"] for body in old.bodies("/api/show"))


async def test_they_are_kept_on_disk_by_digest(
    learning: tuple[Library, Demo], time: VirtualClock, tmp_path: Path
) -> None:
    _, old = learning
    await time.advance(5)
    before = len(old.seen("/api/show"))
    async with Ollama(URL, transport=old.transport()) as client:
        again = Library(client, cache=Cache(tmp_path), host_url=URL, now=time.now, sleep=time.sleep)
        async with again.watching():
            await time.advance(5)
            assert again.snapshot.unknown_capabilities == 1
    assert len(old.seen("/api/show")) == before + 1  # only the broken one is tried again


async def test_a_busy_server_is_asked_again_with_the_next_refresh(
    old: Demo, time: VirtualClock
) -> None:
    old.fail("/api/show", 503, {"error": "server busy, please try again"}, times=500)
    async with Ollama(URL, transport=old.transport()) as client:
        library = Library(client, now=time.now, sleep=time.sleep)
        async with library.watching():
            await time.advance(8)
            assert library.snapshot.unknown_capabilities > 20
            assert len(old.seen("/api/show")) < 50
            old.fail_no_more()
            await time.advance(20)
            assert library.snapshot.unknown_capabilities == 1


async def test_learning_stops_while_the_server_is_gone_and_goes_on_afterwards(
    old: Demo, time: VirtualClock
) -> None:
    old.add(400)
    async with Ollama(URL, transport=old.transport()) as client:
        library = Library(client, now=time.now, sleep=time.sleep)
        async with library.watching():
            await time.advance(1)
            old.online = False
            await time.advance(1)
            missing = library.snapshot.unknown_capabilities
            assert missing > 100
            await time.advance(30)
            assert library.snapshot.unknown_capabilities == missing
            old.online = True
            await time.advance(40)
            assert library.snapshot.unknown_capabilities == 1


async def test_loading_is_known_while_it_lasts(
    library: Library, demo: Demo, time: VirtualClock
) -> None:
    model = (await library.refresh()).by_name["gemma2:2b"]
    task = asyncio.ensure_future(library.load(model))
    await settle()
    assert library.loading.value == {model.key}
    await time.finish(task)
    assert library.loading.value == frozenset()


async def test_what_the_server_answered_already_is_the_list_and_not_asked_for_again_at_once(
    ollama: Ollama, demo: Demo, time: VirtualClock
) -> None:
    answers = Answers(await ollama.list(), await ollama.running(), "0.33.0")
    asked = len(demo.seen("/api/tags"))
    library = Library(ollama, answers=answers, now=time.now, sleep=time.sleep)
    assert len(library.snapshot.models) == 36
    assert (library.snapshot.state, library.snapshot.version) == (ConnectionState.UP, "0.33.0")
    async with library.watching():
        await time.advance(POLL_EVERY - 1)
        assert len(demo.seen("/api/tags")) == asked
        await time.advance(2)
        assert len(demo.seen("/api/tags")) == asked + 1


# After an upgrade of the server


async def test_what_the_list_says_now_beats_what_was_learned_before_an_upgrade(
    tmp_path: Path, time: VirtualClock
) -> None:
    cache, name = Cache(tmp_path), "qwen3:8b"
    before = Demo(pace=time.sleep, now=time.now, version=OLD)
    before.fail("/api/show", 200, {"capabilities": ["completion"]}, times=100)
    async with Ollama(URL, transport=before.transport()) as client:
        models = (await Library(client, cache=cache, host_url=URL).learn()).by_name
        assert models[name].capabilities == frozenset({"completion"})
    upgraded = Demo(pace=time.sleep, now=time.now)
    async with Ollama(URL, transport=upgraded.transport()) as client:
        models = (await Library(client, cache=cache, host_url=URL).refresh()).by_name
        assert models[name].capabilities == frozenset({"completion", "tools", "thinking"})


async def test_after_an_upgrade_every_model_is_asked_about_again(
    tmp_path: Path, time: VirtualClock
) -> None:
    cache, asked = Cache(tmp_path), []
    for version in ("0.33.0", "0.40.0", "0.40.0", "0.33.0"):
        demo = Demo(pace=time.sleep, now=time.now, version=version)
        async with Ollama(URL, transport=demo.transport()) as client:
            library = Library(client, cache=cache, host_url=URL)
            snapshot = await library.learn()
            await library.facts.show(snapshot.by_name["qwen3:8b"])
        asked.append(len(demo.seen("/api/show")))
    digests = {m.digest for m in snapshot.models if not m.is_answered_in_cloud}
    broken = 1  # is asked about in every run
    assert asked == [len(digests) + 1, len(digests) + 1, broken, broken]


class Gated(httpx.AsyncBaseTransport):
    """A server that answers once the gate is open."""

    def __init__(self, demo: Demo) -> None:
        self._inner = demo.transport()
        self.gate = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self.gate.wait()
        return await self._inner.handle_async_request(request)


async def test_a_refresh_queued_when_the_client_closes_leaves_nothing_behind(
    demo: Demo, time: VirtualClock
) -> None:
    lost: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: lost.append(context))
    server = Gated(demo)
    async with Ollama(URL, transport=server) as client:
        library = Library(client, now=time.now, sleep=time.sleep)
        async with library.watching():
            await settle()  # the first refresh is under way
            queued = asyncio.ensure_future(library.refresh())
            await settle()
            queued.cancel()
    server.gate.set()
    await settle()
    del library, queued
    gc.collect()
    assert lost == []


async def test_details_of_one_model_leave_the_list_as_it_is(library: Library) -> None:
    snapshot = await library.learn()
    await library.facts.show(snapshot.by_name["qwen3:8b"])
    assert library.snapshot is snapshot


async def test_it_remembers_when_a_model_ran_last_even_in_the_next_run(
    ollama: Ollama, time: VirtualClock, tmp_path: Path
) -> None:
    def a_library() -> Library:
        clocks = {"now": time.now, "seconds": time.monotonic, "sleep": time.sleep}
        return Library(ollama, cache=Cache(tmp_path), host_url=URL, **clocks)  # type: ignore[arg-type]

    def last_run(library: Library, name: str) -> datetime | None:
        model = library.snapshot.model(name)
        assert model is not None
        return model.last_run

    began = time.now()
    library = a_library()
    snapshot = await library.refresh()
    assert (snapshot.watched_since, last_run(library, "qwen3:1.7b")) == (began, began)
    assert last_run(library, "qwen3:8b") is None
    async with library.watching():
        await time.advance(POLL_EVERY * 3)
        await ollama.unload("qwen3:1.7b")
        unloaded = time.now()
        await time.advance(POLL_EVERY * 3)
        seen = last_run(library, "qwen3:1.7b")
        assert seen is not None
        assert began < seen <= unloaded
        await time.advance(POLL_EVERY * 3)
        assert last_run(library, "qwen3:1.7b") == seen
    left = time.now()
    await time.advance(3600)
    again = a_library()
    snapshot = await again.refresh()
    assert (snapshot.watched_since, last_run(again, "qwen3:1.7b")) == (began, seen)
    kept = Cache(tmp_path).last_runs(URL)
    assert kept is not None
    assert max(kept.by_digest.values()) >= left - timedelta(seconds=POLL_EVERY)


async def test_the_most_that_models_take_is_noted(ollama: Ollama, demo: Demo) -> None:
    library = Library(ollama)
    await library.refresh()
    taken = sum(runner.size_vram for runner in demo.server.runners)
    assert library.seen_memory.value == SeenMemory(taken, is_limit=True)
    await ollama.unload("qwen3:1.7b")
    await library.refresh_running()
    assert library.seen_memory.value == SeenMemory(taken, is_limit=True)
    [left] = demo.server.runners
    demo.server.runners.append(replace(left, size=30 * GIB, size_vram=20 * GIB))
    await library.refresh_running()
    assert library.seen_memory.value == SeenMemory(left.size_vram + 20 * GIB, is_limit=True)


async def test_a_model_that_runs_on_is_no_news(library: Library, time: VirtualClock) -> None:
    first = await library.refresh()
    await time.advance(POLL_EVERY)
    assert (await library.refresh()).models is first.models
