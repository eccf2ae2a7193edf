"""Details: beside the list or over it, only what there is, and only asked for when wanted."""

from __future__ import annotations

import asyncio

import httpx

from ollama_tui.domain.names import parse
from tests.demo.levers import Demo
from tests.journeys.driver import a_server, journey


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
        assert user.details.startswith("studio/reviewer:latest")


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
        await user.sees("(f fetches it)")
        assert not any(body.get("verbose") for body in demo.bodies("/api/show"))
        await user.presses("f")
        asked = {"model": "studio/reviewer:latest", "verbose": True}
        await user.until(lambda: asked in demo.bodies("/api/show"))
        await user.sees_no("(f fetches it)")


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
        await user.sees_no("(f fetches it)")


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


async def test_running_through_the_list_asks_only_where_the_cursor_rests() -> None:
    demo, ticker = a_server(version="0.33.0")
    async with journey(demo, server_time=ticker) as user:
        await user.waits(60)
        before = shown(demo)
        await user.presses(*["j"] * 9)
        assert shown(demo) == [*before, "devstral:24b"]
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
        await user.sees("mine:cloud is shown by ollama.com, not as it is here")
        assert "mine:cloud" not in shown(demo)


async def test_a_model_whose_details_fail_says_why_in_the_pane() -> None:
    async with journey() as user:
        await user.goes_to("old-experiment:latest")
        await user.until(lambda: "this server has no model of that name" in user.details)
        assert "Traceback" not in user.screen


async def test_find_goes_to_the_text_and_n_to_the_next() -> None:
    async with journey(size=(80, 24)) as user:
        await user.goes_to("llama3.1:8b")
        await user.presses("enter")
        await user.turns_to("Community Sample License")
        await user.presses("/")
        await user.sees("Find in this tab")
        await user.types("zzz-nowhere")
        await user.presses("enter")
        await user.sees("“zzz-nowhere” is not in this tab.")
        await user.presses("/")
        await user.empties_the_field()
        await user.types("policy")
        await user.presses("enter")
        assert "policy" in user.details.lower()
        await user.presses("n", "N")
        assert "policy" in user.details.lower()


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
        await user.sees("1,359,280,420", "40,960 tokens")
        await user.resizes(200, 40)
        await user.presses("escape", "enter")
        await user.sees("completion thinking tools")
