"""What is tried again, what ends in a sentence, and what a transfer survives: through the queue."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.requests import CreateRequest
from ollama_tui.services.jobs.job import Job, State, describe
from ollama_tui.services.jobs.queue import JobQueue
from ollama_tui.services.jobs.retry import STALLED
from ollama_tui.services.jobs.tasks import Create, Pull, Push
from tests.clock import VirtualClock, settle
from tests.recordings import recorded
from tests.services.jobs.stage import OTHER_DIGEST, Stage

MB = 1_000_000
MISMATCH = recorded("pull-digest-mismatch").events[-1][1]["error"]
AGAIN = "a layer arrived damaged — retry 1 in 1 s"


@pytest.fixture
def time() -> VirtualClock:
    return VirtualClock(1000.0)


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
async def queue(stage: Stage, time: VirtualClock) -> AsyncIterator[JobQueue]:
    async with Ollama("http://127.0.0.1:11434", transport=stage.transport) as client:
        jobs = JobQueue(client, clock=time.monotonic, sleep=time.sleep)
        yield jobs
        await jobs.close()


def now(queue: JobQueue) -> Job:
    [job] = queue.jobs.value
    return job


async def begin(queue: JobQueue, stage: Stage, completed: int = 61 * MB) -> int:
    """Ask for a pull of 100 MB, and let some of it arrive."""
    job_id = queue.submit(Pull("a", expected=100 * MB))
    await settle()
    await stage.stream.say("pulling manifest")
    await stage.stream.layer(10 * MB, 100 * MB)
    await stage.stream.layer(completed, 100 * MB)
    return job_id


async def finish(stage: Stage) -> None:
    await stage.stream.say("pulling manifest")
    await stage.stream.layer(100 * MB, 100 * MB)
    await stage.stream.succeed()


class TestDamage:
    """The server removes a damaged file, so the next pull downloads it anew."""

    async def damage(self, stage: Stage) -> None:
        await stage.stream.say("verifying sha256 digest")
        await stage.stream.say(error=MISMATCH)
        await stage.stream.end()

    async def test_is_downloaded_once_more(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        await begin(queue, stage)
        await self.damage(stage)
        assert describe(now(queue)) == AGAIN
        await time.advance(1)
        assert len(stage.streams) == 2
        await finish(stage)
        done = now(queue)
        assert (done.state, done.error) == (State.DONE, None)
        assert done.note == "A layer arrived damaged and was downloaded again."

    async def test_twice_ends_in_a_sentence(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        await begin(queue, stage)
        await self.damage(stage)
        await time.advance(1)
        await stage.stream.layer(10 * MB, 100 * MB)  # progress in between changes nothing
        await stage.stream.layer(100 * MB, 100 * MB)
        await self.damage(stage)
        failed = now(queue)
        assert failed.state is State.FAILED
        assert failed.error is not None
        assert failed.error.title == "a was not pulled: a layer arrived damaged twice."
        assert "registry" in failed.error.hint
        assert len(stage.streams) == 2

    async def test_is_downloaded_once_more_in_each_try_that_a_person_asks_for(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        pull = await begin(queue, stage)
        for _ in range(2):
            await self.damage(stage)
            await time.advance(1)
        assert now(queue).state is State.FAILED
        assert queue.retry(pull)
        await settle()
        await self.damage(stage)
        assert describe(now(queue)) == AGAIN

    async def test_of_what_no_retry_continues_is_not_tried_again(
        self, queue: JobQueue, stage: Stage
    ) -> None:
        queue.submit(Create(CreateRequest("new", from_="a")))
        await settle()
        await self.damage(stage)
        failed = now(queue)
        assert failed.error is not None
        assert failed.error.title == "new was not created: a layer arrived damaged."


class TestStall:
    """Events go on coming, and `completed` does not change: Ollama restarts parts by itself."""

    async def stand_still(self, stage: Stage, time: VirtualClock, seconds: float) -> None:
        end = time.seconds + seconds
        while time.seconds < end:
            await stage.stream.layer(61 * MB, 100 * MB)
            await time.advance(1)

    async def test_is_left_to_the_server_for_minutes_and_then_joined_anew(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        await begin(queue, stage)
        await self.stand_still(stage, time, STALLED)
        assert (describe(now(queue)), len(stage.streams)) == ("stalled 300 s — retrying", 1)
        await stage.stream.layer(61 * MB, 100 * MB)
        assert stage.streams[0].closed
        assert describe(now(queue)) == "no data arriving — retry 1 in 1 s"
        await time.advance(1)
        assert len(stage.streams) == 2
        await finish(stage)
        assert now(queue).state is State.DONE

    async def test_without_end_ends_in_a_sentence(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        await begin(queue, stage)
        start = time.seconds
        while now(queue).active and time.seconds < start + 3600:
            if not stage.stream.closed:
                await stage.stream.layer(61 * MB, 100 * MB)
            await time.advance(1)
        failed = now(queue)
        assert failed.state is State.FAILED
        assert failed.error is not None
        assert failed.error.title == "pull a stopped: no data arrived for 300 s."
        assert failed.error.hint
        assert 600 <= time.seconds - start <= 1000
        assert failed.progress.completed == 61 * MB
        assert all(stream.closed for stream in stage.streams)

    async def test_is_none_while_the_count_goes_back_and_forth(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        await begin(queue, stage)
        for step in range(2 * int(STALLED)):
            await stage.stream.layer((60 + step // 100 % 2) * MB, 100 * MB)
            await time.advance(1)
        assert len(stage.streams) == 1

    async def test_is_none_after_a_whole_layer_or_while_the_server_works(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        await begin(queue, stage, 100 * MB)
        for _ in range(2):
            for _ in range(2 * int(STALLED)):
                await stage.stream.layer(100 * MB, 100 * MB)
                await time.advance(1)
            await stage.stream.layer(5, 5, OTHER_DIGEST)
            await time.advance(500)
            await stage.stream.say("verifying sha256 digest")
            await time.advance(2 * STALLED)
        assert len(stage.streams) == 1

    @pytest.mark.parametrize("total", [0, 100 * MB])
    async def test_of_a_layer_of_which_nothing_has_come_counts_too(
        self, queue: JobQueue, stage: Stage, time: VirtualClock, total: int
    ) -> None:
        queue.submit(Pull("a"))
        await settle()
        for _ in range(int(STALLED) + 2):
            await stage.stream.layer(0, total)
            await time.advance(1)
        assert len(stage.streams) == 2

    async def test_counts_anew_in_each_connection(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        await begin(queue, stage)
        await self.stand_still(stage, time, STALLED - 10)
        await stage.stream.tear()
        await time.advance(1)
        await self.stand_still(stage, time, STALLED - 10)
        assert len(stage.streams) == 2

    async def test_of_a_push_is_waited_for_as_it_would_start_over(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        queue.submit(Push("me/a"))
        await settle()
        await self.stand_still(stage, time, 4 * STALLED)
        assert (now(queue).state, len(stage.streams)) == (State.RUNNING, 1)


async def replay(stage: Stage, name: str) -> None:
    """Let the newest stream say what a real server has said."""
    for _, event in recorded(name).events:
        await stage.stream.say(**event)
    await (stage.stream.tear() if recorded(name).was_cut else stage.stream.end())


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("pull-missing-default-registry", "no registry has a model of that name"),
            ("pull-registry-blob404", "one of its layers is missing in the registry"),
            ("pull-disk-full", "no space left on the server's disk"),
            ("pull-registry-denied401", "the registry asks for rights the server does not have"),
            ("pull-registry-newer412", "it needs a newer version of Ollama"),
            ("push-signed-out", "the server is not signed in to ollama.com"),
            ("push-not-owner", "the account is not allowed to write to that namespace"),
        ],
    )
    async def test_that_stay_are_asked_for_once_and_say_what_to_do(
        self, queue: JobQueue, stage: Stage, time: VirtualClock, name: str, reason: str
    ) -> None:
        is_pull = name.startswith("pull")
        queue.submit(Pull("a", expected=10**9) if is_pull else Push("me/a"))
        await settle()
        await replay(stage, name)
        await time.advance(900)
        failed = now(queue)
        assert (failed.state, len(stage.asked)) == (State.FAILED, 1)
        assert failed.error is not None
        assert failed.error.reason == reason
        assert failed.error.hint

    @pytest.mark.parametrize(
        "name",
        ["pull-blob-host-dies", "pull-registry-blob-unavailable", "pull-server-killed"],
    )
    async def test_that_pass_are_tried_again(
        self, queue: JobQueue, stage: Stage, time: VirtualClock, name: str
    ) -> None:
        queue.submit(Pull("a"))
        await settle()
        await replay(stage, name)
        assert (now(queue).state, now(queue).attempt) == (State.RUNNING, 1)
        assert now(queue).trouble
        before = now(queue).progress.completed
        await time.advance(1)
        await replay(stage, "pull-stream-present")
        assert now(queue).state is State.DONE
        assert now(queue).progress.completed >= before

    async def test_of_a_pull_right_after_its_cancel_are_waited_out(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        queue.cancel(await begin(queue, stage))
        await settle()
        queue.submit(Pull("a"))
        await settle()
        await stage.stream.say(error="context canceled")
        await time.advance(1)
        await finish(stage)
        assert [job.state for job in queue.jobs.value] == [State.DONE]


async def test_several_pulls_survive_all_that_is_done_to_them_at_once(
    queue: JobQueue, stage: Stage, time: VirtualClock
) -> None:
    ids = {name: queue.submit(Pull(name)) for name in "abcde"}
    assert queue.submit(Pull("A:latest")) == ids["a"]  # each once
    await settle()
    assert queue.move(ids["e"], -1)
    assert queue.move(ids["e"], -1)
    assert queue.pause(ids["a"])  # makes room
    await settle()
    assert [stream.model for stream in stage.streams] == ["a", "b", "e"]
    assert stage.streams[0].closed
    queue.set_parallel(5)
    await settle()
    assert [stream.model for stream in stage.streams] == ["a", "b", "e", "c", "d"]
    stage.down = True
    for stream in stage.streams[1:]:
        await stream.layer(10 * MB, 100 * MB)
        await stream.tear()
    await time.advance(60)
    stage.down = False
    queue.retry(ids["a"])
    await time.advance(10)
    again = stage.streams[5:]
    assert sorted(stream.model for stream in again) == list("abcde")
    for stream in again:
        await stream.succeed()
    assert {job.state for job in queue.jobs.value} == {State.DONE}
    assert time.waiting == 0
