"""What is asked before quitting, and when nothing is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ollama_tui.services.jobs.job import Job, JobProgress, State
from ollama_tui.tui.dialogs.questions import confirm_cancel, confirm_quit

PULL = Job(id=1, verb="pull", name="a", state=State.RUNNING)
QUEUED = Job(id=2, verb="pull", name="b", state=State.QUEUED)
PUSH = Job(id=7, verb="push", name="p", state=State.RUNNING)
CREATE = Job(id=3, verb="create", name="c", state=State.RUNNING)
WAITING = Job(id=4, verb="delete", name="d", state=State.WAITING)
DONE = Job(id=5, verb="pull", name="e", state=State.DONE)
FAILED = Job(id=6, verb="pull", name="f", state=State.FAILED)


@pytest.mark.parametrize(
    ("jobs", "heading", "line"),
    [
        ((PULL,), "Quit? 1 download is running.", "pulling again resumes"),
        ((PULL, QUEUED, DONE), "Quit? 2 downloads are running.", "Downloads stop"),
        ((CREATE,), "Quit? 1 job is running.", "Other jobs are cancelled."),
        ((PULL, CREATE), "Quit? 1 download is running. 1 other job is running.", "cancelled"),
        ((WAITING,), "Quit? 1 deletion is pending.", "are dropped."),
        ((WAITING, WAITING), "Quit? 2 deletions are pending.", "are dropped."),
    ],
)
def test_jobs_are_counted_by_what_becomes_of_them(
    jobs: tuple[Job, ...], heading: str, line: str
) -> None:
    question = confirm_quit(jobs, {})
    assert question is not None
    assert question.heading == heading
    assert line in "\n".join(question.facts.lines)


def test_typed_text_is_said_to_be_kept_or_lost() -> None:
    question = confirm_quit((), {"Pull a model": Path("/d/pull.txt"), "Copy [x]": None})
    assert question is not None
    assert question.heading == "Quit? You have unsent text."
    assert "kept in /d/pull.txt" in question.facts.lines[0]
    assert question.facts.lines[1] == "What you typed in “Copy [x]” will be lost."


def test_quitting_is_dangerous_where_work_or_text_is_lost() -> None:
    kept = confirm_quit((), {"Pull a model": Path("/d/pull.txt")})
    lost = confirm_quit((), {"Copy [x]": None})
    work = confirm_quit((PULL,), {})
    assert [q is not None and q.danger for q in (kept, lost, work)] == [False, True, True]


@pytest.mark.parametrize(
    ("jobs", "option", "goes_on", "stops", "danger"),
    [
        ((PULL,), "leave the downloads running in the background", True, False, False),
        ((PULL, QUEUED), "leave the downloads running in the background", True, False, False),
        ((PULL, PUSH), "leave the transfers running in the background", True, False, False),
        ((PULL, CREATE), "leave the downloads running in the background", True, True, True),
        ((PULL, WAITING), "leave the downloads running in the background", True, False, True),
        ((CREATE,), "", False, True, True),
        ((replace(PULL, cancelling=True),), "", False, False, True),
    ],
)
def test_transfers_may_go_on_without_the_program(
    jobs: tuple[Job, ...], option: str, goes_on: bool, stops: bool, danger: bool
) -> None:
    question = confirm_quit(jobs, {}, can_go_on=True)
    assert question is not None
    assert (question.option, question.with_option) == (option, bool(option))
    said = "\n".join(question.facts.lines)
    assert ("Without this program" in said) is goes_on
    assert ("Other jobs are cancelled" in said) is stops
    assert ("Downloads stop" in said) is (not goes_on and jobs[0].verb == "pull")
    assert question.danger is danger
    question.with_option = False
    assert ("Downloads stop" in "\n".join(question.facts.lines)) is (jobs[0].verb == "pull")


@pytest.mark.parametrize(
    ("job", "asks"),
    [
        (replace(PULL, progress=JobProgress(3 * 10**9, 5 * 10**9)), True),
        (replace(PULL, progress=JobProgress(3 * 10**8, 5 * 10**9)), False),
        (replace(CREATE, progress=JobProgress(3 * 10**9, 5 * 10**9)), False),
        (replace(DONE, progress=JobProgress(5 * 10**9, 5 * 10**9)), False),
        (PULL, False),
    ],
)
def test_cancelling_asks_where_much_was_fetched(job: Job, asks: bool) -> None:
    question = confirm_cancel(job)
    assert (question is not None) is asks
    if question is not None:
        assert question.heading == "Cancel the download of a?"
        assert question.facts.number == "3.0/5.0 GB fetched"
        assert question.danger


def test_nothing_is_asked_where_nothing_is_lost() -> None:
    assert confirm_quit((DONE, FAILED), {}) is None
