"""The account of the server at ollama.com: who it is, signing in and out, and pushing as it."""

from __future__ import annotations

import asyncio

import httpx

from tests.demo.levers import Demo
from tests.journeys.driver import User, a_server, journey

ME = "/api/me"
ADDRESS = "https://ollama.com/connect?name=demo-host"


async def opens_account(user: User) -> None:
    """Open the account from the palette: it has no key of its own."""
    await user.presses(":")
    await user.types("account")
    await user.sees("Show the server's ollama.com account")
    await user.presses("enter")
    await user.sees("The server's account")


def clipboard(user: User) -> str:
    return user.app.clipboard


async def test_signed_in_it_says_name_plan_and_whose_key_it_is() -> None:
    async with journey() as user:
        await opens_account(user)
        await user.sees("signed in to ollama.com as studio.", "Plan: free", "studio@example.com")
        await user.sees("does so as this account.", "Cloud models are allowed on this server.")


async def test_it_has_no_key_until_the_user_gives_it_one() -> None:
    async with journey(keys={"account.show": "ctrl+t"}) as user:
        await user.presses("ctrl+t")
        await user.sees("The server's account")


async def test_the_key_help_leaves_out_what_has_no_key() -> None:
    async with journey(size=(120, 140)) as user:
        await user.presses("?")
        await user.sees("Copy name, command or Modelfile to the clipboard.")
        assert "Show the server's ollama.com account" not in user.everything


async def test_signing_in_shows_the_address_copies_it_and_sees_when_it_is_done() -> None:
    demo, ticker = a_server()
    demo.account = None
    async with journey(demo, server_time=ticker) as user:
        await opens_account(user)
        await user.sees("The server is not signed in to ollama.com.", "s sign in")
        assert ADDRESS not in user.everything
        assert clipboard(user) == ""
        await user.presses("s")
        await user.sees(ADDRESS, "Waiting until the server is signed in")
        assert clipboard(user).startswith(ADDRESS)
        demo.account = "newcomer"
        await user.waits(1)
        await user.sees("signed in to ollama.com as newcomer.", "o sign out")
        asked = len(demo.seen(ME))
        await user.waits(10)
        assert len(demo.seen(ME)) == asked, "what is settled is not asked again"


async def test_while_it_waits_the_server_is_asked_once_a_second_and_after_esc_no_more() -> None:
    demo, ticker = a_server()
    demo.account = None
    async with journey(demo, server_time=ticker) as user:
        await opens_account(user)
        asked = len(demo.seen(ME))
        await user.waits(5)
        assert len(demo.seen(ME)) == asked, "nobody signs in yet"
        await user.presses("s")
        asked = len(demo.seen(ME))
        await user.waits(5)
        assert 4 <= len(demo.seen(ME)) - asked <= 6
        await user.presses("escape")
        asked = len(demo.seen(ME))
        await user.waits(5)
        assert len(demo.seen(ME)) == asked


async def test_the_address_is_copied_once_and_again_on_demand() -> None:
    demo, ticker = a_server()
    demo.account = None
    async with journey(demo, server_time=ticker) as user:
        await opens_account(user)
        await user.presses("s")
        await user.waits(3)
        told = [said for said in user.toasts if "sign-in address" in said]
        assert len(told) == 1
        await user.lets_toasts_go()
        await user.presses("y")
        assert len([said for said in user.toasts if "sign-in address" in said]) == 1


async def test_a_server_offline_while_one_signs_in_is_asked_again() -> None:
    demo, ticker = a_server()
    demo.account = None
    async with journey(demo, server_time=ticker) as user:
        await opens_account(user)
        await user.presses("s")
        demo.registry_online = False
        await user.waits(2)
        await user.sees("the server cannot reach ollama.com")
        demo.registry_online, demo.account = True, "newcomer"
        await user.waits(6)
        await user.sees("signed in to ollama.com as newcomer.")


async def test_signing_out_asks_first() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await opens_account(user)
        await user.sees("as studio")
        await user.presses("o")
        await user.sees("Sign the server out of ollama.com?")
        await user.presses("n")
        await user.sees("as studio")
        assert demo.account == "studio"
        await user.presses("o", "y")
        await user.sees("The server is not signed in to ollama.com.")
        assert demo.account is None


async def test_a_sign_out_that_fails_is_told() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await opens_account(user)
        await user.sees("as studio")
        demo.registry_online = False
        await user.presses("o", "y")
        await user.until(lambda: any("The sign-out failed" in said for said in user.toasts))


