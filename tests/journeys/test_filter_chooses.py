"""What a filter was typed for is chosen: the cursor stays on it, and what it hides is said."""

from __future__ import annotations

import pytest

from ollama_tui.tui.widgets.table import Table
from tests.journeys.driver import a_server, journey


@pytest.mark.parametrize("leaving", ["enter", "down"])
async def test_leaving_the_filter_for_the_list_chooses_the_row_under_the_cursor(
    leaving: str,
) -> None:
    async with journey() as user:
        before = user.cursor
        await user.presses("/")
        await user.types("mistral:7b")
        await user.presses(leaving)
        assert user.cursor == "mistral:7b" != before
        await user.presses("escape")
        assert len(user.names) == 36
        assert user.cursor == "mistral:7b"


async def test_esc_while_typing_goes_back_to_where_the_cursor_was() -> None:
    async with journey() as user:
        await user.presses("j", "j")
        before = user.cursor
        await user.presses("/")
        await user.types("mistral:7b")
        assert user.cursor == "mistral:7b"
        await user.presses("escape")
        assert user.cursor == before


@pytest.mark.parametrize("keys", [("space",), ("v",), ("d", "n"), ("right", "left")])
async def test_acting_on_a_row_chooses_it(keys: tuple[str, ...]) -> None:
    async with journey(filters=(("one", "mistral:7b"),)) as user:
        before = user.cursor
        await user.presses("at", "1")  # a saved filter alone chooses no row
        assert user.cursor == "mistral:7b"
        await user.presses("escape")
        assert user.cursor == before
        await user.presses("at", "1", *keys, "escape")
        assert len(user.names) == 36
        assert user.cursor == "mistral:7b"


@pytest.mark.parametrize(
    ("opening", "filter_"),
    [("b", "mistral:7b"), ("t", "size:>8g"), ("L", "qwen3-coder")],
)
async def test_tables_beside_the_list_keep_the_row_that_was_filtered_for(
    opening: str, filter_: str
) -> None:
    async with journey() as user:
        await user.presses(opening)
        await user.waits(1)
        table = user.app.screen.query_one(Table)
        first = table.cursor
        await user.presses("/")
        await user.types(filter_)
        chosen = table.cursor
        assert chosen != first
        await user.presses("enter", "escape")
        assert table.cursor == chosen


async def test_a_question_says_which_marked_models_the_filter_hides() -> None:
    async with journey() as user:
        await user.goes_to("qwen3:1.7b")
        await user.presses("space")
        await user.goes_to("llama3.2-vision:11b")
        await user.presses("space")
        await user.filters("qwen3")
        await user.presses("d")
        await user.sees("Delete 2 models?")
        [hidden] = [n for n, line in enumerate(user.lines) if "not shown by the filter" in line]
        [shown] = [n for n, line in enumerate(user.lines) if "unloaded first" in line]
        assert "llama3.2-vision:11b" in user.lines[hidden]
        assert "qwen3:1.7b" in user.lines[shown]
        assert hidden < shown


async def test_what_is_marked_and_shown_has_no_such_note() -> None:
    async with journey() as user:
        await user.goes_to("llama3.2-vision:11b")
        await user.presses("space", "d")
        await user.sees("Delete llama3.2-vision:11b?")
        await user.sees_no("not shown by the filter")


async def test_unloading_asks_where_the_filter_hides_what_is_marked() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("qwen3:1.7b")
        await user.presses("space")
        await user.filters("cloud")
        await user.presses("x")
        await user.sees("Unload qwen3:1.7b?", "marked, not shown by the filter; kept forever")
        await user.presses("n")
        assert "2 loaded" in user.status
        await user.presses("escape", "x")
        await user.sees("qwen3:1.7b is being unloaded.")


async def test_a_range_without_a_mark_says_from_where_it_goes() -> None:
    async with journey() as user:
        await user.presses("v")
        await user.sees("Marked from here: move, then v marks up to there.")
        await user.presses("j", "j", "v")
        assert user.marked == set(user.names[:3])


async def test_a_range_up_to_a_mark_needs_no_words() -> None:
    async with journey() as user:
        await user.presses("space", "j", "v")
        assert user.marked == set(user.names[:3])
        assert user.toasts == []


HIDDEN = "Hidden by the filter: esc shows it."


@pytest.mark.parametrize(
    ("key", "said"),
    [("c", "pirate:latest was copied to corsair:latest."), ("r", "is now corsair:latest.")],
)
async def test_what_the_filter_hides_of_what_was_just_named_is_said(key: str, said: str) -> None:
    async with journey() as user:
        await user.filters("pirate")
        await user.presses(key)
        await user.empties_the_field()
        await user.types("corsair")
        await user.presses("enter")
        await user.sees(said, HIDDEN)
        await user.presses("escape")
        assert user.cursor == "corsair:latest"


async def test_what_the_filter_shows_of_what_was_just_named_needs_no_word() -> None:
    async with journey() as user:
        await user.filters("pirate")
        await user.presses("c")
        await user.empties_the_field()
        await user.types("pirate2")
        await user.presses("enter")
        await user.sees("was copied to pirate2:latest.")
        assert not any(HIDDEN in said for said in user.toasts)


@pytest.mark.parametrize(("filter_", "is_hidden"), [("mistral", True), ("minilm", False)])
async def test_a_pulled_model_that_the_filter_hides_is_said_to_be(
    filter_: str, is_hidden: bool
) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.filters(filter_)
        await user.presses("p")
        await user.types("all-minilm:latest")
        await user.waits(1)
        await user.presses("enter")
        await user.server_works(30)
        await user.sees("Pulled all-minilm:latest")
        assert any(HIDDEN in said for said in user.toasts) is is_hidden
