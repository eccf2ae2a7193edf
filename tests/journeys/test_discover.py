"""Discover: repositories of Hugging Face and models looked up by name, and what can go wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ollama_tui.services.cache import Cache
from tests.api.hub_answers import HUB, info, lfs, listed, refused
from tests.demo.levers import Demo
from tests.journeys.driver import User, a_server, journey

CODER = "lantern-quants/Qwen3-Coder-30B-A3B-Instruct-GGUF"
PULLED = f"hf.co/{CODER}:Q4_K_M"


class HubInFront(httpx.AsyncBaseTransport):
    """The Hub with levers in front of a demo server, which answers for all the rest."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo.transport()
        self.asked: list[httpx.URL] = []
        self.answer: Callable[[httpx.Request], httpx.Response] | None = None
        """What it answers instead of the demo's Hub."""
        self.online = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != HUB or not request.url.path.startswith("/api/"):
            return await self._demo.handle_async_request(request)
        self.asked.append(request.url)
        if not self.online:
            raise httpx.ConnectError("Name or service not known", request=request)
        if self.answer is not None:
            response = self.answer(request)
            response.request = request
            return response
        return await self._demo.handle_async_request(request)


@dataclass
class Place:
    user: User
    demo: Demo
    hub: HubInFront

    async def searches(self, words: str) -> None:
        """Search for words and go to the rows."""
        await self.user.presses("/")
        await self.user.empties_the_field()
        await self.user.types(words)
        await self.user.presses("enter")

    @property
    def rows(self) -> list[str]:
        """The keys of the rows, in order."""
        return [str(row.key) for row in self.user.app.screen.table.rows]  # type: ignore[attr-defined]


@asynccontextmanager
async def discover(*, to: str = "Hugging Face", **options: Any) -> AsyncIterator[Place]:
    demo, ticker = a_server()
    hub = HubInFront(demo)
    async with journey(demo, server_time=ticker, transport=lambda: hub, **options) as user:
        await user.presses("L")
        await user.sees("Recommended  Cloud  Hugging Face")
        if to:
            await user.presses("tab", "tab", *(["tab"] if to == "Library" else []))
        yield Place(user, demo, hub)


async def test_a_coder_is_searched_its_sizes_are_seen_and_it_is_pulled() -> None:
    async with discover() as place:
        user = place.user
        await user.sees("30 repositories, more after the last", CODER, "30.5B", "412,908")
        await place.searches("coder")
        await user.sees("3 repositories")
        assert place.rows[0] == CODER
        await user.presses("enter")
        await user.sees("7 quantizations", "Q2_K", "Q4_K_M", "Q8_0", "2 parts")
        await user.presses("down", "down")
        await user.sees(PULLED, f"{CODER.partition('/')[2].removesuffix('-GGUF')}-Q4_K_M.gguf")
        await user.sees("18,548,264,480")
        await user.presses("p")
        await user.sees("Pull a model")
        assert user.field == PULLED
        await user.waits(1)
        await user.sees("fetches 18 GB")
        await user.presses("enter")
        await user.server_works(1000)
        await user.until(lambda: PULLED in place.demo.names)
        await user.waits(11)
        await user.sees("here")
        await user.presses("escape")
        assert CODER in place.rows, "esc goes back to what was found."


async def test_nothing_is_asked_of_hugging_face_before_its_tab_is_shown() -> None:
    async with discover(to="") as place:
        await place.user.presses("tab")
        assert place.hub.asked == []
        await place.user.presses("tab")
        assert len(place.hub.asked) == 1
        await place.user.presses("tab", "shift+tab")
        assert len(place.hub.asked) == 1, "What was answered is kept."


async def test_letters_typed_ahead_are_words_and_no_commands() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        for key in ("L", "tab", "tab", "/", *"glimpse", "enter"):
            user.strikes(key)
        await user.waits(1)
        rows = user.app.screen.table.rows  # type: ignore[attr-defined]
        assert [row.key for row in rows] == ["acme-labs/Glimpse-4B-it-GGUF"]


async def test_words_are_searched_for_once_typing_rests() -> None:
    async with discover() as place:
        await place.user.presses("/")
        for letter in "coder":
            place.user.strikes(letter)
        await place.user.waits(1)
        searches = [url.params.get("search") for url in place.hub.asked]
        assert searches == [None, "coder"]
        await place.user.sees("3 repositories")
        await place.user.presses("escape")
        await place.user.waits(1)
        await place.user.sees("30 repositories")


