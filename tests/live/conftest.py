"""Tests against the server that OLLAMA_HOST names; they touch only models they made themselves."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.errors import OllamaError
from ollama_tui.api.host import Host, parse_host
from ollama_tui.api.replies import ListedModel
from tests.live.own import OwnModels, make_small, smallest


@pytest.fixture(autouse=True)
def alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Wait until no other live test runs on this machine: they share one server.

    Models that come and go make each other's lists fail, with or without `-n`.
    """
    if request.node.get_closest_marker("live") is None:
        yield
        return
    with (Path(tempfile.gettempdir()) / "ollama-tui-live.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


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
async def own(ollama: Ollama) -> AsyncIterator[OwnModels]:
    models = OwnModels(ollama)
    yield models
    await models.clean()


@pytest.fixture
async def base(
    ollama: Ollama, own: OwnModels, tmp_path: Path, request: pytest.FixtureRequest
) -> ListedModel:
    """A small model of our own, with a license if the test is parametrized with one.

    Of a server that takes no files, the smallest model that is there.
    """
    try:
        await make_small(ollama, own.name("base"), tmp_path, license=getattr(request, "param", ""))
    except OllamaError as error:
        return await smallest(ollama, str(error))
    return next(model for model in await ollama.list() if model.name == own.name("base"))
