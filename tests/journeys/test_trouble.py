"""A server that is down, slow, broken or something else: always a sentence, never a traceback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from ollama_tui.config.settings import Settings
from ollama_tui.demo.release import VERSION
from ollama_tui.tui.typeahead import PAUSE_SECONDS
from tests.demo.levers import Demo
from tests.journeys.driver import a_server, journey


async def test_a_server_down_at_start_is_said_with_its_address_and_what_to_do() -> None:
    demo, ticker = a_server()
    demo.online = False
    async with journey(demo, server_time=ticker, listed=False) as user:
        await user.sees("Cannot connect to 127.0.0.1:11434", "Retrying automatically;")
        await user.sees("D opens the demo, which needs no server.")


async def test_it_recovers_by_itself() -> None:
    demo, ticker = a_server()
    demo.online = False
    async with journey(demo, server_time=ticker, listed=False) as user:
        await user.sees("Cannot connect")
        await user.waits(30)
        assert user.names == []
        demo.online = True
        await user.waits(16)
        await user.until(lambda: len(user.names) == 36)
        assert VERSION in user.status


async def test_R_tries_at_once() -> None:  # noqa: N802 - the key
    demo, ticker = a_server()
    demo.online = False
    async with journey(demo, server_time=ticker, listed=False) as user:
        await user.sees("Cannot connect")
        demo.online = True
        await user.presses("R")
        await user.until(lambda: len(user.names) == 36)


async def test_a_server_lost_later_leaves_the_list_and_says_so_in_the_status() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        demo.online = False
        await user.waits(11)
        await user.until(lambda: "Cannot connect to 127.0.0.1:11434" in user.status)
        assert len(user.names) == 36
        await user.presses("j", "j")
        demo.online = True
        await user.waits(20)
        await user.until(lambda: "36 models" in user.status)
        assert user.cursor == user.names[2]


async def test_D_opens_the_demo_when_the_server_is_down() -> None:  # noqa: N802 - the key
    class Nobody(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("All connection attempts failed", request=request)

    async with journey(transport=Nobody, listed=False) as user:
        await user.sees("Cannot connect")
        await user.presses("D")
        await user.until(lambda: len(user.names) > 20)
        assert "demo" in user.status


async def test_the_demo_is_not_opened_over_a_server_that_answers() -> None:
    async with journey() as user:
        await user.presses("D")
        await user.sees("The server answers: start with --demo to see the demo.")


async def test_the_demo_is_not_opened_again() -> None:
    async with journey(settings=Settings(demo=True)) as user:
        await user.presses("D")
        await user.sees("This is the demo already.")


class Answers(httpx.AsyncBaseTransport):
    """Something that is no Ollama."""

    def __init__(self, status: int, body: bytes, kind: str) -> None:
        self.status, self.body, self.kind = status, body, kind

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            self.status, content=self.body, headers={"content-type": self.kind}, request=request
        )


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, b'{"error":"out of memory"}', "application/json"),
        (500, b"", "text/plain"),
        (502, b"<html><h1>Bad gateway</h1></html>", "text/html"),
        (200, b"<html>Router login</html>", "text/html"),
        (200, b"\x00\xff\x1b]52;c;AAAA\x07garbage", "application/octet-stream"),
        (200, b"", "application/json"),
        (200, b"[]", "application/json"),
        (200, b'{"models": 7}', "application/json"),
        (200, b'{"models": [1, null, "x"]}', "application/json"),
        (404, b"404 page not found", "text/plain"),
        (401, b'{"error":"unauthorized"}', "application/json"),
        (302, b"", "text/html"),
    ],
)
async def test_whatever_it_answers_there_is_a_sentence(status: int, body: bytes, kind: str) -> None:
    async with journey(transport=lambda: Answers(status, body, kind), listed=False) as user:
        await user.until(lambda: "Connecting to" not in user.screen)
        assert "." in user.screen
        assert not {"\x1b", "\x9b", "\x00"} & set(user.screen)
        for key in ("R", "j", "enter", "escape", "w", "d", "?", "escape", "p", "escape"):
            await user.presses(key)
        assert user.app.is_running
        assert "Traceback" not in user.screen


class Silent(httpx.AsyncBaseTransport):
    """A server that accepts and never answers, until the client's patience ends."""

    def __init__(self) -> None:
        self.patience = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self.patience.wait()
        raise httpx.ReadTimeout("", request=request)


