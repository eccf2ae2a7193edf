"""Tests against the server that OLLAMA_HOST names; they touch only models they made themselves."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.errors import NotFound, OllamaError
from ollama_tui.api.host import Host, parse_host
from ollama_tui.api.replies import ListedModel

PREFIX = "ollama-tui-live-"
"""Begins the name of every model made, changed or deleted here."""


@pytest.fixture
def host() -> Host:
    return parse_host(os.environ.get("OLLAMA_HOST"))


@pytest.fixture
async def ollama(host: Host) -> AsyncIterator[Ollama]:
    async with Ollama(host.url) as client:
        try:
            await client.version()
        except OllamaError as error:
            pytest.skip(f"No server to test against: {error.title} {error.hint}")
        yield client


@pytest.fixture
async def base(ollama: Ollama) -> ListedModel:
    """The smallest model that is here and can be copied, whatever format it has."""
    local = [m for m in await ollama.list() if not m.remote_host and not m.remote_model]
    local = [m for m in local if m.size and not m.name.startswith(PREFIX)]
    if not local:
        pytest.skip("The server has no model of its own to copy: pull one, such as qwen3:0.6b.")
    return min(local, key=lambda model: model.size)


class Own:
    """Gives names of this run's own and deletes what is left under them."""

    def __init__(self, ollama: Ollama) -> None:
        self._ollama = ollama
        self._stem = f"{PREFIX}{secrets.token_hex(4)}"

    def name(self, tag: str) -> str:
        """Return a name nobody else has."""
        return f"{self._stem}:{tag}"

    async def clean(self) -> None:
        """Delete every model of this run, and only those."""
        for model in await self._ollama.list():
            if model.name.startswith(f"{self._stem}:"):
                try:
                    await self._ollama.delete(model.name)
                except NotFound:
                    continue


@pytest.fixture
async def own(ollama: Ollama) -> AsyncIterator[Own]:
    names = Own(ollama)
    yield names
    await names.clean()
