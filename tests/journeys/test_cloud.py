"""Discover: what is recommended and what the cloud has, what is here, what stands in the way."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from textual.worker import WorkerFailed

from tests.demo.levers import Demo
from tests.journeys.driver import User, a_server, journey
from tests.tui.screens.ollama_com import CLOUD, OllamaCom, refusing

KEY = "sk-recognisable-4711"
RECOMMENDATIONS = "/api/experimental/model-recommendations"


@dataclass
class Place:
    user: User
    demo: Demo
    com: OllamaCom

    def row(self, name: str) -> str:
        """Return the row of an entry as it is drawn, up to where it is from."""
        where = "installed|recommended|cloud"
        pattern = rf"│?([▸ ][✓ ][☁ ] {re.escape(name)} .*?(?<= )(?:{where}))[ │▐]"
        found = [match for line in self.user.lines if (match := re.match(pattern, f"{line} "))]
        assert len(found) == 1, self.user.screen
        return " ".join(found[0][1].split())

    async def goes_to(self, name: str) -> None:
        """Leave only the entry called `name`, so that it is under the cursor."""
        await self.user.presses("/")
        await self.user.types(name)
        await self.user.presses("enter")


@asynccontextmanager
async def catalogue(
    *, opened: bool = True, cloud: bool = False, **options: Any
) -> AsyncIterator[Place]:
    demo, ticker = a_server(**options.pop("server", {}))
    com = OllamaCom(demo)
    async with journey(demo, server_time=ticker, transport=lambda: com, **options) as user:
        place = Place(user, demo, com)
        if opened:
            await user.presses("L")
            await user.sees("Discover")
        if cloud:
            await user.presses("tab")
        yield place


async def test_what_the_server_recommends_is_told_with_what_ollama_com_knows_of_it() -> None:
    async with catalogue() as place:
        await place.user.sees("4 models")
        assert place.row("gpt-oss:120b-cloud") == (
            "▸ ☁ gpt-oss:120b-cloud 116B 128K tools think – installed"
        )
        assert place.row("gemma3:12b").endswith("12 GB recommended")
        assert place.row("qwen3:8b").startswith("qwen3:8b 8.2B")
        await place.user.sees_no("qwen3.5:cloud")


async def test_the_next_tab_has_what_ollama_com_offers() -> None:
    async with catalogue(cloud=True) as place:
        await place.user.sees("4 models")
        assert place.row("gpt-oss:120b-cloud").endswith("installed")
        assert place.row("qwen3.5:cloud") == "☁ qwen3.5:cloud – – vision – cloud"
        assert place.row("deepseek-v3.1:671b-cloud").endswith("671B – ? – cloud")
        await place.user.sees_no("gemma3:12b")
        await place.user.presses("shift+tab")
        await place.user.sees("gemma3:12b")


async def test_each_tab_has_a_filter_an_order_and_a_cursor_of_its_own() -> None:
    async with catalogue() as place:
        await place.goes_to("gemma3:12b")
        await place.user.presses("tab", "1")
        await place.user.sees("4 models", "NAME↑")
        await place.user.sees_no("gemma3")
        await place.user.presses("down", "shift+tab")
        await place.user.sees("1 of 4 models", "/ gemma3:12b")
        await place.user.presses("tab")
        assert names(place)[0] == "deepseek-v3.1:671b-cloud"
        assert place.row("qwen3-coder:480b-cloud").startswith("▸")


async def test_ollama_com_is_not_asked_before_the_catalogue_is_opened() -> None:
    async with catalogue(opened=False) as place:
        assert place.com.paths(CLOUD) == []
        await place.user.presses("L")
        assert place.com.paths(CLOUD) == ["/api/tags"]


async def test_a_cloud_model_is_pulled_by_the_name_of_its_stub() -> None:
    async with catalogue(cloud=True) as place:
        await place.goes_to("qwen3.5")
        await place.user.presses("p")
        await place.user.sees("Pulling qwen3.5:cloud: a few hundred bytes")
        assert place.demo.bodies("/api/pull") == [{"model": "qwen3.5:cloud"}]
        await place.user.presses("escape")
        await place.goes_to("deepseek")
        await place.user.presses("p")
        assert place.demo.bodies("/api/pull")[-1] == {"model": "deepseek-v3.1:671b-cloud"}


async def test_a_pulled_stub_becomes_installed_before_ones_eyes() -> None:
    async with catalogue() as place:
        demo, user = place.demo, place.user
        await demo_deletes(place, "gpt-oss:120b-cloud")
        assert place.row("gpt-oss:120b-cloud").endswith("recommended")
        await user.presses("p")
        await user.server_works(10)
        await user.until(lambda: "gpt-oss:120b-cloud" in demo.names)
        await user.lets_toasts_go()  # they lie over the column looked at
        await user.until(lambda: place.row("gpt-oss:120b-cloud").endswith("installed"))


async def demo_deletes(place: Place, name: str) -> None:
    """Let somebody else delete a model, and wait until the program has noticed."""
    store = place.demo.store
    del store.entries[next(n for n in store.entries if n.display == name)]
    await place.user.waits(11)


async def test_several_are_marked_and_pulled_at_once() -> None:
    async with catalogue(cloud=True) as place:
        await place.goes_to("is:cloud !installed")
        await place.user.presses("a", "p")
        await place.user.sees("Pulling 2 cloud models: a few hundred bytes each")
        assert {body["model"] for body in place.demo.bodies("/api/pull")} == {
            "qwen3.5:cloud",
            "deepseek-v3.1:671b-cloud",
        }
        assert not place.user.marked, "The marks are not those of the list."


async def test_rows_are_sorted_and_go_back_to_the_order_of_the_recommendations() -> None:
    async with catalogue(cloud=True) as place:
        first = names(place)
        await place.user.presses("2")
        await place.user.sees("PARAMS↓")
        assert names(place)[0] == "deepseek-v3.1:671b-cloud"
        await place.user.presses("s", "5")
        assert names(place) == first


def names(place: Place) -> list[str]:
    """Return the names of the rows, in order."""
    return [row.name for row in place.user.app.screen.table.rows]  # type: ignore[attr-defined]


async def test_weights_are_pulled_only_after_the_dialog() -> None:
    async with catalogue() as place:
        await place.goes_to("gemma3:12b")
        await place.user.presses("p")
        await place.user.sees("Pull a model")
        assert place.user.field == "gemma3:12b"
        assert place.demo.seen("/api/pull") == []
        await place.user.presses("enter")
        await place.user.until(lambda: place.demo.seen("/api/pull"))


async def test_enter_asks_ollama_com_for_details_and_moving_does_not() -> None:
    async with catalogue(cloud=True) as place:
        await place.goes_to("deepseek")
        await place.user.presses("down", "up")
        assert "/api/show" not in place.com.paths(CLOUD)
        await place.user.presses("enter")
        await place.user.sees("163,840 tokens", "completion thinking tools")
        assert "671B 160K tools think" in place.row("deepseek-v3.1:671b-cloud")
        assert place.com.paths(CLOUD).count("/api/show") == 1
        await place.user.presses("enter")
        assert place.com.paths(CLOUD).count("/api/show") == 1


async def test_without_a_key_the_server_is_asked_which_may_be_signed_in() -> None:
    async with catalogue() as place:
        place.com.refusal = refusing(401)
        await place.user.presses("enter")
        await place.user.until(lambda: place.demo.seen("/api/show"))
        assert {"model": "gpt-oss:120b-cloud"} in place.demo.bodies("/api/show")
        await place.user.sees_no("asks ollama.com for more")


async def test_neither_a_key_nor_a_sign_in_is_one_sentence() -> None:
    async with catalogue() as place:
        place.com.refusal = refusing(401)
        place.demo.account = None
        await place.user.presses("enter")
        await place.user.until(lambda: any("requires a key" in said for said in place.user.toasts))


@pytest.mark.parametrize(
    ("cloud", "text", "left"),
    [
        (True, "qwen3", {"qwen3-coder:480b-cloud", "qwen3.5:cloud"}),
        (True, "params:>500b", {"deepseek-v3.1:671b-cloud"}),
        (True, "cap:vision", {"qwen3.5:cloud"}),
        (False, "!is:cloud", {"gemma3:12b", "qwen3:8b"}),
        (False, "installed !is:cloud", {"qwen3:8b"}),
        (False, "conversation", {"gemma3:12b"}),
    ],
)
async def test_the_filter_language_works_here_too(cloud: bool, text: str, left: set[str]) -> None:
    async with catalogue(cloud=cloud) as place:
        await place.goes_to(text)
        assert set(names(place)) == left


async def test_esc_takes_the_filter_away_and_then_leaves() -> None:
    async with catalogue() as place:
        await place.goes_to("gemma3:12b")
        await place.user.sees("1 of 4 models")
        await place.user.presses("escape")
        await place.user.sees_no("1 of 4 models")
        await place.user.presses("escape")
        assert not place.user.in_dialog


REFUSALS = [
    (401, "ollama.com requires a key, or rejected the one it got.", "Set OLLAMA_API_KEY"),
    (402, "The account has used up what its plan allows.", "change the plan"),
    (403, "ollama.com does not allow this.", "Check the key"),
    (429, "ollama.com is limiting requests.", "Wait a minute"),
    (502, "ollama.com is down or overloaded (502).", "Wait a while"),
    (500, "ollama.com failed to answer.", "Wait a while"),
]


@pytest.mark.parametrize(("status", "title", "hint"), REFUSALS)
async def test_a_refusal_is_one_sentence_and_the_rest_stays_usable(
    status: int, title: str, hint: str
) -> None:
    async with catalogue(opened=False) as place:
        place.com.refusal = refusing(status)
        await place.user.presses("L")
        await place.user.sees(title, hint, "4 models", "gemma3:12b")
        place.com.refusal = None
        await place.user.presses("R")
        await place.user.sees("4 models")
        await place.user.sees_no(title)


async def test_offline_the_recommendations_are_there_and_the_reason() -> None:
    async with catalogue(opened=False) as place:
        place.com.online = False
        await place.user.presses("L")
        await place.user.sees("This machine cannot reach ollama.com.", "4 models")


async def test_a_page_of_a_proxy_is_told_from_ollama_com() -> None:
    async with catalogue(opened=False) as place:
        place.com.refusal = lambda _: httpx.Response(200, html="<html><title>Log in</title></html>")
        await place.user.presses("L")
        await place.user.sees("Something else answers in place of ollama.com.")


async def test_old_servers_recommend_nothing_and_that_is_no_trouble() -> None:
    async with catalogue(server={"version": "0.12.0"}) as place:
        await place.user.sees("0 models", "This server recommends nothing.")
        await place.user.sees_no("too old")
        await place.user.presses("tab")
        await place.user.sees("4 models")
        assert place.row("gpt-oss:120b-cloud").endswith("installed")


async def test_stubs_are_listed_when_nobody_answers() -> None:
    async with catalogue(opened=False) as place:
        place.com.online = False
        place.demo.fail(RECOMMENDATIONS, 500, {"error": "nothing today"})
        await place.user.presses("L")
        await place.user.sees("0 models", "The recommendations were not read: nothing today.")
        await place.user.presses("tab")
        await place.user.sees("2 models")
        assert place.row("gpt-oss:120b-cloud").endswith("installed")


async def test_a_switched_off_cloud_is_said_with_what_did_it() -> None:
    async with catalogue(opened=False) as place:
        place.demo.cloud_disabled = True
        await place.user.presses("L")
        await place.user.sees(
            "Cloud models are switched off on this server by OLLAMA_NO_CLOUD: "
            "they can be pulled, not run."
        )


async def test_read_only_pulls_nothing() -> None:
    async with catalogue(read_only=True) as place:
        await place.user.presses("p")
        await place.user.sees("Read-only")
        assert place.demo.seen("/api/pull") == []


async def test_the_key_goes_to_ollama_com_and_nowhere_else() -> None:
    async with catalogue(api_key=KEY) as place:
        await place.user.presses("enter", "p")
        with_key = {request.host for request in place.com.sent if request.authorization}
        assert with_key == {CLOUD}
        asked = [r.authorization for r in place.com.sent if r.host == CLOUD and "/api/" in r.path]
        assert asked == [f"Bearer {KEY}"] * 2
        assert len(place.com.sent) > 5


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 418, 429, 500, 502, 503])
async def test_the_key_is_nowhere_to_be_read_even_if_ollama_com_repeats_it(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with catalogue(opened=False, api_key=KEY) as place:
        place.com.refusal = refusing(status, f"the key {KEY} is not good")
        await place.user.presses("L", "enter")
        await place.user.until(lambda: place.user.toasts or status == 401)
        user, app = place.user, place.user.app
        assert CLOUD in user.everything
        session = app.services
        assert session is not None
        sources = app.screen.tab.known.sources  # type: ignore[attr-defined]
        objects = (app, app.settings, session, session.cloud, app.screen, sources)
        readable = [user.everything, *user.toasts, *map(repr, objects), caplog.text]
        assert not [text for text in readable if KEY in text]


async def test_no_error_carries_the_key(caplog: pytest.LogCaptureFixture) -> None:
    async with catalogue(opened=False, api_key=KEY) as place:
        place.com.refusal = refusing(500, f"the key {KEY} is not good")
        await place.user.presses("L")
        trouble = place.user.app.screen.tab.known.sources.offered_trouble  # type: ignore[attr-defined]
        assert trouble is not None
        assert KEY not in f"{trouble!r} {trouble} {trouble.__cause__!r} {vars(trouble)}"


async def test_a_crash_while_the_key_travels_is_told_without_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def bug(_: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError("a bug of ours")

    async def opens_it() -> None:
        async with catalogue(opened=False, api_key=KEY) as place:
            place.com.refusal = bug
            await place.user.presses("L")

    with pytest.raises((WorkerFailed, ExceptionGroup)) as crash:
        await opens_it()
    text = "".join(capsys.readouterr())
    assert "a bug of ours" in text
    assert KEY not in text
    assert KEY not in "".join(traceback.format_exception(crash.value))


async def test_it_fits_a_small_terminal() -> None:
    async with catalogue(size=(40, 10)) as place:
        await place.user.sees("4 models", "☁ gpt-oss:120b-cloud")
