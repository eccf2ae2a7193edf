from __future__ import annotations

from dataclasses import replace

import pytest

from ollama_tui.api.errors import NotFound, OllamaError, ServerFailed, Unauthorized, Unreachable
from ollama_tui.services.jobs.job import (
    Job,
    JobProgress,
    Problem,
    State,
    Totals,
    describe,
    percent,
    problem_of,
    totals,
)


def job(state: State = State.RUNNING, verb: str = "pull", **fields: object) -> Job:
    return Job(id=1, verb=verb, name="qwen3:8b", state=state, **fields)  # type: ignore[arg-type]


FULL_DISK = ServerFailed(
    "a was not pulled: the server's disk is full.",
    "Delete models.",
    server_text="write x-partial: no space left on device",
)


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (job(State.QUEUED), "queued"),
        (job(State.WAITING, "delete", seconds_left=6), "in 6 s"),
        (job(), "starting"),
        (job(progress=JobProgress(phase="verifying")), "verifying"),
        (job(progress=JobProgress(stalled_for=40)), "stalled 40 s — retrying"),
        (job(progress=JobProgress(stalled_for=40, silent_for=9)), "server silent for 9 s"),
        (job(progress=JobProgress(fraction=0.62, resumed_at=0.619)), "resuming at 61%"),
        (job(progress=JobProgress(resumed_at=0.619)), "resuming"),
        (
            job(trouble="connection lost", attempt=2, seconds_left=4),
            "connection lost — retry 2 in 4 s",
        ),
        (job(cancelling=True, trouble="connection lost"), "cancelling"),
        (job(State.DONE), "done"),
        (job(State.PAUSED), "paused"),
        (job(State.PAUSED, progress=JobProgress(completed=610, fraction=0.61)), "paused at 61%"),
        (job(State.PAUSED, progress=JobProgress(completed=2_300_000)), "paused at 2.3 MB"),
        (job(State.CANCELLED), "cancelled"),
        (job(State.CANCELLED, verb="delete"), "undone"),
        (job(State.CANCELLED, verb="delete", started=1.0), "cancelled"),
        (
            job(State.FAILED, error=problem_of(FULL_DISK)),
            "failed: no space left on the server's disk",
        ),
        (job(State.FAILED, error=Problem("It broke.")), "failed: It broke."),
        (job(State.FAILED), "failed"),
    ],
)
def test_a_state_is_said_in_words(job: Job, words: str) -> None:
    assert describe(job) == words


@pytest.mark.parametrize(
    ("title", "reason"),
    [
        ("qwen3:8b was not pulled: no registry has it.", "no registry has it"),
        ("The server did not answer.", "The server did not answer"),
    ],
)
def test_the_reason_is_the_second_half_of_a_title(title: str, reason: str) -> None:
    assert problem_of(NotFound(title)).reason == reason


def test_a_problem_keeps_the_address_to_sign_in_at() -> None:
    error = Unauthorized("Not pushed.", "Sign in.", signin_url="https://ollama.com/connect")
    assert problem_of(error).signin_url == "https://ollama.com/connect"
    assert problem_of(OllamaError("a", "b")) == Problem("a", "b", "a", None)


def test_a_server_that_is_away_does_not_hide_what_was_to_be_done() -> None:
    away = Unreachable("Cannot connect to gpu-box: connection refused.", "Start Ollama there.")
    found = problem_of(away, "delete qwen3:8b")
    assert found.title == f"Delete qwen3:8b failed. {away.title}"
    assert found.reason == "server unreachable"


@pytest.mark.parametrize(
    ("job", "cancel", "retry", "undo"),
    [
        (job(State.QUEUED), True, False, False),
        (job(State.WAITING, "delete"), True, False, True),
        (job(State.RUNNING), True, False, False),
        (job(State.RUNNING, cancelling=True), False, False, False),
        (job(State.DONE), False, False, False),
        (job(State.FAILED), False, True, False),
        (job(State.CANCELLED), False, True, False),
        (job(State.CANCELLED, "delete"), False, False, False),
        (job(State.CANCELLED, "delete", started=1.0), False, True, False),
    ],
)
def test_what_can_be_done_with_a_job(job: Job, cancel: bool, retry: bool, undo: bool) -> None:
    assert (job.can_cancel, job.can_retry, job.can_undo) == (cancel, retry, undo)


@pytest.mark.parametrize(
    ("fraction", "whole"), [(0.0, 0), (0.29, 29), (0.57, 57), (0.619, 61), (0.9999, 99), (1.0, 100)]
)
def test_a_percent_is_rounded_down(fraction: float, whole: int) -> None:
    assert percent(fraction) == whole


def test_a_label_is_inert() -> None:
    assert Job(id=1, verb="pull", name="a\x1b[2J", state=State.DONE).label == "pull a\ufffd[2J"


def moving(total: int, done: int, rate: float, **changes: object) -> Job:
    progress = JobProgress(completed=done, total=total, fraction=done / total, rate=rate)
    values = {"id": 1, "verb": "pull", "name": "m", "state": State.RUNNING, "progress": progress}
    return Job(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ((), Totals()),
        ((moving(100, 40, 10.0),), Totals(1, 0, 10.0, 60, 6.0)),
        ((moving(100, 40, 10.0), moving(200, 0, 0.0, state=State.QUEUED)),
         Totals(1, 1, 10.0, 260, 26.0)),
        # One that is slower than the others takes as long as it takes.
        ((moving(100, 0, 0.0), moving(100, 0, 100.0)), Totals(2, 0, 100.0, 200, 2.0)),
        ((moving(100, 40, 10.0), replace(moving(100, 0, 0.0), progress=JobProgress())),
         Totals(2, 0, 10.0, 60, None)),
        ((moving(100, 100, 0.0, state=State.DONE), moving(9, 3, 0.0, state=State.PAUSED)),
         Totals()),
        ((moving(100, 40, 10.0), moving(100, 0, 0.0, verb="delete")), Totals(2, 0, 10.0, 60, 6.0)),
    ],
)  # fmt: skip
def test_totals_are_of_what_runs_and_waits(jobs: tuple[Job, ...], expected: Totals) -> None:
    assert totals(jobs) == expected
