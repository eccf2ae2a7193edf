"""What is said once of a job that has ended."""

from __future__ import annotations

from ollama_tui.formatting import clock, inert, size
from ollama_tui.services.jobs.job import Job, State, percent

_DONE = {
    "pull": "Pulled",
    "push": "Pushed",
    "create": "Created",
    "edit": "Saved",
    "delete": "Deleted",
    "copy": "Copied to",
    "quantize": "Quantized",
    "import": "Imported",
}
_MAKE = frozenset({"pull", "create", "copy", "quantize", "import"})
"""What brings a model into the list."""
_SHORTEST = 1.0
"""Seconds below which nobody wants to know how long it took."""


def result(job: Job) -> tuple[str, str]:
    """Return what a toast says of a job that has ended: a title and a hint."""
    if job.error is not None:
        return job.error.title, job.error.hint
    name = inert(job.name)
    if job.state is State.PAUSED:
        far = f" at {percent(job.progress.fraction)}%" if job.progress.fraction else ""
        return f"Paused {job.verb} {name}{far}.", "In J, space resumes it."
    if job.state is State.CANCELLED:
        return f"{job.label.capitalize()}: {job.note[:1].lower()}{job.note[1:]}", ""
    return f"{_DONE.get(job.verb, job.verb.capitalize())} {name}{outcome(job)}.", job.note


def has_made_a_model(job: Job) -> bool:
    """Whether a model is listed now that a job has made."""
    return job.state is State.DONE and job.verb in _MAKE


def outcome(job: Job) -> str:
    """Return what a job moved or freed, and how long it took, to follow another word."""
    took = f" in {clock(job.took)}" if job.took is not None and job.took >= _SHORTEST else ""
    if job.verb == "delete":
        return f", freed {job.frees}" if job.frees else ""
    moved, whole = job.progress.transferred, size(job.progress.total)
    if job.verb not in ("pull", "push") or moved is None:  # a create's size is not its source's
        return took
    if not moved:
        return f": all of it was {'here' if job.verb == 'pull' else 'there'} already"
    return f", {size(moved)}{took}" if size(moved) == whole else f", {size(moved)} of {whole}{took}"
