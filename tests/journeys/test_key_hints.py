"""The keys at the bottom of whatever opens stand out in the same way everywhere."""

from __future__ import annotations

import re

import pytest

from tests.journeys.driver import User, journey
from tests.pictures.cells import Look, screen_of

OPENED = {
    "a picker": ("s", "esc"),
    "a picker by digits": ("y", "enter or digit"),
    "the palette": (":", "↑↓"),
    "the help": ("?", "tab"),
    "a dialog": ("c", "esc"),
    "a question": ("d", "n"),
    "the create form": ("C", "ctrl+o"),
    "the create form's tab": ("C ctrl+n ctrl+n", "a"),
    "the columns": (": c o l u m n s enter", "J K"),
}


def looks_of(user: User, hint: str) -> list[Look]:
    """Return how the cells of a key look where its hint begins a line or follows a gap."""
    for row in reversed(screen_of(user.app)):
        text = "".join(cell.text or " " for cell in row)
        if found := re.search(rf"(?:^|  |│) ?({re.escape(hint)}) ", text):
            return [cell.look for cell in row[found.start(1) : found.end(1)]]
    raise AssertionError(f"no {hint}; the screen is\n{user.screen}")


@pytest.mark.parametrize("where", OPENED)
@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_keys_stand_out_in_whatever_opens(where: str, size: tuple[int, int]) -> None:
    pressed, hint = OPENED[where]
    async with journey(size=size) as user:
        await user.goes_to("studio/reviewer:latest")
        await user.presses(*pressed.split())
        colour = user.app.theme_variables["text-accent"]
        for look in looks_of(user, hint):
            assert look.bold, user.screen
            assert look.foreground == colour, user.screen


async def test_yes_to_a_danger_is_in_the_colour_of_danger() -> None:
    async with journey() as user:
        await user.presses("d")
        assert looks_of(user, "y")[0].foreground == user.app.theme_variables["danger"]
