"""What the disk is spent on, by estimate and to the byte, and how one gets rid of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ollama_tui.api.host import parse_host
from ollama_tui.demo import Demo as EmbeddedServer
from tests.clock import until
from tests.journeys.driver import User, a_server, journey
from tests.services.stores import StoreFolder, on_disk
from tests.serving import serve


def no_transport() -> Any:
    """Return none, so that the program connects as it always does."""


@asynccontextmanager
async def beside_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[User, StoreFolder]]:
    """A person on the machine of a server whose files can be read."""
    demo, ticker = a_server()
    store = on_disk(demo.store, tmp_path / "models")
    monkeypatch.setenv("OLLAMA_MODELS", str(store.root))
    async with serve(demo.transport()) as url:
        real = parse_host(url)
        async with journey(demo, server_time=ticker, transport=no_transport, host=real) as user:
            await user.until(lambda: user.app.measured, "a measure")
            yield user, store


async def test_b_shows_what_each_model_alone_costs_and_what_is_shared() -> None:
    async with journey(size=(80, 24)) as user:
        await user.presses("b")
        await user.sees("Storage", "ALONE", "SHARED", "Estimated from what the server reports")
        await user.sees("mixtral:8x7b", "Deleting mixtral:8x7b frees about 26 GB.")
        await user.presses("G")
        await user.sees(
            "shared by llama3.2:3b", "pirate:latest and studio/support-bot:v2 frees it."
        )


async def test_enter_goes_to_the_model_in_the_list_even_if_a_filter_hides_it() -> None:
    async with journey() as user:
        await user.filters("qwen")
        await user.presses("b")
        await user.sees("Storage")
        await user.presses("enter")
        await user.sees_no("Storage ")
        assert user.cursor == "mixtral:8x7b"


async def test_marks_are_those_of_the_list_and_d_deletes_them() -> None:
    async with journey() as user:
        await user.presses("b", "space", "space")
        assert user.marked == {"mixtral:8x7b", "qwen3:30b-a3b"}
        await user.presses("d")
        await user.sees("Delete 2 models?")
        await user.presses("n", "escape")
        await user.sees_no("Storage ")
        assert "✓" in user.row("mixtral:8x7b")


async def test_without_marks_d_deletes_what_is_under_the_cursor_and_the_picture_follows() -> None:
    async with journey() as user:
        await user.presses("b", "j", "d")
        await user.sees("Delete qwen3:30b-a3b?")
        await user.presses("y")
        await user.waits(9)
        await user.until(lambda: "qwen3:30b-a3b" not in user.names)
        await user.lets_toasts_go()  # one of them names the model
        await user.sees_no("qwen3:30b-a3b")
        await user.sees("Storage")


async def test_what_is_no_model_cannot_be_deleted_and_says_why() -> None:
    async with journey() as user:
        await user.presses("b", "G", "d")
        await user.sees("This row is not a model")
        assert not user.marked


async def test_forty_columns_still_say_what_each_costs() -> None:
    async with journey(size=(40, 10)) as user:
        await user.presses("b")
        await user.sees("ALONE", "mixtral:8x7b", "26 GB")


async def test_beside_the_store_bytes_are_exact_and_leftovers_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with beside_the_store(tmp_path, monkeypatch) as (user, store):
        store.blob("e", 21_000_000_000, hours=30_000)
        store.partial("d", b"x" * 9_000_000, apparent=4_000_000_000)
        await user.presses("b")
        await user.sees(f"Measured in {str(store.root)[:30]}", "leftovers 34 GB", "free")
        await goes_down_to(user, "1 file no model uses")
        await user.sees("1 file no model uses: a restart of the server frees")
        await goes_down_to(user, "1 unfinished download")
        await user.sees("1 unfinished download: pulling the model again")


async def test_beside_the_store_a_deletion_says_what_it_frees_without_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with beside_the_store(tmp_path, monkeypatch) as (user, _):
        await user.goes_to("llama3.1:8b")
        await user.presses("d")
        await user.sees("Delete llama3.1:8b?", "What is shared with sql-writer:lora stays.")
        await user.sees_no("about")


async def test_beside_the_store_the_status_line_counts_shared_weights_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with beside_the_store(tmp_path, monkeypatch) as (user, _):
        used = user.app.measured
        assert used is not None
        assert "158 GB used" in user.status
        assert used.contents is not None
        [backup] = [entry for entry in used.contents.entries if entry.is_shadow]
        kept = sum(used.contents.blobs[digest].size for digest in backup.blobs)
        freed = used.freed([model.name for model in used.models])
        assert freed.bytes + kept + backup.frees == used.unique.bytes


@asynccontextmanager
async def beside_the_demo() -> AsyncIterator[User]:
    """A person who has started `--demo`, whose store is laid out as files."""
    async with journey(transport=EmbeddedServer().transport) as user:
        await user.until(lambda: user.app.measured, "a measure")
        yield user


async def goes_down_to(user: User, text: str) -> None:
    """Press j until there is `text` in the row under the cursor."""
    for _ in range(60):
        if any("▸" in line[:2] and text in line for line in user.lines):
            return
        await user.presses("j")
    raise AssertionError(f"no row has {text!r}:\n{user.screen}")


async def test_what_an_upgrade_kept_is_found_and_deleted_after_a_question() -> None:
    async with beside_the_demo() as user:
        await user.presses("b")
        await goes_down_to(user, "1 original kept by an upgrade")
        await user.sees("leftovers 13 GB")
        await user.sees("Ollama converted gpt-oss:20b and kept the original too")
        await user.presses("d")
        await user.sees("Delete the original of gpt-oss:20b?", "Frees 13 GB")
        await user.sees("After that no Ollama older than 0.40 can run it.")
        await user.presses("v")
        await user.sees("DELETE /api/delete  {")
        await user.presses("y")
        await user.waits(9)
        await user.until(
            lambda: user.app.measured and not user.app.measured.originals, "it is gone"
        )
        assert "gpt-oss:20b" in user.names, "The converted one stays."


async def test_the_backup_of_a_converted_model_goes_with_it_unless_it_is_kept() -> None:
    async with beside_the_demo() as user:
        await user.goes_to("gpt-oss:20b")
        await user.presses("d")
        await user.sees("Frees 27 GB", "b [x] also delete the backup llamacpp:", "(13 GB)")
        await user.presses("b")
        await user.sees("Frees 13 GB", "b [ ] also delete the backup")
        await user.presses("b", "y")
        await user.waits(9)
        await user.until(lambda: "gpt-oss:20b" not in user.names)
        measured = user.app.measured
        assert measured is not None
        assert measured.lone_backups == ()


async def test_a_backup_that_was_kept_is_found_later() -> None:
    async with beside_the_demo() as user:
        await user.goes_to("gpt-oss:20b")
        await user.presses("d", "b", "y")
        await user.waits(9)
        await user.until(lambda: user.app.measured and user.app.measured.lone_backups)
        await user.presses("b")
        await goes_down_to(user, "backup llamacpp:")
        await user.sees("What Ollama made of a model that is deleted")
        await user.presses("d", "y")
        await user.waits(9)
        await user.until(lambda: user.app.measured and not user.app.measured.lone_backups)


async def test_the_embedded_server_has_an_original_to_be_found_and_freed() -> None:
    embedded = EmbeddedServer()
    async with journey(transport=embedded.transport) as user:
        await user.until(lambda: user.app.measured, "a measure")
        assert user.app.measured is not None
        assert user.app.measured.contents is not None
        folder = Path(user.app.measured.contents.root)
        await user.presses("b")
        await goes_down_to(user, "1 original kept by an upgrade")
        await user.sees("Ollama converted gpt-oss:20b")
        blobs = len(list((folder / "blobs").iterdir()))
        await user.presses("d")
        await user.sees("Delete the original of gpt-oss:20b?", "Frees 13 GB")
        await user.presses("y")
        await user.waits(9)
        await user.sees("144 GB used", "72 GB free")
        await user.sees_no("kept by an upgrade", "leftovers")
        assert len(list((folder / "blobs").iterdir())) < blobs
        assert "gpt-oss:20b" in user.names
    await until(lambda: not folder.exists())


async def test_two_names_of_one_model_count_once_in_marks_and_filter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with beside_the_store(tmp_path, monkeypatch) as (user, _):
        await user.filters("gemma3")
        await user.sees("2 of 36 models · 3.3 GB")
        await user.presses("a")
        await user.sees("2 marked · 3.3 GB")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
async def test_what_cannot_be_deleted_is_said_in_a_line_below_the_table(
    size: tuple[int, int],
) -> None:
    async with journey(size=size) as user:
        await user.presses("b", "G", "d")
        [said] = user.toasts
        said_in = user.text_of(user.app.screen.query_one("#messages"))
        assert said_in.endswith(said)
        assert not user.app.screen.query("Toast")
