"""The client against a real server."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.errors import NotFound, OllamaError
from ollama_tui.api.replies import ListedModel
from ollama_tui.api.requests import CreateRequest
from tests.live.own import OwnModels, smallest

pytestmark = pytest.mark.live
LOADABLE = 4_000_000_000
"""Bytes above which a test does not load a model into somebody's memory."""


async def names(ollama: Ollama) -> set[str]:
    return {model.name for model in await ollama.list()}


async def test_version_list_and_running_models_are_read(ollama: Ollama) -> None:
    assert await ollama.version()
    assert all(model.name for model in await ollama.list())
    await ollama.running()


async def test_the_list_and_the_details_agree(ollama: Ollama, base: ListedModel) -> None:
    show = await ollama.show(base.name)
    assert len(base.digest) == 64
    assert show.details.family == base.details.family
    assert "FROM" in show.modelfile


async def test_a_copy_shares_the_digest_and_can_be_deleted(
    ollama: Ollama, base: ListedModel, own: OwnModels
) -> None:
    name = own.name("copy")
    await ollama.copy(base.name, name)
    listed = {model.name: model for model in await ollama.list()}
    assert listed[name].digest == base.digest
    await ollama.delete(name)
    assert name not in await names(ollama)


async def test_a_model_is_made_of_another_one(
    ollama: Ollama, base: ListedModel, own: OwnModels
) -> None:
    name = own.name("made")
    request = CreateRequest(
        model=name, from_=base.name, system="Be brief.", parameters={"temperature": 0.5}
    )
    async with aclosing(ollama.create(request)) as events:
        statuses = [event.status async for event in events]
    assert statuses[-1] == "success"
    show = await ollama.show(name)
    assert show.system == "Be brief."
    assert "temperature" in show.parameters


async def test_what_is_not_there_is_not_found(ollama: Ollama, own: OwnModels) -> None:
    with pytest.raises(NotFound):
        await ollama.show(own.name("never-made"))
    with pytest.raises(NotFound):
        await ollama.delete(own.name("never-made"))


async def test_pulling_what_no_registry_has_is_an_error_with_a_sentence(
    ollama: Ollama, own: OwnModels
) -> None:
    async with aclosing(ollama.pull(own.name("nowhere"))) as events:
        with pytest.raises(OllamaError) as caught:
            [event async for event in events]
    assert caught.value.title.endswith(".")


async def test_a_model_is_loaded_and_unloaded(ollama: Ollama, own: OwnModels) -> None:
    base = await smallest(ollama)  # our own model has no weights that a runner would take
    if base.size > LOADABLE:
        pytest.skip(f"The smallest model, {base.name}, is too big to load for a test.")
    name = own.name("loaded")
    await ollama.copy(base.name, name)
    capabilities = (await ollama.show(name)).capabilities or []
    embedding = "embedding" in capabilities and "completion" not in capabilities
    await ollama.load(name, keep_alive="1m", embedding=embedding)
    assert any(runner.digest == base.digest for runner in await ollama.running())
    await ollama.unload(name)
