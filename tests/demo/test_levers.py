"""The levers of the demo: running models, planned failures, old servers, crowds and evil."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from ollama_tui.demo import describe
from ollama_tui.domain.names import parse
from tests.clock import VirtualClock, at_once, settle
from tests.demo.crowd import EVIL
from tests.demo.levers import Demo
from tests.effort import calls


def direct(demo: Demo) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=demo.transport(), base_url="http://demo")


async def running(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    return {m["name"]: m for m in (await client.get("/api/ps")).json()["models"]}


async def test_one_model_is_split_between_cpu_and_gpu_and_one_stays_for_ever(
    client: httpx.AsyncClient,
) -> None:
    models = await running(client)
    assert list(models) == ["qwen3:1.7b", "gpt-oss:20b"]
    assert models["qwen3:1.7b"]["expires_at"].startswith("2319-")
    assert models["qwen3:1.7b"]["size"] == models["qwen3:1.7b"]["size_vram"]
    assert 0 < models["gpt-oss:20b"]["size_vram"] < models["gpt-oss:20b"]["size"]


async def test_a_model_leaves_memory_when_its_time_is_up(
    client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    assert len(await running(client)) == 2
    await ticker.advance(253.0)
    assert list(await running(client)) == ["qwen3:1.7b"]


async def test_aliases_share_a_runner_under_the_first_name(
    demo: Demo,
) -> None:
    quick = Demo(pace=at_once, now=VirtualClock().now)
    async with direct(quick) as client:
        for name in ("llama3.2:3b", "llama3.2:latest"):
            done = await client.post("/api/generate", json={"model": name, "keep_alive": "1h"})
            assert done.json()["done_reason"] == "load"
        assert "llama3.2:latest" not in await running(client)
        assert "llama3.2:3b" in await running(client)
        gone = await client.post("/api/generate", json={"model": "llama3.2", "keep_alive": 0})
        assert gone.json()["done_reason"] == "unload"
        assert "llama3.2:3b" not in await running(client)


async def test_a_planned_failure_comes_as_often_as_asked(
    demo: Demo, client: httpx.AsyncClient
) -> None:
    demo.fail("/api/tags", 503, {"error": "busy"}, times=2)
    demo.fail("/api/tags", 502, "<html>Bad gateway</html>")
    answers = [await client.get("/api/tags") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 503, 502, 200]
    assert answers[2].headers["content-type"] == "text/html"


async def test_a_server_that_is_off_refuses_connections(
    demo: Demo, client: httpx.AsyncClient
) -> None:
    demo.online = False
    with pytest.raises(httpx.ConnectError):
        await client.get("/api/tags")
    demo.online = True
    assert (await client.get("/api/version")).status_code == 200


async def test_requests_are_remembered(demo: Demo, client: httpx.AsyncClient) -> None:
    await client.post("/api/show", json={"model": "nosuch"})
    (seen,) = demo.requests
    assert (seen.method, seen.path, seen.body) == ("POST", "/api/show", {"model": "nosuch"})


async def test_an_old_server_says_less() -> None:
    async with direct(Demo(version="0.12")) as client:
        models = (await client.get("/api/tags")).json()["models"]
        assert not any("capabilities" in model for model in models)
        assert not any("context_length" in model["details"] for model in models)
        for path in ("/api/status", "/api/experimental/model-recommendations"):
            answer = await client.get(path)
            assert (answer.status_code, answer.text) == (404, "404 page not found")


async def test_hostile_models_reach_the_client_as_they_are(
    demo: Demo, client: httpx.AsyncClient
) -> None:
    demo.add_hostile()
    names = [m["name"] for m in (await client.get("/api/tags")).json()["models"]]
    for evil in EVIL.values():
        name = f"{evil}:latest"
        assert name in names
        answer = (await client.post("/api/show", json={"model": name})).json()
        assert (answer["system"], answer["template"], answer["license"]) == (evil, evil, evil)
        done = await client.request("DELETE", "/api/delete", json={"model": name})
        assert done.status_code == 200


async def test_a_crowd_is_listed_whole_and_shares_some_weights() -> None:
    demo = Demo()
    demo.add(2_000)
    async with direct(demo) as client:
        models = (await client.get("/api/tags")).json()["models"]
    assert len(models) == len(demo.names) > 2_000
    shared = demo.store.entries[parse("chat-gemma3:00007")].manifest.of("model")
    assert shared == demo.store.entries[parse("triage-qwen3:00006")].manifest.of("model")


def test_the_store_is_furnished_quickly() -> None:
    Demo().server  # noqa: B018 - the first one pays for imports
    assert calls(lambda: Demo().server) < 100_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2048, "2048"),
        (0.2, "0.2"),
        (1_048_576, "1.048576e+06"),
        (1_000_000, "1e+06"),
        (999_999, "999999"),
        (0.00001, "1e-05"),
        (-1, "-1"),
        (0, "0"),
        (True, "true"),
        (None, "<nil>"),
    ],
)
def test_values_print_as_in_go(value: object, text: str) -> None:
    assert describe.plain(value) == text


def test_strings_are_quoted_as_in_go() -> None:
    assert describe.literal('a"\\\n\t\x1bé\u202e') == '"a\\"\\\\\\n\\t\\x1bé\\u202e"'


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "missing request body"),
        (b'{"a"', "unexpected EOF"),
        (b"nule", "invalid character 'e' in literal null (expecting 'l')"),
        (b"<html>", "invalid character '<' looking for beginning of value"),
    ],
)
async def test_bodies_that_are_no_json_are_refused_in_go_s_words(
    client: httpx.AsyncClient, data: bytes, words: str
) -> None:
    answer = await client.post("/api/show", content=data)
    assert (answer.status_code, answer.json()) == (400, {"error": words})


async def test_loading_takes_time_and_is_seen_meanwhile(
    client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    task = asyncio.create_task(client.post("/api/generate", json={"model": "phi4:14b"}))
    await settle()
    assert not task.done()
    assert "phi4:14b" in await running(client)
    await ticker.advance(30.0)
    await settle()
    assert task.done()
