from __future__ import annotations

import pytest

from ollama_tui.api.errors import (
    Busy,
    Interrupted,
    NotFound,
    NotOllama,
    OllamaError,
    ServerFailed,
    Unauthorized,
    Unreachable,
)
from ollama_tui.jobs.retry import Pause, pause_after

CUT, GONE = Interrupted("cut"), Unreachable("gone")
DYING = Busy("busy", words="context canceled")


@pytest.mark.parametrize(
    ("attempt", "seconds"),
    [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 30), (7, 30), (10_000, 30)],
)
def test_pauses_grow_to_thirty_seconds(attempt: int, seconds: float) -> None:
    assert pause_after(CUT, attempt, 0.0) == Pause(seconds, "connection lost")
    assert pause_after(GONE, attempt, 0.0) == Pause(seconds, "server unreachable")


@pytest.mark.parametrize(("idle", "again"), [(599.9, True), (600.0, False)])
def test_patience_is_ten_minutes_without_progress(idle: float, again: bool) -> None:
    assert (pause_after(CUT, 20, idle) is not None) == again


@pytest.mark.parametrize(
    "error",
    [
        NotFound("no"),
        Unauthorized("no"),
        Busy("no"),
        ServerFailed("no", words="no space left on device"),
        NotOllama("no"),
        OllamaError("no"),
    ],
)
def test_what_would_only_be_refused_again_is_not_retried(error: OllamaError) -> None:
    assert pause_after(error, 1, 0.0) is None


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 1.0), (3, 1.0), (4, None)])
def test_a_dying_download_is_joined_again_three_times(attempt: int, seconds: float | None) -> None:
    pause = pause_after(DYING, attempt, 0.0)
    assert (pause.seconds if pause else None) == seconds
