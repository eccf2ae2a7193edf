"""Drafts on disk: written soon, whole, once, by their owner only, and found again."""

from __future__ import annotations

import asyncio
import os
import tempfile
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.clock import Clock
from ollama_tui.config.drafts import (
    LONGEST_NAME,
    MODELFILE,
    READ_LIMIT,
    WRITE_DELAY,
    DraftFile,
    Drafts,
    FormKey,
)
from tests.clock import VirtualClock
from tests.config.test_saving import full_disk

KEY = FormKey("create", "", MODELFILE)


class Desktop:
    """Drafts in a folder, by a clock that stands still."""

    def __init__(self, folder: Path) -> None:
        self.time = VirtualClock()
        self.said: list[str] = []
        clock = Clock(self.time.now, lambda: self.time.seconds, self.time.sleep)
        self.drafts = Drafts(folder, clock, self.said.append)

    async def written(self, draft: DraftFile) -> None:
        """Let the moment pass after which a draft is written, by a real thread."""
        async with asyncio.timeout(30):
            while draft.is_behind:
                await self.time.advance(WRITE_DELAY)


async def found(folder: Path, key: FormKey = KEY) -> DraftFile | None:
    drafts = Drafts(folder)
    drafts.find()
    return await drafts.newest(key)


async def test_a_draft_is_written_a_moment_later_and_found_by_the_next_run(tmp_path: Path) -> None:
    desktop = Desktop(tmp_path / "a" / "drafts")
    draft = desktop.drafts.begin(KEY)
    made: list[str] = []

    def text_of(typed: str) -> str:
        made.append(typed)
        return typed

    for typed in ("o", "on", "one"):
        draft.update(partial(text_of, typed))
    assert not (tmp_path / "a").exists()
    await desktop.written(draft)
    assert made == ["one"]  # not once a key
    file = tmp_path / "a" / "drafts" / "create.Modelfile"
    assert (draft.path, file.read_text()) == (file, "one")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert os.listdir(file.parent) == [file.name]
    left = await found(file.parent)
    assert left is not None
    assert (left.text, left.path) == ("one", file)


async def test_what_is_typed_while_all_is_written_is_written_at_the_end(tmp_path: Path) -> None:
    desktop = Desktop(tmp_path)
    draft = desktop.drafts.begin(KEY)

    def text() -> str:
        draft.update(lambda: "Rhyme!")  # one more key, before this is in the file
        return "Rhyme"

    draft.update(text)
    desktop.drafts.flush()
    assert (tmp_path / "create.Modelfile").read_text() == "Rhyme"
    desktop.drafts.close()
    assert (tmp_path / "create.Modelfile").read_text() == "Rhyme!"


async def test_flush_writes_at_once_and_a_discarded_draft_stays_away(tmp_path: Path) -> None:
    desktop = Desktop(tmp_path)
    draft = desktop.drafts.begin(KEY)
    draft.update(lambda: "one")
    desktop.drafts.flush()
    assert (tmp_path / "create.Modelfile").read_text() == "one"
    draft.update(lambda: "two")
    draft.discard()
    await desktop.written(draft)
    desktop.drafts.flush()
    assert os.listdir(tmp_path) == []
    assert await desktop.drafts.newest(KEY) is None
    desktop.drafts.close()


async def test_an_open_draft_is_nobody_elses_and_two_forms_have_two_files(tmp_path: Path) -> None:
    desktop = Desktop(tmp_path)
    first, second = desktop.drafts.begin(KEY), desktop.drafts.begin(KEY)
    first.update(lambda: "one")
    second.update(lambda: "two")
    desktop.drafts.flush()
    assert sorted(os.listdir(tmp_path)) == ["create+2.Modelfile", "create.Modelfile"]
    assert await desktop.drafts.newest(KEY) is None
    second.release()
    assert await desktop.drafts.newest(KEY) is second
    assert await desktop.drafts.newest(FormKey("pull")) is None
    desktop.drafts.close()


async def test_a_draft_typed_on_is_not_removed_by_the_job_it_was_sent_with(tmp_path: Path) -> None:
    desktop = Desktop(tmp_path)
    draft = desktop.drafts.begin(KEY)
    draft.update(lambda: "one")
    desktop.drafts.follow(draft, 7)
    assert desktop.drafts.sent == {7: draft}
    draft.release()
    desktop.drafts.resume(draft, KEY)
    assert desktop.drafts.sent == {}
    desktop.drafts.close()
    assert os.listdir(tmp_path) == ["create.Modelfile"]


async def test_where_nothing_can_be_written_it_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    desktop = Desktop(tmp_path / "file")
    draft = desktop.drafts.begin(KEY)
    for text in ("one", "two"):
        draft.update(partial(str, text))
        await desktop.written(draft)
        await desktop.time.advance()
    assert desktop.said == ["Drafts are not saved: File exists."]
    assert (draft.text, draft.location) == ("two", None)  # this run still has it
    path = await desktop.drafts.begin(KEY).file_with("for the editor")
    assert path.read_text() == "for the editor"
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()
    path.parent.rmdir()


async def test_a_draft_that_could_not_be_written_leaves_no_empty_file(tmp_path: Path) -> None:
    desktop = Desktop(tmp_path)
    draft = desktop.drafts.begin(KEY)
    with full_disk():
        for text in ("one" * 100, "two" * 100):
            draft.update(partial(str, text))
            desktop.drafts.flush()
            assert os.listdir(tmp_path) == []
    assert desktop.drafts.trouble
    draft.update(lambda: "three")
    desktop.drafts.flush()
    assert os.listdir(tmp_path) == ["create.Modelfile"]
    desktop.drafts.close()


async def test_a_file_for_the_editor_that_could_not_be_written_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    draft = Drafts(None).begin(KEY)
    with full_disk(), pytest.raises(OSError, match="File too large"):
        await draft.file_with("x" * 1000)
    assert os.listdir(tmp_path) == []


async def test_only_so_much_of_what_lies_in_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "create.Modelfile").write_text("x" * (READ_LIMIT + 1))
    (tmp_path / "create+2.Modelfile").write_text("FROM small\n")
    os.utime(tmp_path / "create+2.Modelfile", (1, 1))
    left = await found(tmp_path)
    assert left is not None
    assert left.text == "FROM small\n"


@given(about=st.text(), other=st.text(), number=st.integers(1, 99))
def test_a_form_knows_its_files_and_no_other(about: str, other: str, number: int) -> None:
    about = about.encode("utf-8", "replace").decode()
    other = other.encode("utf-8", "replace").decode()
    key = FormKey("edit", about, MODELFILE)
    name = key.file_name(number)
    assert key.is_name(name)
    assert "/" not in name
    assert name.isascii()
    assert len(name) <= LONGEST_NAME + 20
    assert not key.is_name(f"{name}~")
    assert FormKey("edit", other, MODELFILE).is_name(name) is (about == other)
    assert not FormKey("change", about, MODELFILE).is_name(name)
