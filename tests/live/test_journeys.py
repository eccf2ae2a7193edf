"""The program on a real server, by its keys."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.host import Host
from ollama_tui.api.replies import ListedModel
from ollama_tui.config.settings import Settings
from tests.journeys.driver import LiveUser, User, journey
from tests.live.own import OwnModels

pytestmark = pytest.mark.live


@pytest.fixture
async def user(host: Host, base: ListedModel) -> AsyncIterator[User]:
    """The program with our own model in its list; it ends before that model is taken away."""
    settings = Settings(host=host)
    transport = httpx.AsyncHTTPTransport
    async with journey(settings=settings, transport=transport, person=LiveUser) as opened:
        yield opened


async def names(ollama: Ollama) -> set[str]:
    return {model.name for model in await ollama.list()}


async def choose(user: User, name: str) -> None:
    """Filter for a model and put the cursor on it."""
    await user.filters(f'"{name}"')
    await user.until(lambda: name in user.names, name)
    await user.goes_to(name)


async def fill_in(user: User, key: str, name: str) -> None:
    await user.presses(key)
    await user.empties_the_field()
    await user.types(name)
    await user.presses("enter")


async def test_the_list_is_the_servers(user: User, ollama: Ollama) -> None:
    assert set(user.names) == await names(ollama)


async def test_details_come_for_the_model_at_the_cursor(user: User, base: ListedModel) -> None:
    await choose(user, base.name)
    await user.until(lambda: "Metadata" in user.tabs or "Modelfile" in user.tabs, "details")


async def test_copy_rename_and_delete_by_key(
    user: User, ollama: Ollama, base: ListedModel, own: OwnModels
) -> None:
    await choose(user, base.name)
    await fill_in(user, "c", own.name("copied"))
    await user.presses("escape")
    await user.until(lambda: user.cursor == own.name("copied"), "the copy")
    await fill_in(user, "r", own.name("renamed"))
    await user.until(lambda: user.cursor == own.name("renamed"), "the new name")
    listed = await names(ollama)
    assert own.name("renamed") in listed
    assert own.name("copied") not in listed
    await user.presses("d")
    await user.sees(f"Delete {own.name('renamed')}?", "Frees almost nothing.")
    await user.presses("y")
    await user.waits(9)
    await user.until(lambda: own.name("renamed") not in user.names, "the deletion")
    assert own.name("renamed") not in await names(ollama)
    assert base.name in await names(ollama)


async def test_a_deletion_taken_back_deletes_nothing(
    user: User, ollama: Ollama, base: ListedModel, own: OwnModels
) -> None:
    await ollama.copy(base.name, own.name("kept"))
    await user.presses("R")
    await choose(user, own.name("kept"))
    await user.presses("d")
    await user.sees(f"Delete {own.name('kept')}?")
    await user.presses("y", "z")
    await user.waits(20)
    assert own.name("kept") in await names(ollama)


async def test_an_unknown_model_fails_with_a_sentence(user: User, own: OwnModels) -> None:
    await user.presses("p")
    await user.types(own.name("nowhere"))
    await user.presses("enter")
    await user.until(lambda: "failed" in user.jobs, "a failed pull")