async def test_a_silent_server_is_connecting_until_it_is_a_timeout() -> None:
    silent = Silent()
    async with journey(transport=lambda: silent, listed=False) as user:
        await user.sees("Connecting to")
        await user.presses("j", "/", "x", "escape")
        silent.patience.set()
        await user.sees("did not answer in time")


class SlowDetails(httpx.AsyncBaseTransport):
    """Lets questions for details wait until the test says so."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo.transport()
        self.answer = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/show":
            await self.answer.wait()
        return await self._demo.handle_async_request(request)


async def test_an_impatient_second_press_asks_nothing_twice() -> None:
    demo, ticker = a_server()
    slow = SlowDetails(demo)
    async with journey(demo, server_time=ticker, transport=lambda: slow) as user:
        await user.presses("C")
        await user.waits(PAUSE_SECONDS)
        await user.presses("space", "C")
        await user.sees("Waiting for the server (create).")
        slow.answer.set()
        await user.sees("New name")
        await user.presses("escape")
        assert not user.in_dialog
        await user.presses("C")
        await user.sees("New name")


LATE = "Create was not opened: the server was slow, and you had moved on. C opens it now."


@pytest.mark.parametrize("meanwhile", ["?", "p", "/", "escape"])
async def test_a_form_that_comes_late_does_not_open_over_what_was_gone_on_to(
    meanwhile: str,
) -> None:
    demo, ticker = a_server()
    slow = SlowDetails(demo)
    async with journey(demo, server_time=ticker, transport=lambda: slow) as user:
        await user.presses("C")
        await user.waits(PAUSE_SECONDS)
        await user.presses(meanwhile)
        screens = len(user.app.screen_stack)
        slow.answer.set()
        await user.until(lambda: LATE in user.toasts)
        assert len(user.app.screen_stack) == screens
        await user.presses("escape", "C")
        await user.sees("New name")


async def test_a_form_that_was_left_and_wanted_again_opens() -> None:
    demo, ticker = a_server()
    slow = SlowDetails(demo)
    async with journey(demo, server_time=ticker, transport=lambda: slow) as user:
        await user.presses("C")
        await user.waits(PAUSE_SECONDS)
        await user.presses("escape", "C", "j")
        slow.answer.set()
        await user.sees("New name")
        assert LATE not in user.toasts


async def test_a_slow_form_asked_for_in_the_palette_opens() -> None:
    demo, ticker = a_server()
    slow = SlowDetails(demo)
    async with journey(demo, server_time=ticker, transport=lambda: slow) as user:
        await user.presses(":")
        await user.types("create a model from the one")
        await user.sees("Create a model from the one at the cursor.")
        await user.presses("enter")
        await user.until(lambda: not user.in_dialog)
        slow.answer.set()
        await user.sees("New name")


class Dribbling(httpx.AsyncByteStream):
    """A list that breaks off in the middle."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"models":[{"name":"half'
        raise httpx.RemoteProtocolError("peer closed connection")


class CutShort(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Dribbling(), request=request)


async def test_a_list_cut_short_is_a_sentence_too() -> None:
    async with journey(transport=CutShort, listed=False) as user:
        await user.sees("broke")


async def test_actions_on_a_server_that_went_away_say_what_did_not_happen() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        demo.online = False
        for key in ("w", "R"):
            await user.presses(key)
        await user.until(
            lambda: any("was not finished. Cannot connect" in said for said in user.toasts)
        )
        assert user.app.is_running


@pytest.mark.parametrize("path", ["/api/ps", "/api/version"])
async def test_a_server_that_lacks_one_of_the_questions_still_lists_its_models(path: str) -> None:
    demo, ticker = a_server()
    demo.fail(path, 404, "404 page not found", times=1000)
    async with journey(demo, server_time=ticker, listed=False) as user:
        await user.until(lambda: len(user.names) == 36)


def test_a_demo_can_be_told_to_be_down() -> None:
    demo = Demo()
    demo.online = False
    assert not demo.online
