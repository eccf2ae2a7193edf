"""Notes, tags and locks in commands: listed, exported, restored, and in the way of a pull."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from ollama_tui.cli.context import CommandRefused
from ollama_tui.config.notes_file import NotesFile
from ollama_tui.domain.last_runs import LastRuns
from ollama_tui.domain.notes import Note
from ollama_tui.services.cache import Cache
from tests.cli.scripted import Shell
from tests.domain.models import NOW

MINE = Note("good at SQL", ("coding", "de"), True)


@pytest.fixture
def noted(shell: Shell, tmp_path: Path) -> Shell:
    """Return a shell whose user keeps something for qwen3:8b."""
    shell.notes = NotesFile(tmp_path / "notes.toml")
    shell.notes.change(shell.settings.host, lambda _: {"qwen3:8b": MINE})
    return shell


async def test_a_list_for_programs_has_what_is_kept(noted: Shell) -> None:
    listed = (await noted.prints("list", "qwen3:8b", "phi4:14b,qwen3:8b"))["models"]
    [model] = listed
    assert (model["note"], model["tags"], model["locked"]) == (
        "good at SQL",
        ["coding", "de"],
        True,
    )
    [other] = (await noted.prints("list", "phi4:14b"))["models"]
    assert (other["note"], other["tags"], other["locked"]) == ("", [], False)


async def test_the_filter_knows_tags_locks_and_how_long_a_model_was_not_used(
    noted: Shell, tmp_path: Path
) -> None:
    for words in ("tag:coding", "is:locked", "tag:de is:locked"):
        assert [m["name"] for m in (await noted.prints("list", words))["models"]] == ["qwen3:8b"]
    noted.cache = Cache(tmp_path / "cache")
    assert (await noted.prints("list", "unused:90d"))["models"] == []
    since = NOW - timedelta(days=4000)
    noted.cache.keep_last_runs(noted.settings.host.url, LastRuns(since))
    unused = {m["name"] for m in (await noted.prints("list", "unused:90d"))["models"]}
    assert "phi4:14b" in unused
    assert "gpt-oss:20b" not in unused, "It runs now."


async def test_show_says_what_is_kept(noted: Shell) -> None:
    await noted.runs("show", "qwen3:8b")
    assert "Tags          coding, de" in noted.lines
    assert "Note          good at SQL" in noted.lines
    assert (await noted.prints("show", "qwen3:8b"))["locked"] is True


async def test_an_export_takes_notes_along_to_where_there_are_none(
    noted: Shell, tmp_path: Path
) -> None:
    export = tmp_path / "export.json"
    export.write_text(json.dumps(await noted.prints("export", "qwen3:8b")))
    there = noted.notes = NotesFile(tmp_path / "there" / "notes.toml")
    await noted.runs("restore", "--dry-run", str(export))
    assert "  qwen3:8b: locked, coding, de, “good at SQL”" in noted.lines
    assert there.read(noted.settings.host) == {}
    plan = await noted.prints("restore", str(export))
    assert plan["notes"] == {"taken": ["qwen3:8b"], "different": []}
    assert list(there.read(noted.settings.host).values()) == [MINE]
    again = await noted.prints("restore", str(export))
    assert again["notes"] == {"taken": [], "different": []}


async def test_a_note_that_differs_is_kept_and_said(noted: Shell, tmp_path: Path) -> None:
    export = tmp_path / "export.json"
    export.write_text(
        json.dumps({"models": [{"name": "qwen3:8b", "note": "\x1b[2J", "tags": ["x", "a b"]}]})
    )
    await noted.runs("restore", str(export))
    assert noted.code == 0
    assert "These models have other notes here, which stay; in the export they have:" in noted.out
    assert "\x1b" not in noted.out
    assert noted.notes is not None
    assert list(noted.notes.read(noted.settings.host).values()) == [MINE]


async def test_exports_of_before_there_were_notes_restore_as_ever(
    noted: Shell, tmp_path: Path
) -> None:
    export = tmp_path / "export.json"
    export.write_text(json.dumps({"models": [{"name": "qwen3:8b", "digest": "", "parent": None}]}))
    await noted.runs("restore", str(export))
    assert noted.code == 0
    assert "note" not in noted.out


async def test_a_restore_that_can_keep_no_note_pulls_nothing_and_says_so(
    noted: Shell, tmp_path: Path
) -> None:
    export = tmp_path / "export.json"
    export.write_text(json.dumps({"models": [{"name": "qwen3:8b", "note": "x"}]}))
    (tmp_path / "file").write_text("in the way")
    noted.notes = NotesFile(tmp_path / "file" / "notes.toml")
    await noted.runs("restore", str(export))
    assert noted.code == 1
    assert "no note was kept" in noted.err


async def test_a_locked_model_is_pulled_again_by_force_only(noted: Shell) -> None:
    with pytest.raises(CommandRefused, match=r"^qwen3:8b is locked, so nothing was pulled\. "):
        await noted.runs("pull", "phi4:14b", "QWEN3:8b")
    assert noted.pulled == []
    noted.is_told(demo=True)
    await noted.runs("pull", "qwen3:8b", "--force")
    assert noted.pulled == ["qwen3:8b"]


async def test_what_is_locked_and_not_installed_can_be_pulled(noted: Shell) -> None:
    assert noted.notes is not None
    noted.notes.change(noted.settings.host, lambda _: {"qwen3:4b": MINE})
    noted.is_told(demo=True)
    await noted.runs("pull", "qwen3:4b")
    assert noted.pulled == ["qwen3:4b"]


async def test_notes_that_cannot_be_read_lock_all_models_and_are_left_alone(noted: Shell) -> None:
    assert noted.notes is not None
    noted.notes.path.write_text("[half")
    [model] = (await noted.prints("list", "phi4:14b"))["models"]
    assert model["locked"] is True
    [said] = noted.notes.problems.take()
    assert said.startswith("notes.toml is not valid: ")
    assert said.endswith("Until it can be read, every model counts as locked.")
    with pytest.raises(CommandRefused, match="is locked"):
        await noted.runs("pull", "phi4:14b")
    assert noted.notes.path.read_text() == "[half"
