"""Details: beside the list or over it, only what there is, and only asked for when wanted."""

from __future__ import annotations

import asyncio

import httpx

from ollama_tui.domain.names import parse
from tests.demo.levers import Demo
from tests.journeys.driver import User, a_server, journey


def shown(demo: Demo) -> list[str]:
    return [body["model"] for body in demo.bodies("/api/show")]


class SlowMetadata(httpx.AsyncBaseTransport):
    """Lets the question for the whole metadata wait until the test says so."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo.transport()
        self.answer = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if b'"verbose"' in request.content:
            await self.answer.wait()
        return await self._demo.handle_async_request(request)


async def test_at_120_columns_they_stand_beside_the_list_and_follow_the_cursor() -> None:
    async with journey(size=(120, 40)) as user:
        assert user.details.startswith("studio/reviewer:latest")
        await user.presses("j")
        assert user.details.startswith("gpt-oss:20b")
        assert "NAME" in user.screen


async def test_at_80_columns_enter_opens_them_over_the_list_and_escape_returns() -> None:
    async with journey(size=(80, 24)) as user:
        await user.sees_no("Overview")
        await user.presses("j", "enter")
        await user.sees("Overview", "gpt-oss:20b")
        await user.sees_no("MODIFIED")
        await user.presses("escape")
        await user.sees("MODIFIED")
        assert user.cursor == "gpt-oss:20b"


async def test_l_and_the_arrows_lead_there_and_back_too() -> None:
    async with journey(size=(80, 24)) as user:
        for there, back in (("l", "h"), ("right", "left"), ("i", "escape")):
            await user.presses(there)
            await user.sees("Overview")
            await user.presses(back)
            await user.sees("MODIFIED")


async def test_tabs_appear_only_where_there_is_something_to_show() -> None:
    async with journey(size=(300, 40)) as user:
        assert "System" in user.tabs
        assert "Messages" not in user.tabs
        await user.goes_to("nomic-embed-text:latest")
        assert "System" not in user.tabs
        assert "Metadata" in user.tabs
        await user.goes_to("studio/support-bot:v2")
        assert "Messages" in user.tabs


async def test_tab_turns_the_page_and_shift_tab_turns_it_back() -> None:
    async with journey() as user:
        await user.presses("tab")
        assert "general.architecture" in user.details
        await user.presses("shift+tab")
        assert "In memory" in user.details


async def test_the_chosen_tab_is_kept_from_model_to_model_that_has_it() -> None:
    async with journey() as user:
        await user.goes_to("qwen3:1.7b")
        await user.presses("tab", "tab")
        assert "im_start" in user.details
        await user.goes_to("qwen3:8b")
        assert "im_start" in user.details


async def test_the_whole_metadata_is_fetched_only_when_asked_for() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("enter", "tab", "G")
        await user.sees("f fetches")
        assert not any(body.get("verbose") for body in demo.bodies("/api/show"))
        await user.presses("f")
        asked = {"model": "studio/reviewer:latest", "verbose": True}
        await user.until(lambda: asked in demo.bodies("/api/show"))
        await user.sees_no("f fetches")


async def test_metadata_that_comes_late_leaves_the_details_of_another_model_alone() -> None:
    demo, _ = a_server()
    slow = SlowMetadata(demo)
    async with journey(demo, transport=lambda: slow) as user:
        await user.presses("enter", "f", "escape", "j")
        assert user.details.startswith("gpt-oss:20b")
        slow.answer.set()
        await user.waits(1)
        assert {"model": "studio/reviewer:latest", "verbose": True} in demo.bodies("/api/show")
        assert user.details.startswith("gpt-oss:20b")
        await user.presses("k")
        await user.turns_to("general.architecture")
        await user.sees_no("f fetches")


async def test_details_are_asked_for_once_and_then_remembered() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.waits(60)
        before = shown(demo)
        await user.presses("j")
        rested = user.cursor
        await user.presses("k")
        asked = shown(demo)
        assert asked == [*before, rested]
        for key in "jkjk":
            await user.presses(key)  # the cursor rests on each
        assert shown(demo) == asked


async def test_running_through_the_list_asks_for_the_first_row_and_where_the_cursor_rests() -> None:
    demo, ticker = a_server(version="0.33.0")
    async with journey(demo, server_time=ticker) as user:
        await user.waits(60)
        before = shown(demo)
        await user.presses(*["j"] * 9)
        assert shown(demo) == [*before, "gpt-oss:20b", "devstral:24b"]
        assert user.details.startswith("devstral:24b")


async def test_a_cloud_model_is_not_asked_about_until_a_person_wants_it() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("gpt-oss:120b-cloud")
        await user.sees("enter asks the server for more, which may ask ollama.com.")
        assert "gpt-oss:120b-cloud" not in shown(demo)
        await user.presses("enter")
        await user.until(lambda: "gpt-oss:120b-cloud" in shown(demo))


async def test_a_model_of_our_own_with_a_cloud_tag_is_not_asked_about_either() -> None:
    demo, ticker = a_server()
    entries = demo.store.entries
    entries[parse("mine:cloud")] = next(e for n, e in entries.items() if n.model == "pirate")
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("mine:cloud")
        await user.sees("enter asks the server for more, which may ask ollama.com.")
        await user.presses("w")
        await user.sees("mine:cloud has a cloud tag: it loads only under another name")
        await user.presses("e")
        await user.sees("A cloud model cannot be edited as a Modelfile")
        assert "mine:cloud" not in shown(demo)


async def test_a_model_whose_details_fail_says_why_in_the_pane() -> None:
    async with journey() as user:
        await user.goes_to("old-experiment:latest")
        await user.until(lambda: "this server has no model of that name" in user.details)
        assert "Traceback" not in user.screen


async def opens_the_license(user: User) -> None:
    await user.goes_to("llama3.1:8b")
    await user.presses("enter")
    await user.turns_to("Community Sample License")


async def test_a_text_is_found_as_it_is_typed_with_a_count() -> None:
    async with journey(size=(80, 24)) as user:
        await opens_the_license(user)
        top = user.details
        await user.presses("/")
        await user.types("polic")
        assert "policy" in user.details.lower()
        number, count = user.found
        assert number == 1 < count
        await user.types("zzz")
        await user.sees("no match")
        assert user.details == top
        assert not user.toasts
        for _ in "zzz":
            await user.presses("backspace")
        assert user.found == (1, count)
        await user.presses("enter", "n")
        assert user.found == (2, count)
        await user.presses("N", "N")
        assert user.found == (count, count)
        await user.presses("n")
        assert user.found == (1, count)


async def test_escape_while_typing_leads_back_to_where_it_was() -> None:
    async with journey(size=(80, 12)) as user:
        await opens_the_license(user)
        await user.presses("j", "j")
        here = user.details
        await user.presses("/")
        await user.types("policy")
        await user.presses("down")
        assert user.details != here
        await user.presses("escape")
        assert user.details == here
        await user.sees_no("next, previous")
        assert user.found == (0, 0)
        await user.presses("n")
        assert user.toasts == ["Type / and a text to search."]


async def test_escape_ends_what_was_kept_and_only_then_goes_back() -> None:
    async with journey(size=(80, 24)) as user:
        await opens_the_license(user)
        await user.presses("/")
        await user.types("policy")
        await user.presses("enter")
        await user.sees("next, previous")
        await user.presses("escape")
        await user.sees("License")
        await user.sees_no("next, previous", "policy  ")
        await user.presses("escape")
        await user.sees("MODIFIED")


async def test_what_is_searched_for_is_counted_in_the_next_tab_and_model_too() -> None:
    async with journey(size=(80, 24)) as user:
        await user.goes_to("qwen3:1.7b")
        await user.presses("enter")
        await user.turns_to("im_start")
        await user.presses("/")
        await user.types("{{")
        await user.presses("enter")
        assert user.found[0] == 1
        await user.presses("]")
        assert user.current.name == "gemma3:latest"
        number, count = user.found
        assert number == 0 < count
        await user.presses("n")
        assert user.found == (1, count)
        await user.presses("tab")
        await user.sees("no match")
        await user.presses("h")
        await user.presses("enter")
        await user.sees_no("no match")


async def test_finding_is_right_when_typed_at_once() -> None:
    async with journey(size=(80, 24)) as user:
        await user.goes_to("llama3.1:8b")
        for key in ("enter", "G", "/", *"policy", "enter", "n", "n"):
            user.strikes(key)
        await user.waits(1)
        slow = user.found, user.details
        await user.presses("escape", "h", "enter", "G", "/", *"policy", "enter", "n", "n")
        assert (user.found, user.details) == slow


async def test_brackets_step_through_the_models_without_leaving_the_tab() -> None:
    for size in ((80, 24), (120, 40)):
        async with journey(size=size) as user:
            await user.goes_to("qwen3:1.7b")
            await user.presses("enter")
            await user.turns_to("im_start")
            first = user.details
            await user.presses("]", "]", "]")
            assert user.cursor == "studio/support-bot:v2"
            await user.sees("studio/support-bot:v2")
            assert user.details != first
            await user.presses("[", "[", "[")
            assert (user.cursor, user.details) == ("qwen3:1.7b", first)
            await user.presses("[", "[", "[")
            assert user.cursor == user.names[0]
            assert user.toasts == ["This is the first model of the list."]
            await user.presses("escape")
            assert user.cursor == user.names[0]
            await user.sees("MODIFIED")


async def test_an_alias_shows_its_own_name_in_the_modelfile_and_its_kin() -> None:
    async with journey(size=(200, 60)) as user:
        await user.goes_to("gemma3:4b")
        await user.sees("Same as")
        assert "gemma3:latest" in user.details
        await user.goes_to("gemma3:latest")
        await user.presses("enter")
        await user.turns_to("# FROM")
        assert "# FROM gemma3:latest" in user.details


async def test_resizing_keeps_the_details_open_and_the_keys_where_they_were() -> None:
    async with journey(size=(120, 40)) as user:
        await user.presses("enter", "tab")
        await user.resizes(80, 24)
        await user.sees("general.architecture")
        await user.presses("escape")
        await user.sees("MODIFIED")


async def test_details_opened_after_a_resize_are_wrapped_to_what_is_there_now() -> None:
    async with journey(size=(200, 40)) as user:
        await user.goes_to("qwen3:1.7b")
        await user.resizes(60, 24)
        await user.presses("enter")
        await user.sees("1,359,280,420 bytes", "40,960 tokens")
        await user.resizes(200, 40)
        await user.presses("escape", "enter")
        await user.sees("1,359,280,420 bytes")


async def test_the_overview_says_when_a_model_ran_last() -> None:
    async with journey() as user:
        await user.goes_to("qwen3:1.7b")
        await user.sees("Last run now")
        await user.presses("x")
        await user.until(lambda: not user.current.is_loaded, "unloaded")
        await user.waits(60)
        assert "Loaded no Last run about a minute ago" in user.details
        await user.presses("j")
        await user.sees("Last run not seen yet")


async def test_the_overview_says_what_a_deletion_frees_and_who_shares_the_rest() -> None:
    async with journey(size=(160, 40)) as user:
        await user.goes_to("pirate:latest")
        await user.waits(60)
        await user.until(lambda: "Frees about" in user.details, "what is freed")
        assert "shares 2.0 GB" in user.details
        assert "Shared with llama3.2:3b" in user.details
