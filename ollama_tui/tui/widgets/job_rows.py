"""A job in one line: the rows of the jobs strip and of the table of all jobs."""

from __future__ import annotations

from collections.abc import Iterable

from ollama_tui.formatting import (
    ELLIPSIS,
    Span,
    StyledLine,
    cells,
    clock,
    inert,
    rate,
    shorten,
    size,
    size_of,
)
from ollama_tui.services.jobs.job import Job, State, describe, percent
from ollama_tui.tui.look import Signs
from ollama_tui.tui.widgets.text_layout import fit, spread, width_of

WIDE_BAR_FROM = 100
"""Cells from which a line has the larger bar."""
BAR_CELLS = 20
"""Cells of a progress bar."""
NARROW_BAR_CELLS = 8
LABEL_CELLS = 30
NARROW_LABEL_CELLS = 22
"""Cells of verb and name; more for long names where there is room."""
_OTHER_CELLS = 51
"""Cells of sign, percent, bytes, and the longest words or rate and time left."""
STRIP_ROWS = 6
"""Rows of the jobs strip at most."""
_STYLES = {
    State.FAILED: "bad",
    State.WAITING: "warning",
    State.DONE: "good",
    State.RUNNING: "accent",
}


def strip_jobs(jobs: tuple[Job, ...]) -> tuple[Job, ...]:
    """Return the jobs worth a row below the list: what is under way, then what failed."""
    active = [job for job in jobs if job.active and job.state is not State.QUEUED]
    queued = [job for job in jobs if job.state is State.QUEUED]
    failed = [job for job in jobs if job.state is State.FAILED]
    return tuple((active + failed + queued)[:STRIP_ROWS])


def strip_lines(jobs: tuple[Job, ...], signs: Signs, width: int) -> list[StyledLine]:
    """Return the jobs strip; its last line counts what it has no room for."""
    shown = strip_jobs(jobs)
    label = label_cells(shown, width)
    lines = [job_line(job, signs, width, label=label) for job in shown]
    hidden = sum(1 for job in jobs if job.active) - sum(1 for job in shown if job.active)
    if hidden > 0 and lines:
        lines[-1] = spread(lines[-1], ((f" {hidden} more, J ", "muted"),), width)
    return lines


def label_cells(jobs: Iterable[Job], width: int) -> int:
    """Return how much of their lines the verbs and names of these jobs get."""
    bar, least = NARROW_BAR_CELLS, NARROW_LABEL_CELLS
    if width >= WIDE_BAR_FROM:
        bar, least = BAR_CELLS, LABEL_CELLS
    longest = max((width_of(((job.label, ""),)) for job in jobs), default=0)
    return max(least, min(longest, width - _OTHER_CELLS - bar))


def job_line(job: Job, signs: Signs, width: int, *, label: int, hint: bool = True) -> StyledLine:
    """Return sign, verb and name, bar, percent, bytes, rate, time left, and words when odd.

    With `hint` also the key for what a person may want of it.
    """
    by_verb = {"pull": signs.pull, "push": signs.push, "delete": signs.delete}
    style = _STYLES.get(job.state, "muted")
    name = fit(((_short_label(job, label), "strong"),), label)
    start = ((f" {by_verb.get(job.verb, signs.work)} ", style), *name)
    progress = job.progress
    measured = progress.fraction is not None or (progress.total > 0 and not job.trouble)
    if job.state is State.RUNNING and measured:
        bar = BAR_CELLS if width >= WIDE_BAR_FROM else NARROW_BAR_CELLS
        far = (*start, *_moved(job, signs, bar))
        speed: StyledLine = ()
        words: StyledLine = ()
        if progress.rate > 0 and not progress.stalled_for:
            left = clock(progress.eta) if progress.eta is not None else ""
            speed = ((f"  {rate(progress.rate):>9}  {left:>5}", "muted"),)
        resumed = progress.resumed_at is not None
        if job.cancelling or job.trouble or progress.stalled_for or resumed:
            words = ((f"  {describe(job)}", "warning"),)
        elif progress.rate <= 0 and progress.phase:
            words = ((f"  {progress.phase}", "muted"),)
        line = (*far, *speed, *words)
        return line if not words or width_of(line) <= width else (*far, *words)
    key: StyledLine = ()
    if hint and job.can_undo:
        key = (("  ", ""), ("z", "key"), (" undo", "muted"))
    elif hint and job.state is State.FAILED:
        key = (("  ", ""), ("J", "key"), (" more", "muted"))
    return (*start, (f"  {describe(job)}", style), *key)


def _short_label(job: Job, width: int) -> str:
    """Return verb and name in at most `width` cells, without what the names of jobs share.

    That is the registry, then the namespace, then the middle: names differ in their ends.
    """
    name, room = inert(job.name), width - len(job.verb) - 1
    rest = name
    while cells(name) > room and "/" in rest:
        rest = rest.partition("/")[2]
        name = f"{ELLIPSIS}/{rest}"
    if cells(name) <= room:
        return f"{job.verb} {name}"
    tail = rest[-room:]
    while cells(tail) > room // 2:
        tail = tail[1:]
    return f"{job.verb} {shorten(rest, room - cells(tail))}{tail}"


def _moved(job: Job, signs: Signs, cells: int) -> StyledLine:
    """Return bar, percent and bytes; bytes alone while the size of the whole is unknown."""
    progress = job.progress
    fraction = progress.fraction
    if fraction is None:
        return ((f"  {size_of(progress.completed, progress.total)} so far", ""),)
    filled = round(fraction * cells)
    spans: list[Span] = [
        ("  ", ""),
        (signs.full * filled, "accent"),
        (signs.empty * (cells - filled), "muted"),
        (f" {percent(fraction):3}%", "strong"),
    ]
    if progress.total > 0 and not job.trouble:
        spans.append((f"  {size_of(progress.completed, progress.total):>14}", ""))
    return tuple(spans)


def result(job: Job) -> tuple[str, str]:
    """Return what a toast says of a job that has ended: a title and a hint."""
    if job.error is not None:
        return job.error.title, job.error.hint
    if job.state is State.CANCELLED:
        return job.label.capitalize(), job.note
    moved, whole = job.progress.transferred, size(job.progress.total)
    how = ""
    # A create's size differs from its source's.
    if moved is not None and job.verb in ("pull", "push"):
        if not moved:
            how = f" It was already {'here' if job.verb == 'pull' else 'there'}."
        else:
            how = f" {size(moved)}" if size(moved) == whole else f" {size(moved)} of {whole}"
    return f"{job.label}: done.{how}", job.note
