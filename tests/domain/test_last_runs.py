"""When models ran last: the newest time of each, and no more than there is room for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ollama_tui.api.replies import RunningModel
from ollama_tui.domain.last_runs import MOST_KEPT, LastRuns

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def running(*digests: str) -> list[RunningModel]:
    return [RunningModel(name="a", digest=digest) for digest in digests]


def test_the_newest_time_counts() -> None:
    later = NOW + timedelta(hours=1)
    runs = LastRuns(NOW).with_running(running("a" * 64, "b" * 64), NOW)
    assert runs.with_running(running("a" * 64), later).by_digest == {"a" * 64: later, "b" * 64: NOW}


def test_what_is_no_digest_is_not_remembered() -> None:
    runs = LastRuns(NOW)
    assert runs.with_running(running("", "../x", "a" * 63 + "/"), NOW) is runs


def test_what_ran_longest_ago_is_forgotten_first() -> None:
    runs = LastRuns(NOW)
    for number in range(2):
        some = running(*(f"{number * MOST_KEPT + n:064}" for n in range(MOST_KEPT)))
        runs = runs.with_running(some, NOW + timedelta(number))
    runs = runs.with_running(running("f" * 64), NOW + timedelta(2))
    assert len(runs.by_digest) == MOST_KEPT
    assert min(runs.by_digest.values()) == NOW + timedelta(1)
    assert "f" * 64 in runs.by_digest
