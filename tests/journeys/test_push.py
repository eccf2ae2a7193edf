"""Pushing: as whom, under which name, and what happens first."""

from __future__ import annotations

from tests.journeys.driver import a_server, journey


async def test_signed_in_the_account_and_its_namespace_are_offered() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await user.presses("P")
        await user.sees("The server is signed in to ollama.com as studio.")
        assert user.field == "studio/pirate:latest"
        await user.sees("Copies to studio/pirate:latest first: a push uses the local name.")


async def test_another_namespace_is_copied_to_and_then_pushed() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await user.presses("P", "enter")
        await user.until(lambda: demo.seen("/api/push"))
        copied = {"source": "pirate:latest", "destination": "studio/pirate:latest"}
        assert demo.bodies("/api/copy") == [copied]
        assert demo.bodies("/api/push") == [{"model": "studio/pirate:latest"}]
        await user.server_works(120)
        await user.until(lambda: any("Pushed studio/pirate:latest" in said for said in user.toasts))


async def test_a_push_of_a_copy_that_is_not_all_of_the_model_says_so() -> None:
    demo, ticker = a_server()
    demo.copy_warning = "Warning: discarded ggml (not pulled locally); copy contains llamacpp"
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await user.presses("P", "enter")
        said = "is pushed: the copy has only what is on the server."
        await user.until(lambda: any(said in toast for toast in user.toasts))
        assert any(demo.copy_warning in toast for toast in user.toasts)


async def test_a_model_in_its_namespace_is_pushed_without_a_copy() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("P", "enter")
        await user.until(lambda: demo.seen("/api/push"))
        assert demo.seen("/api/copy") == []


async def test_signed_out_the_sign_in_address_is_shown_as_text() -> None:
    demo, ticker = a_server()
    demo.account = None
    async with journey(demo, server_time=ticker) as user:
        await user.presses("P")
        await user.sees("The server is not signed in to ollama.com.", "https://ollama.com/connect?")


async def test_a_name_without_namespace_cannot_be_pushed() -> None:
    demo, ticker = a_server()
    demo.account = None
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await user.presses("P", "enter")
        await user.sees("Put your account in front: NAMESPACE/pirate:latest.")
        assert demo.seen("/api/push") == []


async def test_a_refused_push_fails_with_a_sentence() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("P")
        await user.empties_the_field()
        await user.types("stranger/reviewer:v1")
        await user.sees("ollama.com will refuse it unless studio may push there.")
        await user.presses("enter")
        await user.server_works(1)
        await user.sees("failed")


async def test_replacing_an_installed_model_by_the_copy_is_asked_first() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await user.presses("P")
        await user.empties_the_field()
        await user.types("studio/support-bot:v2")
        await user.presses("enter")
        await user.sees("Replace studio/support-bot:v2, which already exists?")
        await user.presses("n")
        assert demo.seen("/api/copy") == []
        assert demo.seen("/api/push") == []


async def test_a_server_without_internet_says_that_it_does_not_know_who_it_is() -> None:
    demo, ticker = a_server()
    demo.registry_online = False
    async with journey(demo, server_time=ticker) as user:
        await user.presses("P")
        await user.sees("Push studio/reviewer:latest")
        await user.sees_no("is signed in to ollama.com as")


async def test_a_failed_push_is_done_again_without_asking_about_its_own_copy() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        for tries in (1, 2):
            await user.goes_to("pirate:latest")
            await user.presses("P")
            await user.empties_the_field()
            await user.types("stranger/pirate:v1")
            if tries == 2:
                await user.sees("stranger/pirate:v1 is the same model already.")
            await user.presses("enter")
            await user.until(lambda tries=tries: len(demo.seen("/api/push")) == tries)  # type: ignore[misc]
            await user.server_works(1)
            await user.sees("failed")
        assert len(demo.seen("/api/copy")) == 1


async def test_that_a_registry_speaks_plain_http_is_said_before_anything_is_sent() -> None:
    demo, ticker = a_server()
    demo.registry.plain_hosts.add("127.0.0.1:5000")
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await user.presses("P")
        await user.empties_the_field()
        await user.types("127.0.0.1:5000/me/pirate:v1")
        await user.sees("127.0.0.1:5000 speaks plain HTTP: tick that to push to it.")
        await user.presses("tab", "space")
        await user.sees("Goes to 127.0.0.1:5000, not to ollama.com.")
        await user.sees_no("speaks plain HTTP")
        await user.presses("enter")
        sent = {"model": "127.0.0.1:5000/me/pirate:v1", "insecure": True}
        await user.until(lambda: demo.bodies("/api/push") == [sent])
