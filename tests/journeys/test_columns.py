"""Choosing the columns of the list, in the program, for this run and the next."""

from __future__ import annotations

from pathlib import Path

from ollama_tui.config.ui_state import UIState
from tests.journeys.driver import User, journey


def titles(user: User) -> list[str]:
    """Return the titles of the list's columns as they are drawn."""
    line = user._drawn(user.main.table.region)[0]
    return [title.rstrip("↑↓") for title in line.split() if title[:1].isalpha()]


async def opens_columns(user: User) -> None:
    await user.presses(":")
    await user.types("columns")
    await user.presses("enter")
    await user.sees("Columns", "space toggle")


async def test_columns_are_shown_hidden_and_moved_and_the_list_follows(tmp_path: Path) -> None:
    file = tmp_path / "ui-state.json"
    async with journey(ui_state=UIState.read(file), size=(160, 40)) as user:
        assert titles(user)[:3] == ["NAME", "SIZE", "PARAMS"]
        await opens_columns(user)
        await user.sees("4.7 GB")  # what the column says of the model at the cursor
        await user.presses("j", "space")
        assert "SIZE" not in titles(user)
        await user.presses("j", "K")
        await user.presses("K")
        assert titles(user)[:2] == ["PARAMS", "NAME"]
        await user.presses("enter")
        assert not user.in_dialog
        assert titles(user)[:3] == ["PARAMS", "NAME", "QUANT"]
    async with journey(ui_state=UIState.read(file), size=(160, 40), columns=("name",)) as user:
        assert titles(user)[:3] == ["PARAMS", "NAME", "QUANT"]


async def test_leaving_the_choice_brings_the_columns_back_that_were_there(tmp_path: Path) -> None:
    file = tmp_path / "ui-state.json"
    async with journey(ui_state=UIState.read(file), columns=("name", "digest")) as user:
        await opens_columns(user)
        await user.presses("j", "space")
        assert titles(user) == ["NAME"]
        await user.presses("escape")
        assert titles(user) == ["NAME", "DIGEST"]
    assert UIState.read(file).columns == ()


async def test_r_takes_the_columns_of_the_settings_and_then_none_are_remembered() -> None:
    state = UIState(columns=("name", "format"))
    async with journey(ui_state=state, columns=("name", "digest")) as user:
        assert titles(user) == ["NAME", "FORMAT"]
        await opens_columns(user)
        await user.presses("r", "enter")
        assert titles(user) == ["NAME", "DIGEST"]
    assert state.columns == ()


async def test_the_name_stays_and_what_has_no_room_is_named() -> None:
    async with journey(size=(60, 30)) as user:
        await opens_columns(user)
        await user.presses("space")
        await user.sees("The name always stays.")
        assert titles(user)[0] == "NAME"
        await user.presses("G", "space")
        await user.sees("No room here for", "RUNNER")


async def test_order_columns_and_theme_go_back_to_those_of_the_settings() -> None:
    state = UIState(sort="size", columns=("name", "format"), theme="ollama-light")
    async with journey(ui_state=state, sort="name") as user:
        assert (user.names[0], user.app.theme) == ("mixtral:8x7b", "ollama-light")
        await user.presses(":")
        await user.types("reset view")
        await user.presses("enter")
        await user.sees("Order, columns and theme are those of config.toml again.")
        assert user.names[0] == "bge-m3:latest"
        assert user.app.theme == "ollama-dark"
        assert "SIZE" in titles(user)
        await user.presses(":")
        await user.types("reset view")
        await user.presses("enter")
        await user.sees("are already those of config.toml.")
    assert not state.has_choices


async def test_a_mark_does_not_make_the_settings_order_one_that_was_chosen() -> None:
    state = UIState()
    async with journey(ui_state=state, sort="size") as user:
        await user.presses("space")
        assert user.marked
    assert state.sort == ""
