"""What lies over what: a question over a dialog, and what is said over the jobs below."""

from __future__ import annotations

import pytest

from tests.layouts.screens import pulling
from tests.pictures.cells import screen_of, text_of
from tests.pictures.stage import Guide, stage


def shown(user: Guide) -> list[str]:
    """Return the lines of the screen, those behind a dialog among them."""
    return [text_of(row) for row in screen_of(user.app)]


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_of_a_dialog_below_a_question_nothing_sticks_out(size: tuple[int, int]) -> None:
    async with stage(size) as user:
        await user.goes_to("qwen3:1.7b")
        await user.presses("c")
        await user.empties_the_field()
        await user.types("qwen3:8b")
        await user.presses("enter")
        await user.sees("Replace qwen3:8b", "y replace")
        await user.comes_to_rest()
        lines = shown(user)
        (left,) = (line.index("╚") for line in lines if "╚" in line)
        assert not any(line[left] == "╰" for line in lines)


async def test_what_is_said_over_a_dialog_leaves_the_jobs_in_sight() -> None:
    async with stage((120, 40)) as user:
        await pulling(user)
        await user.presses(":")
        user.app.tell("Something has happened.")
        await user.comes_to_rest()
        lines = shown(user)
        (said,) = (y for y, line in enumerate(lines) if "Something has happened." in line)
        (job,) = (y for y, line in enumerate(lines) if "pull qwen3:4b" in line)
        assert said < job
        assert "87 MB/s" in lines[job]


async def test_what_is_said_has_the_width_of_a_small_terminal() -> None:
    async with stage((40, 24)) as user:
        await user.presses(":")
        user.app.tell("A sentence that has no room in a single line of it.")
        await user.comes_to_rest()
        await user.sees("A sentence that has no room in a", "single line of it.")


async def test_the_tabs_of_the_form_have_one_ground() -> None:
    async with stage((120, 40)) as user:
        await user.presses("C")
        await user.sees("Create a model from")
        grounds = set()
        for label in ("Rows with +", "A conversation that", "Inherited and kept"):
            await user.presses("ctrl+n", *(["ctrl+n"] if label.startswith("Rows") else []))
            await user.comes_to_rest()
            (row,) = (row for row in screen_of(user.app) if label in text_of(row))
            grounds.add(row[text_of(row).index(label)].look.background)
        assert len(grounds) == 1


async def test_a_small_screen_says_what_deleting_frees_in_full() -> None:
    async with stage((40, 10)) as user:
        await user.presses("b")
        await user.goes_to_row("llama3.2-vision")
        await user.sees("Deleting it frees 7.9 GB.")
