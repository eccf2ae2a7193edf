"""Making a model in the form, and changing one in it."""

from __future__ import annotations

from ollama_tui.demo.release import BEFORE_LISTS
from tests.journeys.driver import User, a_server, journey

MODEL = "studio/reviewer:latest"


async def done(user: User) -> None:
    """Let the server work until the job has come to its end."""
    for _ in range(50):
        if user.app.jobs and not user.app.jobs[-1].active:
            return
        await user.server_works(1)
    raise AssertionError(f"still at work\n{user.screen}")


async def test_a_model_is_created_from_the_one_at_the_cursor() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("C")
        await user.sees(f"Create a model from {MODEL}")
        await user.presses("ctrl+n", "ctrl+n", "enter")
        await user.types("4096")
        await user.presses("enter", "ctrl+g")
        await done(user)
        [body] = demo.bodies("/api/create")
        assert (body["model"], body["from"]) == ("studio/reviewer:custom", MODEL)
        assert body["parameters"] == {"num_ctx": 4096}
        await user.until(lambda: "studio/reviewer:custom" in user.names)


async def test_what_was_created_has_the_cursor_and_is_in_view() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, size=(80, 24)) as user:
        await user.presses("2", "G", "C")
        await user.sees("Create a model from")
        await user.presses("ctrl+g")
        await done(user)
        [body] = demo.bodies("/api/create")
        await user.until(lambda: user.cursor == body["model"], "the cursor on the new model")
        assert await at_cursor(user, body["model"])


async def at_cursor(user: User, name: str) -> bool:
    """Whether the cursor is drawn on this row, if need be after some time has passed."""
    for _ in range(10):
        if any(f"{name} " in line for line in user.lines if line.startswith("▸")):
            return True
        await user.presses()
    return False


async def test_the_cursor_stays_where_it_was_moved_to_meanwhile() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("C")
        await user.sees("Create a model from")
        await user.presses("ctrl+g", "j", "j")
        here = user.cursor
        await done(user)
        await user.until(lambda: "studio/reviewer:custom" in user.names)
        assert user.cursor == here


async def test_the_same_form_changes_the_model_itself() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses(":")
        await user.types("edit in a form")
        await user.presses("enter")
        await user.sees(f"Edit {MODEL}", "Nothing is changed yet.")
        await user.presses("ctrl+n", "ctrl+n", "enter")
        await user.types("4096")
        await user.presses("enter")
        await user.sees("-PARAMETER num_ctx 16384", "+PARAMETER num_ctx 4096")
        await user.presses("ctrl+g")
        await done(user)
        assert user.app.jobs[-1].verb == "edit"
        [body] = demo.bodies("/api/create")
        assert (body["model"], body["from"]) == (MODEL, MODEL)
        assert body["parameters"] == {"num_ctx": 4096}


async def test_a_smaller_copy_is_made_of_one_that_is_not_quantized() -> None:
    demo, ticker = a_server(version=BEFORE_LISTS)
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("smollm2:135m")
        await user.presses("%")
        await user.sees("Quantize smollm2:135m, 270 MB", "Q4_K_M  about   82 MB")
        await user.presses("2")
        await user.sees("Quantize to Q4_K_M: smollm2:135m")
        await user.presses("enter")
        await done(user)
        [body] = demo.bodies("/api/create")
        assert body["quantize"] == "Q4_K_M"
        await user.until(lambda: "smollm2:135m-q4_k_m" in user.names)
        await user.goes_to("smollm2:135m-q4_k_m")
        assert user.current.listed.details.quantization_level == "Q4_K_M"


async def test_a_server_that_no_longer_quantizes_is_not_asked_to() -> None:
    demo, ticker = a_server(version="0.40.2")
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to(MODEL)
        await user.presses("%")
        await user.sees("Quantizing a GGUF model needs Ollama before 0.40")
        assert not user.in_dialog


async def test_what_is_quantized_already_says_so_before_anything_is_sent() -> None:
    demo, ticker = a_server(version=BEFORE_LISTS)
    async with journey(demo, server_time=ticker) as user:
        await user.presses("%")
        await user.sees(f"{MODEL} is Q4_K_M already: only F16, BF16 and F32 can be quantized.")
        assert demo.bodies("/api/create") == []
