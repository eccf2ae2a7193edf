"""Each screen looks at each size as it was accepted: `python -m tests.layouts --accept`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.layouts.kept import FOLDER, path_of
from tests.layouts.screens import SCREENS, taken
from tests.layouts.snapshot import Snapshot, differences, written
from tests.pictures.glyphs import BLOCKS, SHADES

CASES = [(name, size) for name, entry in SCREENS.items() for size in entry.sizes]
SEEN: dict[str, dict[tuple[int, int], str]] = {}
"""What was seen by this process: one program shows a screen at all sizes."""


def named(value: object) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


@pytest.mark.parametrize(("name", "size"), CASES, ids=named)
async def test_a_screen_looks_as_accepted(name: str, size: tuple[int, int]) -> None:
    if name not in SEEN:
        SEEN[name] = {at: written(screen) for at, screen in (await taken(name)).items()}
    kept = path_of(name, size).read_text(encoding="utf-8")
    if found := differences(kept, SEEN[name][size]):
        advice = f"If that is meant: python -m tests.layouts --accept {name}"
        pytest.fail("\n".join([f"{name} at {named(size)}", *found, advice]), pytrace=False)


def test_nothing_is_accepted_of_a_screen_that_is_not_there() -> None:
    assert set(FOLDER.rglob("*.txt")) == {path_of(*case) for case in CASES}


def bars(kept: Snapshot) -> Iterator[tuple[str, set[str]]]:
    """Yield the stretches of one block or shade in a line, and the looks they have."""
    for y, line in enumerate(kept.text):
        begin = 0
        for x in range(1, len(line) + 1):
            if x == len(line) or line[x] != line[begin]:
                if line[begin] in BLOCKS or line[begin] in SHADES:
                    yield line[begin:x], {kept.look(y, at) for at in range(begin, x)}
                begin = x


@pytest.mark.parametrize(("name", "size"), CASES, ids=named)
def test_the_parts_of_a_bar_differ_by_more_than_colour(name: str, size: tuple[int, int]) -> None:
    kept = Snapshot.parsed(path_of(name, size).read_text(encoding="utf-8"))
    assert [found for found in bars(kept) if len(found[1]) > 1] == []
