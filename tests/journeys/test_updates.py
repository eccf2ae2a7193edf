"""What is outdated, on a screen of its own."""

from __future__ import annotations

from ollama_tui.services.jobs.job import State
from ollama_tui.tui.widgets.row_source import MARGIN
from ollama_tui.tui.widgets.table import Table
from tests.journeys.driver import User, a_server, journey

OUTDATED = {"llama3.1:8b", "granite3.3:2b", "starcoder2:3b"}


async def opens(user: User) -> None:
    await user.presses("o")
    await user.sees("models checked")
    await user.waits(1)


def row_of(user: User, name: str) -> str:
    [row] = [line for line in user.lines if line[1 + MARGIN :].startswith(f"{name} ")]
    return row


def shown(user: User) -> list[str]:
    """The models of the table, in order."""
    return [row.model.name for row in user.app.screen.query_one(Table).rows]


def under_cursor(user: User) -> str:
    row = user.app.screen.query_one(Table).row
    return row.model.name if row else ""


async def goes_down_to(user: User, name: str) -> None:
    for _ in range(40):
        if any("▸" in line and f" {name} " in line for line in user.lines):
            return
        await user.presses("j")
    raise AssertionError(f"{name} is not there:\n{user.screen}")


async def test_a_row_says_what_changed_what_it_costs_and_when_it_was_pushed() -> None:
    async with journey() as user:
        await opens(user)
        await user.sees("34 models checked: 3 outdated, 26 up to date and 5 not known.")
        row = row_of(user, "starcoder2:3b")
        assert all(text in row for text in ("↑", "646 B of 1.7 GB", "license", "3 days"))
        assert "made here from" in row_of(user, "pirate:latest")
        assert "6.5 GB to fetch" in user.screen


async def test_what_is_up_to_date_is_hidden_until_asked_for() -> None:
    async with journey(size=(120, 50)) as user:
        await opens(user)
        await user.sees_no(" mistral:7b ")
        await user.sees("f shows 26 more")
        assert "f show all" in user.footer
        await user.presses("f")
        assert "up to date" in row_of(user, "mistral:7b")
        assert "f hide up to date" in user.footer
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
        await user.sees("34 models checked: 1 outdated, 28 up to date and 5 not known.")
        assert shown(user)[0] == "granite3.3:2b", "what is up to date now is hidden"


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
        await user.sees("Not known whether pirate:latest is outdated: made here from llama3.2:3b.")
        assert "· Not known whether pirate:latest" in user.screen, "the key says so, too"
        assert demo.bodies("/api/pull") == []


async def test_marks_are_those_of_this_table_by_the_keys_of_the_list() -> None:
    async with journey() as user:
        await opens(user)
        await user.presses("g", "space", "j", "v")
        await user.sees("3 marked: 6.5 GB to fetch")
        await user.presses("j", "space")
        await user.sees("4 marked, 3 outdated: 6.5 GB to fetch")
        await user.presses("*")
        await user.sees("4 marked: none outdated")
        await user.presses("u")
        await user.sees("Nothing marked is outdated.")
        await user.presses("a")
        await user.sees("8 marked, 3 outdated: ")
        await user.presses("A")
        await user.sees_no("marked: ")
        assert user.marked == set(), "the marks of the list are others"


async def test_digits_sort_by_columns_and_the_cursor_stays_on_its_model() -> None:
    async with journey(size=(140, 40)) as user:
        await opens(user)
        await user.sees("WHAT CHANGED↑")
        assert shown(user)[:3] == ["granite3.3:2b", "llama3.1:8b", "starcoder2:3b"]
        await user.presses("g", "j", "2")
        await user.sees("TO FETCH↓")
        assert shown(user)[:3] == ["llama3.1:8b", "granite3.3:2b", "starcoder2:3b"]
        assert under_cursor(user) == "llama3.1:8b"
        await user.presses("2")
        await user.sees("TO FETCH↑")
        assert shown(user)[:3] == ["starcoder2:3b", "granite3.3:2b", "llama3.1:8b"]
        await user.presses("1")
        assert shown(user) == sorted(shown(user))
        await user.presses("5", "\\")
        await user.sees("INSTALLED↑")
        assert shown(user)[0] == "starcoder2:3b", "which was installed long ago"
        assert under_cursor(user) == "llama3.1:8b"
        await user.presses("s")
        await user.sees("Sort by", "What changed", "Pushed")


