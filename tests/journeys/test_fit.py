"""What fits: of all models, of one at each context, and in the list."""

from __future__ import annotations

import re

from ollama_tui.demo import Demo as EmbeddedServer
from tests.journeys.driver import User, a_server, journey


def row_of(user: User, name: str) -> list[str]:
    """Return the words of a model's row, without its bar."""
    found = [line for line in user.lines if re.match(rf"│?[▸ ][✓ ][● ] {re.escape(name)} ", line)]
    assert len(found) == 1, user.screen
    return re.sub("[▏▎▍▌▋▊▉█│▐▸✓●]", " ", found[0]).split()


async def test_it_shows_what_fits_and_up_to_which_context() -> None:
    async with journey(transport=EmbeddedServer().transport) as user:
        await user.presses("F")
        await user.sees("GPU memory: 12 GB", "34 models fit fully")
        assert row_of(user, "qwen3:8b")[1:] == [
            "fully",
            "6.0",
            "GB",
            "4K",
            "38K",
            "5.2",
            "GB",
            "40K",
        ]
        await user.sees("CONTEXT", "f16", "q8_0", "q4_0")
        await user.presses("G")
        await user.presses("k")
        await user.sees("gpt-oss:20b  11 GB at 4K, fits partly: the rest runs on the CPU")


async def test_it_says_what_has_to_be_unloaded_first() -> None:
    async with journey(transport=EmbeddedServer().transport) as user:
        await user.presses("F")
        await user.sees("more GPU memory is needed: unload gpt-oss:20b")


async def test_rows_are_filtered_and_sorted_as_in_the_list() -> None:
    async with journey(transport=EmbeddedServer().transport) as user:
        await user.presses("F")
        await user.filters("!is:fits")
        await user.sees("mixtral:8x7b", "devstral:24b")
        await user.sees_no("qwen3:8b ")
        await user.presses("escape", "3")
        await user.sees("MEMORY↓")


async def test_enter_goes_to_the_model_in_the_list() -> None:
    async with journey(transport=EmbeddedServer().transport) as user:
        await user.presses("F", "j", "j", "enter")
        await user.sees("CAN")
        assert user.cursor == "studio/reviewer:latest"


async def test_where_the_memory_is_not_known_figures_are_there_and_no_verdict() -> None:
    demo, ticker = a_server()
    demo.server.runners.clear()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("F")
        await user.sees("The memory of the server is not known", "34 models")
        assert row_of(user, "qwen3:8b")[1:4] == ["–", "6.0", "GB"]


async def test_the_list_is_filtered_by_what_fits() -> None:
    async with journey(transport=EmbeddedServer().transport) as user:
        await user.filters("!fits:8g is:fits")
        await user.sees("phi4:14b", "llama3.2-vision:11b")
        await user.sees_no("qwen3:8b")
