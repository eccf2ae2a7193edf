"""Nothing typed is lost: forms keep drafts, ask before they throw text away, and offer it again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.driver import MOMENT, PATIENCE, User, a_server, journey

MODEL = "studio/reviewer:latest"
ASKED = "Leave and discard what you typed?"


def texts(folder: Path) -> dict[str, str]:
    """Return the drafts there are."""
    files = sorted(folder.glob("[!.]*"))
    return {file.name: file.read_text() for file in files if file.exists()}


async def eventually(user: User, true: Callable[[], bool]) -> None:
    """Let time pass until `true`: files are written by real threads."""
    async with asyncio.timeout(PATIENCE):
        while not true():
            await user.waits(MOMENT)


async def keeps(user: User, folder: Path, *words: str) -> None:
    """Wait until each of the words is in a draft, and the program knows in which file."""

    def is_kept() -> bool:
        drafts = texts(folder).values()
        written = not any(draft.is_behind for draft in user.app.drafts.files)
        return written and all(any(word in text for text in drafts) for word in words)

    await eventually(user, is_kept)


async def keeps_nothing(user: User, folder: Path) -> None:
    """Wait until there is no draft."""
    await eventually(user, lambda: not texts(folder))


async def opens_create_with_a_prompt(user: User, text: str) -> None:
    """Open the create and type a system prompt."""
    await user.presses("C")
    await user.sees(f"Create a model from {MODEL}")
    await user.presses("ctrl+n")
    await user.types(text)


# ---- esc


async def test_escape_asks_before_a_typed_name_is_thrown_away_and_escape_stays() -> None:
    async with journey() as user:
        await user.presses("p")
        await user.types("mistral")
        await user.presses("escape")
        await user.sees(ASKED, "“mistral”", "y leave", "n stay")
        for no in ("escape", "n"):
            await user.presses(no)
            await user.sees_no(ASKED)
            assert user.field == "mistral"
            await user.presses("escape")
        await user.presses("enter")
        await user.sees(ASKED)
        await user.presses("y")
        assert not user.in_dialog


@pytest.mark.parametrize(
    ("key", "typed", "asks"),
    [
        ("c", ("x", "y"), True),
        ("c", ("end", "ctrl+u", "n", "e", "w"), True),
        ("c", ("end", "ctrl+u"), False),
        ("c", ("x", "backspace"), False),
        ("c", ("x", "home", "y"), True),
        ("c", (), False),
        ("r", ("x",), True),
        ("r", ("x", "home", "y"), True),
        ("P", ("x",), True),
        ("P", ("x", "home", "y"), True),
        ("p", (), False),
        ("p", ("x", "backspace"), False),
        ("I", ("x",), True),
        ("I", (), False),
        ("H", ("2", "x"), True),
    ],
)
async def test_a_form_asks_before_escape_when_something_was_typed(
    key: str, typed: tuple[str, ...], asks: bool
) -> None:
    async with journey() as user:
        await user.presses(key, *typed, "escape")
        assert (ASKED in user.everything) is asks
        assert user.in_dialog is asks


@pytest.mark.parametrize("keys", [("ctrl+n", "x"), ("ctrl+n", "ctrl+n", "ctrl+n", "a", "x")])
async def test_the_create_form_and_its_parts_always_ask(keys: tuple[str, ...]) -> None:
    async with journey() as user:
        await user.presses("C")
        await user.sees("Create a model from")
        await user.presses(*keys, "escape")
        await user.sees(ASKED)


# ---- drafts


async def test_what_was_typed_is_offered_when_the_program_has_died(tmp_path: Path) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, drafts=tmp_path) as user:
        await opens_create_with_a_prompt(user, "Rhyme.")
        await keeps(user, tmp_path, "Rhyme.")
    [name] = texts(tmp_path)
    assert name == "create.Modelfile"
    assert os.stat(tmp_path / name).st_mode & 0o777 == 0o600
    async with journey(demo, server_time=ticker, drafts=tmp_path) as user:
        await user.presses("j", "C")  # on another model: the draft says what it starts from
        await user.sees("Continue the draft of", "Rhyme.")
        await user.sees_path("create.Modelfile")
        await user.presses("y")
        await user.sees(f"Create a model from {MODEL}")
        await user.presses("ctrl+g")
        await user.until(lambda: demo.bodies("/api/create"))
        [body] = demo.bodies("/api/create")
        assert body["from"] == MODEL
        assert body["system"].endswith("Rhyme.")
        await user.server_works(20)
        await keeps_nothing(user, tmp_path)


async def test_n_starts_anew_and_keeps_the_draft_d_deletes_it_and_esc_opens_nothing(
    tmp_path: Path,
) -> None:
    async with journey(drafts=tmp_path) as user:
        await opens_create_with_a_prompt(user, "Rhyme.")
        await keeps(user, tmp_path, "Rhyme.")
    async with journey(drafts=tmp_path) as user:
        await user.presses("C")
        await user.sees("Continue the draft of")
        await user.presses("escape")
        assert not user.in_dialog
        await user.presses("C", "n")
        await user.sees(f"Create a model from {MODEL}")
        await user.presses("ctrl+n")
        await user.types("Sing.")
        await keeps(user, tmp_path, "Rhyme.", "Sing.")
        assert len(texts(tmp_path)) == 2
        await user.presses("escape", "y")
        await eventually(user, lambda: len(texts(tmp_path)) == 1)
        await user.presses("C")
        await user.sees("Continue the draft of", "Rhyme.")
        await user.presses("d")
        await user.sees(f"Create a model from {MODEL}")
        await user.presses("escape")
        assert not user.in_dialog
        await keeps_nothing(user, tmp_path)


async def test_a_message_half_typed_is_part_of_the_draft(tmp_path: Path) -> None:
    async with journey(drafts=tmp_path) as user:
        await user.presses("C", "ctrl+n", "ctrl+n", "ctrl+n", "a")
        await user.sees("Add a message")
        await user.types("Once upon")
        await keeps(user, tmp_path, "MESSAGE user Once upon")
        await user.presses("escape", "y")
        await user.sees_no("Add a message")
        await keeps_nothing(user, tmp_path)


async def test_a_refused_create_is_offered_again_and_gone_once_it_is_made(tmp_path: Path) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, drafts=tmp_path) as user:
        demo.fail("/api/create", 500, {"error": "disk full"})
        await opens_create_with_a_prompt(user, "Rhyme.")
        await user.presses("ctrl+g")
        await user.server_works(5)
        await user.sees("What you typed is kept in")
        await user.sees_path("create.Modelfile")
        await user.presses("C")
        await user.sees("Continue the draft of", "Rhyme.")
        await user.presses("y", "ctrl+g")
        await user.server_works(20)
        assert [body["system"][-6:] for body in demo.bodies("/api/create")] == ["Rhyme."] * 2
        await keeps_nothing(user, tmp_path)


async def test_while_it_is_sent_a_draft_is_not_offered(tmp_path: Path) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, drafts=tmp_path) as user:
        await opens_create_with_a_prompt(user, "Rhyme.")
        await user.presses("ctrl+g", "C")
        await user.sees(f"Create a model from {MODEL}")


async def test_a_refused_pull_stands_in_the_field_again_and_ctrl_r_empties_it(
    tmp_path: Path,
) -> None:
    async with journey(drafts=tmp_path) as user:
        await user.presses("p")
        await user.types("no-such-model:1b")
        await user.presses("enter")
        await user.server_works(3)
        await user.sees("was not pulled")
        await user.presses("p")
        await user.sees("Draft of", "ctrl+r starts over")
        await user.sees_path("pull.txt")
        assert user.field == "no-such-model:1b"
        await user.types("other")  # as one types who has not looked: it takes the draft's place
        assert user.field == "other"
        await user.presses("ctrl+r")
        assert user.field == ""
        await user.sees_no("Draft of")
        await user.presses("escape")
        assert not user.in_dialog
        await keeps_nothing(user, tmp_path)


async def test_a_pull_that_began_needs_no_draft(tmp_path: Path) -> None:
    async with journey(drafts=tmp_path) as user:
        await user.presses("p")
        await user.types("llama3.3:70b")
        await keeps(user, tmp_path, "name: llama3.3:70b")
        await user.presses("enter")
        await user.server_works(5)
        await user.presses("p")
        assert user.field == ""
        await keeps_nothing(user, tmp_path)


async def test_a_refused_copy_keeps_its_name_for_the_same_model(tmp_path: Path) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, drafts=tmp_path) as user:
        demo.fail("/api/copy", 500, {"error": "disk full"})
        await user.presses("c", "end", "ctrl+u")
        await user.types("mine:v1")
        await user.presses("enter")
        await user.until(lambda: user.toasts)
        await user.presses("j", "c")
        assert user.field != "mine:v1"
        await user.presses("escape", "k", "c")
        assert user.field == "mine:v1"
        await user.presses("enter")
        await user.until(lambda: "mine:v1" in user.names)
        await keeps_nothing(user, tmp_path)


async def test_a_push_that_would_replace_a_model_keeps_its_name_after_no(tmp_path: Path) -> None:
    async with journey(drafts=tmp_path) as user:
        await user.goes_to("qwen3:1.7b")
        await user.presses("P", "end", "ctrl+u")
        await user.types("studio/reviewer")
        await user.presses("enter")
        await user.sees("Replace studio/reviewer:latest, which already exists?")
        await user.presses("n", "P")
        assert user.field == "studio/reviewer"


@pytest.mark.parametrize("key", ["r", "P", "I"])
async def test_every_form_keeps_what_is_typed(tmp_path: Path, key: str) -> None:
    async with journey(drafts=tmp_path) as user:
        await user.presses(key)
        await user.types("zyx")
        await keeps(user, tmp_path, "zyx")
    async with journey(drafts=tmp_path) as user:
        await user.presses(key)
        await user.sees("Draft of")
        assert user.field.endswith("zyx")


async def test_without_a_folder_to_write_to_the_form_works_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "drafts").write_text("not a folder")
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, drafts=tmp_path / "drafts") as user:
        await opens_create_with_a_prompt(user, "Rhyme.")
        await eventually(user, lambda: bool(user.toasts))
        assert user.toasts == ["Drafts are not saved: File exists."]
        await user.presses("ctrl+c")
        await user.sees(
            "What you typed in “Create a model from studio/reviewer:latest” will be lost."
        )
        await user.presses("n", "ctrl+g")
        await user.server_works(20)
        assert demo.bodies("/api/create")


async def test_what_is_no_draft_in_the_folder_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pull.txt")
    (tmp_path / "create.Modelfile").symlink_to("/dev/zero")
    (tmp_path / "create+2.Modelfile").mkdir()
    (tmp_path / "create.Modelfile~").write_text("FROM x\n")
    async with journey(drafts=tmp_path) as user:
        await user.presses("p")
        await user.sees("Pull a model")
        await user.sees_no("Draft of")
        await user.presses("escape", "C")
        await user.sees(f"Create a model from {MODEL}")


# ---- quitting


async def test_ctrl_c_in_a_form_asks_once_and_names_the_draft(tmp_path: Path) -> None:
    async with journey(drafts=tmp_path) as user:
        await opens_create_with_a_prompt(user, "Rhyme.")
        await keeps(user, tmp_path, "Rhyme.")
        await user.presses("ctrl+c")
        await user.sees("Quit? You have unsent text.")
        await user.sees_path("create.Modelfile")
        await user.presses("ctrl+c", "n")
        await user.sees_no("Quit?")
        await user.sees(f"Create a model from {MODEL}")
        await user.presses("ctrl+c", "y")
        await user.until(lambda: not user.app.is_running)
        assert user.app.return_value == 0
    assert "Rhyme." in texts(tmp_path)["create.Modelfile"]


async def test_quitting_says_all_that_would_be_lost_in_one_question() -> None:
    async with journey() as user:
        await user.presses("p")
        await user.types("llama3.3:70b")
        await user.presses("enter")
        await user.server_works(2)
        await user.presses("d", "y", "p")
        await user.types("mis")
        await user.presses("ctrl+c")
        await user.sees(
            "1 download is running.",
            "1 deletion is pending.",
            "You have unsent text",
            "What you typed in “Pull a model, or several” will be lost.",
        )


async def test_what_is_typed_at_the_very_end_is_written_on_the_way_out(tmp_path: Path) -> None:
    async with journey(drafts=tmp_path) as user:
        await user.presses("p")
        user.strikes("q")  # and no time passes after it
        await user._pump(2)
        user.app.exit(0)
    assert texts(tmp_path) == {"pull.txt": "name: q\n"}
