"""The same model asked for again after a try that ended: it is one job, and it is written down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.services.jobs.job import State
from ollama_tui.services.jobs.journal import Journal
from ollama_tui.services.jobs.queue import JobQueue
from ollama_tui.services.jobs.tasks import Pull
from tests.clock import VirtualClock, settle
from tests.services.jobs.stage import Stage

HOST = "0123456789abcdef"
FULL = "write /models/x-partial: no space left on device"


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
async def queue(stage: Stage, tmp_path: Path) -> AsyncIterator[JobQueue]:
    time = VirtualClock(1000.0)
    async with Ollama("http://127.0.0.1:11434", transport=stage.transport) as client:
        journal = Journal(tmp_path, HOST)
        jobs = JobQueue(client, journal=journal, clock=time.monotonic, sleep=time.sleep)
        yield jobs
        await jobs.close()


async def test_an_earlier_try_that_goes_on_is_written_down_whatever_became_of_the_later(
    queue: JobQueue, tmp_path: Path
) -> None:
    first = queue.submit(Pull("a"))
    queue.cancel(first)
    await settle()
    queue.cancel(queue.submit(Pull("a")))
    await settle()
    assert queue.retry(first)
    await settle()
    await queue.close()
    journal = Journal(tmp_path, HOST)
    assert [entry.task.name for entry in journal.take_over()] == ["a"]
    journal.close()


async def test_a_failed_try_does_not_run_beside_a_paused_one_of_the_same(
    queue: JobQueue, stage: Stage
) -> None:
    failed = queue.submit(Pull("a"))
    await settle()
    await stage.stream.say(error=FULL)
    paused = queue.submit(Pull("a"))
    await settle()
    assert queue.pause(paused)
    await settle()
    assert [job.state for job in queue.jobs.value] == [State.FAILED, State.PAUSED]
    assert queue.retry(failed)  # the one that goes on is the one that was paused
    assert [job.state for job in queue.jobs.value] == [State.FAILED, State.RUNNING]
    assert not queue.retry(failed)
    await settle()
    await stage.stream.succeed()
    assert [job.state for job in queue.jobs.value] == [State.DONE]
