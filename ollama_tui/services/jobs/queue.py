"""The queue of jobs: what runs when, and what is published of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from ollama_tui.api.errors import OllamaError
from ollama_tui.domain import names
from ollama_tui.services.jobs.entries import Entry
from ollama_tui.services.jobs.job import ACTIVE, Job, State
from ollama_tui.services.jobs.journal import Journal
from ollama_tui.services.jobs.publishing import JournalWriter, Publisher
from ollama_tui.services.jobs.record import JobRecord
from ollama_tui.services.jobs.runner import Runner
from ollama_tui.services.jobs.tasks import Lane, Pull, RegistryTransfer, Task
from ollama_tui.services.observable import Observable

if TYPE_CHECKING:
    from ollama_tui.api.client import Ollama

_NOTHING_SENT = "Cancelled before anything was sent."
_UNDONE = "Undone; nothing was deleted."
GRACE_CHECK_EVERY = 0.5
"""Seconds between checks that the program was running during a grace period."""
SUSPENDED_AFTER = 1.5
"""Seconds between two such checks from which on the program must have been suspended."""


class JobQueue:
    """Runs tasks against one server and publishes how they do.

    Refusals and lost connections end a job as *failed*. Anything else is a bug: `raise_bugs()`
    raises it, and so does `close()`. All methods belong to the thread of the running event loop.

    `clock` and `sleep` count the same seconds; `uptime` is a clock that also goes on while the
    machine is suspended. `parallel` transfers run at once; a deletion waits `grace` seconds.
    `journal` keeps on disk what is unfinished. `left` is what an earlier program has left: it waits
    to be resumed.
    """

    def __init__(
        self,
        ollama: Ollama,
        *,
        parallel: int = 2,
        grace: float = 8.0,
        journal: Journal | None = None,
        left: Iterable[Entry] = (),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        uptime: Callable[[], float] | None = None,
    ) -> None:
        self._width = {Lane.TRANSFER: max(1, parallel), Lane.ALONE: 1}
        self._grace = grace
        self._clock = clock
        self._sleep = sleep
        self._uptime = uptime or clock
        self._grace_suspended = False
        self._records: dict[int, JobRecord] = {}
        self._last_id = 0
        self._publisher = Publisher(self._publish_snapshots, self._report_bug, clock, sleep)
        self._runner = Runner(ollama, self._publisher, clock, sleep)
        self._closed = False
        self._bug: BaseException | None = None
        self._has_bug = asyncio.Event()
        self._journal = JournalWriter(journal, clock)
        for entry in left:
            self._new_record(entry.task).restore(entry, clock())
        self.jobs: Observable[tuple[Job, ...]] = Observable(())
        """All jobs in the order they were asked for; progress at most ten times a second."""
        self._publisher.publish()
        if not any(record.ended_at for record in self._records.values()):
            self._write_journal()  # what was going on is paused; results stay until they are seen

    def submit(self, task: Task) -> int:
        """Take `task` in and return its job's id; for a transfer already under way, that one's."""
        if self._closed:
            raise RuntimeError("The queue is closed.")
        if (same := self._with_key(task.key, ACTIVE)) is not None:
            return same.id
        if (paused := self._with_key(task.key, {State.PAUSED})) is not None:
            self.retry(paused.id)
            return paused.id
        record = self._new_record(task)
        record.continues(self._tries_of(task), self._clock())
        self._enqueue(record)
        return record.id

    def adopt(self, entries: Collection[Entry]) -> frozenset[int]:
        """Go on with jobs that another process is still at; return their ids.

        What can be joined begins at once, other transfers when `settle` is called, and what needs
        the program that began it waits to be resumed.
        """
        adopted: set[int] = set()
        self._journal.remember(entries)
        for entry in entries:
            if not entry.seen and self._with_key(entry.task.key, ACTIVE) is None:
                record = self._new_record(entry.task)
                record.restore(entry, self._clock(), goes_on=entry.outlives_us)
                record.held = record.state is State.QUEUED and not entry.joins
                adopted.add(record.id)
        self._schedule()
        return frozenset(adopted)

    def has_joined(self, job_ids: Collection[int]) -> bool:
        """Whether those of the adopted jobs that run are under way on the server."""
        running = (r for r in self._with_state(State.RUNNING) if r.id in job_ids)
        return all(record.joins for record in running)

    def settle(self, job_ids: Collection[int]) -> None:
        """Begin the adopted jobs that were held: the other process has stopped for good."""
        for record in self._records.values():
            if record.id in job_ids:
                record.held = False
        if not self._closed:
            self._schedule()

    def cancel(self, job_id: int) -> bool:
        """Stop a job, closing its stream; return whether there was something to stop."""
        record = self._records.get(job_id)
        if record is None or not record.snapshot(self._clock()).can_cancel:
            return False
        if record.state is State.PAUSED:
            now = self._clock()
            note = record.task.when_cancelled(record.progress(now), record.finished)
            record.end(State.CANCELLED, now, note=note)
            self._publish()
            return True
        if record.state is State.RUNNING and record.runner is not None:
            # The job ends when its runner has: only then is the connection closed.
            record.cancelling = record.runner.cancel()
            self._publisher.publish()
            return record.cancelling
        self._withdraw(record, _UNDONE if record.state is State.WAITING else _NOTHING_SENT)
        return True

    def pause(self, job_id: int) -> bool:
        """Stop a download so that it can go on later; return whether it could be paused."""
        record = self._records.get(job_id)
        if record is None or not record.can_pause:
            return False
        if record.state is State.QUEUED:
            record.end(State.PAUSED, self._clock())
            self._publish()
            return True
        record.pausing = record.runner is not None and record.runner.cancel()
        return record.pausing

    def move(self, job_id: int, step: int) -> bool:
        """Let a queued job change places with the one that starts after it, or before it with -1.

        Return whether there is such a job: one that waits for the same.
        """
        record = self._records.get(job_id)
        if record is None or record.state is not State.QUEUED:
            return False
        lane = record.task.lane
        ids = [r.id for r in self._with_state(State.QUEUED) if r.task.lane is lane]
        if not 0 <= (place := ids.index(job_id) + step) < len(ids):
            return False
        order = list(self._records)
        here, there = order.index(job_id), order.index(ids[place])
        order[here], order[there] = order[there], order[here]
        self._records = {id_: self._records[id_] for id_ in order}
        self._publish()
        return True

    def set_parallel(self, parallel: int) -> None:
        """Run that many transfers at once from now on; more that run already go on."""
        self._width[Lane.TRANSFER] = max(1, parallel)
        self._schedule()

    def set_expected_size(self, job_id: int, size: int) -> None:
        """Take the bytes of all that a pull moves, learned after it was asked for."""
        record = self._records.get(job_id)
        if record is not None and record.is_active and isinstance(record.task, Pull):
            record.task = replace(record.task, expected=size)
            record.tracker.expect(size)
            self._publish()

    def undo(self, job_id: int | None = None) -> bool:
        """Take back a deletion in its grace period, by default the last; return whether one was."""
        waiting = [r for r in self._with_state(State.WAITING) if job_id in (None, r.id)]
        if not waiting:
            return False
        self._withdraw(max(waiting, key=lambda record: record.due), _UNDONE)
        return True

    def retry(self, job_id: int) -> bool:
        """Run what is left of a job again, or the same one if paused; return whether that is."""
        record = self._records.get(job_id)
        if self._closed or record is None or not record.snapshot(self._clock()).can_retry:
            return False
        same = self._with_key(record.task.key, ACTIVE | {State.PAUSED})
        if same is not None and same is not record:
            return same.state is State.PAUSED and self.retry(same.id)
        record.reset()
        self._enqueue(record)
        return True

    def retry_as(self, job_id: int, name: str, replaces: str | None = None) -> bool:
        """Run a failed job again to make a model `name`; return whether that could be.

        It may replace the model that has the digest `replaces`, and none without one.
        """
        record = self._records.get(job_id)
        if record is None or not record.snapshot(self._clock()).can_retry:
            return False
        record.task = record.task.renamed(name, replaces)
        return self.retry(job_id)

    def suspend_grace(self) -> None:
        """Let no grace period end from now on: nobody can see the undo."""
        self._grace_suspended = True

    def restart_grace(self) -> None:
        """Let grace periods run again, each from its beginning."""
        self._grace_suspended = False
        for record in self._with_state(State.WAITING):
            self._begin_grace(record)
        self._publish()

    def mark_seen(self) -> None:
        """Note that all failures were shown among all jobs."""
        if new := [record for record in self._with_state(State.FAILED) if not record.seen]:
            for record in new:
                record.seen = True
            self._publish()

    def clear(self) -> None:
        """Clear finished jobs."""
        kept = ACTIVE | {State.PAUSED}
        self._records = {id_: r for id_, r in self._records.items() if r.state in kept}
        self._publish()

    async def raise_bugs(self) -> NoReturn:
        """Wait for a bug and raise it; for the app, so that it ends with a traceback."""
        await self._has_bug.wait()
        self._raise_bug()
        raise AssertionError("a bug is raised once, here or by close()")

    async def close(self) -> None:
        """Stop everything and wait until all streams are closed; deletions not sent never are.

        Raises a bug that nobody has seen yet.
        """
        self._write_journal()
        self._closed = True
        self._journal.close()
        tasks = [*(record.runner for record in self._records.values()), self._publisher.timer]
        under_way = [task for task in tasks if task is not None]
        for job_id in list(self._records):
            self.cancel(job_id)
        if under_way:
            await asyncio.wait(under_way)
        self._raise_bug()

    def _new_record(self, task: Task) -> JobRecord:
        self._last_id += 1
        record = self._records[self._last_id] = JobRecord(self._last_id, task)
        return record

    def _enqueue(self, record: JobRecord) -> None:
        if record.task.undoable and self._grace > 0:
            self._begin_grace(record)
            self._start_task(record)
        self._schedule()

    def _schedule(self) -> None:
        """Start whatever has room in its lane; nothing once the queue is closed."""
        for lane, width in self._width.items() if not self._closed else ():
            room = width - sum(r.task.lane is lane for r in self._with_state(State.RUNNING))
            queued = [
                r for r in self._with_state(State.QUEUED) if r.task.lane is lane and not r.held
            ]
            for record in queued[: max(0, room)]:
                record.start(self._clock())
                self._start_task(record)
        self._publish()

    def _start_task(self, record: JobRecord) -> None:
        if record.state is State.WAITING:
            record.runner = asyncio.create_task(self._run_grace(record))
            record.runner.add_done_callback(partial(self._grace_over, record))
        else:
            record.runner = asyncio.create_task(self._runner.run(record))
            record.runner.add_done_callback(partial(self._job_over, record))

    def _begin_grace(self, record: JobRecord) -> None:
        record.state = State.WAITING
        record.due, record.grace_seen_at = self._clock() + self._grace, self._uptime()

    async def _run_grace(self, record: JobRecord) -> None:
        """Wait until the grace period is over; begin it again when nobody could see it run.

        Looks that are too far apart mean that the program was stopped, or the machine suspended:
        the clock went on, but the undo was not on the screen.
        """
        while True:
            if self._grace_suspended or self._uptime() - record.grace_seen_at >= SUSPENDED_AFTER:
                self._begin_grace(record)
                self._publisher.publish()
            if (left := record.due - self._clock()) <= 0:
                return
            record.grace_seen_at = self._uptime()
            await self._sleep(min(left, GRACE_CHECK_EVERY))

    def _grace_over(self, record: JobRecord, runner: asyncio.Task[None]) -> None:
        """Queue a job after its grace period; end it where that was cut short."""
        if record.runner is runner and not runner.cancelled() and runner.exception() is None:
            record.state, record.runner = State.QUEUED, None
            self._schedule()
        else:
            self._job_over(record, runner)

    def _job_over(self, record: JobRecord, runner: asyncio.Task[None]) -> None:
        """Account for the end of a job."""
        if record.runner is not runner:
            return  # taken back meanwhile, which is accounted for
        if runner.cancelled():
            stopped = record.cancelling or record.pausing
            self._closed = self._closed or not stopped  # else the loop itself is ending
            paused = record.pausing and not record.cancelling
            record.end(State.PAUSED if paused else State.CANCELLED, self._clock())
        elif (error := runner.exception()) is not None:
            if not isinstance(error, OllamaError):
                self._report_bug(error)
                error = OllamaError(
                    "Something went wrong inside ollama-tui.", "It is a bug: please report it."
                )
            record.end(State.FAILED, self._clock(), error=error)
        else:
            record.end(State.DONE, self._clock())
            for earlier in self._tries_of(record.task):
                del self._records[earlier.id]
        self._schedule()

    def _withdraw(self, record: JobRecord, note: str) -> None:
        """End a job that has sent nothing."""
        if record.runner is not None:
            record.runner.cancel()
        record.end(State.CANCELLED, self._clock(), note=note)
        self._publish()

    def _publish(self) -> None:
        """Publish at once, and once a second from then on as long as something is active."""
        self._publisher.publish()
        self._write_journal()
        self._publisher.repeat(any(record.is_active for record in self._records.values()))

    def _publish_snapshots(self, now: float) -> None:
        self.jobs.set(tuple(record.snapshot(now) for record in self._records.values()))
        if not self._closed:
            self._journal.write_if_due(self._records.values(), now)

    def _write_journal(self) -> None:
        """Write down how the jobs are; once we are closing, how they were until then."""
        if not self._closed:
            self._journal.write(self._records.values())

    def _with_state(self, state: State) -> list[JobRecord]:
        return [record for record in self._records.values() if record.state is state]

    def _tries_of(self, task: Task) -> list[JobRecord]:
        """Return the unfinished jobs, none active, that moved the same model the same way."""
        if not isinstance(task, RegistryTransfer):
            return []
        return [
            record
            for record in self._records.values()
            if record.state in {State.FAILED, State.PAUSED, State.CANCELLED}
            and isinstance(record.task, type(task))
            and names.same(record.task.name, task.name)
        ]

    def _with_key(self, key: str | None, states: Collection[State]) -> JobRecord | None:
        """Return the job with this key in one of `states`; None for no key."""
        records = (r for r in self._records.values() if r.state in states and r.task.key == key)
        return next(records, None) if key is not None else None

    def _report_bug(self, bug: BaseException) -> None:
        self._bug = bug
        self._has_bug.set()

    def _raise_bug(self) -> None:
        if self._bug is not None:
            bug, self._bug = self._bug, None
            raise bug