async def test_the_order_is_turned_and_said() -> None:
    async with discover() as place:
        await place.user.sees("trending")
        await place.user.presses("s")
        await place.user.sees("most downloads", "DOWNLOADS↓")
        assert place.hub.asked[-1].params["sort"] == "downloads"
        await place.user.presses("s")
        await place.user.sees("most likes", "LIKES↓")
        await place.user.presses("s")
        await place.user.sees("last updated", "UPDATED↓")
        await place.user.presses("s")
        await place.user.sees("trending")
        assert len(place.hub.asked) == 4, "The first order was answered already."


async def test_the_next_page_comes_with_the_last_row() -> None:
    async with discover() as place:
        await place.user.sees("30 repositories, more after the last")
        await place.user.presses("end")
        await place.user.sees("44 repositories")
        await place.user.sees_no("more after the last")
        assert len(place.hub.asked) == 2
        await place.user.presses("home", "end")
        assert len(place.hub.asked) == 2
        assert len(set(place.rows)) == 44


async def test_a_next_page_that_fails_leaves_the_first_one() -> None:
    async with discover() as place:
        place.hub.answer = lambda _: refused(429, **{"retry-after": "55"})
        await place.user.presses("end")
        await place.user.sees("is limiting requests. Wait 55 seconds", "30 repositories")


async def test_what_comes_in_parts_is_not_pulled_and_says_why() -> None:
    async with discover() as place:
        await place.searches("480B")
        await place.user.presses("enter")
        await place.user.sees("6 parts", "3 of 4 parts")
        await place.user.presses("p")
        await place.user.sees("cannot be pulled", "no server can pull from Hugging Face")
        assert place.demo.seen("/api/pull") == []


async def test_a_projector_is_counted_and_pulled_with_the_model() -> None:
    async with discover() as place:
        await place.searches("glimpse")
        await place.user.presses("enter")
        await place.user.sees("with", "2.4 GB of weights, 851 MB of projector")
        await place.user.presses("p")
        await place.user.waits(1)
        await place.user.sees("fetches 3.2 GB")


async def test_a_gated_repository_says_what_its_server_needs() -> None:
    async with discover() as place:
        await place.searches("aurora")
        await place.user.sees("gated", "approve a request", "huggingface.co/settings/keys")


async def test_what_is_here_is_known_by_its_digest() -> None:
    async with discover() as place:
        await place.searches("compass")
        await place.user.presses("enter")
        await place.user.sees("here", "as hf.co/acme-labs/Compass-3B-GGUF:Q4_K_M")


async def test_other_weights_of_the_same_name_are_another_version() -> None:
    async with discover() as place:
        name = "acme-labs/Compass-3B-GGUF"
        answers = {
            "/api/models": [listed(name)],
            f"/api/models/{name}": info(lfs("Compass-3B-Q4_K_M.gguf", 7, "aa" * 32), id=name),
        }
        place.hub.answer = lambda request: httpx.Response(200, json=answers[request.url.path])
        await place.user.presses("R", "enter")
        await place.user.sees("another version", "under this name, with other weights")


async def test_read_only_looks_and_pulls_nothing() -> None:
    async with discover(read_only=True) as place:
        await place.user.presses("enter")
        await place.user.sees("7 quantizations")
        for key in ("p", "enter"):
            await place.user.lets_toasts_go()
            await place.user.presses(key)
            await place.user.sees("Read-only")
            await place.user.sees_no("Pull a model")
        assert place.demo.seen("/api/pull") == []


FAILURES = [
    (refused(401), "requires a token"),
    (refused(403), "does not allow this"),
    (refused(404), "has no such API"),
    (refused(429, **{"retry-after": "55"}), "is limiting requests. Wait 55 seconds"),
    (refused(500), "failed to answer (500)"),
    (httpx.Response(200, content=b"{"), "answered something unexpected"),
    (httpx.Response(200, json=[{"name": "a/b"}]), "answered something unexpected"),
    (httpx.Response(200, html="<html>Log in</html>"), "Something else answers in place"),
    (httpx.Response(302, headers={"location": "http://cdn.example/"}), "not followed"),
]


