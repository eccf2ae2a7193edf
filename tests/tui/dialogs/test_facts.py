"""What a question shows: names are never cut, figures stand below each other."""

from __future__ import annotations

import pytest

from ollama_tui.formatting import cells
from ollama_tui.tui.dialogs.facts import FactRow, facts_table

ROWS: tuple[FactRow, ...] = (
    ("qwen3:8b", "5.2 GB", ""),
    ("studio/reviewer:latest", "900 MB", "loaded; unloaded first"),
)


def text_in(rows: tuple[FactRow, ...], width: int) -> list[str]:
    return ["".join(text for text, _ in line) for line in facts_table(rows, width)]


def test_figures_stand_below_each_other_with_the_notes_beside_them() -> None:
    assert text_in(ROWS, 60) == [
        "qwen3:8b                5.2 GB",
        "studio/reviewer:latest  900 MB  loaded; unloaded first",
    ]


def test_notes_go_below_where_there_is_no_room_beside() -> None:
    assert text_in(ROWS, 34) == [
        "qwen3:8b                5.2 GB",
        "studio/reviewer:latest  900 MB",
        "  loaded; unloaded first",
    ]


def test_names_are_never_cut() -> None:
    assert text_in(ROWS, 24) == [
        "qwen3:8b",
        "  5.2 GB",
        "studio/reviewer:latest",
        "  900 MB  loaded;",
        "  unloaded first",
    ]


@pytest.mark.parametrize("width", range(8, 90, 3))
def test_no_line_is_wider_than_there_is_room(width: int) -> None:
    wide = (*ROWS, ("模型" * 9, "1 TB", "x " * 40))
    assert all(cells(line.rstrip()) <= width for line in text_in(wide, width))
