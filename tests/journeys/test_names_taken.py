"""A name that another client has taken meanwhile is asked about, whatever is made under it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from ollama_tui.demo.release import BEFORE_LISTS
from ollama_tui.domain.names import parse
from tests.clock import VirtualClock
from tests.demo.levers import Demo
from tests.importing.making import MODEL, gguf
from tests.journeys.driver import User, a_server, journey
from tests.journeys.test_unasked import Meanwhile, put

MINE = "mine:latest"
APPEARED = "mine:latest appeared on the server meanwhile (4.4 GB). Replace it?"


async def copying(user: User) -> None:
    await user.goes_to("qwen3:1.7b")
    await user.presses("c")
    await user.empties_the_field()
    await user.types("Mine")


async def creating(user: User) -> None:
    await user.goes_to("qwen3:1.7b")
    await user.presses("C")
    await user.sees("Create a model from qwen3:1.7b")
    await user.empties_the_field()
    await user.types("Mine")


async def quantizing(user: User) -> None:
    await user.goes_to("smollm2:135m")
    await user.presses("%", "2")
    await user.empties_the_field()
    await user.types("Mine")


PATHS = {
    "copy": (copying, "enter", "/api/copy"),
    "create": (creating, "ctrl+g", "/api/create"),
    "quantize": (quantizing, "enter", "/api/create"),
}
each_way = pytest.mark.parametrize("way", PATHS)


def digest(demo: Demo, name: str) -> str:
    return demo.store.entries[parse(name)].digest


@each_way
async def test_a_name_that_appeared_since_the_last_refresh_is_asked_about(way: str) -> None:
    fill_in, go, path = PATHS[way]
    demo, ticker = a_server(version=BEFORE_LISTS)
    async with journey(demo, server_time=ticker) as user:
        await fill_in(user)
        put(demo, ticker, MINE)
        theirs = digest(demo, MINE)
        await user.presses(go)
        await user.sees(APPEARED, "y replace   n another name")
        await user.presses("enter", "enter")
        await user.sees(APPEARED)
        assert demo.seen(path) == []
        await user.presses("y")
        await user.until(lambda: demo.seen(path))
        await user.server_works(60)
        await user.until(lambda: digest(demo, MINE) != theirs)
        assert len(demo.seen(path)) == 1


@each_way
async def test_or_it_is_made_under_another_name_and_nothing_typed_is_lost(way: str) -> None:
    fill_in, go, path = PATHS[way]
    demo, ticker = a_server(version=BEFORE_LISTS)
    async with journey(demo, server_time=ticker) as user:
        await fill_in(user)
        put(demo, ticker, MINE)
        theirs = digest(demo, MINE)
        await user.presses(go)
        await user.sees(APPEARED)
        await user.presses("n")
        await user.sees("Another name in place of Mine", "Mine is taken.")
        assert user.field == "Mine"
        await user.types("2")
        await user.presses("enter")
        await user.until(lambda: demo.seen(path))
        await user.server_works(60)
        await user.until(lambda: "Mine2:latest" in demo.names)
        assert digest(demo, MINE) == theirs


@each_way
async def test_or_nothing_is_made(way: str) -> None:
    fill_in, go, path = PATHS[way]
    demo, ticker = a_server(version=BEFORE_LISTS)
    async with journey(demo, server_time=ticker) as user:
        await fill_in(user)
        put(demo, ticker, MINE)
        await user.presses(go)
        await user.sees(APPEARED)
        await user.presses("escape", "escape")
        assert not user.in_dialog
        await user.server_works(5)
        assert demo.seen(path) == []


async def test_an_import_asks_too_before_it_sends_anything(tmp_path: Path) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(gguf(MODEL, [(64, 320), (64,)]))
    demo, ticker = a_server(version=BEFORE_LISTS)
    async with journey(demo, server_time=ticker) as user:
        await user.presses("I")
        await user.pastes(str(file))
        await user.sees("to upload")
        await user.presses("enter")
        await user.empties_the_field()
        await user.types("Mine")
        put(demo, ticker, MINE)
        await user.presses("enter")
        await user.sees(APPEARED)
        assert not [seen for seen in demo.requests if "/blobs/" in seen.path]
        await user.presses("n")
        await user.types("2")
        await user.presses("enter")
        await user.until(lambda: demo.bodies("/api/create"))
        assert demo.bodies("/api/create")[0]["model"] == "Mine2"


async def test_a_rename_stays_where_it_was_typed() -> None:
    demo, ticker = a_server(version=BEFORE_LISTS)
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await user.presses("r")
        await user.empties_the_field()
        await user.types("mine")
        put(demo, ticker, MINE)
        await user.presses("enter")
        await user.sees("mine:latest already exists: delete it first, or choose another name.")
        assert user.field == "mine"
        assert demo.seen("/api/copy") == []


async def test_a_rename_deletes_nothing_that_came_under_the_old_name() -> None:
    demo, ticker = a_server(version=BEFORE_LISTS)
    others = Meanwhile(demo, "/api/copy", lambda: put(demo, ticker, "pirate:latest"))
    async with journey(demo, server_time=ticker, transport=lambda: others) as user:
        await user.goes_to("pirate:latest")
        await user.presses("r")
        await user.empties_the_field()
        await user.types("corsair")
        await user.presses("enter")
        await user.until(lambda: "another model took its name" in str(user.toasts))
        assert demo.seen("/api/delete") == []
        assert {"pirate:latest", "corsair:latest"} <= demo.names


async def test_the_copy_before_a_push_asks_too() -> None:
    demo, ticker = a_server(version=BEFORE_LISTS)
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await user.presses("P")
        await user.until(lambda: user.field == "studio/pirate:latest")
        put(demo, ticker, "studio/pirate:latest")
        await user.presses("enter")
        await user.sees("studio/pirate:latest appeared on the server meanwhile (4.4 GB).")
        await user.presses("escape", "escape")
        assert demo.seen("/api/copy") == demo.seen("/api/push") == []


async def test_what_changed_since_it_was_agreed_to_is_asked_about_again() -> None:
    demo, ticker = a_server(version=BEFORE_LISTS)
    put(demo, ticker, MINE, like="gemma2:2b")
    async with journey(demo, server_time=ticker) as user:
        await copying(user)
        await user.presses("enter")
        await user.sees("Replace mine:latest, which already exists?")
        put(demo, ticker, MINE)
        await user.presses("y")
        await user.sees("mine:latest changed on the server meanwhile (4.4 GB). Replace it?")


async def test_the_form_asks_when_the_model_it_changes_was_changed_meanwhile() -> None:
    demo, ticker = a_server(version=BEFORE_LISTS)
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("gemma2:2b")
        await user.presses(":")
        await user.types("edit in a form")
        await user.presses("enter")
        await user.sees("Edit gemma2:2b")
        await user.presses("ctrl+n", "ctrl+n", "enter")
        await user.types("4096")
        await user.presses("enter")
        put(demo, ticker, "gemma2:2b")
        await user.presses("ctrl+g")
        await user.sees("gemma2:2b changed on the server meanwhile (4.4 GB). Replace it?")
        assert demo.seen("/api/create") == []


class Slow(httpx.AsyncBaseTransport):
    """A server whose list takes `seconds`."""

    def __init__(self, demo: Demo, ticker: VirtualClock) -> None:
        self.inner = demo.transport()
        self.ticker = ticker
        self.seconds = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.seconds and request.url.path == "/api/tags":
            await self.ticker.sleep(self.seconds)
        return await self.inner.handle_async_request(request)


@pytest.mark.parametrize("way", ["copy", "create"])
@pytest.mark.parametrize("key", ["p", "slash"])
async def test_who_went_on_meanwhile_is_not_asked_in_the_middle_of_it(way: str, key: str) -> None:
    fill_in, go, path = PATHS[way]
    demo, ticker = a_server(version=BEFORE_LISTS)
    server = Slow(demo, ticker)
    async with journey(demo, server_time=ticker, transport=lambda: server) as user:
        await fill_in(user)
        put(demo, ticker, MINE)
        server.seconds = 2
        await user.presses(go, key)
        await user.types("yi:34b")
        await user.server_works(8)
        assert user.field == "yi:34b"
        await user.presses("escape", *(["y"] if key == "p" else []), "J")
        await user.sees("mine:latest was not replaced: it appeared on the server meanwhile")
        assert demo.seen(path) == []
        await user.presses("r")
        await user.sees(APPEARED)
        await user.presses("y")
        await user.server_works(60)
        assert len(demo.seen(path)) == 1


class TestInTheQueue:
    """A job that has waited looks when it starts, and nothing that was typed is lost."""

    async def blocked(self, user: User, demo: Demo, ticker: VirtualClock) -> None:
        """Queue a creation behind a quantization, during which its name is taken."""
        await user.goes_to("smollm2:135m")
        await user.presses("%", "2", "enter")
        await user.until(lambda: demo.seen("/api/create"))
        await creating(user)
        await user.presses("ctrl+n")
        await user.types("Talk like a pirate")
        await user.presses("ctrl+g")
        await user.until(lambda: "queued" in user.jobs)
        put(demo, ticker, MINE)
        await user.server_works(60)
        said = "mine:latest was not replaced: it appeared on the server meanwhile (4.4 GB)."
        await user.until(lambda: any(said in toast for toast in user.toasts))
        assert len(demo.seen("/api/create")) == 1
        await user.lets_toasts_go()

    async def test_it_ends_with_a_sentence_and_can_be_done_again_with_a_yes(self) -> None:
        demo, ticker = a_server(version=BEFORE_LISTS)
        async with journey(demo, server_time=ticker) as user:
            await self.blocked(user, demo, ticker)
            await user.presses("J", "G")
            await user.sees("Do it again to be asked about that; in J, r does.")
            await user.presses("r")
            await user.sees(APPEARED, "y replace   n another name")
            await user.presses("y")
            await user.until(lambda: len(demo.seen("/api/create")) == 2)
            body = demo.bodies("/api/create")[1]
            assert (body["model"], body["system"]) == ("Mine", "Talk like a pirate")

    async def test_or_under_another_name(self) -> None:
        demo, ticker = a_server(version=BEFORE_LISTS)
        async with journey(demo, server_time=ticker) as user:
            await self.blocked(user, demo, ticker)
            theirs = digest(demo, MINE)
            await user.presses("J", "G", "r", "n")
            await user.sees("Another name in place of Mine")
            await user.sees("Mine is taken.")
            await user.types("2")
            await user.presses("enter")
            await user.until(lambda: len(demo.seen("/api/create")) == 2)
            body = demo.bodies("/api/create")[1]
            assert (body["model"], body["system"]) == ("Mine2", "Talk like a pirate")
            assert digest(demo, MINE) == theirs

    async def test_a_yes_counts_only_for_what_it_was_asked_about(self) -> None:
        demo, ticker = a_server(version=BEFORE_LISTS)
        async with journey(demo, server_time=ticker) as user:
            await self.blocked(user, demo, ticker)
            await user.presses("J", "G", "r")
            put(demo, ticker, MINE, like="gemma2:2b")
            await user.presses("y")
            await user.sees("mine:latest was not replaced: it changed on the server meanwhile")
            assert len(demo.seen("/api/create")) == 1

    async def test_esc_leaves_it_as_it_is(self) -> None:
        demo, ticker = a_server(version=BEFORE_LISTS)
        async with journey(demo, server_time=ticker) as user:
            await self.blocked(user, demo, ticker)
            await user.presses("J", "G", "r", "escape", "escape", "r")
            await user.sees(APPEARED)
            assert len(demo.seen("/api/create")) == 1
