"""Asking for the list again: once for each change, and never because a question was answered no."""

from __future__ import annotations

import pytest

from tests.demo.levers import Demo
from tests.journeys.driver import a_server, journey


def lists(demo: Demo) -> int:
    """Return how often the list has been asked for."""
    return len(demo.seen("/api/tags"))


@pytest.mark.parametrize("keys", [("d", "n"), ("d", "escape"), ("X", "n"), ("c", "escape")])
async def test_a_question_answered_no_asks_the_server_nothing(keys: tuple[str, ...]) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        before = lists(demo)
        await user.presses(*keys)
        assert not user.in_dialog
        await user.waits(1)
        assert lists(demo) == before


async def test_a_deletion_that_can_still_be_undone_asks_the_server_nothing() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        before = len(demo.requests)
        await user.presses("d", "y")
        await user.waits(5)
        assert [seen.path for seen in demo.requests[before:] if seen.path == "/api/tags"] == []


async def test_a_copy_lists_the_models_once_after_it() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("c")
        await user.empties_the_field()
        await user.types("mine:v1")
        await user.presses("enter")
        await user.until(lambda: user.cursor == "mine:v1")
        await user.waits(1)
        paths = [seen.path for seen in demo.requests]
        assert paths[paths.index("/api/copy") :].count("/api/tags") == 1


async def test_a_rename_lists_the_models_once_after_each_of_its_two_steps() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await user.presses("r")
        await user.empties_the_field()
        await user.types("corsair:v1")
        await user.presses("enter")
        await user.until(lambda: user.cursor == "corsair:v1")
        await user.until(lambda: "pirate:latest" not in user.names)
        await user.waits(1)
        paths = [seen.path for seen in demo.requests]
        copied, deleted = paths.index("/api/copy"), paths.index("/api/delete")
        assert paths[copied:deleted].count("/api/tags") == 1
        assert paths[deleted:].count("/api/tags") == 1


async def test_unloading_a_model_lists_the_models_once_after_it() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("qwen3:1.7b")
        before = lists(demo)
        await user.presses("x")
        await user.waits(1)
        assert lists(demo) == before + 1
