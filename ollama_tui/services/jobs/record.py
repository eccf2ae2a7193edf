"""The record that the queue keeps of one job, and the snapshots it publishes."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ollama_tui.api.errors import OllamaError, Silent, Stalled
from ollama_tui.api.replies import Progress
from ollama_tui.formatting import inert
from ollama_tui.services.jobs.entries import Entry
from ollama_tui.services.jobs.job import ACTIVE, Job, JobProgress, Problem, State, problem_of
from ollama_tui.services.jobs.progress import STALLED_AFTER, Transfer
from ollama_tui.services.jobs.retry import (
    FIRST_EVENT,
    STALLED,
    Pause,
    damaged_again,
    is_damage,
    pause_after,
    silence_after,
)
from ollama_tui.services.jobs.tasks import Create, Delete, Item, Note, Pull, Push, Task
from ollama_tui.services.jobs.tracker import TransferTracker

WHOLE_MODEL = "sha256:model"
"""What stands for a digest where a model is fetched as many small files; such pulls do not join."""
_NOT_FATAL = "couldn't remove unused layers"


@dataclass(slots=True)
class JobRecord:
    """One job while it changes; only the queue writes to it. All times are in seconds."""

    id: int
    task: Task
    state: State = State.QUEUED
    runner: asyncio.Task[None] | None = None
    """What is under way for it: the grace period or the work."""
    tracker: TransferTracker = field(init=False)
    item: Item | None = None
    finished: tuple[str, ...] = ()
    pause: Pause | None = None
    attempt: int = 0
    """Retries since the last progress."""
    first_failure_at: float = 0.0
    """When the first of those retries became necessary."""
    due: float = 0.0
    """When the grace period or the pause ends."""
    grace_seen_at: float = 0.0
    """When its grace period was last known to be on the screen, on the uptime clock."""
    last_event_at: float = 0.0
    """When the last event came."""
    damaged: bool = False
    """Whether a layer of it has arrived damaged, and was asked for again."""
    had_progress: bool = False
    """Whether it ever had progress."""
    joins: bool = False
    """Whether another client that pulls the same now would join it: see `Entry.joins`."""
    is_adopted: bool = False
    held: bool = False
    """Whether it must not start yet: another process is at it."""
    resumes_earlier: bool = False
    """Whether an earlier job left a part of it."""
    earlier: int = 0
    """Bytes that earlier tries had of it."""
    cancelling: bool = False
    pausing: bool = False
    """Whether it was asked to pause, and its stream is not closed yet."""
    error: Problem | None = None
    note: str = ""
    seen: bool = False
    """Whether its failure was shown among all jobs."""
    started: float | None = None
    ended: float | None = None
    asked_at: float = field(default_factory=time.time)
    """When it was asked for, in seconds since 1970."""
    ended_at: float = 0.0
    """When it ended, in seconds since 1970."""

    def __post_init__(self) -> None:
        """Begin with what is known before anything has moved."""
        self.tracker = TransferTracker(Transfer(self.task.expected))

    @property
    def can_pause(self) -> bool:
        """Whether it can stop now and go on later where it stopped."""
        stopping = self.cancelling or self.pausing
        return self.task.resumes and self.state in (State.QUEUED, State.RUNNING) and not stopping

    @property
    def is_active(self) -> bool:
        """Whether something is still to happen."""
        return self.state in ACTIVE

    def continues(self, tries: Iterable[JobRecord], now: float) -> None:
        """Note what earlier `tries` of the same have left."""
        for each in tries:
            self.resumes_earlier |= each.had_progress
            self.earlier = max(self.earlier, each.progress(now).completed)

    def restore(self, entry: Entry, now: float, *, goes_on: bool = False) -> None:
        """Become what an earlier program had written down; with `goes_on`, go on with it."""
        self.had_progress, self.earlier, self.asked_at = True, entry.done, entry.asked
        self.tracker = self._new_tracker()
        if entry.state is State.DONE or entry.problem is not None:
            self.state, self.error, self.ended = entry.state, entry.problem, now
            self.ended_at = entry.ended
            self.note = f"It {'ended' if entry.problem else 'was finished'} in the background."
        elif entry.is_active and goes_on:
            self.state, self.is_adopted = State.QUEUED, True
        else:
            self.state = State.PAUSED
            self.note = "It was not finished when the program ended."
            if isinstance(self.task, Pull):
                self.note += " What was downloaded is kept."

    def entry(self, now: float) -> Entry | None:
        """Return what is kept of it on disk at `now`; None for work that is not kept."""
        if not isinstance(self.task, Pull | Push | Create):
            return None
        done = self.progress(now).completed
        joins = self.joins and self.state is State.RUNNING
        ended = self.ended_at if self.ended is not None else 0.0
        state, error, asked = self.state, self.error, self.asked_at
        return Entry(self.task, state, done, self.progress(now).total, joins, error, asked, ended)

    def start(self, now: float) -> None:
        """Begin the work; what was paused goes on from what is shown of it."""
        if not self.tracker.transfer.max_completed:
            self.tracker = self._new_tracker()
        self.state, self.started, self.last_event_at = State.RUNNING, now, now

    def _new_tracker(self) -> TransferTracker:
        partial = self.resumes_earlier or self.had_progress
        return TransferTracker(Transfer(self.task.expected, partial, self.earlier))

    def take(self, step: Progress | Item | Note, now: float) -> None:
        """Account for one step; raises Stalled when nothing has moved for longer than it may."""
        self.last_event_at = now
        if isinstance(step, Item):
            self.item = step
            self.finished += (step.name,) if step.done else ()
            return
        if isinstance(step, Note):
            self.note = step.text
            return
        self.had_progress = self.had_progress or bool(step.digest)
        self.joins |= isinstance(self.task, Pull) and step.digest not in ("", WHOLE_MODEL)
        if step.status.startswith(_NOT_FATAL):
            self.note = "The server could not remove layers that are no longer used."
        if self.tracker.take(step, now):
            self.attempt = 0
        elif self.task.resumes and self.tracker.stalled_for(now) >= STALLED:
            raise Stalled(
                f"{self.task.verb} {inert(self.task.name)} stopped: "
                f"no data arrived for {STALLED:.0f} s.",
                "Its registry or the server's network may be down; what was downloaded is kept.",
            )

    def silence_limit(self, step: Progress | Item | Note | None) -> float | None:
        """Return how many seconds of silence after `step`, None at first, mean it is given up.

        None for ever: what would not continue where it stopped is better waited for.
        """
        if not self.task.resumes:
            return None
        if not isinstance(step, Progress):
            return FIRST_EVENT
        return silence_after(step, 0 if step.digest else self.tracker.transfer.total)

    def silent_error(self, now: float) -> Silent:
        """Return what to say of a server that has said nothing for too long."""
        return Silent(
            f"{self.task.verb} {inert(self.task.name)} stopped: "
            f"the server said nothing for {int(now - self.last_event_at)} s.",
            "The connection may be lost, or the server stuck; try again.",
        )

    def break_off(self, error: OllamaError, now: float) -> Pause:
        """Note that `error` broke the work off; return how long to wait before the next try.

        Raises `error` when there is to be none.
        """
        idle = now - self.first_failure_at if self.attempt else 0.0
        pause = pause_after(
            error,
            self.attempt + 1,
            idle,
            had_progress=self.had_progress,
            damaged=self.damaged,
        )
        if pause is None or not self.task.resumes:
            raise damaged_again(error) if self.damaged and is_damage(error) else error
        self.damaged = self.damaged or is_damage(error)
        self.first_failure_at = self.first_failure_at if self.attempt else now
        self.attempt += 1
        self.pause, self.due = pause, now + pause.seconds
        self.tracker.break_off(now)
        return pause

    def end(
        self, state: State, now: float, *, note: str = "", error: OllamaError | None = None
    ) -> None:
        """End in `state`; cancelled in the middle of the work, note what that leaves behind."""
        if error is not None:
            self.error = problem_of(error, f"{self.task.verb} {inert(self.task.name)}")
        if state is State.CANCELLED and self.started is not None:
            note = self.task.when_cancelled(self.progress(now), self.finished)
        if state is State.DONE and self.damaged:
            note = self.note or "A layer arrived damaged and was downloaded again."
        if state is State.PAUSED:
            self.tracker.break_off(now)
        self.state, self.ended, self.runner = state, now, None
        self.ended_at = time.time()
        self.pause, self.cancelling, self.pausing = None, False, False
        self.note = note or self.note

    def reset(self) -> None:
        """Make it ready to be tried again."""
        self.task = self.task.without(self.finished)
        if self.state is not State.PAUSED:
            if self.task.resumes:
                self.earlier = self.progress(self.last_event_at).completed
            self.tracker = self._new_tracker()
        self.state, self.error, self.note, self.seen = State.QUEUED, None, "", False
        self.item, self.attempt, self.damaged = None, 0, False
        self.started = self.ended = None
        self.asked_at = time.time()

    def progress(self, now: float) -> JobProgress:
        """Return how far it is."""
        item = self.item
        if item is None:
            now = self.ended if self.ended is not None else now
            progress = self.tracker.progress(now)
            silent = min(progress.stalled_for, int(now - self.last_event_at))
            return replace(progress, silent_for=silent) if silent >= STALLED_AFTER else progress
        done = item.number - 1 + item.done
        phase = f"{item.number} of {item.count}: {inert(item.name)}" if item.count > 1 else ""
        return JobProgress(fraction=done / item.count, phase=phase)

    def snapshot(self, now: float) -> Job:
        """Return the job as it is at `now`."""
        pause = self.pause
        counting = pause is not None or self.state is State.WAITING
        return Job(
            id=self.id,
            verb=self.task.verb,
            name=self.task.name,
            state=self.state,
            progress=self.progress(now),
            seconds_left=max(0, math.ceil(self.due - now)) if counting else 0,
            trouble=pause.trouble if pause else "",
            attempt=self.attempt if pause else 0,
            cancelling=self.cancelling,
            error=self.error,
            note=self.note,
            is_adopted=self.is_adopted,
            seen=self.seen,
            deletes=self.task.rows if isinstance(self.task, Delete) else (),
            finished=self.finished,
            frees=self.task.frees if isinstance(self.task, Delete) else "",
            can_pause=self.can_pause,
            started=self.started,
            ended=self.ended,
        )


def kept_entries(
    records: Iterable[JobRecord], now: float, *, results: bool = False, seen: bool = True
) -> tuple[Entry, ...]:
    """Return what a later program needs to know of these jobs at `now`.

    That is what it can go on with: a download that failed in the middle too, unless a later one
    of the same model came to its end. With `results`, also how the others ended, and whether that
    was `seen`. What is to go on is kept whatever became of others: an earlier try may have been
    taken up again.
    """
    kept: dict[tuple[str, str], Entry] = {}
    for record in records:
        entry = record.entry(now)
        if entry is None or ((same := kept.get(entry.key)) is not None and same.is_unfinished):
            continue
        kept.pop(entry.key, None)
        failed = record.state is State.FAILED and (results or bool(entry.done))
        if entry.is_unfinished or failed:
            kept[entry.key] = entry if results else replace(entry, problem=None, ended=0.0)
        elif entry.is_over and (results or record.is_adopted):
            kept[entry.key] = replace(entry, seen=seen)
    return tuple(kept.values())
