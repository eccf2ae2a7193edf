from __future__ import annotations

import asyncio

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.requests import CreateRequest
from ollama_tui.domain.model import ModelKey
from ollama_tui.domain.plan import Deletion
from ollama_tui.services.jobs.job import Job, State, describe
from ollama_tui.services.jobs.queue import JobQueue
from ollama_tui.services.jobs.tasks import Copy, Create, Delete, Item, Pull, Push, Steps
from tests.clock import VirtualClock, settle
from tests.services.jobs.stage import OTHER_DIGEST, Stage, deleting

MB = 1_000_000


def keys(*texts: str) -> frozenset[ModelKey]:
    """Return the rows that `a 1` stands for: names and digests."""
    return frozenset(ModelKey(*text.split()) for text in texts)


def job(queue: JobQueue, job_id: int) -> Job:
    return next(job for job in queue.jobs.value if job.id == job_id)


def states(queue: JobQueue) -> list[State]:
    return [job.state for job in queue.jobs.value]


async def submit(queue: JobQueue, *names: str) -> list[int]:
    ids = [queue.submit(Pull(name)) for name in names]
    await settle()
    return ids


async def test_a_pull_runs_to_its_end(queue: JobQueue, stage: Stage, time: VirtualClock) -> None:
    pull = queue.submit(Pull("qwen3:8b", expected=100 * MB))
    await settle()
    await stage.stream.say("pulling manifest")
    await stage.stream.layer(10 * MB, 100 * MB)
    await time.advance(1)
    assert (job(queue, pull).state, job(queue, pull).progress.fraction) == (State.RUNNING, 0.1)
    await stage.stream.say("verifying sha256 digest")
    await time.advance(1)
    assert describe(job(queue, pull)) == "verifying"
    await stage.stream.succeed()
    done = job(queue, pull)
    assert (done.state, done.progress.fraction, done.ended) == (State.DONE, 1.0, time.seconds)
    assert (done.started, stage.asked) == (1000.0, ["POST /api/pull qwen3:8b"])


async def test_the_size_of_a_pull_may_be_learned_while_it_runs(
    queue: JobQueue, stage: Stage, time: VirtualClock
) -> None:
    [pull] = await submit(queue, "a")
    await stage.stream.layer(10 * MB, 40 * MB)
    queue.set_expected_size(pull, 100 * MB)
    assert (job(queue, pull).progress.fraction, job(queue, pull).progress.total) == (0.1, 100 * MB)
    queue.cancel(pull)
    await settle()
    queue.set_expected_size(pull, 200 * MB)
    assert job(queue, pull).progress.total == 100 * MB
    queue.retry(pull)
    await settle()
    await stage.stream.layer(25 * MB, 50 * MB)
    await time.advance(1)
    assert job(queue, pull).progress.fraction == 0.25
    queue.set_expected_size(99, 1)