async def test_read_only_does_not_sign_out() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, read_only=True) as user:
        await opens_account(user)
        await user.sees("as studio")
        await user.presses("o")
        await user.sees("Read-only")
        assert demo.seen("/api/signout") == []


async def test_offline_it_says_so_and_can_be_asked_again() -> None:
    demo, ticker = a_server()
    demo.registry_online = False
    async with journey(demo, server_time=ticker) as user:
        await opens_account(user)
        await user.sees("the server cannot reach ollama.com", "r ask again")
        demo.registry_online = True
        await user.presses("r")
        await user.sees("as studio")


async def test_a_switched_off_cloud_is_said() -> None:
    demo, ticker = a_server()
    demo.cloud_disabled = True
    async with journey(demo, server_time=ticker) as user:
        await opens_account(user)
        await user.sees("Cloud models are switched off on this server by OLLAMA_NO_CLOUD")


async def test_an_old_server_has_no_accounts_and_says_so() -> None:
    demo, ticker = a_server(version="0.11.0")
    async with journey(demo, server_time=ticker) as user:
        await opens_account(user)
        await user.sees("This server is too old for accounts.")
        await user.sees("does not say whether cloud models are allowed")


async def test_a_server_without_a_key_to_show_names_its_own_command() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        demo.fail(ME, 401, {"error": "unauthorized"}, times=5)
        await opens_account(user)
        await user.presses("s")
        await user.sees("Run “ollama signin” on the server.")


class Slow(httpx.AsyncBaseTransport):
    """Lets the question for the account wait until the test says so."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo.transport()
        self.answer = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == ME:
            await self.answer.wait()
        return await self._demo.handle_async_request(request)


def slow_server() -> tuple[Demo, Slow]:
    demo, _ = a_server()
    return demo, Slow(demo)


async def test_the_push_dialog_opens_before_the_account_is_known() -> None:
    demo, slow = slow_server()
    async with journey(demo, transport=lambda: slow) as user:
        await user.goes_to("pirate:latest")
        await user.presses("P")
        await user.sees("Push pirate:latest, up to 2.0 GB", "Asking the server who it is")
        assert user.field == "pirate:latest"
        slow.answer.set()
        await user.sees("signed in to ollama.com as studio.")
        assert user.field == "studio/pirate:latest"


async def test_what_was_typed_meanwhile_stays() -> None:
    demo, slow = slow_server()
    async with journey(demo, transport=lambda: slow) as user:
        await user.goes_to("pirate:latest")
        await user.presses("P")
        await user.empties_the_field()
        await user.types("crew/pirate")
        slow.answer.set()
        await user.sees("signed in to ollama.com as studio.")
        assert user.field == "crew/pirate"
        await user.sees("ollama.com will refuse it unless studio may push there.")
        await user.presses("ctrl+o")
        assert user.field == "studio/pirate:latest"
        await user.sees("Copies to studio/pirate:latest first")


async def test_a_push_need_not_wait_for_the_account() -> None:
    demo, slow = slow_server()
    async with journey(demo, transport=lambda: slow) as user:
        await user.presses("P", "enter")
        await user.until(lambda: demo.seen("/api/push"))


async def test_signed_out_the_push_dialog_copies_the_address_and_notices_the_sign_in() -> None:
    demo, ticker = a_server()
    demo.account = None
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await user.presses("P")
        await user.sees(ADDRESS)
        assert clipboard(user).startswith(ADDRESS)
        demo.account = "newcomer"
        await user.waits(1)
        await user.sees("signed in to ollama.com as newcomer.")
        assert user.field == "newcomer/pirate:latest"


async def test_a_push_elsewhere_has_nothing_to_do_with_the_account() -> None:
    async with journey() as user:
        await user.presses("P")
        await user.sees("as studio")
        await user.empties_the_field()
        await user.types("registry.local:5000/team/reviewer")
        await user.sees("Goes to registry.local:5000, not to ollama.com.")


async def test_a_copy_for_the_push_may_not_have_a_name_the_server_would_misread() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("P")
        await user.empties_the_field()
        await user.types("studio/reviewer:cloud")
        await user.sees("The tag “cloud” cannot be used")
        await user.presses("enter")
        assert demo.seen("/api/copy") == []


async def test_a_hostile_account_cannot_act_on_the_terminal() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        name = "evil\x1b]52;c;eA==\x07[bold]\u202e"
        demo.fail(ME, 200, {"name": name, "plan": "\x9bpro", "email": "[/x]"})
        await opens_account(user)
        await user.sees("as evil", "[bold]", "[/x]")
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(user.everything)
