"""A pull while something between fails: what the person sees, and that nothing is to be done."""

from __future__ import annotations

import pytest

from tests.journeys.driver import a_server, journey
from tests.journeys.test_pull import percent, starts

PAGE = "<html><head><title>502 Bad Gateway</title></head></html>"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, {"error": "unexpected EOF"}, "server answers 500"),
        (502, PAGE, "server answers 502"),
        (503, "Service Unavailable", "server answers 503"),
        (200, "garbage", "something else answers"),
    ],
)
async def test_35_seconds_of_an_outage_in_the_middle_are_waited_for(
    status: int, body: str | dict[str, str], words: str
) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await starts(user)
        await user.server_works(20)
        reached = percent(user)
        demo.fail("/api/pull", status, body, times=6)  # after 1, 3, 7, 15, 25 and 35 seconds
        demo.cut_streams()
        await user.server_works(36)
        await user.sees(f"{words} — retry 7 in")
        assert percent(user) >= reached
        await user.server_works(50)
        assert "retry" not in user.jobs
        assert percent(user) > reached


async def test_a_connection_that_says_nothing_more_is_given_up_and_joined_again() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await starts(user)
        await user.server_works(20)
        reached, asked = percent(user), len(demo.seen("/api/pull"))
        await user.waits(20)  # the server's time stands still: nothing comes
        await user.sees("server silent for")
        await user.waits(12)
        assert len(demo.seen("/api/pull")) == asked + 1
        await user.server_works(40)
        assert percent(user) > reached
