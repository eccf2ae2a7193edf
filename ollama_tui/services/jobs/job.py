"""What a job is, and how its state reads in words."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ollama_tui.api.errors import OllamaError, Refused, Unauthorized, Unreachable
from ollama_tui.formatting import inert, size

if TYPE_CHECKING:
    from ollama_tui.domain.model import ModelKey


class State(enum.Enum):
    """The state of a job."""

    QUEUED = "queued"
    WAITING = "waiting"
    """Its grace period runs; nothing was sent yet."""
    RUNNING = "running"
    PAUSED = "paused"
    """Stopped by the user, or left unfinished by an earlier run of the program.

    What was downloaded is kept, and the rest comes when it is resumed.
    """
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE = frozenset({State.QUEUED, State.WAITING, State.RUNNING})


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far one job is, over all of its layers."""

    completed: int = 0
    """Bytes; never goes down."""
    total: int = 0
    """Bytes, of the layers so far while there is no fraction; 0 for work not counted in bytes."""
    fraction: float | None = None
    """From 0 to 1, never goes down; None while the size of the whole is unknown."""
    transferred: int | None = None
    """Bytes actually transferred: not already at the receiver; None when that is not known."""
    rate: float = 0.0
    """Bytes per second over the last ten seconds; 0 when nothing flows or it is too early."""
    rates: tuple[float, ...] = ()
    """Bytes per second of the last two minutes, one every few seconds, the newest last."""
    eta: float | None = None
    """Seconds left; None when unknown."""
    phase: str = ""
    """What the server is doing, in its own terms, inert; empty before its first event."""
    stalled_for: int = 0
    """Whole seconds since the byte count last changed; 0 below five."""
    silent_for: int = 0
    """How many of those seconds brought no event at all; 0 below five."""
    resumed_at: float | None = None
    """Where an earlier download left off, as a fraction; None but for the first moments."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """An installed model, under the name of one to be made, that nobody agreed to replace."""

    name: str
    """As the server spells it, raw."""
    size: int
    """Bytes."""
    digest: str
    changed: bool
    """Whether another model of that name was to be replaced; False where there was to be none."""

    @property
    def words(self) -> str:
        """What happened to it, as the rest of a sentence that begins with its name."""
        how = "changed" if self.changed else "appeared"
        return f"{how} on the server meanwhile ({size(self.size)})"


class NameTaken(OllamaError):  # noqa: N818 - named like the rest of its tree
    """A model was not made: it would have replaced one without asking."""

    def __init__(self, conflict: Conflict) -> None:
        super().__init__(
            f"{inert(conflict.name)} was not replaced: it {conflict.words}.",
            "Do it again to be asked about that; in J, r does.",
        )
        self.conflict = conflict
        """The model that has the name now."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a job failed."""

    title: str
    """One inert sentence: what did not happen."""
    hint: str = ""
    """One inert sentence: what to do next; may be empty."""
    reason: str = ""
    """The cause in a few words for the job's row."""
    signin_url: str | None = None
    """Where to sign the server in, when that is what is missing."""
    conflict: Conflict | None = None
    """The model that would have been replaced without asking, when that is the cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A snapshot of one job."""

    id: int
    verb: str
    """`pull`, `push`, `create`, `edit`, `delete`, `copy`, `quantize` or `import`."""
    name: str
    """The model it is about, raw, or how many. See `label`."""
    state: State
    progress: JobProgress = field(default_factory=JobProgress)
    seconds_left: int = 0
    """Of the grace period, or until the next try; whole seconds, rounded up."""
    trouble: str = ""
    """Why it waits for the next try, such as `connection lost`; empty otherwise."""
    attempt: int = 0
    """The number of the next retry while in trouble."""
    cancelling: bool = False
    """Cancelled, but its connection is not closed yet."""
    error: Problem | None = None
    note: str = ""
    """A sentence on how it ended and what is left behind; may be empty."""
    is_adopted: bool = False
    """Whether it went on in the background before this program took it over."""
    seen: bool = False
    """Whether its failure was shown among all jobs, and is no longer news."""
    deletes: tuple[ModelKey, ...] = ()
    """The rows of the list that it deletes."""
    finished: tuple[str, ...] = ()
    """Of a job on several models: the names it is done with."""
    frees: str = ""
    """Of a deletion: the bytes it gives back, as was said before it, such as `about 2.0 GB`."""
    can_pause: bool = False
    """Whether it can stop now and go on later where it stopped."""
    started: float | None = None
    ended: float | None = None
    """Seconds on the queue's clock."""

    @property
    def label(self) -> str:
        """Verb and name, inert."""
        return f"{self.verb} {inert(self.name)}"

    @property
    def active(self) -> bool:
        """Whether something is still to happen."""
        return self.state in ACTIVE

    @property
    def can_cancel(self) -> bool:
        """Whether cancelling would change anything."""
        return (self.active or self.state is State.PAUSED) and not self.cancelling

    @property
    def can_undo(self) -> bool:
        """Whether it can be taken back as if it had never been asked for."""
        return self.state is State.WAITING

    @property
    def was_undone(self) -> bool:
        """Whether it is a deletion that was taken back before anything was sent."""
        is_cancelled = self.state is State.CANCELLED
        return is_cancelled and self.verb == "delete" and self.started is None

    @property
    def state_word(self) -> str:
        """What its state is called."""
        return "undone" if self.was_undone else str(self.state.value)

    @property
    def can_retry(self) -> bool:
        """Whether it may be tried again; an undone deletion may not."""
        if self.state is State.CANCELLED:
            return not self.was_undone
        return self.state in (State.FAILED, State.PAUSED)

    @property
    def outlives_program(self) -> bool:
        """Whether it can go on in another process when this one ends."""
        moves = self.verb in ("pull", "push") and not self.cancelling
        return moves and self.state in (State.RUNNING, State.QUEUED)

    @property
    def bytes_left(self) -> int | None:
        """Bytes still to move, 0 for work not counted in bytes; None while that is unknown."""
        progress, moves = self.progress, self.verb in ("pull", "push", "import")
        if progress.total <= 0 or (moves and self.started and progress.fraction is None):
            return None if moves else 0
        return max(0, progress.total - progress.completed) if moves else 0

    @property
    def took(self) -> float | None:
        """Seconds from its start to its end; None while it has not had both."""
        return None if self.started is None or self.ended is None else self.ended - self.started


