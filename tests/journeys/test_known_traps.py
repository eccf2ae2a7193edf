"""Mistakes that lose models or hide them, each once through the keys.

Renames are in test_copy_and_rename, failed deletions in test_delete, checks without network in
test_update, the cursor in test_list, orders turned around in catalog/test_order.
"""

from __future__ import annotations

from typing import Any

from ollama_tui.domain.names import parse
from tests.journeys.driver import a_server, journey


def an_entry(name: str, **changes: Any) -> dict[str, Any]:
    """Return a model of the list as a server with a bad day tells it."""
    entry = {
        "name": name,
        "model": name,
        "modified_at": "0001-01-01T00:00:00Z",
        "size": 1_000,
        "digest": "",
        "details": {"family": "", "families": None, "parameter_size": "", "format": "gguf"},
    }
    return entry | changes


async def test_cancelling_the_pull_of_an_update_leaves_the_installed_model_alone() -> None:
    demo, ticker = a_server()
    before = demo.store.entries[parse("llama3.1:8b")].raw
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("llama3.1:8b")
        await user.presses("u", "y")
        await user.server_works(2)
        assert demo.open_streams == 1
        await user.presses("J", "c")
        await user.until(lambda: demo.open_streams == 0, "a closed stream")
        await user.presses("escape", "R")
        assert "llama3.1:8b" in user.names
        assert demo.seen("/api/delete") == []
        assert demo.store.entries[parse("llama3.1:8b")].raw == before


async def test_names_that_differ_by_their_punctuation_keep_their_own_details() -> None:
    demo, ticker = a_server()
    for name, source in (("llama3.2:1b", "pirate"), ("llama3:21b", "mistral:7b")):
        demo.store.write(parse(name), demo.store.entries[parse(source)].raw, ticker.now())
    async with journey(demo, server_time=ticker, size=(200, 60)) as user:
        systems = []
        for name in ("llama3.2:1b", "llama3:21b", "llama3.2:1b"):
            await user.goes_to(name)
            await user.until(lambda: user.current.details_key in user.app.details)
            show = user.app.details.get(user.current.details_key)
            systems.append(show.system if show else "")
        assert "pirate" in systems[0].lower()
        assert "pirate" not in systems[1].lower()
        assert systems[2] == systems[0]


async def test_every_name_of_one_digest_has_its_row_and_outlives_the_others() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        both = {"gemma3:4b", "gemma3:latest"}
        assert both <= set(user.names)
        await user.goes_to("gemma3:4b")
        await user.presses("d", "y")
        await user.waits(9)
        await user.until(lambda: both & set(user.names) == {"gemma3:latest"}, "one name gone")
        assert both & demo.names == {"gemma3:latest"}


async def test_models_without_time_families_or_digest_are_listed_sorted_and_told_apart() -> None:
    demo, ticker = a_server()
    entries = [an_entry("b:1"), an_entry("a:1"), an_entry("c:1", modified_at=None, details=None)]
    newest = an_entry("z:1", digest="f" * 64, modified_at="2026-11-20T10:00:00+05:30")
    demo.fail("/api/tags", 200, {"models": [*entries, newest]}, times=1000)
    shows = [{"system": f"I am {name}.", "modelfile": ""} for name in "zabc"]
    for show in shows:
        demo.fail("/api/show", 200, show)
    async with journey(demo, server_time=ticker) as user:
        assert user.names == ["z:1", "a:1", "b:1", "c:1"]
        await user.presses("\\")
        assert user.names == ["z:1", "a:1", "b:1", "c:1"]
        for name in user.names:
            await user.goes_to(name)
            await user.until(lambda: user.current.details_key in user.app.details, "details")
        told = {m.name: user.app.details.get(m.details_key) for m in user.main.snapshot.models}
        assert len({show.system for show in told.values() if show}) == 4
        await user.filters("is:alias")
        assert user.names == []
