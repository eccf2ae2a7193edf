"""What is known of a model: learned while nobody waits, asked for under the cursor, never wrong."""

from __future__ import annotations

import asyncio
import json
import re

import httpx
import pytest

from ollama_tui.tui.typeahead import PAUSE_SECONDS
from tests.clock import VirtualClock
from tests.demo.levers import Demo
from tests.journeys.driver import a_server, journey

SHOW_TAKES = 0.6
NEWS_EVERY = 0.25


class Slow(httpx.AsyncBaseTransport):
    """A server whose details take longer than a registry's answers."""

    def __init__(self, demo: Demo, clock: VirtualClock, show_takes: float = SHOW_TAKES) -> None:
        self._inner = demo.transport()
        self._clock = clock
        self._show_takes = show_takes
        self.started: list[str] = []
        self.cancelled: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        question = json.loads(request.content or b"{}")
        if request.url.path == "/api/show" and not question.get("verbose"):
            self.started.append(name := question["model"])
            try:
                await self._clock.sleep(self._show_takes)
            except asyncio.CancelledError:
                self.cancelled.append(name)
                raise
        elif request.url.path.startswith("/v2/"):
            await self._clock.sleep(NEWS_EVERY)
        return await self._inner.handle_async_request(request)


async def test_details_arrive_while_a_check_for_updates_brings_news() -> None:
    demo, clock = a_server()
    server = Slow(demo, clock)
    async with journey(demo, server_time=clock, transport=lambda: server) as user:
        await user.presses("o", "escape", "j")
        moved_to = user.current.name
        for _ in range(15):
            await clock.advance(0.1)
            await user.waits(0.1)
        assert user.app.checking, "the check was to last longer than the details take"
        assert "Template" in user.tabs
        assert server.started.count(moved_to) <= 2, "to learn what it can do, and to show it"


@pytest.mark.parametrize("key", ["enter", "tab", "/", "f"])
async def test_keys_that_need_the_details_leave_the_request_for_them_alone(key: str) -> None:
    demo, clock = a_server()
    server = Slow(demo, clock, show_takes=3 * PAUSE_SECONDS)
    async with journey(demo, server_time=clock, transport=lambda: server) as user:
        asked = user.current.name
        await user.presses(*dict.fromkeys(["enter", key]))
        await user.waits(2 * PAUSE_SECONDS)
        await user.presses("escape", "enter", "enter")
        await user.waits(2 * PAUSE_SECONDS)
        assert asked not in server.cancelled
        await clock.advance(3 * PAUSE_SECONDS)
        await user.rests()
        assert "Template" in user.tabs
        assert server.started.count(asked) == 1


async def test_what_is_taken_alone_is_unknown_until_it_is_known_and_never_wrong() -> None:
    demo, clock = a_server()
    seen: list[str] = []
    async with journey(demo, server_time=clock, size=(160, 40)) as user:
        for _ in range(100):
            seen += re.findall(r"disk (.*?) used", user.status)
            await user.waits(0.1)
    assert set(seen) == {"…", "146 GB"}


async def test_nothing_is_said_of_what_is_taken_alone_where_nothing_is_shared() -> None:
    demo, clock = a_server(version="0.33.0")
    for name in [name for name in demo.store.entries if name.display != "qwen3:8b"]:
        del demo.store.entries[name]
    async with journey(demo, server_time=clock, size=(160, 40)) as user:
        await user.waits(10)
        assert "1 model disk 5.2 GB used" in user.status
