"""The queue's own record of one job, of which it publishes frozen pictures."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field, replace

from ollama_tui.api.errors import OllamaError
from ollama_tui.api.replies import Progress
from ollama_tui.formatting import inert
from ollama_tui.services.jobs.folding import Folding
from ollama_tui.services.jobs.job import ACTIVE, Job, JobProgress, Problem, State, problem
from ollama_tui.services.jobs.progress import STALLED_AFTER, Transfer
from ollama_tui.services.jobs.retry import FIRST_WORD, Pause, pause_after, silence_after
from ollama_tui.services.jobs.task import Item, Task
from ollama_tui.services.jobs.tasks import Pull

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
    troubled: float = 0.0
    """When the first of those retries became necessary."""
    due: float = 0.0
    """When the grace period or the pause ends."""
    seen: float = 0.0
    """When its grace period was last known to be on the screen, on the clock for that."""
    heard: float = 0.0
    """When the server last said anything."""
    under_way: bool = False
    """Whether it ever had progress."""
    cancelling: bool = False
    error: Problem | None = None
    note: str = ""
    started: float | None = None
    ended: float | None = None

    @property
    def is_unfinished(self) -> bool:
        """Whether the next run of the program is to know of it: what failed may go on later."""
        return self.task.resumes and self.state in ACTIVE | {State.FAILED}

    def leave_over(self) -> None:
        """Stand as what an earlier run of the program did not finish."""
        self.state, self.under_way = State.FAILED, True
        self.error = Problem(
            f"{self.task.verb} {inert(self.task.about)} was not finished when the program ended.",
            "In J, r goes on with it; what was downloaded is kept.",
            "interrupted, r in J goes on",
        )

    def wait(self, due: float, seen: float) -> None:
        """Let the grace period run until `due`, seen from now on."""
        self.state, self.due, self.seen = State.WAITING, due, seen

    def start(self, now: float) -> None:
        """Begin the work."""
        self.folding = Folding(Transfer(expected=self.task.size))
        self.state, self.started, self.heard = State.RUNNING, now, now

    def expect(self, size: int) -> None:
        """Learn the bytes of all that its pull moves, now and when it is tried again."""
        assert isinstance(self.task, Pull)
        self.task = replace(self.task, expected=size)
        self.folding.expect(size)

    def pause_after(self, error: OllamaError, now: float) -> Pause | None:
        """Return how long to wait before it is tried again; None when it is not."""
        if not self.task.resumes:
            return None
        idle = now - self.troubled if self.attempt else 0.0
        return pause_after(error, self.attempt + 1, idle, under_way=self.under_way)

    def break_off(self, pause: Pause, now: float) -> None:
        """Note that the connection is gone, and when the next try is."""
        self.troubled = self.troubled if self.attempt else now
        self.attempt += 1
        self.pause, self.due = pause, now + pause.seconds
        self.folding.break_off(now)

    def go_on(self, now: float) -> None:
        """Begin the next try."""
        self.pause, self.heard = None, now

    def quiet_after(self, step: Progress | Item | None) -> float | None:
        """Return how many seconds of silence after `step`, None at first, mean it is given up.

        None for ever: what would not go on where it stopped is better waited for.
        """
        if not self.task.resumes:
            return None
        if not isinstance(step, Progress):
            return FIRST_WORD
        return silence_after(step, 0 if step.digest else self.folding.transfer.total)

    def take(self, step: Progress | Item, now: float) -> None:
        """Account for one step."""
        self.heard = now
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

    def progress(self, now: float) -> JobProgress:
        """Return how far it is."""
        item = self.item
        if item is None:
            now = self.ended if self.ended is not None else now
            progress = self.folding.transfer.progress(now)
            silent = min(progress.stalled_for, int(now - self.heard))
            return replace(progress, silent_for=silent) if silent >= STALLED_AFTER else progress
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
        self.under_way = self.under_way or bool(event.digest)
        if event.status.startswith(_NOT_FATAL):
            self.note = "The server could not remove layers that are no longer used."
        if self.folding.take(event, now):
            self.attempt = 0
