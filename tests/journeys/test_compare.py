"""Comparing two models."""

from __future__ import annotations

import re

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
        await user.sees("Compare", "llama3.2:3b", "pirate:latest", "Weights: the same")
        await user.sees("2.0 GB shared on disk")
        await user.presses("tab")
        await reads_on(user, "System prompt", "-Answer every question as a retired pirate")
        shown = {body["model"] for body in demo.bodies("/api/show")}
        assert {"llama3.2:3b", "pirate:latest"} <= shown


async def test_one_mark_and_the_cursor_make_two() -> None:
    async with journey() as user:
        await marks(user, "qwen3:8b")
        await user.goes_to("deepseek-r1:8b")
        await user.presses("=")
        await user.sees("Weights: different", "fields differ")
        assert re.search(r"FIELD +qwen3:8b +deepseek-r1:8b", user.screen)
        await reads_on(user, "top_k")
        assert re.search(r"≠ top_k +20 +–", user.screen)


async def test_what_is_the_same_is_dimmed_and_can_be_hidden() -> None:
    async with journey() as user:
        await marks(user, "qwen3:8b")
        await user.goes_to("deepseek-r1:8b")
        await user.presses("=")
        await user.sees("Format")
        assert re.search(r"   Format +gguf +gguf", user.screen)
        for key in ("f", "space"):
            await user.presses(key)
            if key == "f":
                await user.sees_no("Format ")
                await user.sees("≠ Context", "Parameters")
        await user.sees("Format")


async def test_tab_turns_to_the_texts_where_one_finds_and_back() -> None:
    async with journey() as user:
        await marks(user, "llama3.2:3b", "pirate:latest")
        await user.presses("=", "tab")
        await user.sees("- pirate:latest", "+ llama3.2:3b")
        await user.presses("/")
        await user.types("retired")
        await user.presses("enter")
        await user.sees("retired pirate")
        await user.presses("tab")
        await user.sees("FIELD")


async def test_a_long_value_is_whole_below_the_table() -> None:
    async with journey(size=(80, 24)) as user:
        await marks(user, "qwen3:8b", "gemma3:4b")
        await user.presses("=")
        for _ in range(12):
            await user.presses("j")
            if any("▸" in line and "Can" in line for line in user.lines):
                break
        await user.sees("completion, thinking, tools", "completion, vision")


async def test_the_longest_field_is_whole_where_a_third_is_enough_for_it() -> None:
    async with journey(size=(120, 40)) as user:
        await marks(user, "qwen3:8b", "qwen3:1.7b")
        await user.presses("=")
        await reads_on(user, "qwen3.attention.layer_norm_rms_epsilon  1e-05 ")


async def test_where_there_is_little_room_values_have_more_of_it_than_fields() -> None:
    async with journey(size=(80, 24)) as user:
        await marks(user, "qwen3:8b", "qwen3:1.7b")
        await user.presses("=")
        await user.sees("completion, thinking, to…  completion, thinking, to…")


async def test_s_turns_the_two_around_and_escape_goes_back() -> None:
    async with journey() as user:
        await marks(user, "qwen3:8b", "mistral:7b")
        await user.presses("=")
        await user.until(lambda: re.search(r"FIELD +qwen3:8b +mistral:7b", user.screen))
        await user.presses("s")
        await user.until(lambda: re.search(r"FIELD +mistral:7b +qwen3:8b", user.screen))
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
        for key in (*["pagedown"] * 6, "tab", *["pagedown"] * 6):
            await user.presses(key)
            assert not {c for c in user.screen if ord(c) < 32 and c != "\n"}
            assert not {"\x9b", "\u202e", "\x7f"} & set(user.screen)
        assert user.app.is_running