@dataclass(frozen=True, slots=True)
class Totals:
    """What all jobs that are under way or wait come to."""

    running: int = 0
    queued: int = 0
    rate: float = 0.0
    """Bytes per second."""
    left: int = 0
    """Bytes still to move, as far as sizes are known."""
    eta: float | None = None
    """Seconds until all of that has moved at this rate; None when that is not known."""


def totals(jobs: Iterable[Job]) -> Totals:
    """Return what `jobs` come to."""
    active = [job for job in jobs if job.state in (State.RUNNING, State.QUEUED)]
    running = [job for job in active if job.state is State.RUNNING]
    rate = sum(job.progress.rate for job in running)
    left = sum(job.bytes_left or 0 for job in active)
    is_known = rate > 0 and all(job.bytes_left is not None for job in active)
    longest = max((job.progress.eta or 0.0 for job in running), default=0.0)
    return Totals(
        running=len(running),
        queued=len(active) - len(running),
        rate=rate,
        left=left,
        eta=max(left / rate, longest) if is_known else None,
    )


def describe(job: Job) -> str:
    """Return the state of `job` in words: `queued`, `verifying`, `stalled 40 s — retrying`, …"""
    progress = job.progress
    if job.state is State.WAITING:
        return f"in {job.seconds_left} s"
    if job.state is State.FAILED and job.error is not None:
        return f"failed: {job.error.reason or job.error.title}"
    if job.state is State.PAUSED:
        return f"paused at {reached}" if (reached := how_far(progress)) else "paused"
    if job.state is not State.RUNNING:
        return job.state_word
    if job.cancelling:
        return "cancelling"
    if job.trouble:
        return f"{job.trouble} — retry {job.attempt} in {job.seconds_left} s"
    if progress.silent_for:
        return f"server silent for {progress.silent_for} s"
    if progress.stalled_for:
        return f"stalled {progress.stalled_for} s — retrying"
    if progress.resumed_at is not None:
        known = progress.fraction is not None
        return f"resuming at {percent(progress.resumed_at)}%" if known else "resuming"
    return progress.phase or "starting"


def how_far(progress: JobProgress) -> str:
    """Return `61%`, or the bytes where the whole is not known; empty when nothing has come."""
    if progress.fraction:
        return f"{percent(progress.fraction)}%"
    return size(progress.completed) if progress.completed else ""


def percent(fraction: float) -> int:
    """Whole percent, rounded down so that 100 means all of it."""
    return int(fraction * 100 + 1e-9)  # 0.29 * 100 is a hair below 29


def problem_of(error: OllamaError, label: str = "") -> Problem:
    """Return what a person needs to see of `error`; `label` says what did not happen."""
    title, signin_url, conflict = error.title, None, None
    # A title says what did not happen, then why: "qwen3:8b was not pulled: the registry failed."
    before, _, why = title.partition(": ")
    reason = (why or before).rstrip(".")
    if isinstance(error, Unreachable):  # whose title names the server and nothing else
        reason = "server unreachable"
        title = f"{label[:1].upper()}{label[1:]} failed. {title}" if label else title
    elif isinstance(error, Refused) and "no space left on device" in error.server_text:
        reason = "no space left on the server's disk"
    if isinstance(error, Unauthorized):
        signin_url = error.signin_url
    elif isinstance(error, NameTaken):
        conflict = error.conflict
    return Problem(title, error.hint, reason, signin_url, conflict)
