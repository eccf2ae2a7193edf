"""What a job is, and how its state is said in words."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from ollama_tui.api.errors import OllamaError, Refused, Unauthorized, Unreachable
from ollama_tui.formatting import inert
from ollama_tui.services.jobs.replacing import NameTaken, Taken


class State(enum.Enum):
    """Where a job stands."""

    QUEUED = "queued"
    WAITING = "waiting"
    """Its grace period runs; nothing was sent yet."""
    RUNNING = "running"
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
    """From 0 to 1, never goes down; None while nobody knows how much the whole is."""
    rate: float = 0.0
    """Bytes a second over the last ten seconds; 0 when nothing flows or it is too early to say."""
    eta: float | None = None
    """Seconds left; None when unknown."""
    phase: str = ""
    """What the server is at, in its own terms, inert; empty before its first word."""
    stalled_for: int = 0
    """Whole seconds since a byte last moved; 0 below five."""
    silent_for: int = 0
    """As much of that in which the server said nothing at all; 0 below five."""
    resumed_at: float | None = None
    """The fraction an earlier download left off at, for the first moments of going on from it."""


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
    in_the_way: Taken | None = None
    """What would have been replaced although nobody was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work as it stands now."""

    id: int
    verb: str
    """`pull`, `push`, `create`, `delete`, `copy`, `quantize` or `import`."""
    name: str
    """What it is about, raw: a model's name, or how many models. See `label`."""
    state: State
    progress: JobProgress = field(default_factory=JobProgress)
    seconds_left: int = 0
    """Of the grace period, or until the next try; whole seconds, rounded up."""
    trouble: str = ""
    """Why it is between two tries, such as `connection lost`; empty otherwise."""
    attempt: int = 0
    """The number of the next retry while in trouble."""
    cancelling: bool = False
    """Cancelled, but its connection is not closed yet."""
    error: Problem | None = None
    note: str = ""
    """A sentence on how it ended and what is kept; may be empty."""
    deletes: tuple[str, ...] = ()
    """Names, raw, of the models it deletes."""
    finished: tuple[str, ...] = ()
    """Of a job on several models: those that are dealt with."""
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
        return self.active and not self.cancelling

    @property
    def can_undo(self) -> bool:
        """Whether it can be taken back as if it had never been asked for."""
        return self.state is State.WAITING

    @property
    def can_retry(self) -> bool:
        """Whether it may be tried again; what was taken back stays so."""
        if self.state is State.CANCELLED:
            return self.started is not None or self.verb != "delete"
        return self.state is State.FAILED


def in_words(job: Job) -> str:
    """Say where `job` stands: `queued`, `verifying`, `stalled 40 s — retrying`, …"""
    if job.state is State.RUNNING:
        return _running_in_words(job)
    if job.state is State.WAITING:
        return f"in {job.seconds_left} s"
    if job.state is State.FAILED and job.error is not None:
        return f"failed: {job.error.reason or job.error.title}"
    return str(job.state.value)


def percent(fraction: float) -> int:
    """Whole percent, rounded down so that 100 means all of it."""
    return int(fraction * 100 + 1e-9)  # 0.29 * 100 is a hair below 29


def problem(error: OllamaError, label: str = "") -> Problem:
    """Keep of `error` what a person needs to see; `label` says what did not happen."""
    signin_url = error.signin_url if isinstance(error, Unauthorized) else None
    in_the_way = error.there if isinstance(error, NameTaken) else None
    title = error.title
    if label and isinstance(error, Unreachable):  # which names the server and nothing else
        title = f"{label[:1].upper()}{label[1:]} failed. {title}"
    return Problem(title, error.hint, _reason(error), signin_url, in_the_way)


def _running_in_words(job: Job) -> str:
    progress = job.progress
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


def _reason(error: OllamaError) -> str:
    if isinstance(error, Refused) and "no space left on device" in error.words:
        return "no space left on the server's disk"
    if isinstance(error, Unreachable):
        return "server unreachable"
    # A title says what did not happen, then why: "qwen3:8b was not pulled: the registry failed."
    title, _, why = error.title.partition(": ")
    return (why or title).rstrip(".")
