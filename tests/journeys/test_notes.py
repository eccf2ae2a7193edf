"""Notes, tags and locks: kept for a model, found again, and asked twice about before it is lost."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ollama_tui.config.settings import Settings
from ollama_tui.demo.release import BEFORE_LISTS
from ollama_tui.domain.last_runs import LastRuns
from ollama_tui.services.cache import Cache
from tests.clock import START
from tests.journeys.driver import User, a_server, journey
from tests.journeys.test_unasked import put

LOCKED = '["localhost:11434"."{}"]\nlocked = true\n'
SECOND = "qwen3:8b is locked. Delete it all the same?"


def notes(folder: Path, *locked: str) -> Path:
    """Return a file of notes in which models are locked."""
    file = folder / "notes.toml"
    if locked:
        file.write_text("".join(map(LOCKED.format, locked)))
    return file


async def deletes_all_the_same(user: User) -> None:
    """Answer both questions, the second when it can have been read."""
    await user.presses("d", "y")
    await user.sees("is locked. Delete it all the same?")
    await user.waits(1)
    await user.presses("y")


async def marks(user: User, *names: str) -> None:
    for name in names:
        await user.goes_to(name)
        await user.presses("space")


async def test_tag_it_lock_it_be_refused_its_deletion_once_then_delete_it_with_the_second_yes(
    tmp_path: Path,
) -> None:
    demo, ticker = a_server()
    file = notes(tmp_path)
    async with journey(demo, server_time=ticker, notes=file) as user:
        await user.goes_to("qwen3:8b")
        await user.presses("m")
        await user.sees("Note on qwen3:8b")
        await user.types("good at SQL")
        await user.presses("down")
        await user.types("Coding, de")
        await user.presses("down", "space", "enter")
        await user.sees("qwen3:8b: locked, coding, de, “good at SQL”")
        await user.until(file.exists)
        assert '["localhost:11434"."qwen3:8b"]\nnote = "good at SQL"' in file.read_text()
        await user.sees("Kept by you")
        assert "qwen3:8b ◆" in user.screen
        await user.presses("d", "y")
        await user.sees(SECOND)
        await user.presses("enter")
        await user.sees(SECOND)
        await user.presses("n")
        assert not user.in_dialog
        await user.waits(20)
        assert demo.seen("/api/delete") == []
        await deletes_all_the_same(user)
        await user.waits(9)
        await user.until(lambda: "qwen3:8b" not in user.names)
        assert "good at SQL" in file.read_text()


async def test_a_key_held_down_answers_only_the_first_question(tmp_path: Path) -> None:
    async with journey(notes=notes(tmp_path, "qwen3:8b")) as user:
        await user.goes_to("qwen3:8b")
        await user.presses("d")
        for _ in range(5):
            user.strikes("y")
        await user.sees(SECOND)
        await user.waits(1)
        await user.sees(SECOND)


async def test_what_was_deleted_and_undone_or_pulled_again_is_still_locked(tmp_path: Path) -> None:
    async with journey(notes=notes(tmp_path, "qwen3:8b")) as user:
        await user.goes_to("qwen3:8b")
        await deletes_all_the_same(user)
        await user.presses("z")
        await user.sees("undone; nothing was deleted.")
        assert user.current.note is not None
        await user.presses("d", "y")
        await user.sees(SECOND)


async def test_refusing_a_locked_one_among_marked_ones_keeps_all_and_the_marks(
    tmp_path: Path,
) -> None:
    demo, ticker = a_server()
    file = notes(tmp_path, "qwen3:8b", "phi4:14b")
    async with journey(demo, server_time=ticker, notes=file) as user:
        await marks(user, "mistral:7b", "qwen3:8b", "phi4:14b")
        await user.presses("d", "y")
        await user.sees("2 of them are locked. Delete them all the same?", "qwen3:8b", "phi4:14b")
        await user.presses("n")
        assert user.marked == {"mistral:7b", "qwen3:8b", "phi4:14b"}
        await user.waits(20)
        assert demo.seen("/api/delete") == []
        await user.presses("b", "d", "y")
        await user.sees("2 of them are locked. Delete them all the same?")


async def test_tags_and_lock_of_several_models_at_once(tmp_path: Path) -> None:
    file = notes(tmp_path)
    file.write_text('["localhost:11434"."qwen3:8b"]\ntags = ["old", "de"]\nnote = "mine"\n')
    async with journey(notes=file) as user:
        await marks(user, "qwen3:8b", "phi4:14b")
        await user.presses("m")
        await user.sees("Tags and lock of 2 models", "In use: old, de")
        await user.types("coding, -o")
        await user.empties_the_field()
        await user.types("coding -old")
        await user.sees("Adds coding; takes old off.")
        await user.presses("down", "space")
        await user.sees("Adds coding; takes old off; locks all of them.")
        await user.presses("enter")
        await user.sees("Tags and lock of 2 models are kept.")
        by_name = user.main.snapshot.by_name
        kept = [by_name[name].note for name in ("qwen3:8b", "phi4:14b")]
        assert [(n.text, n.tags, n.locked) for n in kept if n] == [
            ("mine", ("de", "coding"), True), ("", ("coding",), True),
        ]  # fmt: skip


async def test_tab_completes_tags_that_are_in_use(tmp_path: Path) -> None:
    file = notes(tmp_path)
    file.write_text('["localhost:11434"."qwen3:8b"]\ntags = ["coding"]\n')
    async with journey(notes=file) as user:
        await user.goes_to("phi4:14b")
        await user.presses("m", "down")
        await user.types("de, co")
        await user.presses("tab")
        assert user.field == "de, coding"


async def test_what_was_typed_is_kept_when_leaving_is_not_meant(tmp_path: Path) -> None:
    async with journey(notes=notes(tmp_path), drafts=tmp_path / "drafts") as user:
        await user.presses("m")
        await user.types("worth keeping")
        await user.presses("escape")
        await user.sees("Leave and discard what you typed?", "“worth keeping”")
        await user.presses("n")
        assert user.field == "worth keeping"


async def test_a_note_of_several_lines_keeps_them_when_only_tags_change(tmp_path: Path) -> None:
    file = notes(tmp_path)
    file.write_text('["localhost:11434"."qwen3:8b"]\nnote = """one\ntwo"""\n')
    async with journey(notes=file) as user:
        await user.goes_to("qwen3:8b")
        await user.presses("m")
        assert user.field == "one two"
        await user.presses("down")
        await user.types("x")
        await user.presses("enter")
        await user.until(lambda: "tags" in file.read_text())
        assert 'note = """one\ntwo"""\ntags = ["x"]\n' in file.read_text()


async def test_a_renamed_model_takes_its_note_along_and_a_copy_begins_with_none(
    tmp_path: Path,
) -> None:
    file = notes(tmp_path, "qwen3:8b")
    async with journey(notes=file) as user:
        await user.goes_to("qwen3:8b")
        await user.presses("c")
        await user.empties_the_field()
        await user.types("copied:1")
        await user.presses("enter")
        await user.until(lambda: "copied:1" in user.names)
        assert user.main.snapshot.by_name["copied:1"].note is None
        await user.goes_to("qwen3:8b")
        await user.presses("r")
        await user.empties_the_field()
        await user.types("mine:8b")
        await user.presses("enter")
        await user.sees("qwen3:8b is now mine:8b.")
        await user.until(lambda: file.read_text() == LOCKED.format("mine:8b"))
        await user.until(lambda: user.current.name == "mine:8b" and user.current.note)
        await user.presses("d", "y")
        await user.sees("mine:8b is locked. Delete it all the same?")


async def test_a_locked_name_is_asked_about_twice_before_it_is_overwritten(tmp_path: Path) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, notes=notes(tmp_path, "qwen3:8b")) as user:
        await user.presses("c")
        await user.empties_the_field()
        await user.types("QWEN3:8b")
        await user.presses("enter", "y")
        await user.sees("qwen3:8b is locked. Replace it all the same?")
        await user.presses("n")
        assert user.field == "QWEN3:8b"
        await user.empties_the_field()
        await user.presses("escape")
        await user.presses("p")
        await user.types("qwen3:8b")
        await user.presses("enter")
        await user.sees("qwen3:8b is locked. Pull it all the same?")
        await user.presses("n")
        assert demo.seen("/api/copy") + demo.seen("/api/pull") == []


async def test_a_locked_model_is_asked_about_before_it_is_changed_in_the_form(
    tmp_path: Path,
) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, notes=notes(tmp_path, "qwen3:8b")) as user:
        await user.goes_to("qwen3:8b")
        await user.presses(":")
        await user.types("edit in a form")
        await user.presses("enter")
        await user.sees("Edit qwen3:8b")
        await user.presses("ctrl+n", "ctrl+n", "enter")
        await user.types("4096")
        await user.presses("enter", "ctrl+g")
        await user.sees("qwen3:8b is locked. Change it all the same?")
        await user.presses("n")
        await user.sees("Edit qwen3:8b", "+PARAMETER")
        assert demo.seen("/api/create") == []


async def test_a_locked_name_that_appears_meanwhile_is_asked_about_twice(tmp_path: Path) -> None:
    demo, ticker = a_server(version=BEFORE_LISTS)
    async with journey(demo, server_time=ticker, notes=notes(tmp_path, "mine:latest")) as user:
        await user.presses("c")
        await user.empties_the_field()
        await user.types("mine")
        put(demo, ticker, "mine:latest")
        await user.presses("enter")
        await user.sees("mine:latest appeared on the server meanwhile")
        await user.presses("y")
        await user.sees("mine:latest is locked. Replace it all the same?")
        assert demo.seen("/api/copy") == []


async def test_lock_and_unlock_in_the_palette_by_other_words(tmp_path: Path) -> None:
    file = notes(tmp_path)
    async with journey(notes=file) as user:
        await user.goes_to("qwen3:8b")
        await user.presses(":")
        await user.types("protect")
        await user.presses("enter")
        await user.sees("qwen3:8b is locked.", "Deleting and overwriting ask twice.")
        assert file.read_text().endswith(LOCKED.format("qwen3:8b"))
        await user.presses(":")
        await user.types("protect")
        await user.sees("qwen3:8b is locked already.")
        await user.presses("escape", ":")
        await user.types("unlock")
        await user.presses("enter")
        await user.sees("qwen3:8b is not locked any more.")
        assert user.current.note is None


async def test_find_by_tag_lock_and_how_long_it_was_not_used(tmp_path: Path) -> None:
    file = notes(tmp_path, "phi4:14b")
    with file.open("a") as more:
        more.write('["localhost:11434"."qwen3:8b"]\ntags = ["coding"]\n')
    async with journey(notes=file) as user:
        await user.filters("tag:cod")
        assert user.names == ["qwen3:8b"]
        await user.presses("escape")
        await user.filters("is:locked")
        assert user.names == ["phi4:14b"]
        await user.presses("escape")
        await user.filters("locked")
        await user.sees("is:locked")


async def test_unused_is_what_was_watched_for_so_long_and_did_not_run(tmp_path: Path) -> None:
    cache, day = Cache(tmp_path), timedelta(days=1)
    url = Settings().host.url
    async with journey() as user:
        ran = {model.digest: START - 3 * day for model in user.main.snapshot.named("phi4:14b")}
    cache.keep_last_runs(url, LastRuns(START - 8 * day, ran))
    async with journey(cache=cache) as user:
        await user.filters("unused:7d")
        assert "qwen3:8b" in user.names
        assert "phi4:14b" not in user.names, "It ran three days ago."
        assert "gpt-oss:20b" not in user.names, "It runs now."
        assert "studio/support-bot:v2" in user.names
        assert "gemma3:4b" not in user.names, "It has been there for five days only."
        await user.presses("escape")
        await user.filters("unused:2d")
        assert "phi4:14b" in user.names
        await user.presses("escape")
        await user.filters("unused:9d qwen")
        await user.sees("No matches for “unused:9d” (")


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (120, 40), (200, 60)])
async def test_dialog_and_lock_sign_at_every_size(tmp_path: Path, size: tuple[int, int]) -> None:
    async with journey(size=size, notes=notes(tmp_path, "studio/reviewer:latest")) as user:
        assert " ◆" in user.screen
        await user.presses("m")
        await user.sees("Note on studio/reviewer:latest", "[x] Lock: ask twice before it is lost")


async def test_a_server_that_may_not_be_changed_has_notes_all_the_same(tmp_path: Path) -> None:
    file = notes(tmp_path)
    async with journey(notes=file, read_only=True) as user:
        await user.presses("m")
        await user.types("mine")
        await user.presses("enter")
        await user.until(file.exists)
        await user.sees("studio/reviewer:latest: “mine”")


async def test_while_the_file_cannot_be_read_all_are_locked_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    file = notes(tmp_path)
    file.write_text("[half")
    async with journey(notes=file) as user:
        await user.until(lambda: user.current.note, "a lock")
        [said] = user.toasts
        assert said.startswith("notes.toml is not valid: ")
        assert said.endswith("Until it can be read, every model counts as locked.")
        await user.presses("m")
        await user.sees("No note can be kept.", "notes.toml is not valid")
        await user.presses("d", "y")
        await user.sees("is locked. Delete it all the same?")
        await user.presses("n")
        file.write_text(LOCKED.format("qwen3:8b"))
        await user.presses("R")
        await user.until(lambda: user.current.note is None, "the notes")
        assert user.main.snapshot.by_name["qwen3:8b"].note is not None


async def test_the_tags_can_be_a_column(tmp_path: Path) -> None:
    file = notes(tmp_path)
    file.write_text('["localhost:11434"."studio/reviewer:latest"]\ntags = ["\u202ecoding", "de"]\n')
    async with journey(notes=file, columns=("name", "size", "tags")) as user:
        await user.sees("TAGS", "de")
        assert "\u202e" not in user.screen


async def test_notes_of_the_demo_are_gone_with_it(tmp_path: Path) -> None:
    file = notes(tmp_path)
    async with journey(notes=file, settings=Settings(demo=True)) as user:
        await user.presses("m")
        await user.types("mine")
        await user.presses("enter")
        await user.sees("studio/reviewer:latest: “mine”")
        assert not file.exists()


async def test_a_long_paste_into_the_note_stays_and_says_that_it_is_too_long(
    tmp_path: Path,
) -> None:
    async with journey(notes=notes(tmp_path)) as user:
        await user.goes_to("qwen3:8b")
        await user.presses("m")
        await user.pastes("good at SQL\n" * 400)
        await user.sees("A note can have 2,000 characters at most; this has 4,799.")
        assert user.field.startswith("good at SQL good at SQL")
        await user.presses("enter")
        assert user.in_dialog
