"""The notes of a server: published, joined into the list, kept where they can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.errors import OllamaError
from ollama_tui.api.host import parse_host
from ollama_tui.config.notes_file import NotesFile
from ollama_tui.domain.names import comparison_key
from ollama_tui.domain.notes import NOTHING, Note
from ollama_tui.services.library import Library
from ollama_tui.services.notes import Notes
from tests.clock import VirtualClock, at_once
from tests.demo.levers import Demo

HOST = parse_host("gpu-box")
MINE = Note("mine", ("coding",), True)


def on_disk(folder: Path) -> Notes:
    return Notes(HOST, NotesFile(folder / "notes.toml"))


async def test_without_a_file_notes_last_as_long_as_the_program() -> None:
    notes = Notes(HOST)
    await notes.load()
    await notes.edit(["a:1", "b:1"], lambda _: MINE)
    await notes.edit(["A:1"], lambda note: NOTHING if note == MINE else note)
    assert dict(notes.known.value.by_key) == {comparison_key("b:1"): MINE}


async def test_what_another_program_has_kept_is_seen_with_the_next_change(tmp_path: Path) -> None:
    ours, theirs = on_disk(tmp_path), on_disk(tmp_path)
    await ours.edit(["a:1"], lambda _: MINE)
    await theirs.edit(["b:1"], lambda _: MINE)
    await ours.edit(["c:1"], lambda _: MINE)
    assert {ours.known.value.of(name) for name in ("a:1", "b:1", "c:1")} == {MINE}


async def test_a_model_that_is_renamed_takes_its_note_along(tmp_path: Path) -> None:
    notes = on_disk(tmp_path)
    await notes.edit(["a:1"], lambda _: MINE)
    await notes.rename("a:1", "b:1")
    await notes.rename("c:1", "d:1")
    again = on_disk(tmp_path)
    await again.load()
    assert dict(again.known.value.by_key) == {comparison_key("b:1"): MINE}


async def test_a_file_that_breaks_meanwhile_locks_all_until_it_is_whole(tmp_path: Path) -> None:
    notes, file = on_disk(tmp_path), tmp_path / "notes.toml"
    await notes.edit(["a:1"], lambda _: Note("mine"))
    whole = file.read_text()
    file.write_text("[half")
    with pytest.raises(OllamaError, match=r"^Nothing was kept\. notes\.toml is not valid"):
        await notes.edit(["b:1"], lambda _: MINE)
    assert file.read_text() == "[half"
    assert notes.known.value.of("z:1").locked
    file.write_text(whole)
    await notes.load()
    assert notes.known.value.of("z:1") == NOTHING


async def test_the_list_has_notes_and_gets_new_ones_without_asking_the_server() -> None:
    demo, notes = Demo(pace=at_once), Notes(HOST)
    await notes.edit(["phi4:14b"], lambda _: MINE)
    async with Ollama("http://x", transport=demo.transport()) as ollama:
        library = Library(ollama, notes=notes, sleep=VirtualClock().sleep)
        await library.refresh()
        async with library.watching():
            assert library.snapshot.by_name["phi4:14b"].note == MINE
            asked = len(demo.requests)
            await notes.edit(["QWEN3:8b"], lambda _: MINE)
            async for snapshot in library.snapshots.follow():
                if snapshot.by_name["qwen3:8b"].note is not None:
                    break
            assert [seen for seen in demo.requests[asked:] if seen.path == "/api/tags"] == []
