"""Of two equal keys the first wins: the second is not a command for what came of the first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ollama_tui.tui.typeahead import REPEAT_SECONDS
from tests.journeys.bursts import one_by_one, outcome
from tests.journeys.driver import a_server, journey

DOUBLED = [
    (["d", "y"], ["d", "d", "y"], "the question is not asked again"),
    (["d", "y"], ["d", "y", "y"], "y is no copy to the clipboard"),
    (["d", "y"], ["d", "d", "y", "y", "y"], "nor is it when held down"),
    (["s", "enter"], ["s", "enter", "enter"], "enter does not open the details"),
    (["t"], ["t", "t"], "the running models are not closed again"),
    (["J"], ["J", "J", "J"], "nor are the jobs"),
    (["H", "enter"], ["H", "enter", "enter"], "nor the details of another server opened"),
    (["X", "y"], ["X", "X", "y", "y"], "unload all"),
    (["q"], ["q"], "one q quits"),
]


@pytest.mark.parametrize(("once", "twice", "why"), DOUBLED, ids=[why for _, _, why in DOUBLED])
async def test_a_key_pressed_twice_does_what_it_does_once(
    once: list[str], twice: list[str], why: str
) -> None:
    # But for what is said about the key that was dropped.
    wanted, at_once, one_at_a_time = [
        replace(await outcome(chunks), texts=()) for chunks in ([once], [twice], one_by_one(twice))
    ]
    assert at_once == wanted, why
    assert one_at_a_time == wanted, why


async def test_a_key_pressed_twice_does_not_act_on_the_row_that_came_to_the_cursor() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("t")
        await user.sees("gpt-oss:20b", "qwen3:1.7b")
        user.strikes("x")
        await user.until(lambda: len(user.app.snapshot.running) == 1, "one unloaded")
        user.strikes("x")
        await user.rests()
        await user.sees("That was unload twice: press it again for the next row.")
        assert len(demo.seen("/api/generate")) == 1
        await user.waits(REPEAT_SECONDS)
        await user.presses("x")
        await user.until(lambda: not user.app.snapshot.running, "both unloaded")


async def test_in_a_field_a_repeated_key_is_a_letter() -> None:
    async with journey() as user:
        for key in "pphi4":
            user.strikes(key)
        await user.rests()
        assert user.field == "phi4"


async def test_a_dropped_key_says_so_and_acts_when_it_is_pressed_later() -> None:
    async with journey() as user:
        await user.presses("d")
        user.strikes("y")
        user.strikes("y")
        await user.rests()
        assert not user.in_dialog
        assert "Press y again for “copy text”." in user.toasts
        await user.waits(REPEAT_SECONDS)
        await user.presses("y")
        await user.sees("ollama run")


async def test_escape_and_arrows_may_be_pressed_as_often_as_one_likes() -> None:
    async with journey() as user:
        await user.filters("qwen")
        await user.presses("b")
        await user.rests()
        for _ in range(2):
            user.strikes("escape")
        await user.rests()
        assert not user.in_dialog
        assert len(user.names) == 36


async def test_ctrl_c_asks_where_work_would_be_lost_and_a_second_one_leaves() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("p")
        await user.types("mistral")
        for _ in range(3):  # in one read: that is one
            user.strikes("ctrl+c")
        await user.rests()
        await user.sees("Quit? You have unsent text.", "ctrl+c quits too")
        assert user.app.return_value is None
        await user.presses("n")
        assert user.field == "mistral"
        await user.presses("ctrl+c")
        await user.waits(REPEAT_SECONDS)
        user.strikes("ctrl+c")
        await user.until(lambda: user.app.return_value == 0, "an end")


async def test_ctrl_c_leaves_at_once_where_nothing_is_lost() -> None:
    async with journey() as user:
        user.strikes("ctrl+c")
        await user.until(lambda: user.app.return_value == 0, "an end")
