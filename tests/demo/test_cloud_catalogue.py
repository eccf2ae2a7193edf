"""What a client may ask ollama.com itself, answered by the demo."""

from __future__ import annotations

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.errors import NotFound, Unreachable
from tests.demo.levers import Demo


async def test_the_catalogue_lists_names_without_a_suffix() -> None:
    async with Ollama("https://ollama.com", transport=Demo().transport()) as cloud:
        names = {model.name for model in await cloud.list()}
    assert "gpt-oss:120b" in names
    assert not any(name.endswith("cloud") for name in names)


async def test_details_come_by_those_names() -> None:
    async with Ollama("https://ollama.com", transport=Demo().transport()) as cloud:
        show = await cloud.show("gpt-oss:120b")
        assert show.model_info["gptoss.context_length"] == 131072
        with pytest.raises(NotFound):
            await cloud.show("nosuch")


async def test_offline_it_is_out_of_reach_like_the_registries() -> None:
    demo = Demo()
    demo.registry_online = False
    async with Ollama("https://ollama.com", transport=demo.transport()) as cloud:
        with pytest.raises(Unreachable):
            await cloud.list()