@pytest.mark.parametrize(("answer", "said"), FAILURES)
async def test_a_failure_is_a_sentence_and_r_asks_again(answer: httpx.Response, said: str) -> None:
    async with discover(to="") as place:
        place.hub.answer = lambda _: answer
        await place.user.presses("tab", "tab")
        await place.user.sees(said)
        assert place.rows == []
        place.hub.answer = None
        await place.user.presses("R")
        await place.user.sees("30 repositories")
        await place.user.sees_no(said)


async def test_a_repository_that_is_gone_is_a_sentence_and_esc_goes_back() -> None:
    async with discover() as place:
        place.hub.answer = lambda _: refused(401, "RepoNotFound", "Invalid username or password.")
        await place.user.presses("enter")
        await place.user.sees("has no repository", "esc goes back, R asks again.")
        await place.user.presses("escape")
        await place.user.sees("30 repositories")


async def test_hostile_names_are_no_rows_and_reach_no_screen() -> None:
    async with discover(to="") as place:
        names = ["a/b\x1b]52;c;x", "a/\u202egnp", "../../etc", "fine/Name-GGUF"]
        hostile = listed("fine/Other-GGUF", pipeline_tag="\x1b[2J", gguf={"architecture": "\x9b2J"})
        place.hub.answer = lambda _: httpx.Response(200, json=[hostile, *map(listed, names)])
        await place.user.presses("tab", "tab")
        await place.user.sees("2 repositories, 3 unreadable")
        assert not {"\x1b", "\x9b", "\u202e"} & set(place.user.everything)


async def test_offline_what_was_known_is_shown_with_its_age(tmp_path: Path) -> None:
    for online in (True, False):
        async with discover(cache=Cache(tmp_path), to="") as place:
            place.hub.online = online
            await place.user.presses("tab", "tab")
            await place.user.sees("30 repositories", CODER)
            if not online:
                await place.user.sees("cannot reach Hugging Face.", "This is what was known")
            await place.user.presses("enter")
            await place.user.sees("7 quantizations", "Q8_0")


async def test_offline_without_anything_known_is_one_sentence() -> None:
    async with discover(to="") as place:
        place.hub.online = False
        await place.user.presses("tab", "tab")
        await place.user.sees("This machine cannot reach Hugging Face.", "R asks again.")


# ---- the library


async def test_a_name_is_looked_up_at_its_registry_and_pulled() -> None:
    async with discover(to="Library") as place:
        user = place.user
        await user.sees("ollama.com has no search API")
        await user.presses("/")
        await user.types("mistral:7b")
        await user.presses("enter")
        await user.waits(1)
        await user.sees("mistral:7b", "template", "license", "It is")
        await user.presses("p")
        await user.sees("Pull a model")
        assert user.field == "mistral:7b"


async def test_a_model_that_is_here_is_known_by_its_digest() -> None:
    async with discover(to="Library") as place:
        await place.searches("qwen3:8b")
        await place.user.sees("It is here, as qwen3:8b.", "0 B")
        await place.searches("granite3.3:2b")
        await place.user.sees("Another version of it is here.")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no-such-model", "ollama.com has no no-such-model:latest."),
        ("a b", "cannot contain a space"),
    ],
)
async def test_a_name_that_is_not_there_is_a_sentence(name: str, said: str) -> None:
    async with discover(to="Library") as place:
        await place.searches(name)
        await place.user.waits(1)
        await place.user.sees(said)
        await place.user.presses("p")
        await place.user.sees("Type the name of a model first")


async def test_offline_the_library_is_a_sentence() -> None:
    async with discover(to="Library") as place:
        place.demo.server.internet = False
        await place.searches("qwen3:8b")
        await place.user.waits(1)
        await place.user.sees("ollama.com")
        assert place.rows == []


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (200, 60)])
async def test_it_fits_every_terminal(size: tuple[int, int]) -> None:
    async with discover(size=size) as place:
        await place.user.sees("lantern-quants/Qwen3-C")
        await place.user.presses("enter")
        await place.user.sees("Q4_K_M", "18 GB")


async def test_what_fits_is_seen_on_the_smallest_screen_too() -> None:
    async with discover(size=(40, 10)) as place:
        await place.searches("coder")
        await place.user.presses("enter")
        await place.user.sees("Q4_K_M", "FITS", "partly")