async def test_a_filter_leaves_what_matches_and_escape_takes_it_away_before_it_goes_back() -> None:
    async with journey() as user:
        await opens(user)
        await user.presses("/")
        await user.types("coder")
        await user.sees("3 of 34 models · f shows 2 more")
        assert shown(user) == ["starcoder2:3b"]
        await user.presses("enter", "g", "f")
        assert shown(user)[0] == "starcoder2:3b"
        assert len(shown(user)) == 3
        await user.presses("escape")
        assert len(shown(user)) == 34
        assert under_cursor(user) == "starcoder2:3b"
        await user.presses("escape")
        assert not user.in_dialog


async def test_the_filter_knows_what_is_outdated_and_marked_here() -> None:
    async with journey() as user:
        await opens(user)
        await user.presses("/")
        await user.types("is:outdated size<2g")
        await user.presses("enter", "a")
        await user.sees("2 marked: 1.5 GB to fetch")
        await user.presses("/")
        await user.empties_the_field()
        await user.types("is:marked")
        assert shown(user) == ["granite3.3:2b", "starcoder2:3b"]
        await user.presses("enter", "u")
        await user.sees("Update 2 models?")


async def test_matches_that_are_up_to_date_are_said_to_be_hidden() -> None:
    async with journey() as user:
        await opens(user)
        await user.presses("/")
        await user.types("mistral:")
        await user.sees("1 match, none known to be outdated: f shows it.")
        await user.types("zzz")
        await user.sees("esc shows all rows")


async def test_keys_typed_ahead_filter_mark_and_ask() -> None:
    async with journey() as user:
        for key in ("o", "/", *"starc", "enter"):
            user.strikes(key)
        await user.waits(1)
        await user.sees("34 models checked")
        await user.until(lambda: shown(user) == ["starcoder2:3b"])
        assert user.names != ["starcoder2:3b"], "nothing of it went to the list"
        for key in ("/", *"oder", "enter", "space", "u"):
            user.strikes(key)
        await user.sees("Update starcoder2:3b?")
        await user.presses("n")
        await user.sees("1 marked: 646 B to fetch")
        assert user.marked == set()


async def test_a_model_deleted_while_a_filter_is_on_leaves_with_its_mark() -> None:
    async with journey() as user:
        await user.goes_to("granite3.3:2b")
        await user.presses("d", "y")
        await opens(user)
        await user.presses("a", "/")
        await user.types("is:outdated")
        await user.presses("enter", "g")
        assert shown(user) == ["granite3.3:2b", "llama3.1:8b", "starcoder2:3b"]
        await user.waits(9)
        await user.until(lambda: shown(user) == ["llama3.1:8b", "starcoder2:3b"])
        assert under_cursor(user) == "llama3.1:8b"
        await user.lets_toasts_go()
        await user.sees("2 of 33 models", "7 marked, 2 outdated: 4.9 GB to fetch")


async def test_an_update_that_ends_while_a_filter_is_on_takes_its_row_along() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await opens(user)
        await user.presses("f", "/")
        await user.types("starcoder")
        await user.presses("enter", "u")
        await user.sees("Update starcoder2:3b?")
        await user.presses("y")
        await user.server_works(30)
        assert "up to date" in row_of(user, "starcoder2:3b")
        assert under_cursor(user) == "starcoder2:3b"
        await user.lets_toasts_go()
        await user.sees("1 of 34 models")


async def test_models_of_the_cloud_are_not_asked_about() -> None:
    async with journey() as user:
        await user.filters("is:cloud")
        await user.presses("o")
        await user.sees("Cloud models cannot be outdated.")
        assert not user.in_dialog


async def test_the_help_names_the_keys() -> None:
    async with journey() as user:
        await opens(user)
        await user.presses("?")
        await user.sees("1 … 5", "Sort by name, to fetch, what changed, pushed")
        await user.sees("Mark from the nearest mark to", "Filter as you type")


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
            await user.presses("o")
            await user.sees("6.5 GB to fetch")
            assert "646 B of 1.7 GB" in user.screen
            assert "starcoder2" in user.screen


async def test_a_check_of_what_is_marked_says_so() -> None:
    async with journey() as user:
        await user.presses("space", "o")
        await user.sees("Only what is marked in the list: 1 model checked")
