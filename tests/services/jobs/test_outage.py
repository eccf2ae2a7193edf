"""A pull through an outage: what lies between goes on by itself, and says what it waits for."""

from __future__ import annotations

import pytest

from ollama_tui.services.jobs.job import Job, State, describe
from ollama_tui.services.jobs.queue import JobQueue
from ollama_tui.services.jobs.tasks import Pull, Push
from tests.clock import VirtualClock, settle
from tests.services.jobs.stage import OTHER_DIGEST, Stage

MB = 1_000_000
PAGE = b"<html><head><title>502 Bad Gateway</title></head></html>"


@pytest.fixture
async def pull(queue: JobQueue, stage: Stage) -> int:
    """A pull with some of its bytes there."""
    job_id = queue.submit(Pull("a", expected=100 * MB))
    await settle()
    await stage.stream.say("pulling manifest")
    await stage.stream.layer(10 * MB, 100 * MB)
    await stage.stream.layer(61 * MB, 100 * MB)
    return job_id


def now(queue: JobQueue) -> Job:
    [job] = queue.jobs.value
    return job


async def finish(stage: Stage) -> None:
    await stage.stream.say("pulling manifest")
    await stage.stream.layer(100 * MB, 100 * MB)
    await stage.stream.succeed()


@pytest.mark.usefixtures("pull")
class TestFaults:
    @pytest.mark.parametrize(
        ("status", "body", "trouble"),
        [
            (500, b'{"error":"unexpected EOF"}', "server answers 500"),
            (502, PAGE, "server answers 502"),
            (503, b"Service Unavailable", "server answers 503"),
            (504, b"", "server answers 504"),
            (200, PAGE, "something else answers"),
            (200, b"\x00\xff garbage", "something else answers"),
            (200, b'{"a":[1]}', "connection lost"),
            (302, b"", "something else answers"),
        ],
    )
    async def test_of_35_seconds_in_the_middle_are_waited_for(
        self,
        queue: JobQueue,
        stage: Stage,
        time: VirtualClock,
        status: int,
        body: bytes,
        trouble: str,
    ) -> None:
        stage.garbage = (status, body)
        await stage.stream.tear()
        await time.advance(1)
        assert describe(now(queue)) == f"{trouble} — retry 2 in 2 s"
        await time.advance(34)
        assert (now(queue).state, now(queue).trouble) == (State.RUNNING, trouble)
        assert now(queue).progress.completed == 61 * MB
        stage.garbage = None
        await time.advance(30)
        assert now(queue).trouble == ""
        await finish(stage)
        assert now(queue).state is State.DONE

    async def test_are_waited_for_as_long_as_ten_minutes(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        stage.garbage = (502, PAGE)
        await stage.stream.tear()
        await time.advance(599)
        assert now(queue).state is State.RUNNING
        await time.advance(60)
        failed = now(queue)
        assert failed.state is State.FAILED
        assert failed.error is not None
        assert "502" in failed.error.title
        assert failed.error.hint

    async def test_after_long_silent_work_are_waited_for_too(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        await stage.stream.say("verifying sha256 digest")
        await time.advance(1500)
        await stage.stream.tear()
        assert describe(now(queue)) == "connection lost — retry 1 in 1 s"
        await time.advance(1)
        await finish(stage)
        assert now(queue).state is State.DONE


@pytest.mark.usefixtures("pull")
class TestSilence:
    async def test_while_bytes_should_come_is_given_up_and_joined_again(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        await time.advance(29.9)
        assert (describe(now(queue)), stage.stream.closed) == ("server silent for 29 s", False)
        await time.advance(0.1)
        assert stage.streams[0].closed
        assert describe(now(queue)) == "server silent — retry 1 in 1 s"
        await time.advance(1)
        assert len(stage.streams) == 2
        await finish(stage)
        assert now(queue).state is State.DONE

    async def test_is_not_what_a_server_does_that_says_the_same_again(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        for _ in range(90):
            await stage.stream.layer(61 * MB, 100 * MB)
            await time.advance(1)
        assert describe(now(queue)) == "stalled 90 s — retrying"
        assert len(stage.streams) == 1

    async def test_is_patience_with_a_server_at_work(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        await stage.stream.say("verifying sha256 digest")
        await time.advance(3599)
        assert describe(now(queue)) == "verifying"
        await time.advance(1)
        assert describe(now(queue)) == "server silent — retry 1 in 1 s"

    async def test_after_a_whole_layer_may_be_longer(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        await stage.stream.layer(5, 5, OTHER_DIGEST)
        await time.advance(500)
        assert len(stage.streams) == 1

    async def test_of_all_tries_ends_in_a_sentence(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        await time.advance(800)
        failed = now(queue)
        assert failed.state is State.FAILED
        assert failed.error is not None
        assert failed.error.title == "pull a stopped: the server said nothing for 30 s."
        assert failed.error.hint
        assert all(stream.closed for stream in stage.streams)

    async def test_may_be_cancelled(
        self, queue: JobQueue, stage: Stage, time: VirtualClock, pull: int
    ) -> None:
        await time.advance(20)
        assert queue.cancel(pull)
        await settle()
        assert (now(queue).state, stage.stream.closed) == (State.CANCELLED, True)
        assert time.waiting == 0


async def test_a_server_that_never_answers_is_given_up(
    queue: JobQueue, stage: Stage, time: VirtualClock
) -> None:
    queue.submit(Pull("a"))
    await time.advance(29)
    assert describe(now(queue)) == "starting"
    await time.advance(1)
    assert describe(now(queue)) == "server silent — retry 1 in 1 s"


async def test_what_would_not_go_on_is_not_given_up(
    queue: JobQueue, stage: Stage, time: VirtualClock
) -> None:
    queue.submit(Push("me/a"))
    await settle()
    await stage.stream.layer(1 * MB, 100 * MB)
    await time.advance(4000)
    assert (now(queue).state, stage.stream.closed) == (State.RUNNING, False)


@pytest.mark.parametrize("garbage", [(200, PAGE), (404, PAGE), (200, b"garbage")])
async def test_garbage_from_the_start_is_a_wrong_address(
    queue: JobQueue, stage: Stage, garbage: tuple[int, bytes]
) -> None:
    stage.garbage = garbage
    queue.submit(Pull("a"))
    await settle()
    assert now(queue).state is State.FAILED


async def test_trouble_counts_from_its_first_moment(
    queue: JobQueue, stage: Stage, time: VirtualClock
) -> None:
    queue.submit(Pull("a"))
    await settle()
    for _ in range(30):
        await stage.stream.layer(1 * MB, 100 * MB)
        await stage.stream.tear()
        await time.advance(30)
    assert now(queue).state is State.FAILED
