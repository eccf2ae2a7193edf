"""The queue's own record of one job, of which it publishes frozen pictures."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field, replace

from ollama_tui.api.errors import OllamaError
from ollama_tui.api.replies import Progress
from ollama_tui.jobs.folding import Folding
from ollama_tui.jobs.job import ACTIVE, Job, JobProgress, Problem, State, problem
from ollama_tui.jobs.retry import Pause
from ollama_tui.jobs.task import Item, Task
from ollama_tui.jobs.tasks import Pull
from ollama_tui.jobs.transfer import Transfer
from ollama_tui.text import inert

_NOT_FATAL = "couldn't remove unused layers"


@dataclass(slots=True)
class Entry:
    """One job while it changes; only the queue writes to it."""

    id: int
    task: Task
    state: State = State.QUEUED
    runner: asyncio.Task[None] | None = None
    """Whatever is under way for it: the grace period or the work."""
    folding: Folding = field(default_factory=Folding)
    item: Item | None = None
    finished: tuple[str, ...] = ()
    pause: Pause | None = None
    attempt: int = 0
    """Retries since the last progress."""
    due: float = 0.0
    """When the grace period or the pause ends."""
    moved: float = 0.0
    """When it last got further."""
    cancelling: bool = False
    left_over: bool = False
    """Unfinished when an earlier run of the program ended."""
    error: Problem | None = None
    note: str = ""
    started: float | None = None
    ended: float | None = None

    @property
    def is_unfinished(self) -> bool:
        """Whether the next run of the program is to know of it."""
        return self.task.resumes and (self.state in ACTIVE or self.left_over)

    def leave_over(self) -> None:
        """Stand as what an earlier run of the program did not finish."""
        self.state, self.left_over = State.FAILED, True
        self.error = Problem(
            f"{self.task.verb} {inert(self.task.about)} was not finished: the program had ended.",
            "In J, r goes on with it; what was downloaded is kept.",
            "interrupted, r in J goes on",
        )

    def wait(self, due: float) -> None:
        """Let the grace period run until `due`."""
        self.state, self.due = State.WAITING, due

    def start(self, now: float) -> None:
        """Begin the work."""
        self.folding = Folding(Transfer(expected=self.task.size))
        self.state, self.started, self.moved = State.RUNNING, now, now

    def expect(self, size: int) -> None:
        """Learn the bytes of all that its pull moves, now and when it is tried again."""
        assert isinstance(self.task, Pull)
        self.task = replace(self.task, expected=size)
        self.folding.expect(size)

    def break_off(self, pause: Pause, now: float) -> None:
        """Note that the connection is gone, and when the next try is."""
        self.attempt += 1
        self.pause, self.due = pause, now + pause.seconds
        self.folding.break_off(now)

    def take(self, step: Progress | Item, now: float) -> None:
        """Account for one step."""
        if isinstance(step, Item):
            self.item = step
            self.finished += (step.name,) if step.done else ()
        else:
            self._take_event(step, now)

    def cancelled(self, now: float) -> None:
        """End as cancelled in the middle of the work."""
        note = ""
        if self.started is not None:
            note = self.task.when_cancelled(self.progress(now), self.finished)
        self.end(State.CANCELLED, now, note)

    def fail(self, error: OllamaError, now: float) -> None:
        """End with `error`."""
        self.error = problem(error, f"{self.task.verb} {inert(self.task.about)}")
        self.end(State.FAILED, now)

    def end(self, state: State, now: float, note: str = "") -> None:
        """End in `state`."""
        self.state, self.ended, self.runner = state, now, None
        self.pause, self.cancelling = None, False
        self.note = note or self.note

    def reset(self) -> None:
        """Make it ready to be tried again."""
        self.task = self.task.without(self.finished)
        self.state, self.error, self.note = State.QUEUED, None, ""
        self.folding, self.item, self.attempt = Folding(), None, 0
        self.started = self.ended = None
        self.left_over = False

    def progress(self, now: float) -> JobProgress:
        """Return how far it is."""
        item = self.item
        if item is None:
            return self.folding.transfer.progress(self.ended if self.ended is not None else now)
        done = item.number - 1 + item.done
        phase = f"{item.number} of {item.count}: {inert(item.name)}" if item.count > 1 else ""
        return JobProgress(fraction=done / item.count, phase=phase)

    def picture(self, now: float) -> Job:
        """Return the job as it stands at `now`."""
        pause = self.pause
        counting = pause is not None or self.state is State.WAITING
        return Job(
            id=self.id,
            verb=self.task.verb,
            name=self.task.about,
            state=self.state,
            progress=self.progress(now),
            seconds_left=max(0, math.ceil(self.due - now)) if counting else 0,
            trouble=pause.trouble if pause else "",
            attempt=self.attempt if pause else 0,
            cancelling=self.cancelling,
            error=self.error,
            note=self.note,
            deletes=self.task.deletes,
            finished=self.finished,
            started=self.started,
            ended=self.ended,
        )

    def _take_event(self, event: Progress, now: float) -> None:
        if event.status.startswith(_NOT_FATAL):
            self.note = "The server could not remove layers that are no longer used."
        if self.folding.take(event, now):
            self.attempt, self.moved = 0, now
