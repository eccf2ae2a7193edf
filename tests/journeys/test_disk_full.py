"""The disk is full: seen, marked, deleted, undone and deleted again, in a few keys."""

from __future__ import annotations

import re

import pytest

from ollama_tui.demo import Demo as EmbeddedServer
from tests.journeys.driver import User, journey

MOST_KEYS = 25
MARK = ("b", "space", "space", "space")
"""Keys from the start until 59 GB are marked."""
DELETE = ("d", "y")
UNDO = ("z",)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
async def test_fifty_nine_gigabytes_are_freed_with_the_undo_always_in_sight(
    size: tuple[int, int],
) -> None:
    async with journey(transport=EmbeddedServer().transport, size=size) as user:
        await user.until(lambda: user.app.measured, "a measure")
        await user.presses(*MARK)
        await user.sees("58 GB free", "3 marked free 59 GB")
        await user.presses("d")
        await user.sees("Delete 3 models?", "59 GB")
        await user.presses("y")
        for seconds in range(8, 4, -1):
            await user.sees(f"in {seconds} s  z undo", "deleting 3 frees 59 GB")
            await user.waits(1)
        assert leaving(user) == shown_as_leaving(user)
        assert cursor(user) == "gpt-oss:20b"

        await user.presses(*UNDO)
        await user.sees_no("deleting 3 frees 59 GB", " s  z undo")
        await user.sees("3 marked free 59 GB")
        assert not shown_as_leaving(user)
        assert cursor(user) == "gpt-oss:20b"

        await user.presses(*DELETE)
        await user.sees("in 8 s  z undo", "deleting 3 frees 59 GB")
        await user.waits(9)
        await user.sees("117 GB free")
        await user.sees_no("mixtral:8x7b  ")
        assert not user.marked
        assert cursor(user) == "gpt-oss:20b"
    assert len((*MARK, *DELETE, *UNDO, *DELETE)) <= MOST_KEYS


def cursor(user: User) -> str:
    """Return the name in the row under the cursor."""
    [line] = [line for line in user.lines if "▸" in line[:2]]
    return line.lstrip("│▸ ●✓×").split()[0]


def leaving(user: User) -> set[str]:
    """Return the names that are being deleted and whose rows are in view."""
    deleted = {key.name for job in user.app.jobs if job.active for key in job.deletes}
    return {name for name in deleted if any(f" {name} " in line for line in user.lines)}


def shown_as_leaving(user: User) -> set[str]:
    """Return the names in rows with the sign of a deletion."""
    found = (re.match(r"│?[▸ ][✓ ]× (\S+) ", line) for line in user.lines)
    return {match[1] for match in found if match}
