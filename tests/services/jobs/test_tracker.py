"""Many events folded as one tell the same, whenever somebody looks."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.replies import Progress
from ollama_tui.services.jobs.progress import Transfer
from ollama_tui.services.jobs.tracker import MOST_RATES, RATE_EVERY, RateHistory, TransferTracker

LAYERS = ("sha256:" + "a" * 64, "sha256:" + "b" * 64)
PHASES = ("pulling manifest", "verifying sha256 digest", "writing manifest", "success")

events = st.one_of(
    st.sampled_from(PHASES).map(lambda status: Progress(status=status)),
    st.builds(
        lambda layer, completed: Progress(f"pulling {layer[7:19]}", layer, 1000, completed),
        st.sampled_from(LAYERS),
        st.integers(0, 1000),
    ),
)


@dataclass
class Step:
    """An event, the time since the one before, and whether somebody looks after it."""

    event: Progress
    pause: float
    looked: bool


steps = st.lists(
    st.builds(Step, events, st.sampled_from([0.005, 0.06, 0.4, 7.0, 31.0]), st.booleans())
)


@given(steps)
def test_what_is_told_is_what_each_event_folded_by_itself_tells(walk: list[Step]) -> None:
    one_by_one, together, now = Transfer(), TransferTracker(), 0.0
    for step in walk:
        now += step.pause
        one_by_one = one_by_one.fold(step.event, now)
        together.take(step.event, now)
        if step.looked:
            assert said(together.transfer, now) == said(one_by_one, now)
    assert said(together.transfer, now) == said(one_by_one, now)


def said(transfer: Transfer, now: float) -> tuple[object, ...]:
    """Return what is told, but for the rate: that is sampled when somebody looks."""
    told = transfer.progress(now)
    return (
        told.completed,
        told.total,
        told.fraction,
        told.phase,
        told.stalled_for,
        told.resumed_at,
        transfer.received,
        transfer.bytes_present,
        transfer.moved_at,
    )


@given(steps)
def test_bytes_arrive_when_they_arrive(walk: list[Step]) -> None:
    one_by_one, together, now = Transfer(), TransferTracker(), 0.0
    for step in walk:
        now += step.pause
        had = one_by_one.received
        one_by_one = one_by_one.fold(step.event, now)
        assert together.take(step.event, now) is (one_by_one.received > had)


def test_the_rate_of_a_steady_download_is_the_same() -> None:
    one_by_one, together = Transfer(), TransferTracker()
    for number in range(1, 2001):
        event = Progress("pulling aaaaaaaaaaaa", LAYERS[0], 10**9, number * 1000)
        one_by_one = one_by_one.fold(event, number / 200)
        together.take(event, number / 200)
        if number % 20 == 0:
            assert together.transfer.received == one_by_one.received
    rate = together.transfer.progress(10).rate
    assert abs(rate - one_by_one.progress(10).rate) < 0.02 * rate


def test_rates_are_kept_every_few_seconds_with_pauses_as_they_were() -> None:
    tracker, digest = TransferTracker(), LAYERS[0]
    tracker.take(Progress("pulling manifest"), 0.0)
    for second in range(60):
        arrived = 1000 * (min(second, 12) + 1)  # then it stands still
        tracker.take(Progress(f"pulling {digest[7:19]}", digest, 1_000_000, arrived), 1.0 + second)
        rates = tracker.progress(1.0 + second).rates
        assert rates == tracker.progress(1.0 + second).rates
    assert len(rates) == pytest.approx(60 / RATE_EVERY, abs=2)
    assert rates[1:4] == pytest.approx((1000.0,) * 3)
    assert rates[-3:] == (0.0,) * 3


def test_only_so_many_rates_are_kept() -> None:
    history = RateHistory()
    for second in range(1000):
        history = history.with_sample(second, float(second))
    assert len(history.rates) == MOST_RATES
    assert set(history.rates) == {1.0}


def test_noise_in_the_rate_is_not_told() -> None:
    tracker, digest, arrived, told = TransferTracker(), LAYERS[0], 0, set()
    for second in range(60):
        arrived += 1_000_000 + (10_000 if second % 2 else -10_000)
        event = Progress(f"pulling {digest[7:19]}", digest, 10**9, arrived)
        tracker.take(event, float(second))
        if second > 5:
            told.add(tracker.progress(float(second)).rate)
    assert len(told) == 1
    assert told.pop() == pytest.approx(1_000_000, rel=0.03)
