"""What is outdated, on a screen of its own."""

from __future__ import annotations

from ollama_tui.services.jobs.job import State
from tests.journeys.driver import User, a_server, journey

OUTDATED = {"llama3.1:8b", "granite3.3:2b", "starcoder2:3b"}


async def opens(user: User) -> None:
    await user.presses("o")
    await user.sees("models checked")
    await user.waits(1)


def row_of(user: User, name: str) -> str:
    [row] = [line for line in user.lines if f" {name} " in line]
    return row


async def goes_down_to(user: User, name: str) -> None:
    for _ in range(40):
        if any("▸" in line and f" {name} " in line for line in user.lines):
            return
        await user.presses("j")
    raise AssertionError(f"{name} is not there:\n{user.screen}")


async def test_a_row_says_what_changed_what_it_costs_and_when_it_was_pushed() -> None:
    async with journey() as user:
        await opens(user)
        await user.sees("36 models checked: 3 outdated, 26 current and 7 not known.")
        row = row_of(user, "starcoder2:3b")
        assert all(text in row for text in ("↑", "646 B of 1.7 GB", "license", "3 days"))
        assert "made here from" in row_of(user, "pirate:latest")
        assert "6.5 GB to fetch" in user.screen


async def test_what_is_up_to_date_is_hidden_until_asked_for() -> None:
    async with journey(size=(120, 50)) as user:
        await opens(user)
        await user.sees_no(" mistral:7b ")
        await user.sees("f shows 28 more")
        await user.presses("f")
        assert "up to date" in row_of(user, "mistral:7b")
        await user.presses("f")
        await user.sees_no(" mistral:7b ")


async def test_marked_ones_are_summed_and_updated_there() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await opens(user)
        await user.presses("g")
        await goes_down_to(user, "llama3.1:8b")
        await user.presses("space", "space")
        await user.sees("2 marked: 4.9 GB to fetch")
        assert "✓" in row_of(user, "starcoder2:3b")
        await user.presses("u")
        await user.sees("Update 2 models?", "llama3.1:8b", "starcoder2:3b")
        await user.presses("y")
        await user.sees("updating: weights")
        await user.server_works(120)
        assert {job.name for job in user.app.jobs} == {"llama3.1:8b", "starcoder2:3b"}
        assert {job.state for job in user.app.jobs} == {State.DONE}
        await user.sees("36 models checked: 1 outdated, 28 current and 7 not known.")
        await user.sees_no(" llama3.1:8b ")


async def test_without_a_mark_u_updates_the_one_at_the_cursor_or_says_why_not() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await opens(user)
        await user.presses("g")
        await goes_down_to(user, "starcoder2:3b")
        await user.presses("u")
        await user.sees("Update starcoder2:3b?")
        await user.presses("n")
        await goes_down_to(user, "pirate:latest")
        await user.presses("u")
        await user.sees("pirate:latest: cannot tell: It was made here")
        assert demo.bodies("/api/pull") == []


async def test_a_marks_what_is_outdated_the_star_inverts_and_capital_a_takes_marks_off() -> None:
    async with journey() as user:
        await opens(user)
        await user.presses("a")
        await user.sees("3 marked: ")
        await user.presses("*")
        await user.sees_no("marked: ")
        await user.presses("g", "space", "*")
        await user.sees("2 marked: ")
        await user.presses("A")
        await user.sees_no("marked: ")
        assert user.marked == set()


async def test_capital_u_updates_all_that_is_outdated() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await opens(user)
        await user.presses("U")
        await user.sees("Update 3 models?")
        await user.presses("y")
        assert {job.name for job in user.app.jobs} == OUTDATED


async def test_escape_goes_back_to_the_cursor_and_enter_to_the_model() -> None:
    async with journey() as user:
        await user.goes_to("mistral:7b")
        await opens(user)
        await user.presses("j", "escape")
        assert user.cursor == "mistral:7b"
        await opens(user)
        await user.presses("g")
        await goes_down_to(user, "starcoder2:3b")
        await user.presses("enter")
        assert not user.in_dialog
        assert user.cursor == "starcoder2:3b"


async def test_r_asks_again_and_a_check_goes_on_when_the_view_is_left() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await opens(user)
        asked = len(demo.registry_requests)
        await user.presses("r")
        await user.until(lambda: len(demo.registry_requests) > asked)
        await user.sees("models checked")
        for key in ("escape", "o", "escape"):
            user.strikes(key)
        await user.until(lambda: "3 outdated" in user.status)


async def test_read_only_shows_and_does_not_update() -> None:
    async with journey(read_only=True) as user:
        await opens(user)
        await user.presses("u")
        await user.sees("Read-only")


async def test_small_screens_keep_name_and_cost() -> None:
    for size in ((80, 24), (40, 10)):
        async with journey(size=size) as user:
            await opens(user)
            assert "646 B of 1.7 GB" in user.screen
            assert "starcoder2" in user.screen
