"""`jobs`: the transfers under way, in the background or in a program that is open, and their ends.

It reads the job files of this machine and asks no server.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ollama_tui.cli.output import complain, print_json, print_lines, table
from ollama_tui.formatting import plural, size, size_of
from ollama_tui.services.jobs.entries import Entry
from ollama_tui.services.jobs.handover import stop_keepers
from ollama_tui.services.jobs.job import State
from ollama_tui.services.jobs.journal import FoundFile, job_files

if TYPE_CHECKING:
    from ollama_tui.config.settings import Folders

HELP = "Show jobs: those under way, in the background too, and what became of the last ones."
_STATES = {State.DONE: "done", State.FAILED: "failed", State.PAUSED: "paused"}


@dataclass(frozen=True)
class ListedJob:
    """One job of a job file."""

    entry: Entry
    file: FoundFile

    @property
    def state(self) -> str:
        """In a word: `running`, `queued`, `paused`, `interrupted`, `failed` or `done`."""
        if self.entry.is_active and not self.file.is_alive:
            return "interrupted"
        return _STATES.get(self.entry.state, self.entry.state.value)

    @property
    def where(self) -> str:
        """Who is at it: `background`, `program`, or nobody."""
        if not self.file.is_alive or not self.entry.is_active:
            return ""
        return "background" if self.file.content.is_keeper else "program"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command takes."""
    parser.add_argument(
        "--stop", action="store_true", help="stop what goes on in the background, to be resumed"
    )


def run(options: argparse.Namespace, folders: Folders) -> int:
    """Print the jobs of all servers, or of the one that was named."""
    server = None
    if "host" in options:
        from ollama_tui.config.settings import read_settings

        try:
            server = read_settings({**vars(options), "filter": ""}, folders).host.url
        except ValueError as error:
            complain(str(error))
            return 2
    if options.stop:
        stopped = asyncio.run(stop_keepers(folders.unfinished, server))
        complain(f"Stopped in the background: {plural(stopped, 'job')}.")
    jobs = [job for job in listed(job_files(folders.unfinished)) if _is_on(job, server)]
    if options.json:
        print_json({"jobs": [as_json(job) for job in jobs]})
    elif not jobs:
        complain(f"There are no jobs on {server}." if server else "There are no jobs.")
    else:
        titles = ("JOB", "NAME", "STATE", "DONE", "WHERE", "SERVER")
        print_lines(table(titles, map(_cells, jobs)))
        for job in jobs:
            if job.entry.problem is not None:
                complain(f"{job.entry.problem.title} {job.entry.problem.hint}".strip())
        if any(job.state == "interrupted" for job in jobs):
            complain("Start ollama-tui to resume what was interrupted, or pull it again.")
    return 0


def listed(files: Iterable[FoundFile]) -> Sequence[ListedJob]:
    """Return the jobs, each once: what a living process is at, else what counts of several files.

    Those of living processes come first.
    """
    found: dict[tuple[str, tuple[str, str]], ListedJob] = {}
    for file in sorted(files, key=lambda file: not file.is_alive):
        for entry in file.content.entries:
            job, key = ListedJob(entry, file), (file.content.host_url, entry.key)
            found[key] = max(found.get(key, job), job, key=_rank)
    return tuple(found.values())


def _rank(job: ListedJob) -> tuple[bool, tuple[float, bool, int]]:
    return bool(job.where), job.entry.precedence


def as_json(job: ListedJob) -> dict[str, Any]:
    """Return what is known of a job; sizes in bytes, None is unknown."""
    entry, problem = job.entry, job.entry.problem
    ended = datetime.fromtimestamp(int(entry.ended), UTC).isoformat() if entry.ended else None
    return {
        "job": entry.task.verb,
        "name": entry.task.name,
        "state": job.state,
        "completed": entry.done,
        "total": entry.task.expected or entry.total or None,
        "where": job.where or None,
        "server": job.file.content.host_url or None,
        "error": f"{problem.title} {problem.hint}".strip() if problem else None,
        "ended_at": ended,
    }


def _is_on(job: ListedJob, server: str | None) -> bool:
    return server is None or job.file.content.host_url == server


def _cells(job: ListedJob) -> Sequence[str]:
    entry = job.entry
    done = size(entry.done) if entry.done else ""
    if (total := entry.task.expected or entry.total) and entry.state is not State.DONE:
        done = size_of(entry.done, total)
    where, server = job.where, job.file.content.host_url
    return (entry.task.verb, entry.task.name, job.state, done, where, server)
