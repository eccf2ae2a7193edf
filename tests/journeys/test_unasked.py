"""Nothing is overwritten, deleted or started that nobody was asked about."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from ollama_tui.domain.names import Name, parse
from tests.clock import VirtualClock
from tests.demo.levers import Demo
from tests.journeys.driver import a_server, journey


def put(demo: Demo, ticker: VirtualClock, name: str, like: str = "mistral:7b") -> None:
    """Put the content of another model under `name`, as another client does."""
    demo.store.write(parse(name), demo.store.entries[parse(like)].raw, ticker.now())


class Meanwhile(httpx.AsyncBaseTransport):
    """A server on which `others` do something as soon as one request for `path` was answered."""

    def __init__(self, demo: Demo, path: str, others: Callable[[], object]) -> None:
        self.path = path
        self.others = others
        self.inner = demo.transport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.inner.handle_async_request(request)
        if request.url.path == self.path:
            self.path = ""
            self.others()
        return response


async def test_what_came_under_a_name_while_its_deletion_waited_is_kept_and_said() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("gemma2:2b")
        await user.presses("d", "y")
        put(demo, ticker, "gemma2:2b")
        await user.waits(9)
        said = "gemma2:2b was not deleted: another model took its name in the meantime."
        await user.until(lambda: any(said in toast for toast in user.toasts))
        assert demo.seen("/api/delete") == []
        assert "gemma2:2b" in demo.names
        # Trying again is no agreement to delete something else.
        await user.presses("J", "r")
        await user.waits(9)
        await user.sees(said)
        assert demo.seen("/api/delete") == []


async def test_of_several_only_what_was_replaced_meanwhile_is_kept() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.filters("starcoder2,gemma2,mixtral")
        await user.presses("a", "d", "y")
        put(demo, ticker, "gemma2:2b")
        await user.waits(9)
        await user.until(lambda: not {"starcoder2:3b", "mixtral:8x7b"} & demo.names)
        await user.until(lambda: any("1 of 3 models were not deleted" in t for t in user.toasts))
        assert "gemma2:2b" in demo.names
        assert user.marked == {"gemma2:2b"}


async def test_what_is_replaced_while_the_ones_before_it_are_deleted_is_kept_too() -> None:
    demo, ticker = a_server()
    others = Meanwhile(demo, "/api/delete", lambda: put(demo, ticker, "gemma2:2b"))
    async with journey(demo, server_time=ticker, transport=lambda: others) as user:
        await user.filters("qwen3:8b,gemma2:2b")
        assert user.names == ["qwen3:8b", "gemma2:2b"]
        await user.presses("a", "d", "y")
        await user.waits(9)
        await user.until(lambda: any("1 of 2 models were not deleted" in t for t in user.toasts))
        assert demo.bodies("/api/delete") == [{"model": "qwen3:8b"}]
        assert "gemma2:2b" in demo.names


async def test_after_a_stop_a_deletion_waits_anew_with_its_undo_on_screen() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("gemma2:2b")
        await user.presses("d", "y")
        await user.waits(5)
        user.time.stand_still(3600)
        await user.waits(1)
        await user.sees("z undo")
        await user.waits(6)
        assert demo.seen("/api/delete") == []
        await user.presses("z")
        await user.waits(60)
        assert demo.seen("/api/delete") == []
        assert "gemma2:2b" in demo.names


async def test_no_deletion_is_sent_while_another_program_has_the_terminal() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("gemma2:2b")
        await user.presses("d", "y")
        user.app.app_suspend_signal.publish(user.app)
        await user.waits(600)
        assert demo.seen("/api/delete") == []
        user.app.app_resume_signal.publish(user.app)
        await user.waits(7)
        await user.sees("z undo")
        assert demo.seen("/api/delete") == []
        await user.waits(2)
        await user.until(lambda: "gemma2:2b" not in demo.names)


async def test_a_name_that_is_a_command_is_quoted_in_the_clipboard() -> None:
    demo, ticker = a_server()
    name = Name("registry.ollama.ai", "library", "a; touch x\n", "latest")
    demo.store.entries[name] = demo.store.entries[parse("gemma2:2b")]
    async with journey(demo, server_time=ticker, filter="touch") as user:
        await user.presses("y", "3")
        await user.until(lambda: user.app.clipboard)
        assert user.app.clipboard == "ollama run 'a; touch x\N{REPLACEMENT CHARACTER}:latest'"
        await user.presses("y", "4")
        await user.until(lambda: user.app.clipboard.startswith("curl "))
        assert "\n" not in user.app.clipboard


async def test_what_is_pasted_holds_no_control_characters() -> None:
    async with journey() as user:
        user.main.context.clipboard("SYSTEM a\x1b[201~\r\n\tb\x9b", "The Modelfile")
        assert user.app.clipboard == "SYSTEM a[201~\n\tb"
        await user.sees("Its control characters were left out.")
