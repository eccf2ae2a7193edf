"""The live suite leaves no model behind, whatever the server does meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_tui.api.client import Ollama
from tests.clock import at_once
from tests.demo.levers import Demo
from tests.live.own import OwnModels, make_small

BUSY = {"error": "stat manifests/…: no such file or directory"}


async def test_a_busy_server_is_asked_again_until_nothing_is_left(tmp_path: Path) -> None:
    demo = Demo(pace=at_once)
    before = set(demo.store.entries)
    async with Ollama("http://demo", transport=demo.transport()) as ollama:
        own = OwnModels(ollama, at_once)
        await make_small(ollama, own.name("base"), tmp_path)
        await ollama.copy(own.name("base"), own.name("copy"))
        demo.fail("/api/tags", 500, BUSY, times=2)
        demo.fail("/api/delete", 500, BUSY)
        await own.clean()
    assert set(demo.store.entries) == before


async def test_models_that_stay_are_named(tmp_path: Path) -> None:
    demo = Demo(pace=at_once)
    async with Ollama("http://demo", transport=demo.transport()) as ollama:
        own = OwnModels(ollama, at_once)
        await make_small(ollama, own.name("base"), tmp_path)
        demo.fail("/api/delete", 404, {"error": "model not found"}, times=1000)
        with pytest.raises(AssertionError, match=own.name("base")):
            await own.clean()
