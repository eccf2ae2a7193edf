"""The queue of jobs: what runs when, and what everybody may see of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from typing import NoReturn

from ollama_tui.api.clock import Watchdog
from ollama_tui.api.errors import OllamaError, Silent
from ollama_tui.formatting import inert
from ollama_tui.services.jobs.entry import Entry
from ollama_tui.services.jobs.job import ACTIVE, Job, State
from ollama_tui.services.jobs.journal import Journal
from ollama_tui.services.jobs.publisher import Clock, Publisher, Sleep
from ollama_tui.services.jobs.task import Lane, Server, Task
from ollama_tui.services.jobs.tasks import Pull
from ollama_tui.services.observable import Observable

_NOTHING_SENT = "Cancelled before anything was sent."
_UNDONE = "Undone: nothing was deleted."
LOOK_EVERY = 0.5
"""Seconds of a grace period between two looks whether it could be seen meanwhile."""
UNSEEN = 1.5
"""Seconds between two such looks from which on the program must have been stopped."""


class JobQueue:
    """Runs tasks against one server and publishes how they do.

    Refusals and lost connections end a job as *failed*. Anything else is a bug: `crash()` raises
    it, and so does `close()`. All methods belong to the thread of the running event loop.

    Time is `clock`'s; `uptime` is one that also goes on while the machine is suspended.
    """

    def __init__(
        self,
        server: Server,
        *,
        parallel: int = 2,
        grace: float = 8.0,
        journal: Journal | None = None,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        uptime: Clock | None = None,
    ) -> None:
        self._server = server
        self._width = {Lane.TRANSFER: max(1, parallel), Lane.ALONE: 1}
        self._grace = grace
        self._clock = clock
        self._sleep = sleep
        self._uptime = uptime or clock
        self._held = False
        self._alone = asyncio.Lock()
        self._entries: dict[int, Entry] = {}
        self._last_id = 0
        self._publisher = Publisher(self._picture, clock, sleep, self._crash)
        self._closed = False
        self._bug: BaseException | None = None
        self._crashed = asyncio.Event()
        self._journal = journal
        for task in journal.take_over() if journal else ():
            self._new_entry(task).leave_over()
        self._publisher.now()

    @property
    def live(self) -> Observable[tuple[Job, ...]]:
        """All jobs in the order they were asked for; progress at most ten times a second."""
        return self._publisher.live

    def submit(self, task: Task) -> int:
        """Take `task` in and return its job's id; of a transfer already on its way, that one's."""
        if self._closed:
            raise RuntimeError("The queue is closed.")
        same = self._underway(task.key)
        if same is not None:
            return same.id
        entry = self._new_entry(task)
        self._admit(entry)
        return entry.id

    def cancel(self, job_id: int) -> bool:
        """Stop a job, closing its stream; return whether there was something to stop."""
        entry = self._entries.get(job_id)
        if entry is None or not entry.picture(self._clock()).can_cancel:
            return False
        if entry.state is State.RUNNING and entry.runner is not None:
            # The job ends when its runner has: only then is the connection closed.
            entry.cancelling = entry.runner.cancel()
            self._publisher.now()
            return entry.cancelling
        self._withdraw(entry, _UNDONE if entry.state is State.WAITING else _NOTHING_SENT)
        return True

    def expect(self, job_id: int, size: int) -> None:
        """Take the bytes of all that a pull moves, learned after it was asked for."""
        entry = self._entries.get(job_id)
        if entry is not None and entry.state in ACTIVE and isinstance(entry.task, Pull):
            entry.expect(size)
            self._publish()

    def undo(self, job_id: int | None = None) -> bool:
        """Take back a deletion in its grace period, by default the last one; say if there was."""
        waiting = [e for e in self._in(State.WAITING) if job_id in (None, e.id)]
        if not waiting:
            return False
        self._withdraw(max(waiting, key=lambda entry: entry.due), _UNDONE)
        return True

    def retry(self, job_id: int) -> bool:
        """Put a failed or cancelled job back in, with what is left of it; say if it could be."""
        entry = self._entries.get(job_id)
        if self._closed or entry is None or not entry.picture(self._clock()).can_retry:
            return False
        if self._underway(entry.task.key) is not None:
            return False
        entry.reset()
        self._admit(entry)
        return True

    def retry_as(self, job_id: int, name: str, replaces: str | None = None) -> bool:
        """Put a failed job back in to make a model `name`; say if it could be.

        It may replace the model that has the digest `replaces`, and none without one.
        """
        entry = self._entries.get(job_id)
        if entry is None or not entry.picture(self._clock()).can_retry:
            return False
        entry.task = entry.task.onto(name, replaces)
        return self.retry(job_id)

    def hold(self) -> None:
        """Let no grace period end from now on: nobody can see the undo."""
        self._held = True

    def release(self) -> None:
        """Let grace periods run again, each from its beginning."""
        self._held = False
        for entry in self._in(State.WAITING):
            self._begin_grace(entry)
        self._publish()

    def clear(self) -> None:
        """Forget the jobs that have ended."""
        self._entries = {id_: e for id_, e in self._entries.items() if e.state in ACTIVE}
        self._publish()

    async def crash(self) -> NoReturn:
        """Wait for a bug and raise it; for the app, so that it ends with a traceback."""
        await self._crashed.wait()
        self._raise_bug()
        raise AssertionError("a bug is raised once, here or by close()")

    async def close(self) -> None:
        """Stop everything and wait until all streams are closed; deletions not sent never are.

        Raises a bug that nobody has seen yet.
        """
        self._closed = True
        if self._journal is not None:
            self._journal.close()
        runners = [entry.runner for entry in self._entries.values() if entry.runner is not None]
        under_way = [*runners, *self._publisher.timers]
        for job_id in list(self._entries):
            self.cancel(job_id)
        if under_way:
            await asyncio.wait(under_way)
        self._raise_bug()

    def _new_entry(self, task: Task) -> Entry:
        self._last_id += 1
        entry = self._entries[self._last_id] = Entry(self._last_id, task)
        return entry

    def _admit(self, entry: Entry) -> None:
        if entry.task.undoable and self._grace > 0:
            self._begin_grace(entry)
            self._spawn(entry)
        self._schedule()

    def _schedule(self) -> None:
        """Start whatever has room in its lane."""
        for lane, width in self._width.items():
            room = width - sum(entry.task.lane is lane for entry in self._in(State.RUNNING))
            queued = [entry for entry in self._in(State.QUEUED) if entry.task.lane is lane]
            for entry in queued[: max(0, room)]:
                entry.start(self._clock())
                self._spawn(entry)
        self._publish()

    def _spawn(self, entry: Entry) -> None:
        work = self._wait_out if entry.state is State.WAITING else self._work
        entry.runner = asyncio.create_task(work(entry))
        entry.runner.add_done_callback(partial(self._ended, entry))

    def _begin_grace(self, entry: Entry) -> None:
        entry.wait(self._clock() + self._grace, self._uptime())

    async def _wait_out(self, entry: Entry) -> None:
        """Wait until the grace period is over; begin it anew when nobody could see it run.

        Looks that are too far apart mean that the program was stopped, or the machine suspended:
        the clock went on, but the undo was not on the screen.
        """
        while True:
            if self._held or self._uptime() - entry.seen >= UNSEEN:
                self._begin_grace(entry)
                self._publisher.now()
            if (left := entry.due - self._clock()) <= 0:
                return
            entry.seen = self._uptime()
            await self._sleep(min(left, LOOK_EVERY))

    async def _work(self, entry: Entry) -> None:
        """Run the task to its end, through lost connections; raises OllamaError."""
        while True:
            try:
                return await self._try(entry)
            except OllamaError as error:
                await self._pause(entry, error)

    async def _try(self, entry: Entry) -> None:
        async with AsyncExitStack() as held:
            if entry.task.lane is Lane.ALONE:
                await held.enter_async_context(self._alone)
            steps = await held.enter_async_context(aclosing(entry.task.run(self._server)))
            watch = await held.enter_async_context(self._watching(entry))
            async for step in steps:
                if isinstance(step, Lane):
                    if step is not entry.task.lane:
                        await held.enter_async_context(self._alone)
                    continue
                entry.take(step, self._clock())
                watch.restart(entry.quiet_after(step))
                self._publisher.soon()

    @asynccontextmanager
    async def _watching(self, entry: Entry) -> AsyncIterator[Watchdog]:
        """Break off with Silent when the server says nothing for longer than it may."""
        try:
            async with Watchdog(entry.quiet_after(None), self._clock, self._sleep) as watch:
                yield watch
        except TimeoutError as error:
            silent = int(self._clock() - entry.heard)
            raise Silent(
                f"{entry.task.verb} {inert(entry.task.about)} broke off: the server said nothing "
                f"for {silent} s.",
                "The connection may be lost, or the server stuck; try again.",
            ) from error

    async def _pause(self, entry: Entry, error: OllamaError) -> None:
        pause = entry.pause_after(error, self._clock())
        if pause is None:
            raise error
        entry.break_off(pause, self._clock())
        self._publisher.now()
        await self._sleep(pause.seconds)
        entry.go_on(self._clock())

    def _ended(self, entry: Entry, runner: asyncio.Task[None]) -> None:
        """Account for the end of a job, or of its grace period."""
        if entry.runner is not runner:
            return  # taken back meanwhile, which is accounted for
        if runner.cancelled():
            self._closed = self._closed or not entry.cancelling  # the loop itself is ending
            entry.cancelled(self._clock())
        elif (error := runner.exception()) is not None:
            self._fail(entry, error)
        elif entry.state is State.WAITING:
            entry.state, entry.runner = State.QUEUED, None
        else:
            entry.end(State.DONE, self._clock())
        if self._closed:
            self._publish()
        else:
            self._schedule()

    def _fail(self, entry: Entry, error: BaseException) -> None:
        if not isinstance(error, OllamaError):
            self._crash(error)
            error = OllamaError("Something inside went wrong.", "It is a bug: please report it.")
        entry.fail(error, self._clock())

    def _withdraw(self, entry: Entry, note: str) -> None:
        """End a job of which nothing was sent."""
        if entry.runner is not None:
            entry.runner.cancel()
        entry.end(State.CANCELLED, self._clock(), note)
        self._publish()

    def _publish(self) -> None:
        """Publish, and keep a pulse only as long as something is active."""
        self._publisher.now()
        self._write_journal()
        if any(entry.state in ACTIVE for entry in self._entries.values()):
            self._publisher.beat()
        else:
            self._publisher.rest()

    def _write_journal(self) -> None:
        """Keep what is unfinished; once we are closing, what was unfinished until then.

        A pull that failed stays, unless a later one of the same model came to its end.
        """
        if self._journal is None or self._closed:
            return
        pulls: dict[str, Pull] = {}
        for entry in self._entries.values():
            if isinstance(entry.task, Pull):
                pulls.pop(entry.task.key, None)
                if entry.is_unfinished:
                    pulls[entry.task.key] = entry.task
        self._journal.keep(tuple(pulls.values()))

    def _picture(self) -> tuple[Job, ...]:
        now = self._clock()
        return tuple(entry.picture(now) for entry in self._entries.values())

    def _in(self, state: State) -> list[Entry]:
        return [entry for entry in self._entries.values() if entry.state is state]

    def _underway(self, key: str | None) -> Entry | None:
        """Return the active job that already does what `key` stands for."""
        active = (entry for entry in self._entries.values() if entry.state in ACTIVE)
        return next((e for e in active if key is not None and e.task.key == key), None)

    def _crash(self, bug: BaseException) -> None:
        self._bug = bug
        self._crashed.set()

    def _raise_bug(self) -> None:
        if self._bug is not None:
            bug, self._bug = self._bug, None
            raise bug
