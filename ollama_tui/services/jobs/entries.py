"""Jobs on disk: the format of a job file, and what is kept of each job for the next program."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote_from_bytes, unquote_to_bytes

import msgspec

from ollama_tui.api.replies import MAX_INT64, Count
from ollama_tui.api.requests import CreateRequest
from ollama_tui.config.safe_file import Unusable, read_bounded, read_open
from ollama_tui.config.state_file import MB, decoded, encoded
from ollama_tui.importing.local_file import LocalFile
from ollama_tui.services.jobs.job import ACTIVE, Problem, State
from ollama_tui.services.jobs.tasks import Create, Pull, Push

LIMIT = 8 * MB
"""Bytes of a job file: a create may carry texts of megabytes."""

Kept: TypeAlias = Pull | Push | Create
"""The tasks that are kept: a deletion that nobody watches must never happen, a copy is quick."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One job as it is kept on disk."""

    task: Kept
    state: State = State.RUNNING
    """As in the queue that wrote it: active means that it was to go on."""
    done: int = 0
    """Bytes of it that have arrived."""
    total: int = 0
    """Bytes of all that it moves, as far as that is known."""
    joins: bool = False
    """Whether a second client of the server would join what is under way, at no cost."""
    problem: Problem | None = None
    """Why it failed, where that is still news."""
    asked: float = 0.0
    """When it was asked for, in seconds since 1970."""
    ended: float = 0.0
    """When it ended; 0 for what has not."""
    seen: bool = False
    """Whether a program has shown how it ended: then it is only there to outdo older files."""

    @property
    def key(self) -> tuple[str, str]:
        """The same for two entries of which one is enough."""
        return self.task.verb, self.task.key or repr(self.task)

    @property
    def is_active(self) -> bool:
        """Whether it was to go on."""
        return self.state in ACTIVE

    @property
    def is_unfinished(self) -> bool:
        """Whether it was to go on, or can be resumed."""
        return self.is_active or self.state is State.PAUSED

    @property
    def is_over(self) -> bool:
        """Whether nothing is to be done about it any more."""
        return self.state in (State.DONE, State.CANCELLED)

    @property
    def precedence(self) -> tuple[float, bool, int]:
        """Orders what several files say: what was asked for last, then what is over, counts."""
        return self.asked, self.is_over, self.done

    @property
    def outlives_us(self) -> bool:
        """Whether another process can go on with it: a create needs this one, for its files."""
        return self.is_active and isinstance(self.task, Pull | Push)


@dataclass(frozen=True, slots=True)
class JobFile:
    """The content of a job file."""

    entries: tuple[Entry, ...] = ()
    host_url: str = ""
    """The server; empty in files of versions that did not write it."""
    parallel: int = 2
    """Transfers at a time."""
    is_keeper: bool = False
    """Whether a keeper wrote it, which lets go of its jobs when a program wants them."""


class _File(msgspec.Struct, omit_defaults=True):
    path: str
    """Percent-encoded: it need not be UTF-8."""
    key: str
    size: Count
    adapter: bool = False
    draft: bool = False


class _Create(msgspec.Struct, omit_defaults=True):
    request: CreateRequest
    files: list[_File] = []
    replaces: str | None = None


class _Entry(msgspec.Struct, omit_defaults=True):
    name: str
    verb: str = "pull"
    state: State = State.RUNNING
    insecure: bool = False
    expected: Count | None = None
    done: Count = 0
    total: Count = 0
    joins: bool = False
    failed: str = ""
    hint: str = ""
    reason: str = ""
    asked: float = 0.0
    ended: float = 0.0
    seen: bool = False
    create: _Create | None = None


class _JobFile(msgspec.Struct, omit_defaults=True):
    jobs: list[_Entry]
    host: str = ""
    parallel: int = 2
    keeper: bool = False


def read_job_file(source: Path | int) -> JobFile:
    """Return the content of a job file, by its path or open; raises FileNotFoundError, Unusable."""
    data = read_open(source, LIMIT) if isinstance(source, int) else read_bounded(source, LIMIT)
    # The first format was a list of downloads and nothing else.
    found = decoded(data, _JobFile | list[_Entry])  # type: ignore[arg-type]
    file = _JobFile(found) if isinstance(found, list) else found
    entries = tuple(map(_entry, file.jobs))
    return JobFile(entries, file.host, max(1, file.parallel), file.keeper)


def job_file_content(file: JobFile) -> bytes:
    """Return the bytes of a job file; what cannot be written is left out."""
    jobs = [_saved(entry) for entry in file.entries if _is_writable(entry)]
    content = _JobFile(jobs, file.host_url, file.parallel, file.is_keeper)
    data = encoded(content)
    if len(data) > LIMIT:  # texts of creates: those can be typed again from their drafts
        content.jobs = [job for job in jobs if job.create is None]
        data = encoded(content)
    return data


def _is_writable(entry: Entry) -> bool:
    """Whether an entry is valid in JSON: what is typed may hold lone surrogates."""
    try:
        encoded(_saved(entry))
    except ValueError:
        return False
    return True


def _saved(entry: Entry) -> _Entry:
    task, problem = entry.task, entry.problem or Problem("")
    expected = task.expected if 0 <= (task.expected or 0) <= MAX_INT64 else None
    saved = _Entry(
        task.name,
        task.verb,
        entry.state,
        expected=expected,
        done=min(entry.done, MAX_INT64),
        total=min(entry.total, MAX_INT64),
        joins=entry.joins,
        failed=problem.title,
        hint=problem.hint,
        reason=problem.reason,
        asked=entry.asked,
        ended=entry.ended,
        seen=entry.seen,
    )
    if isinstance(task, Create):
        files = [
            _File(quote_from_bytes(os.fsencode(f.path)), f.key, f.size, f.adapter, f.draft)
            for f in task.files
        ]
        saved.create, saved.expected = _Create(task.request, files, task.replaces), None
    else:
        saved.insecure = task.insecure
    return saved


def _entry(saved: _Entry) -> Entry:
    """Return the entry of one that was saved; raises Unusable."""
    task: Kept
    if (create := saved.create) is not None:
        files = tuple(
            LocalFile(
                Path(os.fsdecode(unquote_to_bytes(f.path))), f.key, f.size, f.adapter, f.draft
            )
            for f in create.files
        )
        task = Create(create.request, saved.verb, files, create.replaces)
    elif saved.verb == "pull":
        task = Pull(saved.name, saved.insecure, saved.expected)
    elif saved.verb == "push":
        task = Push(saved.name, saved.insecure, saved.expected)
    else:
        raise Unusable("has unexpected content")
    problem = Problem(saved.failed, saved.hint, saved.reason) if saved.failed else None
    state, done, total = saved.state, saved.done, saved.total
    asked, ended, seen = saved.asked, saved.ended, saved.seen
    return Entry(task, state, done, total, saved.joins, problem, asked, ended, seen)
