"""Downloads that are paused and go on, and the order of what waits."""

from __future__ import annotations

import pytest

from ollama_tui.services.jobs.job import Job, State, describe
from ollama_tui.services.jobs.queue import JobQueue
from ollama_tui.services.jobs.tasks import Copy, Pull, Push
from tests.clock import VirtualClock, settle
from tests.services.jobs.stage import Stage, deleting

MB = 1_000_000


def job(queue: JobQueue, job_id: int) -> Job:
    return next(job for job in queue.jobs.value if job.id == job_id)


def names(queue: JobQueue) -> list[str]:
    return [job.name for job in queue.jobs.value]


async def half_pulled(queue: JobQueue, stage: Stage, time: VirtualClock) -> int:
    """Begin a pull of 100 MB and let half of it arrive."""
    pull = queue.submit(Pull("qwen3:8b", expected=100 * MB))
    await settle()
    await stage.stream.say("pulling manifest")
    await stage.stream.layer(10 * MB, 100 * MB)
    await time.advance(1)
    await stage.stream.layer(50 * MB, 100 * MB)
    await time.advance(1)
    return pull


async def test_a_pause_closes_the_stream_and_keeps_how_far_it_was(
    queue: JobQueue, stage: Stage, time: VirtualClock
) -> None:
    pull = await half_pulled(queue, stage, time)
    assert job(queue, pull).can_pause
    assert queue.pause(pull)
    await settle()
    paused = job(queue, pull)
    assert stage.stream.closed
    assert (paused.state, paused.active, paused.can_pause) == (State.PAUSED, False, False)
    assert (paused.progress.fraction, describe(paused)) == (0.5, "paused at 50%")


async def test_it_goes_on_from_what_is_shown_and_never_below(
    queue: JobQueue, stage: Stage, time: VirtualClock
) -> None:
    pull = await half_pulled(queue, stage, time)
    queue.pause(pull)
    await settle()
    assert queue.retry(pull)
    await settle()
    assert (job(queue, pull).state, job(queue, pull).progress.fraction) == (State.RUNNING, 0.5)
    await stage.streams[-1].say("pulling manifest")
    await stage.streams[-1].layer(20 * MB, 100 * MB)
    await time.advance(1)
    assert job(queue, pull).progress.fraction == 0.5
    await stage.streams[-1].layer(70 * MB, 100 * MB)
    await time.advance(1)
    assert job(queue, pull).progress.fraction == 0.7


async def test_a_pause_lets_the_next_one_start(queue: JobQueue, time: VirtualClock) -> None:
    first, _, third = [queue.submit(Pull(name)) for name in "abc"]
    await settle()
    assert job(queue, third).state is State.QUEUED
    queue.pause(first)
    await settle()
    assert job(queue, third).state is State.RUNNING


async def test_what_waits_in_the_queue_can_be_held_back(queue: JobQueue) -> None:
    *_, third = [queue.submit(Pull(name)) for name in "abc"]
    await settle()
    assert queue.pause(third)
    assert job(queue, third).state is State.PAUSED
    assert describe(job(queue, third)) == "paused"


async def test_asking_for_the_same_again_resumes_it(
    queue: JobQueue, stage: Stage, time: VirtualClock
) -> None:
    pull = await half_pulled(queue, stage, time)
    queue.pause(pull)
    await settle()
    assert queue.submit(Pull("qwen3:8b")) == pull
    await settle()
    assert job(queue, pull).state is State.RUNNING
    assert len(queue.jobs.value) == 1


async def test_what_is_paused_can_be_cancelled_and_is_not_cleared(
    queue: JobQueue, stage: Stage, time: VirtualClock
) -> None:
    pull = await half_pulled(queue, stage, time)
    queue.pause(pull)
    await settle()
    queue.clear()
    assert job(queue, pull).can_cancel
    assert queue.cancel(pull)
    assert job(queue, pull).state is State.CANCELLED
    assert "at 50%" in job(queue, pull).note


@pytest.mark.parametrize("task", [Push("me/a"), Copy("a", "b"), deleting("a")])
async def test_only_what_goes_on_where_it_stopped_can_be_paused(
    queue: JobQueue, stage: Stage, task: Push
) -> None:
    id_ = queue.submit(task)
    await settle()
    assert not job(queue, id_).can_pause
    assert not queue.pause(id_)
    assert job(queue, id_).state is not State.PAUSED


async def test_what_waits_changes_places_with_its_neighbours(queue: JobQueue) -> None:
    ids = {name: queue.submit(Pull(name)) for name in "abcde"}
    await settle()
    assert queue.move(ids["e"], -1)
    assert names(queue) == list("abced")
    assert queue.move(ids["c"], 1)
    assert names(queue) == list("abecd")
    queue.cancel(ids["a"])
    await settle()
    assert job(queue, ids["e"]).state is State.RUNNING
    assert job(queue, ids["c"]).state is State.QUEUED


async def test_the_first_that_waits_goes_no_further_up_nor_the_last_down(queue: JobQueue) -> None:
    ids = [queue.submit(Pull(name)) for name in "abcd"]
    await settle()
    assert not queue.move(ids[0], 1)
    assert not queue.move(ids[2], -1)
    assert not queue.move(ids[3], 1)
    assert names(queue) == list("abcd")