class TestLanes:
    async def test_two_transfers_run_and_the_third_waits(
        self, queue: JobQueue, stage: Stage
    ) -> None:
        await submit(queue, "a", "b", "c")
        assert states(queue) == [State.RUNNING, State.RUNNING, State.QUEUED]
        assert describe(queue.jobs.value[2]) == "queued"
        await stage.streams[0].succeed()
        assert states(queue) == [State.DONE, State.RUNNING, State.RUNNING]
        assert [stream.model for stream in stage.streams] == ["a", "b", "c"]

    async def test_how_many_run_at_once_can_be_chosen(
        self, ollama: Ollama, time: VirtualClock
    ) -> None:
        queue = JobQueue(ollama, parallel=1, clock=time.monotonic, sleep=time.sleep)
        queue.submit(Pull("a"))
        queue.submit(Push("b"))
        assert states(queue) == [State.RUNNING, State.QUEUED]
        await queue.close()

    async def test_how_many_run_at_once_can_be_changed_while_they_run(
        self, queue: JobQueue, stage: Stage
    ) -> None:
        await submit(queue, "a", "b", "c", "d", "e")
        queue.set_parallel(4)
        await settle()
        assert states(queue) == [State.RUNNING] * 4 + [State.QUEUED]
        queue.set_parallel(1)
        assert states(queue) == [State.RUNNING] * 4 + [State.QUEUED]
        for stream in stage.streams[:3]:
            await stream.succeed()
        assert states(queue)[3:] == [State.RUNNING, State.QUEUED]
        await stage.streams[3].succeed()
        assert states(queue)[4:] == [State.RUNNING]
        queue.set_parallel(0)  # one always runs
        await stage.streams[4].succeed()
        assert states(queue)[4:] == [State.DONE]

    async def test_small_jobs_overtake_downloads(self, queue: JobQueue, stage: Stage) -> None:
        await submit(queue, "a", "b", "c")
        copy = queue.submit(Copy("a", "z"))
        await settle()
        assert job(queue, copy).state is State.DONE
        assert stage.asked[-1] == "POST /api/copy z"

    async def test_a_copy_keeps_what_the_server_warned_of(
        self, queue: JobQueue, stage: Stage
    ) -> None:
        stage.statuses["POST /api/copy z"] = "Warning: discarded ggml\x1b[2J"
        stage.statuses["POST /api/copy y"] = "success"
        warned, plain = queue.submit(Copy("a", "z")), queue.submit(Copy("a", "y"))
        await settle()
        assert job(queue, warned).state is State.DONE
        assert job(queue, warned).note == "Warning: discarded ggml\ufffd[2J"
        assert (job(queue, plain).state, job(queue, plain).note) == (State.DONE, "")

    async def test_what_changes_the_server_runs_one_at_a_time(
        self, queue: JobQueue, stage: Stage
    ) -> None:
        create = queue.submit(Create(CreateRequest(model="new", from_="old")))
        copy = queue.submit(Copy("a", "z"))
        await settle()
        assert (job(queue, create).state, job(queue, copy).state) == (
            State.RUNNING,
            State.QUEUED,
        )
        await stage.stream.succeed()
        assert states(queue) == [State.DONE, State.DONE]
        assert stage.asked == ["POST /api/create new", "POST /api/copy z"]

    @pytest.mark.parametrize("again", ["qwen3", "QWEN3:latest", "library/qwen3:latest"])
    async def test_the_same_pull_is_not_doubled(
        self, queue: JobQueue, stage: Stage, again: str
    ) -> None:
        [first] = await submit(queue, "qwen3")
        assert queue.submit(Pull(again)) == first
        assert len(queue.jobs.value) == 1

    async def test_a_finished_pull_may_be_asked_for_again(
        self, queue: JobQueue, stage: Stage
    ) -> None:
        [first] = await submit(queue, "qwen3")
        await stage.stream.succeed()
        assert queue.submit(Pull("qwen3")) != first

    async def test_a_pull_that_differs_is_another(self, queue: JobQueue) -> None:
        [first] = await submit(queue, "qwen3")
        assert queue.submit(Pull("qwen3", insecure=True)) != first
        assert queue.submit(Push("qwen3")) != first


