"""Making a model in the form, and changing one in it."""

from __future__ import annotations

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
