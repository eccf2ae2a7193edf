"""Comparing two models."""

from __future__ import annotations

from tests.journeys.driver import User, a_server, journey

HOW = "Mark two models to compare, or mark one and go to the other."


async def marks(user: User, *names: str) -> None:
    for name in names:
        await user.goes_to(name)
        await user.presses("space")


async def reads_on(user: User, *texts: str) -> None:
    """Page down until each text was on the screen, one after the other."""
    for text in texts:
        for _ in range(20):
            if text in user.everything:
                break
            await user.presses("pagedown")
        await user.sees(text)


async def test_two_marked_models_are_compared_and_their_details_fetched() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await marks(user, "llama3.2:3b", "pirate:latest")
        await user.presses("=")
        await user.sees("Compare", "llama3.2:3b", "pirate:latest", "Weights        the same")
        await reads_on(user, "System prompt", "-Answer every question as a retired pirate")
        shown = {body["model"] for body in demo.bodies("/api/show")}
        assert {"llama3.2:3b", "pirate:latest"} <= shown


async def test_one_mark_and_the_cursor_make_two() -> None:
    async with journey() as user:
        await marks(user, "qwen3:8b")
        await user.goes_to("deepseek-r1:8b")
        await user.presses("=")
        await user.sees("- qwen3:8b", "+ deepseek-r1:8b", "Weights        different")
        await reads_on(user, "- top_k 20", "4 parameters in both")


async def test_s_turns_the_two_around_and_escape_goes_back() -> None:
    async with journey() as user:
        await marks(user, "qwen3:8b", "mistral:7b")
        await user.presses("=")
        await user.sees("- qwen3:8b")
        await user.presses("s")
        await user.sees("+ qwen3:8b", "- mistral:7b")
        await user.presses("escape")
        assert not user.in_dialog
        assert user.marked == {"qwen3:8b", "mistral:7b"}


async def test_any_other_number_of_models_says_what_to_do() -> None:
    async with journey() as user:
        await user.presses("=")
        await user.sees(HOW)
        await user.presses("space", "k", "=")
        assert not user.in_dialog
        await user.presses("a", "=")
        await user.sees(f"36 models are marked. {HOW}")


async def test_a_model_whose_details_cannot_be_read_says_so() -> None:
    async with journey() as user:
        await marks(user, "qwen3:8b", "old-experiment:latest")
        await user.presses("=")
        await user.sees("The details of old-experiment:latest were not read")
        assert not user.in_dialog


async def test_hostile_texts_are_drawn_and_do_nothing() -> None:
    demo, ticker = a_server()
    demo.add_hostile()
    async with journey(demo, server_time=ticker) as user:
        evil = [name for name in user.names if name in demo.hostile][:2]
        for name in evil:
            await user.goes_to(name)
            await user.presses("space")
        assert user.marked == set(evil)
        await user.presses("=")
        for _ in range(12):
            await user.presses("pagedown")
            assert not {c for c in user.screen if ord(c) < 32 and c != "\n"}
            assert not {"\x9b", "\u202e", "\x7f"} & set(user.screen)
        assert user.app.is_running
