"""All jobs on one screen: how far they are, what they come to, pausing, order."""

from __future__ import annotations

import pytest

from ollama_tui.services.jobs.job import State
from ollama_tui.services.jobs.tasks import Pull
from tests.journeys.driver import User, a_server, journey

FIRST, SECOND, THIRD = "gemma3:12b", "qwen3:4b", "gemma3:1b"


async def pulls(user: User, *names: str) -> None:
    for name in names:
        await user.presses("p")
        await user.types(name)
        await user.presses("enter")


def line_with(user: User, text: str) -> str:
    return next(line for line in user.lines if text in line)


def line_of(user: User, name: str) -> str:
    return line_with(user, f"pull {name}")


def order(user: User) -> list[str]:
    pulling = [line.split(" pull ")[1] for line in user.lines if " pull " in line]
    return [line.split()[0] for line in pulling]


def cursor_is_on(user: User, name: str) -> bool:
    return any("▸" in line and f"pull {name}" in line for line in user.lines)


async def test_a_message_makes_room_for_the_jobs_that_appear_below_it() -> None:
    async with journey() as user:
        await user.presses("x")
        assert user.app.services is not None
        user.app.services.queue.submit(Pull(FIRST))
        await user.sees("is not loaded.", f"pull {FIRST}")


async def test_every_job_has_bar_share_bytes_rate_and_time_and_their_sum_stands_above() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, size=(140, 40)) as user:
        await pulls(user, FIRST, SECOND, THIRD)
        await user.server_works(20)
        await user.presses("J")
        await user.sees("JOB", "PROGRESS", "BYTES", "RATE", "LEFT", "WHEN")
        line = line_of(user, FIRST)
        assert all(part in line for part in ("█", "%", "/8.1 GB", "MB/s", "just now"))
        await user.sees("2 running, 1 queued")
        assert "3 jobs" in user.screen
        assert " left" in user.screen
        await user.server_works(90)
        await user.waits(25)
        await user.sees("1 min ago")


async def test_the_sum_stands_in_the_columns_of_the_jobs_after_a_resize_too() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, size=(120, 40)) as user:
        await pulls(user, FIRST, SECOND, THIRD)
        await user.server_works(20)
        await user.presses("J")
        for size in ((80, 24), (200, 60), (101, 30), (99, 30), (120, 40)):
            await user.resizes(*size)
            total, job = line_with(user, "running, "), line_of(user, FIRST)
            for figure in ("%", "GB ", "MB/s"):
                place = job.index(figure)
                assert total[place:].startswith(figure), user.screen
            bar = total.rindex("█", 0, total.index("%"))
            assert total.index("%") - total.index("█") > 10
            assert bar < total.index("%")


async def test_a_download_is_paused_makes_room_and_goes_on_where_it_was() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await pulls(user, FIRST, SECOND, THIRD)
        await user.server_works(20)
        await user.presses("J", "g")
        assert user.footer.startswith("space pause c ")
        await user.presses("space")
        await user.sees("paused at", "Paused pull gemma3:12b at")
        assert user.footer.startswith("space resume c ")
        assert [job.state for job in user.app.jobs] == [State.PAUSED, State.RUNNING, State.RUNNING]
        at = user.app.jobs[0].progress.fraction
        await user.server_works(5)
        assert user.app.jobs[0].progress.fraction == at
        await user.presses("space")
        assert user.app.jobs[0].state is State.QUEUED
        await user.server_works(200)
        assert {job.state for job in user.app.jobs} == {State.DONE}
        assert FIRST in {name.display for name in demo.store.entries}


async def test_what_cannot_be_paused_or_moved_says_why() -> None:
    async with journey() as user:
        await user.presses("d", "y", "J", "space")
        await user.sees("Only downloads can be paused")
        await user.presses("+")
        await user.sees("Only what is queued can start sooner or later.")


async def test_what_is_queued_starts_sooner() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await pulls(user, FIRST, SECOND, THIRD, "qwen3:30b-a3b")
        await user.presses("J", "G", "+")
        assert order(user) == [FIRST, SECOND, "qwen3:30b-a3b", THIRD]
        await user.presses("+")
        await user.sees("It is already first in the queue.")
        await user.presses("-", "-")
        await user.sees("It is already last in the queue.")
        assert order(user) == [FIRST, SECOND, THIRD, "qwen3:30b-a3b"]


async def test_the_order_shown_is_chosen() -> None:
    async with journey() as user:
        await pulls(user, SECOND, FIRST)
        await user.presses("J", "s")
        await user.sees("Order of the jobs", "By name")
        await user.presses("j", "j", "j", "enter")
        assert order(user) == [FIRST, SECOND]


async def test_digits_choose_the_order_too() -> None:
    async with journey() as user:
        await pulls(user, SECOND, FIRST)
        await user.presses("J", "4")
        assert order(user) == [FIRST, SECOND]
        await user.presses("1")
        assert order(user) == [SECOND, FIRST]
        await user.presses("?")
        await user.sees("Sort by name.", "Filter as you type: words of name, verb")


