from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.services.jobs.queue import JobQueue
from tests.clock import VirtualClock
from tests.services.jobs.stage import Stage


@pytest.fixture
def time() -> VirtualClock:
    return VirtualClock(1000.0)


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
async def ollama(stage: Stage) -> AsyncIterator[Ollama]:
    async with Ollama("http://127.0.0.1:11434", transport=stage.transport) as client:
        yield client


@pytest.fixture
async def queue(ollama: Ollama, time: VirtualClock) -> AsyncIterator[JobQueue]:
    jobs = JobQueue(ollama, clock=time.monotonic, sleep=time.sleep)
    yield jobs
    await jobs.close()