class TestCancel:
    async def test_closes_the_stream_and_says_what_is_kept(
        self, queue: JobQueue, stage: Stage
    ) -> None:
        [pull] = await submit(queue, "qwen3:8b")
        queue.set_expected_size(pull, 100 * MB)
        await stage.stream.say("pulling manifest")
        await stage.stream.layer(61 * MB, 100 * MB)
        assert queue.cancel(pull)
        assert (describe(job(queue, pull)), stage.stream.closed) == ("cancelling", False)
        await settle()
        assert stage.stream.closed
        cancelled = job(queue, pull)
        assert cancelled.state is State.CANCELLED
        assert cancelled.note == (
            "Cancelled at 61%. What was downloaded is kept; pull qwen3:8b again to resume."
        )

    async def test_says_bytes_where_nobody_knows_of_how_many(
        self, queue: JobQueue, stage: Stage
    ) -> None:
        [pull] = await submit(queue, "qwen3:8b")
        await stage.stream.layer(61 * MB, 100 * MB)
        queue.cancel(pull)
        await settle()
        assert job(queue, pull).note.startswith("Cancelled at 61 MB. What was downloaded")

    async def test_makes_room_for_the_next(self, queue: JobQueue) -> None:
        pulls = await submit(queue, "a", "b", "c")
        queue.cancel(pulls[0])
        await settle()
        assert states(queue) == [State.CANCELLED, State.RUNNING, State.RUNNING]

    async def test_before_its_turn_sends_nothing(self, queue: JobQueue, stage: Stage) -> None:
        pulls = await submit(queue, "a", "b", "c")
        assert queue.cancel(pulls[2])
        await settle()
        assert job(queue, pulls[2]).state is State.CANCELLED
        assert job(queue, pulls[2]).note == "Cancelled before anything was sent."
        assert len(stage.asked) == 2

    async def test_at_once_after_submitting_still_ends_as_cancelled(
        self, queue: JobQueue, stage: Stage
    ) -> None:
        pull = queue.submit(Pull("a"))
        assert queue.cancel(pull)
        await settle()
        assert (job(queue, pull).state, stage.asked) == (State.CANCELLED, [])

    async def test_of_what_has_ended_or_never_was_does_nothing(
        self, queue: JobQueue, stage: Stage
    ) -> None:
        [pull] = await submit(queue, "a")
        await stage.stream.succeed()
        assert not queue.cancel(pull)
        assert not queue.cancel(99)
        assert job(queue, pull).state is State.DONE

    async def test_twice_is_once(self, queue: JobQueue) -> None:
        [pull] = await submit(queue, "a")
        assert queue.cancel(pull)
        assert not queue.cancel(pull)

    async def test_between_two_tries_ends_the_trying(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        [pull] = await submit(queue, "a")
        await stage.stream.tear()
        queue.cancel(pull)
        await time.advance(60)
        assert (job(queue, pull).state, len(stage.asked)) == (State.CANCELLED, 1)

    async def test_ends_the_job_even_if_its_connection_breaks_while_it_is_closed(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        [pull] = await submit(queue, "a")
        await stage.stream.layer(1 * MB, 100 * MB)
        stage.stream.breaks_on_closing = True
        queue.cancel(pull)
        await time.advance(60)
        assert (job(queue, pull).state, len(stage.asked)) == (State.CANCELLED, 1)

    async def test_of_a_create_says_that_nothing_was_made(
        self, queue: JobQueue, stage: Stage
    ) -> None:
        create = queue.submit(Create(CreateRequest(model="new", from_="old"), "quantize"))
        await settle()
        queue.cancel(create)
        await settle()
        cancelled = job(queue, create)
        assert (cancelled.verb, stage.stream.closed) == ("quantize", True)
        assert cancelled.note.startswith("Cancelled. new was not created;")

    async def test_of_a_deletion_says_what_is_gone_and_what_is_not(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        stage.held["DELETE /api/delete b"] = asyncio.Event()
        deletion = queue.submit(deleting("a", "b", "c"))
        await time.advance(8.1)
        assert describe(job(queue, deletion)) == "2 of 3: b"
        queue.cancel(deletion)
        await settle()
        assert job(queue, deletion).note == (
            "Cancelled. Deleted: a. The server was at b, which may be gone. Not deleted: c."
        )
        assert job(queue, deletion).finished == ("a",)


class TestGrace:
    async def test_a_deletion_waits_before_anything_is_sent(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        deletion = queue.submit(deleting("a", loaded=("a",)))
        said = []
        for _ in range(8):
            said.append(describe(job(queue, deletion)))
            await time.advance(1)
        assert said == [f"in {left} s" for left in range(8, 0, -1)]
        assert stage.asked == ["POST /api/generate a", "DELETE /api/delete a"]
        assert job(queue, deletion).state is State.DONE

    async def test_undo_takes_it_back_with_nothing_sent(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        deletion = queue.submit(deleting("a"))
        await time.advance(7.9)
        assert job(queue, deletion).can_undo
        assert queue.undo()
        await time.advance(60)
        queue.submit(Copy("a", "z"))
        await settle()
        assert stage.asked.pop() == "POST /api/copy z"
        assert (job(queue, deletion).state, stage.asked) == (State.CANCELLED, [])
        assert job(queue, deletion).note == "Undone; nothing was deleted."
        assert not job(queue, deletion).can_retry

    async def test_undo_takes_back_the_last_one_first(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        queue.submit(deleting("a"))
        await time.advance(1)
        queue.submit(deleting("b"))
        assert queue.undo()
        await settle()
        assert states(queue) == [State.WAITING, State.CANCELLED]
        assert queue.undo()
        assert not queue.undo()

    async def test_undo_can_name_the_one_it_means(self, queue: JobQueue) -> None:
        first = queue.submit(deleting("a"))
        queue.submit(deleting("b"))
        assert queue.undo(first)
        assert states(queue) == [State.CANCELLED, State.WAITING]

    async def test_what_was_sent_cannot_be_undone(
        self, queue: JobQueue, time: VirtualClock
    ) -> None:
        queue.submit(deleting("a"))
        await time.advance(8)
        assert not queue.undo()

    async def test_cancel_of_a_waiting_deletion_is_undo(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        deletion = queue.submit(deleting("a"))
        assert queue.cancel(deletion)
        await time.advance(60)
        assert stage.asked == []
        assert job(queue, deletion).note == "Undone; nothing was deleted."

    async def test_close_does_not_send_it(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        queue.submit(deleting("a"))
        await time.advance(1)
        await queue.close()
        await time.advance(60)
        assert (stage.asked, states(queue)) == ([], [State.CANCELLED])

    async def test_no_grace_sends_at_once(
        self, ollama: Ollama, stage: Stage, time: VirtualClock
    ) -> None:
        queue = JobQueue(ollama, grace=0, clock=time.monotonic, sleep=time.sleep)
        queue.submit(deleting("a"))
        await settle()
        assert stage.asked == ["DELETE /api/delete a"]
        await queue.close()


class TestDelete:
    async def test_goes_on_after_a_failure_and_says_what_remains(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        stage.refused["DELETE /api/delete b"] = (500, "unexpected EOF")
        deletion = queue.submit(deleting("a", "b", "c"))
        await time.advance(8)
        failed = job(queue, deletion)
        assert (failed.state, failed.finished) == (State.FAILED, ("a", "c"))
        assert failed.error is not None
        assert failed.error.title == "1 of 3 models were not deleted: b"
        assert "b was not deleted" in failed.error.hint

    async def test_says_of_each_failure_why(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        stage.refused["DELETE /api/delete a"] = (500, "permission denied")
        stage.refused["DELETE /api/delete c"] = (500, "unexpected EOF")
        deletion = queue.submit(deleting("a", "b", "c"))
        await time.advance(8)
        error = job(queue, deletion).error
        assert error is not None
        assert "a was not deleted" in error.hint
        assert "c was not deleted" in error.hint

    async def test_never_sends_a_name_that_a_server_takes_for_another(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        deletion = queue.submit(deleting("m:local", "b", loaded=("m:local",)))
        await time.advance(8)
        error = job(queue, deletion).error
        assert error is not None
        assert "takes that name for m:latest" in error.hint
        assert stage.asked == ["DELETE /api/delete b"]

    async def test_never_sends_a_name_with_a_twin_by_case_that_is_to_stay(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        stage.listed = ("pirate:latest", "Pirate:latest", "b:latest")
        deletion = queue.submit(deleting("pirate:latest", "b:latest"))
        await time.advance(8)
        error = job(queue, deletion).error
        assert error is not None
        assert "Pirate:latest exists too" in error.hint
        assert stage.asked == ["DELETE /api/delete b:latest"]

    async def test_deletes_twins_by_case_together(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        stage.listed = ("pirate:latest", "Pirate:latest")
        deletion = queue.submit(deleting("pirate:latest", "Pirate:latest"))
        await time.advance(8)
        assert job(queue, deletion).state is State.DONE

    @pytest.mark.parametrize(
        ("item", "listed", "sent"),
        [
            (Deletion("a", agreed=keys("a 1", "a 2")), ["a 1", "a 2"], "a"),
            (Deletion("a", agreed=keys("a 1", "a 2")), ["a 2"], "a"),
            (Deletion("a", agreed=keys("a 1", "a 2")), ["a 1", "a 2", "a 3"], ""),
            (Deletion("a", agreed=keys("a 1")), ["a 2"], ""),
            (Deletion("a", agreed=keys("a 1")), [], "a"),
            (Deletion("a", "1", "a (ggml)", keys("a 1")), ["a 1", "a 2"], "sha256-1"),
            (Deletion("a", "1", "a (ggml)", keys("a 1")), ["a 1", "a 3", "b 2"], "sha256-1"),
            (Deletion("a", "1", "a (ggml)", keys("a 1", "b 1")), ["a 1", "b 1"], "sha256-1"),
            (Deletion("a", "1", "a (ggml)", keys("a 1")), ["a 1", "b 1"], ""),
        ],
    )
    async def test_is_sent_only_while_it_takes_nothing_but_what_was_agreed_to(
        self,
        queue: JobQueue,
        stage: Stage,
        time: VirtualClock,
        item: Deletion,
        listed: list[str],
        sent: str,
    ) -> None:
        stage.listed = tuple(keys(*listed))
        deletion = queue.submit(Delete((item,)))
        await time.advance(8)
        assert stage.asked == ([f"DELETE /api/delete {sent}"] if sent else [])
        assert job(queue, deletion).state is (State.DONE if sent else State.FAILED)

    async def test_of_a_row_unloads_it_by_its_runner(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        item = Deletion("a", "1", "a (ggml)", keys("a 1"), (("a", "ggml"),))
        queue.submit(Delete((item,)))
        await time.advance(8)
        assert stage.asked == ["POST /api/generate a ggml", "DELETE /api/delete sha256-1"]

    async def test_that_waits_for_another_is_left_out_when_that_fails(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        stage.refused["DELETE /api/delete a"] = (500, "permission denied")
        items = (Deletion("a"), Deletion("backup", after="a"), Deletion("b"))
        deletion = queue.submit(Delete(items))
        await time.advance(8)
        assert stage.asked == ["DELETE /api/delete a", "DELETE /api/delete b"]
        stage.refused.clear()
        queue.retry(deletion)
        await time.advance(8)
        assert stage.asked[2:] == ["DELETE /api/delete a", "DELETE /api/delete backup"]
        assert job(queue, deletion).state is State.DONE

    async def test_retry_deletes_only_the_rest(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        stage.refused["DELETE /api/delete b"] = (500, "unexpected EOF")
        deletion = queue.submit(deleting("a", "b"))
        await time.advance(8)
        stage.refused.clear()
        stage.asked.clear()
        assert queue.retry(deletion)
        await time.advance(8)
        assert (job(queue, deletion).state, job(queue, deletion).error) == (State.DONE, None)
        assert stage.asked == ["DELETE /api/delete b"]

    async def test_of_what_is_gone_already_is_no_failure(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        stage.refused["DELETE /api/delete a"] = (404, "model 'a' not found")
        deletion = queue.submit(deleting("a"))
        await time.advance(8)
        assert job(queue, deletion).state is State.DONE

    async def test_goes_on_when_the_model_cannot_be_unloaded(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        stage.refused["POST /api/generate a"] = (500, "busy")
        deletion = queue.submit(deleting("a", loaded=("a",)))
        await time.advance(8)
        assert job(queue, deletion).state is State.DONE

    async def test_stops_when_the_server_is_lost(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        stage.down = True
        deletion = queue.submit(deleting("a", "b", "c"))
        await time.advance(8)
        error = job(queue, deletion).error
        assert error is not None
        assert error.title == "3 of 3 models were not deleted: a, b, c"
        assert stage.asked == ["GET /api/tags None"]

    async def test_of_one_fails_with_its_own_error(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        stage.refused["DELETE /api/delete a"] = (500, "unexpected EOF")
        deletion = queue.submit(deleting("a"))
        await time.advance(8)
        error = job(queue, deletion).error
        assert error is not None
        assert error.title.startswith("a was not deleted")


class TestRetry:
    async def test_a_cut_connection_is_tried_again_with_growing_pauses(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        [pull] = await submit(queue, "a")
        await stage.stream.layer(10 * MB, 100 * MB)
        await stage.stream.layer(61 * MB, 100 * MB)
        await stage.stream.tear()
        assert describe(job(queue, pull)) == "connection lost — retry 1 in 1 s"
        stage.down = True
        await time.advance(1)
        assert describe(job(queue, pull)) == "server unreachable — retry 2 in 2 s"
        await time.advance(1)
        assert describe(job(queue, pull)) == "server unreachable — retry 2 in 1 s"
        await time.advance(1)
        assert describe(job(queue, pull)) == "server unreachable — retry 3 in 4 s"
        assert job(queue, pull).progress.completed == 61 * MB

    async def test_a_retried_pull_resumes_and_never_goes_back(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        [pull] = await submit(queue, "a")
        queue.set_expected_size(pull, 100 * MB)
        await stage.stream.layer(10 * MB, 100 * MB)
        await stage.stream.layer(61 * MB, 100 * MB)
        await stage.stream.end()
        await time.advance(1)
        await stage.stream.say("pulling manifest")
        await time.advance(0.06)
        await stage.stream.layer(61 * MB, 100 * MB)
        await time.advance(0.06)
        await stage.stream.layer(62 * MB, 100 * MB)
        await time.advance(0.1)
        assert describe(job(queue, pull)) == "resuming at 61%"
        assert job(queue, pull).progress.completed == 62 * MB
        await stage.stream.succeed()
        assert job(queue, pull).state is State.DONE
        assert len(stage.asked) == 2

    async def test_what_came_before_the_connection_broke_was_transferred_too(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        pull = queue.submit(Pull("a", expected=100 * MB))
        await settle()
        await stage.stream.layer(10 * MB, 60 * MB)
        await stage.stream.layer(31 * MB, 60 * MB)
        await stage.stream.tear()
        await time.advance(1)
        await stage.stream.say("pulling manifest")
        await stage.stream.layer(60 * MB, 60 * MB)
        await stage.stream.layer(40 * MB, 40 * MB, OTHER_DIGEST)
        await stage.stream.succeed()
        assert job(queue, pull).progress.transferred == 60 * MB

    @pytest.mark.parametrize("interrupted", [False, True])
    async def test_only_what_was_begun_before_resumes(
        self, queue: JobQueue, stage: Stage, time: VirtualClock, interrupted: bool
    ) -> None:
        pull = queue.submit(Pull("a", expected=1000 * MB))
        await settle()
        if interrupted:
            await stage.stream.layer(19 * MB, 1000 * MB)
            queue.cancel(pull)
            await settle()
            pull = queue.submit(Pull("a", expected=1000 * MB))
            await settle()
        await stage.stream.say("pulling manifest")
        for _ in range(3):  # a burst, and then a line that is slow to go on
            await time.advance(0.06)
            await stage.stream.layer(20 * MB, 1000 * MB)
        await time.advance(0.1)
        assert describe(job(queue, pull)) == ("resuming at 2%" if interrupted else "pulling")

    async def test_progress_makes_the_pauses_short_again(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        [pull] = await submit(queue, "a")
        for pause in (1, 2, 4):
            await stage.stream.tear()
            await time.advance(pause)
        await stage.stream.layer(1 * MB, 100 * MB)
        await stage.stream.layer(2 * MB, 100 * MB)
        await stage.stream.tear()
        assert describe(job(queue, pull)) == "connection lost — retry 1 in 1 s"

    async def test_gives_up_after_ten_minutes_without_progress(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        stage.down = True
        [pull] = await submit(queue, "a")
        await time.advance(590)
        assert job(queue, pull).state is State.RUNNING
        await time.advance(60)
        failed = job(queue, pull)
        assert (failed.state, failed.trouble) == (State.FAILED, "")
        assert failed.error is not None
        assert failed.error.hint

    async def test_progress_renews_the_patience(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        [pull] = await submit(queue, "a")
        for completed in (1, 2):
            await stage.stream.layer(completed * MB, 100 * MB)
            await stage.stream.layer((completed + 1) * MB, 100 * MB)
            stage.down = True
            await stage.stream.tear()
            await time.advance(500)
            stage.down = False
            await time.advance(30)
        assert job(queue, pull).state is State.RUNNING

    async def test_a_server_slow_to_answer_again_is_not_a_stall(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        [pull] = await submit(queue, "a")
        await stage.stream.layer(61 * MB, 100 * MB)
        stage.held["POST /api/pull a"] = asyncio.Event()
        await stage.stream.tear()
        await time.advance(20)
        assert describe(job(queue, pull)) == "reconnecting"
        assert job(queue, pull).progress.completed == 61 * MB

    async def test_a_refusal_is_not_retried(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        [pull] = await submit(queue, "a")
        await stage.stream.say("pulling manifest")
        await stage.stream.say(error="write /models/blobs/x-partial: no space left on device")
        failed = job(queue, pull)
        assert describe(failed) == "failed: no space left on the server's disk"
        assert failed.error is not None
        assert failed.error.title.startswith("a was not pulled")
        await time.advance(60)
        assert len(stage.asked) == 1

    async def test_joining_a_dying_download_is_retried_after_a_second(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        [pull] = await submit(queue, "a")
        queue.cancel(pull)
        await settle()
        assert queue.retry(pull)
        await settle()
        await stage.stream.say("pulling manifest")
        await stage.stream.say(error="context canceled")
        assert job(queue, pull).seconds_left == 1
        await time.advance(1)
        await stage.stream.succeed()
        assert job(queue, pull).state is State.DONE

    async def test_a_push_is_not_retried_unasked(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        push = queue.submit(Push("me/a"))
        await settle()
        await stage.stream.tear()
        assert job(queue, push).state is State.FAILED
        assert queue.retry(push)
        await settle()
        assert (job(queue, push).state, len(stage.asked)) == (State.RUNNING, 2)

    async def test_only_what_failed_or_was_cancelled_can_be_retried(
        self, queue: JobQueue, stage: Stage
    ) -> None:
        [pull] = await submit(queue, "a")
        assert not queue.retry(pull)
        await stage.stream.succeed()
        assert not queue.retry(pull)
        assert not queue.retry(99)

    async def test_is_no_second_way_to_double_a_pull(self, queue: JobQueue, stage: Stage) -> None:
        [first] = await submit(queue, "a")
        queue.cancel(first)
        await settle()
        await submit(queue, "a")
        assert not queue.retry(first)

    @pytest.mark.parametrize("again", [Pull("A:latest"), Pull("a", insecure=True)])
    async def test_a_success_forgets_earlier_failures_of_the_same_transfer(
        self, queue: JobQueue, stage: Stage, again: Pull
    ) -> None:
        await submit(queue, "a", "b")
        push = queue.submit(Push("a"))
        for stream in stage.streams:
            await stream.say(error="the registry failed")
        await stage.stream.say(error="the registry failed")
        assert states(queue) == [State.FAILED] * 3
        second = queue.submit(again)
        await settle()
        await stage.stream.succeed()
        assert [one.id for one in queue.jobs.value] == [2, push, second]


class TestPublishing:
    async def test_progress_is_published_at_most_ten_times_a_second(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        [pull] = await submit(queue, "a")
        seen: list[Job] = []

        async def watch() -> None:
            async for jobs in queue.jobs.follow():
                seen.extend(jobs)

        watcher = asyncio.create_task(watch())
        await settle()
        seen.clear()
        for tick in range(1, 101):
            await stage.stream.layer(tick * MB, 200 * MB)
            await time.advance(0.01)
        assert 8 <= len(seen) <= 12
        await time.advance(0.1)
        assert seen[-1].progress.completed == 100 * MB
        watcher.cancel()
        assert job(queue, pull).progress.completed == 100 * MB

    async def test_silence_shows_by_itself(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        [pull] = await submit(queue, "a")
        await stage.stream.layer(1 * MB, 100 * MB)
        await time.advance(20)
        assert describe(job(queue, pull)) == "server silent for 20 s"

    async def test_nothing_runs_when_there_is_nothing_to_do(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        assert time.waiting == 0
        await submit(queue, "a")
        await stage.stream.layer(1 * MB, 100 * MB)
        await stage.stream.layer(1, 1, OTHER_DIGEST)
        assert time.waiting > 0
        await stage.stream.succeed()
        assert time.waiting == 0

    async def test_clear_forgets_what_has_ended(self, queue: JobQueue, stage: Stage) -> None:
        pulls = await submit(queue, "a", "b")
        await stage.streams[0].succeed()
        queue.clear()
        assert [job.id for job in queue.jobs.value] == pulls[1:]

    async def test_ids_are_not_used_twice(self, queue: JobQueue, stage: Stage) -> None:
        [first] = await submit(queue, "a")
        await stage.stream.succeed()
        queue.clear()
        assert await submit(queue, "b") != [first]

    async def test_a_layer_that_could_not_be_removed_is_noted_not_fatal(
        self, queue: JobQueue, stage: Stage
    ) -> None:
        [pull] = await submit(queue, "a")
        await stage.stream.say("couldn't remove unused layers: permission denied")
        await stage.stream.succeed()
        assert job(queue, pull).state is State.DONE
        assert "no longer used" in job(queue, pull).note


class Broken(Pull):
    """A task with a bug in it."""

    async def run(self, server: Ollama) -> Steps:
        yield Item(self.name, 1, 1)
        raise ZeroDivisionError


class TestBugsAndClosing:
    async def test_a_bug_reaches_the_app(self, queue: JobQueue) -> None:
        crash = asyncio.create_task(queue.raise_bugs())
        broken = queue.submit(Broken("a"))
        with pytest.raises(ZeroDivisionError):
            await crash
        assert job(queue, broken).state is State.FAILED

    async def test_a_bug_nobody_saw_is_raised_on_closing(
        self, ollama: Ollama, time: VirtualClock
    ) -> None:
        queue = JobQueue(ollama, clock=time.monotonic, sleep=time.sleep)
        queue.submit(Broken("a"))
        await settle()
        with pytest.raises(ZeroDivisionError):
            await queue.close()

    async def test_close_waits_until_every_stream_is_closed(
        self, queue: JobQueue, stage: Stage, time: VirtualClock
    ) -> None:
        await submit(queue, "a", "b", "c")
        await queue.close()
        assert [stream.closed for stream in stage.streams] == [True, True]
        assert states(queue) == [State.CANCELLED] * 3
        assert time.waiting == 0

    async def test_close_does_not_wait_for_a_retry_of_what_it_cancelled(
        self, ollama: Ollama, stage: Stage, time: VirtualClock
    ) -> None:
        queue = JobQueue(ollama, clock=time.monotonic, sleep=time.sleep)
        await submit(queue, "a")
        await stage.stream.layer(1 * MB, 100 * MB)
        stage.stream.breaks_on_closing = True
        closing = asyncio.create_task(queue.close())
        await settle()
        assert closing.done()
        await closing

    async def test_nothing_is_taken_in_after_closing(self, queue: JobQueue) -> None:
        await queue.close()
        with pytest.raises(RuntimeError):
            queue.submit(Pull("a"))

    async def test_a_loop_that_ends_starts_nothing_new(self, queue: JobQueue, stage: Stage) -> None:
        await submit(queue, "a", "b", "c")
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await settle()
        assert len(stage.asked) == 2
