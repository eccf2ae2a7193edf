"""A short soak: a job that a kill loses or doubles is seen in each run of the tests."""

from __future__ import annotations

from tests.faults.soak import soak


async def test_no_job_is_lost_or_doubled_while_everything_is_killed() -> None:
    counts, _ = await soak(4.0, seed=3)
    assert counts.is_good, counts
    assert counts.client_kills >= 2  # those that the end of the soak kills


async def test_nor_while_pulls_are_left_to_keepers() -> None:
    counts, _ = await soak(5.0, seed=4, keepers=True)
    assert counts.is_good, counts
