"""`jobs`: the transfers under way, in the background or in a program that is open, and their ends.

It reads the job files of this machine and asks no server.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ollama_tui.cli.output import complain, print_json, print_lines, table
from ollama_tui.formatting import size, size_of
from ollama_tui.services.jobs.entries import Entry
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
        if not self.file.is_alive:
            return ""
        return "background" if self.file.content.is_keeper else "program"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command takes: nothing."""


def run(options: argparse.Namespace, folders: Folders) -> int:
    """Print the jobs of all servers, or of the one that was named."""
    server = None
    if "host" in options:
        from ollama_tui.api.host import parse_host

        try:
            server = parse_host(options.host).url
        except ValueError as error:
            complain(str(error))
            return 2
    jobs = [job for job in listed(job_files(folders.unfinished)) if _is_on(job, server)]
    if options.json:
        print_json({"jobs": [as_json(job) for job in jobs]})
    elif not jobs:
        complain("There are no jobs.")
    else:
        titles = ("JOB", "NAME", "STATE", "DONE", "WHERE", "SERVER")
        print_lines(table(titles, map(_cells, jobs)))
        for job in jobs:
            if job.entry.problem is not None:
                complain(f"{job.entry.problem.title} {job.entry.problem.hint}".strip())
        if any(job.state == "interrupted" for job in jobs):
            complain("Start ollama-tui to resume what was interrupted.")
    return 0


def listed(files: Iterable[FoundFile]) -> Iterator[ListedJob]:
    """Yield the jobs, those of living processes first, each once."""
    seen: set[tuple[str, tuple[str, str]]] = set()
    for file in sorted(files, key=lambda file: not file.is_alive):
        for entry in file.content.entries:
            if (key := (file.content.host_url, entry.key)) not in seen:
                seen.add(key)
                yield ListedJob(entry, file)


def as_json(job: ListedJob) -> dict[str, Any]:
    """Return what is known of a job; sizes in bytes, None is unknown."""
    entry, problem = job.entry, job.entry.problem
    ended = datetime.fromtimestamp(int(entry.ended), UTC).isoformat() if entry.ended else None
    return {
        "job": entry.task.verb,
        "name": entry.task.name,
        "state": job.state,
        "completed": entry.done,
        "total": entry.task.expected,
        "where": job.where or None,
        "server": job.file.content.host_url or None,
        "error": f"{problem.title} {problem.hint}".strip() if problem else None,
        "ended_at": ended,
    }


def _is_on(job: ListedJob, server: str | None) -> bool:
    return server is None or job.file.content.host_url == server


def _cells(job: ListedJob) -> Sequence[str]:
    entry, total = job.entry, job.entry.task.expected
    done = size_of(entry.done, total) if total else size(entry.done) if entry.done else ""
    if entry.state is State.DONE:
        done = size(entry.done) if entry.done else ""
    where, server = job.where, job.file.content.host_url
    return (entry.task.verb, entry.task.name, job.state, done, where, server)
