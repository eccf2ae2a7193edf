"""A job in one line: the rows of the jobs strip and of the table of all jobs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from ollama_tui.formatting import (
    ELLIPSIS,
    Span,
    StyledLine,
    cells,
    inert,
    rate,
    shorten,
    size_of,
    time_left,
)
from ollama_tui.services.jobs.job import Job, State, describe, percent, totals
from ollama_tui.tui.look import Signs
from ollama_tui.tui.widgets.bars import bar, sparkline
from ollama_tui.tui.widgets.job_results import outcome
from ollama_tui.tui.widgets.text_layout import fit, spread, width_of

STRIP_ROWS = 6
"""Rows of the jobs strip at most."""
SIGN_CELLS = 3
"""Cells of the sign of what a job does, blanks included."""
GAP = 2
LEFT_CELLS = 7
"""Cells of the time left; of rate, bytes and sparkline likewise."""
RATE_CELLS = 8
BYTES_CELLS = 10
SPARK_CELLS = 12
PERCENT_CELLS = 5
LEAST_BAR = 8
"""Cells of a bar that makes room for words."""
NARROW = 60
"""Cells below which verb and bar make room for the name and the time left."""
_LEAST_LABEL, _LEAST_BAR = 22, 10
_NARROW_LABEL, _NARROW_BAR = 14, 5
_BAR_BESIDE_SPARK = 24
_WITH_SIGNS = ("pull", "push", "delete")
"""What has a sign of its own."""
_STYLES = {
    State.FAILED: "bad",
    State.WAITING: "danger",
    State.PAUSED: "warning",
    State.DONE: "good",
    State.RUNNING: "accent",
}


@dataclass(frozen=True, slots=True)
class JobLayout:
    """Which cells of a line are whose, so that the figures of all jobs stand in columns.

    0 cells leave a column out.
    """

    width: int
    label: int
    """Verb and name."""
    bar: int
    bytes: int = 0
    rate: int = 0
    spark: int = 0
    left: int = 0
    """Of the time left."""
    sign: int = SIGN_CELLS

    @property
    def titles(self) -> str:
        """The titles of the columns, below which the figures stand."""
        progress = f"{'PROGRESS':<{self.bar + PERCENT_CELLS}}"
        names = (("BYTES", self.bytes), ("RATE", self.rate), ("", self.spark), ("LEFT", self.left))
        figures = "".join(f"{'':{GAP}}{name:>{width}}" for name, width in names if width)
        return f"{'':{self.sign}}{'JOB':<{self.label}}{'':{GAP}}{progress}{figures}"


def layout_for(jobs: Iterable[Job], width: int, *, sign: bool = True) -> JobLayout:
    """Return how lines of `width` cells are shared out among the columns of `jobs`.

    Without `sign` there is none: a table has it beside the row.
    """
    least, most_wanted = (
        (_NARROW_LABEL, _NARROW_BAR) if width < NARROW else (_LEAST_LABEL, _LEAST_BAR)
    )
    signs = SIGN_CELLS if sign else 0
    room = width - signs - GAP - PERCENT_CELLS - (1 if sign else 0)
    given = {}
    for name, wanted, bar_cells in (
        ("left", LEFT_CELLS, most_wanted),
        ("rate", RATE_CELLS, most_wanted),
        ("bytes", BYTES_CELLS, most_wanted),
        ("spark", SPARK_CELLS, _BAR_BESIDE_SPARK),
    ):
        if room - wanted - GAP >= least + bar_cells:
            given[name] = wanted
            room -= wanted + GAP
    longest = max((width_of(((job.label, ""),)) for job in jobs), default=0)
    label = max(min(least, room - most_wanted), min(longest, room - most_wanted, width // 3))
    return JobLayout(width, label, max(room - label, 1), **given, sign=signs)


def strip_jobs(jobs: tuple[Job, ...]) -> tuple[Job, ...]:
    """Return the jobs worth a row below the list: what can be undone, what is under way, the rest.

    The deletion that would be undone comes first. A failure is shown until it was seen in Jobs.
    """
    waiting = [job for job in reversed(jobs) if job.state is State.WAITING]
    running = [job for job in jobs if job.state is State.RUNNING]
    failed = [job for job in jobs if job.state is State.FAILED and not job.seen]
    queued = [job for job in jobs if job.state is State.QUEUED]
    return tuple((waiting + running + failed + queued)[:STRIP_ROWS])


def strip_lines(jobs: tuple[Job, ...], signs: Signs, width: int) -> list[StyledLine]:
    """Return the jobs strip; its last line counts what it has no room for."""
    shown = strip_jobs(jobs)
    layout = layout_for(shown, width)
    lines = [job_line(job, signs, layout) for job in shown]
    hidden = sum(1 for job in jobs if job.active) - sum(1 for job in shown if job.active)
    if hidden > 0 and lines:
        lines[-1] = spread(lines[-1], ((f" {hidden} more, J ", "muted"),), width)
    return lines


def job_sign(job: Job, signs: Signs) -> Span:
    """Return the sign of what a job does, or that it has failed."""
    if job.state is State.FAILED:
        return (signs.failed, _STYLES[State.FAILED])
    by_verb = {"pull": signs.pull, "push": signs.push, "delete": signs.delete}
    return (by_verb.get(job.verb, signs.work), _STYLES.get(job.state, "muted"))


def job_line(job: Job, signs: Signs, layout: JobLayout, *, hint: bool = True) -> StyledLine:
    """Return sign, verb and name, bar, percent, bytes, rate, time left, and words when odd.

    With `hint` also the key for what a person may want of it.
    """
    sign: StyledLine = ((" ", ""), job_sign(job, signs), (" ", "")) if layout.sign else ()
    name = fit(((_short_label(job, layout.label), "strong"),), layout.label)
    progress = job.progress
    measured = progress.fraction is not None or (progress.total > 0 and not job.trouble)
    if job.state is State.RUNNING and measured:
        return (*sign, *name, *_progress(job, signs, layout))
    style = _STYLES.get(job.state, "muted")
    if job.state is State.PAUSED and progress.fraction:
        room = layout.width - layout.sign - layout.label - GAP
        moved = _moved_and_words(job, signs, layout, describe(job), room)
        return (*sign, *name, (" " * GAP, ""), *moved)
    words = f"done{outcome(job)}" if job.state is State.DONE else describe(job)
    return (*sign, *name, (f"{'':{GAP}}{words}", style), *_key(job, hint))


def total_line(jobs: Sequence[Job], signs: Signs, layout: JobLayout) -> StyledLine:
    """Return what all jobs come to, below the same columns as theirs."""
    sums = totals(jobs)
    moving = [job for job in jobs if job.active and job.bytes_left]
    whole = sum(job.progress.total for job in moving)
    done = sum(job.progress.completed for job in moving)
    counts = [(sums.running, "running"), (sums.queued, "queued")]
    words = ", ".join(f"{number} {word}" for number, word in counts if number)
    share = done / whole if whole else 0.0
    rates = [job.progress.rates[::-1] for job in moving if job.state is State.RUNNING]
    summed = [sum(each) for each in zip_longest(*rates, fillvalue=0.0)][::-1]
    figures = (size_of(done, whole) if whole else "", sums.rate, summed, sums.eta)
    return (
        (" " * layout.sign, ""),
        *fit(((words, "strong"),), layout.label),
        (" " * GAP, ""),
        *bar(share, layout.bar, signs),
        (f"{percent(share):4}%" if whole else " " * PERCENT_CELLS, "strong"),
        *_figures(*figures, signs, layout),
    )


def _progress(job: Job, signs: Signs, layout: JobLayout) -> StyledLine:
    """Return bar and figures of a job that runs, words in place of some of them when it is odd."""
    progress = job.progress
    gap = (" " * GAP, "")
    odd = job.cancelling or job.trouble or progress.stalled_for or progress.resumed_at is not None
    if odd or (progress.rate <= 0 and progress.phase):
        words = describe(job) if odd else progress.phase
        room = layout.width - layout.sign - layout.label - GAP
        moved = _moved_and_words(job, signs, layout, words, room, "warning" if odd else "muted")
        return (gap, *moved)
    moved_bytes = size_of(progress.completed, progress.total) if progress.total > 0 else ""
    left = None if progress.stalled_for else progress.eta
    if progress.fraction is None:
        room = layout.bar + PERCENT_CELLS + (layout.bytes + GAP if layout.bytes else 0)
        start: StyledLine = fit(((f"{moved_bytes} so far", ""),), room)
        return (gap, *start, *_figures(None, progress.rate, progress.rates, left, signs, layout))
    return (
        gap,
        *bar(progress.fraction, layout.bar, signs),
        (f"{percent(progress.fraction):4}%", "strong"),
        *_figures(moved_bytes, progress.rate, progress.rates, left, signs, layout),
    )


def _figures(
    moved: str | None,
    speed: float,
    rates: Sequence[float],
    left: float | None,
    signs: Signs,
    layout: JobLayout,
) -> StyledLine:
    """Return bytes, rate, sparkline and time left, each in its column; None is no column."""
    spans: list[Span] = []
    if layout.bytes and moved is not None:
        spans.append((f"{'':{GAP}}{moved:>{layout.bytes}}", ""))
    if layout.rate:
        spans.append((f"{'':{GAP}}{rate(speed) if speed > 0 else '':>{layout.rate}}", "muted"))
    if layout.spark:
        spans += [(" " * GAP, ""), (sparkline(rates, layout.spark, signs), "accent")]
    if layout.left:
        spans.append((f"{'':{GAP}}{time_left(left):>{layout.left}}", ""))
    return tuple(spans)


def _moved_and_words(
    job: Job, signs: Signs, layout: JobLayout, words: str, room: int, style: str = "warning"
) -> StyledLine:
    """Return bar, percent and bytes with words after them, in `room` cells.

    Bytes go, then the bar gets shorter, before any word is cut.
    """
    progress = job.progress
    said = f"{'':{GAP}}{words}"
    moved = size_of(progress.completed, progress.total) if progress.total > 0 else ""
    if progress.fraction is None:
        start = f"{moved} so far"
        line: StyledLine = ((start, ""), (said, style))
        return line if width_of(line) <= room else ((words, style),)
    bytes_: StyledLine = ()
    spare = room - layout.bar - PERCENT_CELLS - cells(said)
    if moved and layout.bytes and not job.trouble and spare >= layout.bytes + GAP:
        bytes_ = ((f"{'':{GAP}}{moved:>{layout.bytes}}", ""),)
    width = max(min(layout.bar, LEAST_BAR), layout.bar + min(spare, 0))
    share = (f"{percent(progress.fraction):4}%", "strong")
    return (*bar(progress.fraction, width, signs), share, *bytes_, (said, style))


def _key(job: Job, hint: bool) -> StyledLine:
    """Return the key that a person may want now."""
    if hint and job.can_undo:
        return (("  ", ""), ("z", "key"), (" undo", ""))
    if hint and job.state is State.FAILED:
        return (("  ", ""), ("J", "key"), (" jobs", "muted"))
    return ()


def _short_label(job: Job, width: int) -> str:
    """Return verb and name in at most `width` cells, without what the names of jobs share.

    That is the registry, then the namespace, then the middle: names differ in their ends. Where
    there is little room, the sign has to do for the verb.
    """
    name, verb = inert(job.name), f"{job.verb} "
    if width < _LEAST_LABEL and job.verb in _WITH_SIGNS:
        verb = ""
    room = width - len(verb)
    rest = name
    while cells(name) > room and "/" in rest:
        rest = rest.partition("/")[2]
        name = f"{ELLIPSIS}/{rest}"
    if cells(name) <= room:
        return f"{verb}{name}"
    tail = rest[-room:]
    while cells(tail) > room // 2:
        tail = tail[1:]
    return f"{verb}{shorten(rest, room - cells(tail))}{tail}"
