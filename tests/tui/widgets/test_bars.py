"""Bars: exact widths, nothing there is invisible, nothing unfinished looks whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.tui.look import ASCII_SIGNS, UNICODE_SIGNS, Signs
from ollama_tui.tui.widgets.bars import bar, sparkline, stacked_bar

SIGNS = st.sampled_from([UNICODE_SIGNS, ASCII_SIGNS])


def text(line: tuple[tuple[str, str], ...]) -> str:
    return "".join(part for part, _ in line)


@pytest.mark.parametrize(
    ("share", "width", "expected"),
    [
        (0, 4, "    "),
        (1, 4, "████"),
        (0.5, 4, "██  "),
        (0.5, 3, "█▌ "),
        (0.001, 4, "▏   "),
        (0.999, 4, "███▉"),
        (7, 2, "██"),
        (-1, 2, "  "),
    ],
)
def test_a_bar_is_filled_to_an_eighth(share: float, width: int, expected: str) -> None:
    assert text(bar(share, width, UNICODE_SIGNS)) == expected


def test_a_terminal_without_eighths_gets_whole_cells() -> None:
    assert text(bar(0.5, 4, ASCII_SIGNS)) == "##.."
    assert text(bar(0.01, 4, ASCII_SIGNS)) == "#..."
    assert text(bar(0.99, 4, ASCII_SIGNS)) == "###."


@given(st.floats(0, 1), st.integers(1, 60), SIGNS)
def test_a_bar_has_its_width_and_is_empty_or_full_only_when_it_is(
    share: float, width: int, signs: Signs
) -> None:
    line = bar(share, width, signs)
    assert len(text(line)) == width
    if width > 1:
        assert (text(line) == signs.full * width) == (share == 1)
    assert (line[0][0] == "") == (share == 0)


@given(st.lists(st.floats(0, 1e12), max_size=6), st.floats(0, 1e13), st.integers(8, 120), SIGNS)
def test_a_stacked_bar_has_its_width_and_shows_each_part(
    amounts: list[float], whole: float, width: int, signs: Signs
) -> None:
    glyphs = "abcdef"
    parts = [(amount, glyphs[n], "bar") for n, amount in enumerate(amounts)]
    shown = text(stacked_bar(parts, width, signs, whole))
    assert len(shown) == width
    for amount, glyph, _ in parts:
        assert (glyph in shown) == (amount > 0)


def test_the_parts_of_a_stacked_bar_are_to_scale() -> None:
    parts = [(50.0, "a", "bar"), (25.0, "b", "bar")]
    assert text(stacked_bar(parts, 8, UNICODE_SIGNS, 100)) == "aaaabb  "
    assert text(stacked_bar(parts, 6, UNICODE_SIGNS)) == "aaaabb"


def test_a_sparkline_shows_the_newest_values_up_to_their_highest() -> None:
    assert sparkline([9, 0, 5, 10], 3, UNICODE_SIGNS) == "▁▅█"
    assert sparkline([1], 3, UNICODE_SIGNS) == "  █"
    assert sparkline([0, 0], 2, UNICODE_SIGNS) == "▁▁"
    assert sparkline([], 2, UNICODE_SIGNS) == "  "
    assert sparkline([1, 2], 0, UNICODE_SIGNS) == ""
