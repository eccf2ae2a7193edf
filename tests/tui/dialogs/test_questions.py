"""What is asked before quitting, and when nothing is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_tui.services.jobs.job import Job, State
from ollama_tui.tui.dialogs.questions import confirm_quit

PULL = Job(id=1, verb="pull", name="a", state=State.RUNNING)
QUEUED = Job(id=2, verb="pull", name="b", state=State.QUEUED)
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
        ((WAITING,), "Quit? 1 deletion still waits.", "are not sent."),
        ((WAITING, WAITING), "Quit? 2 deletions still wait.", "are not sent."),
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
    assert question.heading == "Quit? You have typed text that is not sent."
    assert "kept in /d/pull.txt" in question.facts.lines[0]
    assert question.facts.lines[1] == "What you typed in “Copy [x]” will be lost."


def test_nothing_is_asked_where_nothing_is_lost() -> None:
    assert confirm_quit((DONE, FAILED), {}) is None
