"""A grace period counts only while its undo can be seen."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.client import Ollama
from ollama_tui.services.jobs.job import State, describe
from ollama_tui.services.jobs.queue import JobQueue
from tests.clock import VirtualClock, settle
from tests.services.jobs.stage import Stage, deleting

DELETED = ["DELETE /api/delete a"]


class Uptime:
    """The virtual clock, and what the machine was suspended for."""

    def __init__(self, time: VirtualClock) -> None:
        self.time = time
        self.suspended = 0.0

    def __call__(self) -> float:
        return self.time.seconds + self.suspended


@pytest.fixture
def uptime(time: VirtualClock) -> Uptime:
    return Uptime(time)


@pytest.fixture
async def queue(ollama: Ollama, time: VirtualClock, uptime: Uptime) -> AsyncIterator[JobQueue]:
    jobs = JobQueue(ollama, clock=time.monotonic, sleep=time.sleep, uptime=uptime)
    yield jobs
    await jobs.close()


def stop(time: VirtualClock, seconds: float) -> None:
    """Let the clock go on while nothing runs, as between ctrl+z and fg."""
    time.seconds += seconds


@pytest.mark.parametrize("before", [0, 3, 7.5])
@pytest.mark.parametrize("stopped", [2, 60, 86_400])
async def test_after_a_stop_it_starts_again(
    before: float, stopped: float, queue: JobQueue, stage: Stage, time: VirtualClock
) -> None:
    queue.submit(deleting("a"))
    await time.advance(before)
    stop(time, stopped)
    await time.advance(0)
    await time.advance(1)
    [job] = queue.jobs.value
    assert job.state is State.WAITING
    assert job.seconds_left >= 7
    await time.advance(5.9)
    assert stage.asked == []
    await time.advance(2.1)
    assert stage.asked == DELETED


@pytest.mark.parametrize("suspended", [2, 3600])
async def test_after_the_machine_was_suspended_it_starts_again_too(
    suspended: float, queue: JobQueue, stage: Stage, time: VirtualClock, uptime: Uptime
) -> None:
    queue.submit(deleting("a"))
    await time.advance(6.5)
    uptime.suspended = suspended
    await time.advance(0.5)
    assert describe(queue.jobs.value[0]) == "in 8 s"
    await time.advance(7.9)
    assert stage.asked == []
    await time.advance(0.1)
    assert stage.asked == DELETED


async def test_undo_works_after_a_stop(queue: JobQueue, stage: Stage, time: VirtualClock) -> None:
    queue.submit(deleting("a"))
    stop(time, 60)
    await time.advance(0)
    assert queue.undo()
    await time.advance(60)
    assert stage.asked == []


async def test_it_does_not_end_while_it_is_held_and_starts_again_after(
    queue: JobQueue, stage: Stage, time: VirtualClock
) -> None:
    deletion = queue.submit(deleting("a"))
    await time.advance(7.9)
    queue.suspend_grace()
    await time.advance(3600)
    assert stage.asked == []
    queue.restart_grace()
    assert describe(queue.jobs.value[0]) == "in 8 s"
    await time.advance(7.9)
    assert stage.asked == []
    await time.advance(0.1)
    assert stage.asked == DELETED
    assert queue.jobs.value[0].id == deletion


@given(st.lists(st.floats(0, 0.9), max_size=20))
async def test_a_busy_machine_does_not_make_it_start_again(late: list[float]) -> None:
    time, stage = VirtualClock(), Stage()

    async def sleep(seconds: float) -> None:
        await time.sleep(seconds + (late.pop() if late else 0))

    async with Ollama("http://127.0.0.1:11434", transport=stage.transport) as ollama:
        queue = JobQueue(ollama, clock=time.monotonic, sleep=sleep)
        queue.submit(deleting("a"))
        await time.advance(10)
        await settle()
        assert stage.asked == DELETED
        await queue.close()
