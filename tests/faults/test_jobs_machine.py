"""Queue and journal through whatever may happen, in any order: no job is lost or there twice.

A hypothesis machine asks, cancels, pauses, resumes, moves and clears, lets streams go on, succeed,
break and fail, takes the server away, and kills the program, which starts again with its journal.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ollama_tui.api.client import Ollama
from ollama_tui.config.state_file import Problems
from ollama_tui.domain.names import comparison_key
from ollama_tui.services.jobs.job import ACTIVE, Job, State
from ollama_tui.services.jobs.journal import Journal
from ollama_tui.services.jobs.queue import JobQueue
from ollama_tui.services.jobs.tasks import Pull, Push
from tests.clock import VirtualClock, settle
from tests.services.jobs.stage import DIGEST, OTHER_DIGEST, Stage, Stream

T = TypeVar("T")
HOST = "0123456789abcdef"
MB = 1_000_000
ENDED = frozenset({State.DONE, State.FAILED, State.CANCELLED})
UNFINISHED = ACTIVE | {State.PAUSED, State.FAILED}
ERRORS = (
    "write /models/x-partial: no space left on device",
    "pull model manifest: file does not exist",
    "unauthorized: access denied",
    "digest mismatch, file must be downloaded again: want sha256:a, got sha256:b",
    "max retries exceeded: EOF",
    "context canceled",
)

# Few, so that the same is asked for again and again.
names = st.sampled_from(("a", "A:latest", "h:5000/ns/d:1"))
which = st.integers(0, 4)


class Machine(RuleBasedStateMachine):
    """One folder with journals, one server, and one program at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.time = VirtualClock(1000.0)
        self.stage = Stage()
        self.problems = Problems()
        self.cancelled: set[int] = set()
        """Ids of jobs that were cancelled by the user, in this life."""
        self.succeeded: Counter[str] = Counter()
        """How often the server has finished what, in this life, by verb and key."""
        self.accepted: dict[int, str] = {}
        """Jobs of this life that are not accounted for, and their verb and key."""

    # ---- the program

    def run(self, steps: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(steps)

    @initialize()
    def start(self) -> None:
        self.run(self._start())

    async def _start(self) -> None:
        self.cancelled, self.succeeded, self.accepted = set(), Counter(), {}
        self.journal = Journal(Path(self.folder.name), HOST, self.problems)
        self.ollama = Ollama("http://127.0.0.1:11434", transport=self.stage.transport)
        self.queue = JobQueue(
            self.ollama,
            journal=self.journal,
            left=self.journal.take_over(),
            clock=self.time.monotonic,
            sleep=self.time.sleep,
        )
        self.accepted = {job.id: key_of(job) for job in self.queue.jobs.value}

    async def _kill(self) -> None:
        """Let the program go as SIGKILL does: locks and streams are gone, nothing is written."""
        self.journal.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await settle()
        await self.ollama.aclose()

    @rule(kindly=st.booleans(), rarely=st.integers(0, 3))
    def restart(self, kindly: bool, rarely: int) -> None:
        if not rarely:
            self.run(self._restart(kindly))

    async def _restart(self, kindly: bool) -> None:
        written = self.written()
        if kindly:
            await self.queue.close()
            await self.ollama.aclose()
        else:
            await self._kill()
        assert self.written() == written
        await self._start()
        assert sorted(map(key_of, self.queue.jobs.value)) == sorted(written)
        assert all(job.state is State.PAUSED for job in self.queue.jobs.value)

    # ---- the user

    @rule(name=names, push=st.sampled_from((False, False, True)))
    def submit(self, name: str, push: bool) -> None:
        self.run(self._do(self._submit(name, push)))

    async def _submit(self, name: str, push: bool) -> None:
        job_id = self.queue.submit(Push(name) if push else Pull(name, expected=100 * MB))
        [job] = [job for job in self.queue.jobs.value if job.id == job_id]
        assert job.active
        self.accepted[job_id] = key_of(job)

    @rule(name=names, words=st.sampled_from(ERRORS))
    def submit_and_refuse(self, name: str, words: str) -> None:
        """Ask for one that the server refuses: rarer if it took two steps, and worth having."""
        known = len(self.stage.streams)
        self.run(self._do(self._submit(name, False)))
        for stream in self.stage.streams[known:]:
            if not stream.closed:
                self.run(stream.say(error=words))

    @rule(at=which)
    def cancel(self, at: int) -> None:
        self.run(self._do(self._cancel(at)))

    async def _cancel(self, at: int) -> None:
        if job := self.one_of(at, [job for job in self.queue.jobs.value if job.can_cancel]):
            assert self.queue.cancel(job.id)
            self.cancelled.add(job.id)

    @rule(at=which)
    def pause(self, at: int) -> None:
        self.run(self._do(self._pause(at)))

    async def _pause(self, at: int) -> None:
        if job := self.one_of(at, [job for job in self.queue.jobs.value if job.can_pause]):
            assert self.queue.pause(job.id)

    @rule(at=which)
    def retry(self, at: int) -> None:
        self.run(self._do(self._retry(at)))

    async def _retry(self, at: int) -> None:
        if job := self.one_of(at, [job for job in self.queue.jobs.value if job.can_retry]):
            self.queue.retry(job.id)
            for each in self.queue.jobs.value:  # it may be another one of the same that goes on
                if each.active:
                    self.cancelled.discard(each.id)
                    self.accepted[each.id] = key_of(each)

    @rule(at=which, step=st.sampled_from((-1, 1)))
    def move(self, at: int, step: int) -> None:
        self.run(self._do(self._move(at, step)))

    async def _move(self, at: int, step: int) -> None:
        queued = [job for job in self.queue.jobs.value if job.state is State.QUEUED]
        if job := self.one_of(at, queued):
            self.queue.move(job.id, step)

    @rule(parallel=st.integers(1, 4))
    def set_parallel(self, parallel: int) -> None:
        self.run(self._do(self._set_parallel(parallel)))

    async def _set_parallel(self, parallel: int) -> None:
        self.queue.set_parallel(parallel)

    @rule()
    def clear(self) -> None:
        self.run(self._do(self._clear()))

    async def _clear(self) -> None:
        for job in self.queue.jobs.value:
            if job.state in ENDED:
                self.accepted.pop(job.id, None)
        self.queue.clear()

    # ---- the server

    @property
    def streams(self) -> list[Stream]:
        return [stream for stream in self.stage.streams if not stream.closed]

    @precondition(lambda self: self.streams)
    @rule(at=which, completed=st.integers(0, 100), digest=st.sampled_from((DIGEST, OTHER_DIGEST)))
    def go_on(self, at: int, completed: int, digest: str) -> None:
        stream = self.streams[at % len(self.streams)]
        self.run(stream.layer(completed * MB, 100 * MB, digest))

    @precondition(lambda self: self.streams)
    @rule(at=which)
    def succeed(self, at: int) -> None:
        stream = self.streams[at % len(self.streams)]
        self.succeeded[comparison_key(stream.model)] += 1
        self.run(stream.succeed())

    @precondition(lambda self: self.streams)
    @rule(at=which, tear=st.booleans())
    def break_off(self, at: int, tear: bool) -> None:
        stream = self.streams[at % len(self.streams)]
        self.run(stream.tear() if tear else stream.end())

    @precondition(lambda self: self.streams)
    @rule(at=which, words=st.sampled_from(ERRORS))
    def fail(self, at: int, words: str) -> None:
        self.run(self.streams[at % len(self.streams)].say(error=words))

    @rule(down=st.sampled_from((False, False, True)))
    def lose_or_return(self, down: bool) -> None:
        self.stage.down = down
        if down:
            for stream in self.streams:
                self.run(stream.tear())

    @rule(seconds=st.sampled_from((0.1, 1.0, 5.0, 40.0, 700.0)))
    def wait(self, seconds: float) -> None:
        self.run(self.time.advance(seconds))

    # ---- what is always true

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        jobs = self.queue.jobs.value
        assert len({job.id for job in jobs}) == len(jobs)
        at_work = Counter(key_of(job) for job in jobs if job.state in ACTIVE | {State.PAUSED})
        assert set(at_work.values()) <= {1}, at_work
        open_ = Counter(comparison_key(stream.model) for stream in self.streams)
        assert all(open_[key] <= 2 for key in open_), "one pull and one push at most"
        there = {job.id: job for job in jobs}
        for job_id, key in list(self.accepted.items()):
            job = there.get(job_id)
            if job is None:
                # Only what moved the same model to its end takes an older try away.
                assert self.succeeded[key.partition(" ")[2]], (job_id, key)
                del self.accepted[job_id]
            elif job.state is State.DONE:
                assert self.succeeded[comparison_key(job.name)]
            elif job.state is State.FAILED:
                assert job.error is not None
                assert job.error.title
            elif job.state is State.CANCELLED:
                assert job_id in self.cancelled

    @invariant()
    def the_journal_has_what_is_unfinished(self) -> None:
        jobs = self.queue.jobs.value
        must = {key_of(j) for j in jobs if j.state in ACTIVE | {State.PAUSED}}
        ended = {key_of(j) for j in jobs if j.state is State.CANCELLED}
        # What failed before anything came has nothing that it could go on from.
        failed = {key_of(j) for j in jobs if j.state is State.FAILED and j.progress.completed}
        written = Counter(self.written())
        assert set(written.values()) <= {1}
        assert must | failed - ended <= written.keys() <= must | failed
        assert self.problems.take() == []

    def teardown(self) -> None:
        self.run(self._end())
        self.loop.close()
        self.folder.cleanup()

    async def _end(self) -> None:
        """Let the server be well: whatever is under way comes to its end."""
        if not hasattr(self, "queue"):
            return
        self.stage.down = False
        for _ in range(40):
            if not any(job.active for job in self.queue.jobs.value):
                break
            for stream in self.streams:
                await stream.succeed()
            await self.time.advance(15.0)
        assert not any(job.active for job in self.queue.jobs.value)
        await self.queue.close()
        await self.ollama.aclose()
        assert self.time.waiting == 0
        assert not self.streams

    # ---- helpers

    async def _do(self, steps: Coroutine[Any, Any, None]) -> None:
        await steps
        await settle()

    @staticmethod
    def one_of(at: int, jobs: list[Job]) -> Job | None:
        """Return one of these jobs; None while there is none."""
        return jobs[at % len(jobs)] if jobs else None

    def written(self) -> list[str]:
        """Return the keys of what is in the journal's files, which must be whole at any time."""
        texts = [file.read_text("utf-8") for file in Path(self.folder.name).glob("*.json")]
        # What was taken over stays on disk until it is in the newest file.
        jobs = [each for text in texts for each in json.loads(text)["data"]["jobs"]]
        return [f"{each.get('verb', 'pull')} {comparison_key(each['name'])}" for each in jobs]


def key_of(job: Job) -> str:
    """Return what two jobs have in common when one of them is enough."""
    return f"{job.verb} {comparison_key(job.name)}"


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=80,
    stateful_step_count=50,
    suppress_health_check=[HealthCheck.too_slow],  # the machine that tests may be busy
)
