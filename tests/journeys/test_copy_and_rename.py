"""Copying and renaming: no name is misread, and no model is ever lost."""

from __future__ import annotations

import httpx
import pytest

from ollama_tui.domain.names import parse
from tests.demo.levers import Demo
from tests.journeys.driver import User, a_server, journey


async def names(user: User, key: str, name: str) -> None:
    """Open the dialog by `key` and put `name` in place of what is prefilled."""
    await user.presses(key)
    await user.empties_the_field()
    await user.types(name)


async def test_a_copy_is_made_listed_and_gone_to() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("qwen3:1.7b")
        await user.presses("c")
        await user.sees("Copy qwen3:1.7b")
        assert user.field == "qwen3:1.7b"
        await user.empties_the_field()
        await user.types("mine:v1")
        await user.sees("Makes mine:v1. It takes no disk space: the weights are shared.")
        await user.presses("enter")
        await user.until(lambda: user.cursor == "mine:v1")
        assert demo.bodies("/api/copy") == [{"source": "qwen3:1.7b", "destination": "mine:v1"}]
        assert {"mine:v1", "qwen3:1.7b"} <= set(user.names)


async def test_a_copy_onto_an_existing_model_is_warned_of_in_any_case() -> None:
    async with journey() as user:
        await user.goes_to("qwen3:1.7b")
        await names(user, "c", "GEMMA3:4b")
        await user.sees("Replaces gemma3:4b (3.3 GB), which already exists.")


async def test_no_model_is_replaced_by_a_copy_without_a_yes() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("qwen3:1.7b")
        await names(user, "c", "gemma3:4b")
        await user.presses("enter")
        await user.sees("Replace gemma3:4b, which already exists?", "This cannot be undone")
        await user.presses("enter")
        assert demo.bodies("/api/copy") == []
        await user.presses("n")
        assert user.field == "gemma3:4b"  # nothing typed is lost
        await user.presses("enter", "y")
        await user.until(lambda: demo.bodies("/api/copy"))
        assert not user.in_dialog


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("mine:cloud", "a server would look for it in the cloud"),
        ("mine:7b-cloud", "a server would look for it in the cloud"),
        ("mine:local", "a server would not find the model again"),
        ("mine@sha256:abc", "A digest cannot be part of a name"),
        ("dbc25d4bff59", "a server would read it as a digest"),
        ("ollama.com/library/QWEN3:1.7b", "That is qwen3:1.7b itself"),
        ("", "Type the name of a model."),
        ("QWEN3:1.7B", "That is qwen3:1.7b itself"),
    ],
)
@pytest.mark.parametrize("key", ["c", "r"])
async def test_names_a_server_would_misread_are_refused(key: str, typed: str, said: str) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("qwen3:1.7b")
        await names(user, key, typed)
        await user.sees(said)
        await user.presses("enter")
        assert user.in_dialog
        await user.presses("escape")
        assert demo.seen("/api/copy") == []


async def test_renaming_copies_looks_and_then_deletes() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await names(user, "r", "corsair:v1")
        await user.sees("Copies to corsair:v1, checks it, then removes pirate:latest.")
        await user.presses("enter")
        await user.until(lambda: user.cursor == "corsair:v1")
        assert "pirate:latest" not in demo.names
        paths = [r.path for r in demo.requests]
        between = paths[paths.index("/api/copy") : paths.index("/api/delete")]
        assert "/api/tags" in between
        await user.until(lambda: any("is now corsair:v1" in said for said in user.toasts))


LEFT_OUT = "Warning: discarded ggml (not pulled locally); copy contains llamacpp"


async def test_a_copy_that_is_not_all_of_a_model_says_so() -> None:
    demo, ticker = a_server()
    demo.copy_warning = LEFT_OUT + "\x1b[2J"
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("qwen3:1.7b")
        await names(user, "c", "mine:v1")
        await user.presses("enter")
        await user.until(lambda: user.cursor == "mine:v1")
        said = f"qwen3:1.7b was copied to mine:v1. {LEFT_OUT}"
        await user.until(lambda: any(said in toast for toast in user.toasts))
        assert not any("\x1b" in toast for toast in user.toasts)


async def test_renaming_stops_where_the_copy_is_not_all_of_the_model() -> None:
    demo, ticker = a_server()
    demo.copy_warning = LEFT_OUT
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await names(user, "r", "corsair:v1")
        await user.presses("enter")
        said = "pirate:latest was copied to corsair:v1, but not renamed: not all of it was copied."
        await user.until(lambda: any(said in toast for toast in user.toasts))
        assert any(LEFT_OUT in toast for toast in user.toasts)
        assert {"pirate:latest", "corsair:v1"} <= set(user.names)
        assert demo.seen("/api/delete") == []


async def test_renaming_foo_latest_to_foo_is_refused_not_executed() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await names(user, "r", "pirate")
        await user.sees("That is pirate:latest itself")
        await user.presses("enter")
        assert user.in_dialog
        assert demo.seen("/api/delete") == []


