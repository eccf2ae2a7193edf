"""No colour carries meaning alone: what has a colour has a sign or a word too."""

from __future__ import annotations

import os
from unittest.mock import patch

import pytest

from tests.layouts.screens import SCREENS
from tests.pictures.cells import screen_of, text_of
from tests.pictures.stage import Guide, stage

WIDEST = 7
"""Cells before a name, at most: a border, the cursor, the state and the mark."""
TERMINALS = ({"NO_COLOR": "1"}, {"TERM": "linux"})


async def in_every_state(user: Guide) -> None:
    """Have the list show a model in every state."""
    await user.presses("o")
    await user.sees("3 outdated")
    await user.presses("escape")
    await user.goes_to("mistral:7b")
    await user.presses("d", "y")
    await user.goes_to("phi4:14b")
    await user.presses("space")
    await user.goes_to("qwen3:1.7b")


def before(user: Guide, name: str) -> str:
    """Return what stands before the name of a model in its row."""
    (line,) = [line for line in user.lines if 0 <= line.find(f" {name} ") <= WIDEST]
    return line.partition(f" {name} ")[0]


@pytest.mark.parametrize("terminal", TERMINALS, ids=lambda each: next(iter(each)))
async def test_every_state_of_a_model_has_a_sign_of_its_own(terminal: dict[str, str]) -> None:
    with patch.dict(os.environ, terminal):
        async with stage((120, 50)) as user:
            await in_every_state(user)
            signs = user.app.signs
            wanted = {
                "gpt-oss:20b": signs.loaded,
                "gpt-oss:120b-cloud": signs.cloud,
                "gemma3:4b": signs.alias,
                "llama3.1:8b": signs.outdated,
                "pirate:latest": signs.uncertain,
                "phi4:14b": signs.marked,
                "mistral:7b": signs.delete,
                "qwen3:1.7b": signs.cursor,
            }
            for name, sign in wanted.items():
                others = set(wanted.values()) - {sign}
                assert sign in before(user, name), (name, user.screen)
                if name != "qwen3:1.7b":  # which is loaded too
                    assert not others & set(before(user, name)), (name, user.screen)
            assert before(user, "devstral:24b").strip("│| ") == ""


@pytest.mark.parametrize(
    ("screen", "words"),
    [
        ("delete", ("Delete qwen3:1.7b?", "y delete")),
        ("unload-all", ("nload",)),
        ("deleting", ("delete", "undo")),
        ("leave", ("running.", "y quit")),
        ("offline", ("not",)),
        ("filter-wrong", ("visio",)),
        ("jobs", ("queued",)),
        ("running", ("GPU", "CPU")),
        ("edit", ("-PARAMETER temperature 0.2", "+PARAMETER temperature 0.6")),
        ("storage", ("free", "kept by an upgrade")),
        ("updates", ("646 B",)),
        ("cloud", ("installed",)),
    ],
)
async def test_what_a_screen_colours_it_says(screen: str, words: tuple[str, ...]) -> None:
    entry = SCREENS[screen]
    with patch.dict(os.environ, {"NO_COLOR": "1"}):
        async with stage((120, 40), offline=entry.offline) as user:
            await entry.steps(user)
            await user.sees(*words)


@pytest.mark.parametrize("theme", ["ollama-dark", "ollama-light", "terminal-16", "ansi-dark"])
async def test_a_field_and_the_cursor_in_it_are_seen_in_every_theme(theme: str) -> None:
    async with stage((80, 24), theme=theme) as user:
        await user.presses("H")
        await user.types("box")
        await user.comes_to_rest()
        (line,) = (row for row in screen_of(user.app) if " box " in text_of(row))
        x = text_of(line).index(" box ")
        around, typed, cursor = line[x - 1].look, line[x + 1].look, line[x + 4].look
        grounds = {around.background, typed.background, cursor.background}
        assert len(grounds) == 3
        assert typed.foreground not in grounds - {cursor.background}
