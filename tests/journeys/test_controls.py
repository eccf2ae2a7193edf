"""Checkboxes and scroll bars of dialogs: readable, and the same in every theme."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widget import Widget

from tests.journeys.driver import User, journey
from tests.pictures.cells import Cell, screen_of
from tests.pictures.stage import write_gguf

THEMES = ("ollama-dark", "ollama-light", "terminal-16", "nord", "textual-light")


def cells_of(user: User, text: str) -> list[Cell]:
    """Return the cells in which a text stands."""
    for row in screen_of(user.app):
        if (place := "".join(cell.text or " " for cell in row).find(text)) >= 0:
            return list(row[place : place + len(text)])
    raise AssertionError(f"no {text!r}; the screen is\n{user.screen}")


@pytest.mark.parametrize("theme", THEMES)
async def test_a_checkbox_is_as_readable_as_the_text_beside_it(theme: str) -> None:
    async with journey(theme=theme, size=(40, 10)) as user:
        await user.presses("p")
        box = cells_of(user, "[ ] Insecure: allow plain HTTP")
        assert box[0].look == box[2].look == box[4].look
        await user.types("gemma3:12b")
        await user.presses("tab")
        focused = cells_of(user, "[ ] Insecure: allow plain HTTP")
        assert focused[1].look.background == box[0].look.foreground, "where the cursor is"
        assert focused[4].look != box[4].look
        await user.presses("space")
        assert cells_of(user, "[x] Insecure: allow plain HTTP")[0].look.bold


def scrolling(user: User) -> list[Widget]:
    """Return the widgets with a scroll bar of Textual's."""
    every = user.app.screen.walk_children(Widget)
    return [widget for widget in every if widget.show_vertical_scrollbar and widget.region]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("keys", "size"), [("C ctrl+n", (80, 24)), ("C ctrl+n", (40, 10)), ("d v", (40, 10))]
)
async def test_scroll_bars_have_one_cell_and_no_track(
    theme: str, keys: str, size: tuple[int, int]
) -> None:
    async with journey(theme=theme, size=size) as user:
        await user.presses(*keys.split())
        assert scrolling(user), user.screen
        for widget in scrolling(user):
            bar = widget.vertical_scrollbar.region
            assert bar.width == 1
            screen = screen_of(user.app)
            # The end that the thumb is not at.
            free = screen[bar.y if widget.scroll_offset.y else bar.bottom - 1]
            assert free[bar.x].look.background == free[bar.x - 1].look.background


async def test_the_import_scrolls_as_the_others_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_gguf("Tiny-Qwen-F16.gguf")
    async with journey(size=(40, 10)) as user:
        await user.presses("I")
        await user.types("Tiny")
        await user.presses("tab")
        await user.sees("F16")
        assert scrolling(user), user.screen
        for widget in scrolling(user):
            bar, screen = widget.vertical_scrollbar.region, screen_of(user.app)
            assert bar.width == 1
            ground = screen[bar.y - 1][bar.x].look.background
            assert screen[bar.bottom - 1][bar.x].look.background == ground