async def test_a_filter_finds_jobs_by_words_of_name_verb_and_state() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await pulls(user, FIRST, SECOND, THIRD)
        await user.server_works(10)
        await user.presses("J", "G", "/")
        await user.types("GEM")
        await user.sees("2 of 3 jobs")
        assert order(user) == [FIRST, THIRD]
        await user.types(" queued")
        await user.sees("1 of 3 jobs")
        assert order(user) == [THIRD]
        await user.presses("enter")
        assert "/ filter" in user.footer
        await user.presses("escape")
        assert order(user) == [FIRST, SECOND, THIRD]
        assert cursor_is_on(user, THIRD)
        await user.presses("escape")
        assert not user.in_dialog


async def test_a_filter_that_nothing_matches_says_how_to_see_all_again() -> None:
    async with journey() as user:
        await pulls(user, FIRST)
        await user.presses("J", "/")
        await user.types("push")
        await user.sees("0 of 1 job", "No matches: esc shows all jobs.")
        await user.presses("enter", "c")
        await user.sees("There is no job under the cursor.")
        assert user.app.jobs[0].state is State.RUNNING
        await user.presses("escape")
        assert cursor_is_on(user, FIRST)


async def test_keys_typed_ahead_filter_the_jobs_and_pause_the_one_that_is_left() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await pulls(user, FIRST, SECOND)
        await user.server_works(10)
        for key in ("J", "/", *"qwen", "enter", "space"):
            user.strikes(key)
        await user.waits(1)
        await user.lets_toasts_go()
        await user.sees("1 of 2 jobs")
        assert [job.state for job in user.app.jobs] == [State.RUNNING, State.PAUSED]


async def test_a_job_that_ends_leaves_a_filter_for_what_is_running() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await pulls(user, FIRST)
        await user.goes_to("qwen3:30b-a3b")
        await user.presses("d", "y", "J", "/")
        await user.types("delete waiting")
        await user.sees("1 of 2 jobs", "delete qwen3:30b-a3b")
        await user.waits(9)
        await user.lets_toasts_go()
        await user.sees("0 of 2 jobs", "No matches")
        await user.empties_the_field()
        await user.types("done")
        await user.sees("1 of 2 jobs", "delete qwen3:30b-a3b")


async def test_the_strip_begins_with_the_deletion_that_can_be_undone() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await pulls(user, FIRST)
        await user.server_works(20)
        await user.goes_to("qwen3:30b-a3b")
        await user.presses("d", "y")
        await user.until(lambda: user.jobs.startswith("× delete qwen3:30b-a3b"))
        assert "z undo" in user.jobs
        await user.waits(9)
        await user.sees("Deleted qwen3:30b-a3b, freed ")


async def test_figures_stand_in_the_same_columns_in_the_strip() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await pulls(user, FIRST, SECOND)
        await user.server_works(20)
        first, second = (line for line in user.lines if line.startswith(" ↓ pull"))
        assert first.index("%") == second.index("%")
        assert first.index("MB/s") == second.index("MB/s")
        assert first.rindex(":") == second.rindex(":")
        assert len(first) == len(second) == 119


@pytest.mark.parametrize("view", ["b", "t", "o"])
async def test_jobs_are_shown_from_every_view_and_left_to_it(view: str) -> None:
    async with journey() as user:
        await user.presses(view, "J")
        await user.sees("No jobs.")
        await user.presses("escape")
        await user.until(lambda: "No jobs." not in user.screen)
        assert user.app.screen.place.value != "in the list"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("size", "keys"),
    [
        ((80, 24), " space pause  c cancel  r try again "),
        ((40, 10), " c cancel "),
    ],
)
async def test_the_keys_of_jobs_come_first_in_the_footer(size: tuple[int, int], keys: str) -> None:
    async with journey(size=size) as user:
        await user.presses("J")
        assert user.lines[-1].startswith(keys)


async def test_z_takes_back_the_deletion_that_the_bar_offers_on_any_row() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("p")
        await user.types("gemma3:12b")
        await user.presses("enter")
        await user.server_works(2)
        await user.presses("d", "y", "J")
        await user.sees("pull gemma3:12b", "z undo")
        await user.presses("g", "z")
        await user.until(lambda: any(job.state.value == "cancelled" for job in user.app.jobs))
        await user.waits(20)
        assert demo.bodies("/api/delete") == []


async def test_a_failure_stands_below_the_list_until_it_was_seen_among_the_jobs() -> None:
    async with journey() as user:
        await pulls(user, "no-such-model:1b")
        await user.until(lambda: "no-such-model:1b" in user.jobs, "the failure")
        assert "J jobs" in user.jobs
        await user.presses("J")
        await user.sees("! pull no-such-model:1b")
        await user.presses("q")
        assert "no-such-model" not in user.jobs
        await pulls(user, "no-such-model:2b")
        await user.until(lambda: "no-such-model:2b" in user.jobs, "the new failure")
