from __future__ import annotations

import pytest

from ollama_tui.api import requests
from ollama_tui.api.error_rules.explain import from_line, from_response
from ollama_tui.api.errors import (
    Busy,
    Interrupted,
    NotFound,
    NotOllama,
    OllamaError,
    ServerFailed,
    Silent,
    Stalled,
    Unauthorized,
    Unreachable,
)
from ollama_tui.api.replies import Progress
from ollama_tui.api.requests import Call
from ollama_tui.services.jobs.retry import Pause, pause_after, silence_after

PULL = Call(requests.PULL, "a")
CUT, GONE = Interrupted("cut"), Unreachable("gone")
DYING = Busy("busy", server_text="context canceled")


@pytest.mark.parametrize(
    ("attempt", "seconds"),
    [(1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (6, 10), (10_000, 10)],
)
def test_pauses_grow_to_ten_seconds(attempt: int, seconds: float) -> None:
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
        ServerFailed("no", server_text="no space left on device"),
        ServerFailed("no", status=500, server_text="no space left on device"),
        OllamaError("no"),
    ],
)
@pytest.mark.parametrize("had_progress", [False, True])
def test_what_would_only_be_refused_again_is_not_retried(
    error: OllamaError, had_progress: bool
) -> None:
    assert pause_after(error, 1, 0.0, had_progress=had_progress) is None


def answered(status: int, body: bytes) -> OllamaError:
    return from_response(status, body, PULL)


def said(words: str) -> OllamaError:
    return from_line(words, PULL)


PAGE = b"<html><head><title>502 Bad Gateway</title></head></html>"


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (Silent("silent"), "server silent"),
        (Stalled("stalled"), "no data arriving"),
        (answered(500, b'{"error":"unexpected EOF"}'), "server answers 500"),
        (answered(500, b""), "server answers 500"),
        (answered(502, b"Bad Gateway"), "server answers 502"),
        (answered(502, PAGE), "server answers 502"),
        (answered(503, b'{"error":"server busy, please try again"}'), "server answers 503"),
        (answered(500, b"{}"), "server answers 500"),
    ],
)
@pytest.mark.parametrize("had_progress", [False, True])
def test_a_server_that_fails_is_tried_again(
    error: OllamaError, trouble: str, had_progress: bool
) -> None:
    assert pause_after(error, 1, 0.0, had_progress=had_progress) == Pause(1.0, trouble)


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (NotOllama("The server does not answer like Ollama."), "something else answers"),
        (answered(404, PAGE), "something else answers"),
        (answered(429, b""), "the server is limiting requests"),
        (said("max retries exceeded: EOF"), "the download failed too many times"),
        (
            said("pull model manifest: Get: dial tcp: lookup registry.ollama.ai: no such host"),
            "the server cannot reach the internet",
        ),
        (said("pull model manifest: 503: busy"), "the registry failed with status 503"),
    ],
)
def test_an_outage_is_one_only_in_the_middle_of_a_transfer(
    error: OllamaError, trouble: str
) -> None:
    assert pause_after(error, 1, 0.0, had_progress=True) == Pause(1.0, trouble)
    assert pause_after(error, 1, 0.0) is None


@pytest.mark.parametrize(
    "error",
    [
        said("pull model manifest: file does not exist"),
        said("digest mismatch, file must be downloaded again: want sha256:a, got sha256:b"),
        said("write /models/x-partial: no space left on device"),
        said("pull model manifest: 412: requires a newer version"),
        answered(500, b'{"error":"write x-partial: no space left on device"}'),
        answered(401, b'{"error":"unauthorized"}'),
        answered(403, b""),
    ],
)
def test_what_stays_wrong_is_not_tried_again(error: OllamaError) -> None:
    assert pause_after(error, 1, 0.0, had_progress=True, damaged=True) is None


def test_a_layer_that_arrived_damaged_is_asked_for_once_more() -> None:
    error = said("digest mismatch, file must be downloaded again: want sha256:a, got sha256:b")
    assert pause_after(error, 1, 0.0) == Pause(1.0, "a layer arrived damaged")
    assert pause_after(error, 1, 0.0, damaged=True) is None


@pytest.mark.parametrize(
    ("event", "total", "seconds"),
    [
        (Progress("pulling manifest"), 0, 120.0),
        (Progress("pulling abc", "sha256:abc", 10, 3), 10, 30.0),
        (Progress("pulling abc", "sha256:abc"), 0, 30.0),
        (Progress("pulling abc", "sha256:abc", 10, 10), 10, 600.0),
        (Progress("verifying sha256 digest"), 5_000_000_000, 3600.0),
        (Progress("verifying sha256 digest"), 800_000_000_000, 40_000.0),
        (Progress("something new"), 0, 3600.0),
    ],
)
def test_how_long_a_server_may_be_silent_depends_on_what_it_does(
    event: Progress, total: int, seconds: float
) -> None:
    assert silence_after(event, total) == seconds


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 1.0), (3, 1.0), (4, None)])
def test_a_dying_download_is_joined_again_three_times(attempt: int, seconds: float | None) -> None:
    pause = pause_after(DYING, attempt, 0.0)
    assert (pause.seconds if pause else None) == seconds