async def test_a_model_with_a_twin_by_case_is_not_renamed() -> None:
    demo, ticker = a_server()
    entry = demo.store.entries[parse("pirate")]
    demo.store.entries[parse("Pirate")] = entry
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await names(user, "r", "corsair:v1")
        await user.presses("enter")
        await user.until(lambda: any("may confuse the two" in t for t in user.toasts))
        assert demo.seen("/api/copy") == []
        assert demo.seen("/api/delete") == []


async def test_a_model_with_a_twin_by_case_is_deleted_only_together_with_it() -> None:
    demo, ticker = a_server()
    demo.store.entries[parse("Pirate")] = demo.store.entries[parse("pirate")]
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await user.presses("d")
        said = "pirate:latest was not deleted: Pirate:latest exists too"
        await user.until(lambda: any(said in toast for toast in user.toasts))
        assert not user.in_dialog
        await user.presses("space")
        await user.goes_to("Pirate:latest")
        await user.presses("space", "d")
        await user.sees("Delete 2 models?")
        await user.presses("y")
        await user.waits(9)
        await user.until(lambda: not {"pirate:latest", "Pirate:latest"} & demo.names)


async def test_renaming_into_a_namespace_spelled_otherwise_lands_there_and_loses_nothing() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        digest = next(m.digest for m in user.app.snapshot.models if m.name == "pirate:latest")
        await names(user, "r", "STUDIO/corsair:v1")
        await user.presses("enter")
        await user.until(lambda: user.cursor in ("studio/corsair:v1", "STUDIO/corsair:v1"))
        assert "pirate:latest" not in demo.names
        assert [m.name for m in user.app.snapshot.models if m.digest == digest] == [user.cursor]


async def test_renaming_onto_an_existing_model_is_refused() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await names(user, "r", "Mistral:7b")
        await user.sees("mistral:7b already exists: delete it first, or choose another name.")
        await user.presses("enter", "escape")
        assert demo.seen("/api/copy") == []


async def test_a_target_that_appeared_meanwhile_is_not_overwritten() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await names(user, "r", "chat-llama:00000")
        demo.add(1)
        await user.presses("enter")
        await user.until(lambda: "already exists: delete it first" in user.everything)
        assert demo.seen("/api/copy") == []
        assert "pirate:latest" in demo.names


async def test_a_failed_copy_deletes_nothing() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await names(user, "r", "corsair:v1")
        demo.fail("/api/copy", 500, {"error": "disk full"})
        await user.presses("enter")
        await user.until(lambda: any("disk full" in said for said in user.toasts))
        assert demo.seen("/api/delete") == []
        assert "pirate:latest" in user.names


async def test_a_copy_that_did_nothing_although_it_said_so_deletes_nothing() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await names(user, "r", "corsair:v1")
        demo.fail("/api/copy", 200, {})
        await user.presses("enter")
        await user.until(lambda: any("Nothing was deleted." in said for said in user.toasts))
        assert demo.seen("/api/delete") == []
        assert "pirate:latest" in demo.names


class GoneAfterCopy(httpx.AsyncBaseTransport):
    """A server that dies right after a copy."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.inner = demo.transport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.inner.handle_async_request(request)
        if request.url.path == "/api/copy":
            self.demo.online = False
        return response


async def test_a_server_gone_between_copy_and_delete_keeps_both_names() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, transport=lambda: GoneAfterCopy(demo)) as user:
        await user.goes_to("pirate:latest")
        await names(user, "r", "corsair:v1")
        await user.presses("enter")
        await user.until(lambda: any("Cannot connect" in said for said in user.toasts))
        assert {"pirate:latest", "corsair:v1"} <= demo.names
        assert demo.seen("/api/delete") == []


async def test_a_server_gone_after_a_copy_does_not_make_the_copy_undone() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, transport=lambda: GoneAfterCopy(demo)) as user:
        await user.goes_to("pirate:latest")
        await names(user, "c", "corsair:v1")
        await user.presses("enter")
        await user.sees("pirate:latest was copied to corsair:v1.")


async def test_an_old_name_that_cannot_be_deleted_is_said_to_be_still_there() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:latest")
        await names(user, "r", "corsair:v1")
        demo.fail("/api/delete", 500, {"error": "read-only file system"})
        await user.presses("enter")
        await user.until(
            lambda: any(
                "was copied to corsair:v1, but its old name is still there" in said
                for said in user.toasts
            )
        )
        assert {"pirate:latest", "corsair:v1"} <= set(user.names)


@pytest.mark.parametrize("key", ["r", "d"])
async def test_a_name_that_a_server_takes_for_another_is_neither_renamed_nor_deleted(
    key: str,
) -> None:
    demo, ticker = a_server()
    demo.store.write(parse("pirate:local"), demo.store.entries[parse("pirate")].raw, ticker.now())
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("pirate:local")
        await user.presses(key)
        await user.sees("a server takes that name for pirate:latest.")
        assert not user.in_dialog
    assert {"pirate:local", "pirate:latest"} <= demo.names
