"""The demo answers as the real server did, exchange by exchange."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from typing import Any

import httpx
import pytest

from tests.demo.comparing import comparable, event_shapes, story
from tests.demo.levers import Demo
from tests.demo.settings import NOT_COMPARED, RECORDED, demo_for
from tests.recordings import NAMES, RAW_NAMES, recorded

NOT_MODELLED = {
    "show-converted": {"model_info", "tensors"},
    "show-cloud-missing": {"error"},
}
"""Keys that follow from real weights, or that a stand-in for ollama.com made up."""
ALL = tuple(sorted(NAMES + RAW_NAMES))
COMPARED = tuple(name for name in ALL if name not in NOT_COMPARED)
STREAMS = tuple(
    n
    for n in COMPARED
    if "ndjson" in (recorded(n).content_type or "") and "chunks" in recorded(n).response
)
OBJECTS = tuple(
    n for n in COMPARED if n not in STREAMS and "json" in (recorded(n).content_type or "")
)


def test_every_exchange_is_compared_or_the_reason_is_given() -> None:
    assert len(set(ALL) | set(NOT_COMPARED)) == RECORDED
    assert all(NOT_COMPARED.values())


@cache
def play(name: str) -> tuple[httpx.Response, str]:
    """Send the recorded request to the demo and return the answer and its body."""
    return asyncio.run(_play(demo_for(name), name))


async def _play(demo: Demo, name: str) -> tuple[httpx.Response, str]:
    request = recorded(name).request
    origin = {k: v for k, v in request["headers"].items() if k == "Origin"}
    async with httpx.AsyncClient(
        transport=demo.transport(), base_url="http://127.0.0.1:11434", timeout=None
    ) as client:
        response = await client.request(
            request["method"], request["path"], content=recorded(name).sent, headers=origin
        )
    return response, response.text


@pytest.mark.parametrize("name", COMPARED)
def test_status_and_content_type_are_the_recorded_ones(name: str) -> None:
    response, _ = play(name)
    assert response.status_code == recorded(name).status, response.text
    if recorded(name).method != "HEAD":
        assert response.headers.get("content-type") == recorded(name).content_type
    allowed = recorded(name).response["headers"].get("Allow")
    assert response.headers.get("allow") == allowed


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_tells_the_recorded_story(name: str) -> None:
    _, text = play(name)
    expected, told = story(recorded(name).text), story(text)
    if recorded(name).client_left or recorded(name).was_cut:
        told = told[: len(expected)]
    assert sorted(told) == sorted(expected) if name in ANY_ORDER else told == expected
    assert event_shapes(recorded(name).text) <= event_shapes(text)


ANY_ORDER = {"create-vision-two-files"}
"""Files come in the random order of Go's maps."""


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_has_the_recorded_keys_types_and_texts(name: str) -> None:
    _, text = play(name)
    if recorded(name).method == "HEAD":
        assert text == ""
        return
    ours, theirs = json.loads(text), recorded(name).answer
    if isinstance(theirs, dict) and "models" in theirs:
        assert_lists_agree(name, ours["models"], theirs["models"])
    else:
        missing = NOT_MODELLED.get(name, set())
        assert comparable(less(ours, missing)) == comparable(less(theirs, missing))


def assert_lists_agree(name: str, ours: list[Any], theirs: list[Any]) -> None:
    found = {model["name"]: model for model in ours}
    shared = [model for model in theirs if model["name"] in found]
    assert len(shared) >= min(len(theirs), 2 if name == "tags-broken-store-after" else 17)
    for model in shared:
        assert comparable(found[model["name"]], listed=True) == comparable(model, listed=True)


def less(value: Any, keys: set[str]) -> Any:
    """Return an object without some keys."""
    return {k: v for k, v in value.items() if k not in keys} if keys else value
