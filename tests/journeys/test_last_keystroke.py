"""A field draws a keystroke before the form is told of it: it is kept whatever happens between."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest
from textual.widgets import Input, TextArea

from tests.journeys.driver import User, journey
from tests.journeys.test_typed import ASKED, keeps, keeps_nothing, texts


def changes_what_is_typed(user: User, text: str) -> None:
    """Put `text` into the field that has the keys; the message that it has changed waits."""
    field = user.app.focused
    if isinstance(field, Input):
        field.value = text
    else:
        assert isinstance(field, TextArea)
        field.text = text


FORMS = {
    "pull": (("p",), "pull.txt"),
    "push": (("P",), "push-studio%2Freviewer%3Alatest.txt"),
    "copy": (("c",), "copy-studio%2Freviewer%3Alatest.txt"),
    "rename": (("r",), "rename-studio%2Freviewer%3Alatest.txt"),
    "import": (("I",), "import.txt"),
    "new name": (("C",), "create.Modelfile"),
    "base": (("C", "tab"), "create.Modelfile"),
    "system": (("C", "ctrl+n"), "create.Modelfile"),
    "template": (("C", "ctrl+n", "tab"), "create.Modelfile"),
    "message": (("C", *["ctrl+n"] * 3, "a"), "create.Modelfile"),
    "license": (("C", *["ctrl+n"] * 4, "a"), "create.Modelfile"),
}
"""The keys that lead to each field that is worth a draft, and the file of that."""


async def opens(user: User, form: str) -> str:
    """Open a form, and return the name of the file of its draft."""
    keys, file = FORMS[form]
    await user.presses(*keys)
    return file


@pytest.mark.parametrize("form", FORMS)
async def test_what_is_drawn_is_kept_when_the_program_leaves(tmp_path: Path, form: str) -> None:
    async with journey(drafts=tmp_path) as user:
        file = await opens(user, form)
        changes_what_is_typed(user, "zyx")
        user.app.exit(0)
    assert list(texts(tmp_path)) == [file]
    assert "zyx" in texts(tmp_path)[file]


@pytest.mark.parametrize("form", FORMS)
async def test_what_is_drawn_is_kept_when_nothing_is_handled_any_more(
    tmp_path: Path, form: str
) -> None:
    async with journey(drafts=tmp_path) as user:
        file = await opens(user, form)
        changes_what_is_typed(user, "zyx")
        saving = Thread(target=user.app.drafts.flush)  # as a signal does
        saving.start()
        saving.join()
        assert "zyx" in texts(tmp_path)[file]
        changes_what_is_typed(user, "wvu")
        await keeps(user, tmp_path, "wvu")


@pytest.mark.parametrize("form", FORMS)
async def test_what_is_drawn_is_kept_when_a_bug_ends_the_program(tmp_path: Path, form: str) -> None:
    async def meets_a_bug() -> None:
        async with journey(drafts=tmp_path) as user:
            await opens(user, form)
            changes_what_is_typed(user, "zyx")
            try:
                raise ZeroDivisionError("a bug of ours")
            except ZeroDivisionError as bug:
                user.app._handle_exception(bug)  # as whatever handles a message does

    with pytest.raises(ZeroDivisionError):
        await meets_a_bug()
    assert "zyx" in texts(tmp_path)[FORMS[form][1]]


async def test_a_parameter_that_is_drawn_is_kept(tmp_path: Path) -> None:
    async with journey(drafts=tmp_path) as user:
        await user.presses("C", "ctrl+n", "ctrl+n", "a")
        await user.types("temperature")
        await user.presses("tab")
        changes_what_is_typed(user, "0.11")
        user.app.exit(0)
    assert "PARAMETER temperature 0.11\n" in texts(tmp_path)["create.Modelfile"]


async def test_an_invalid_last_keystroke_leaves_what_was_valid(tmp_path: Path) -> None:
    async with journey(drafts=tmp_path) as user:
        await user.presses("C", "ctrl+n", "ctrl+n", "a")
        await user.types("temperature")
        await user.presses("tab")
        await user.types("0.11")
        changes_what_is_typed(user, "0.11x")
        user.app.exit(0)
    assert "PARAMETER temperature 0.11\n" in texts(tmp_path)["create.Modelfile"]


@pytest.mark.parametrize("form", FORMS)
async def test_a_form_in_which_nothing_was_typed_leaves_no_draft(tmp_path: Path, form: str) -> None:
    async with journey(drafts=tmp_path) as user:
        await opens(user, form)
        user.app.exit(0)
    assert texts(tmp_path) == {}


@pytest.mark.parametrize("form", ["pull", "system"])
async def test_what_was_thrown_away_does_not_come_back(tmp_path: Path, form: str) -> None:
    async with journey(drafts=tmp_path) as user:
        await opens(user, form)
        await user.types("zyx")
        await keeps(user, tmp_path, "zyx")
        await user.presses("escape")
        await user.sees(ASKED)
        user.strikes("y")
        await user.rests()  # the form is closed, its draft not yet removed
        user.app.exit(0)
    assert texts(tmp_path) == {}


async def test_what_was_sent_is_not_kept_as_if_it_were_being_typed(tmp_path: Path) -> None:
    async with journey(drafts=tmp_path) as user:
        await user.presses("p")
        await user.types("llama3.3:70b")
        await user.presses("enter")
        await user.server_works(5)
        await keeps_nothing(user, tmp_path)
        user.app.drafts.flush()
        assert texts(tmp_path) == {}
