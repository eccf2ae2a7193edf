from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.services.jobs.queue import JobQueue
from tests.services.jobs.stage import Stage
from tests.services.jobs.virtual import VirtualTime


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
async def ollama(stage: Stage) -> AsyncIterator[Ollama]:
    async with Ollama("http://127.0.0.1:11434", transport=stage.transport) as client:
        yield client


@pytest.fixture
async def queue(ollama: Ollama, time: VirtualTime) -> AsyncIterator[JobQueue]:
    jobs = JobQueue(ollama, clock=time.clock, sleep=time.sleep)
    yield jobs
    await jobs.close()
