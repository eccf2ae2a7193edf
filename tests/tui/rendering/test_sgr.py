"""SGR changes by the shortest sequence; cells are inert, and as many as were counted."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyte.graphics import FG_BG_256
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ollama_tui.formatting import inert
from ollama_tui.tui.rendering.sgr import TAIL, blank_codes, numbered, sgr_change, strip_cells

byte = st.integers(0, 255)
paints = st.one_of(
    st.none(),
    st.integers(0, 7).map(lambda n: (n,)),
    st.integers(60, 67).map(lambda n: (n,)),
    byte.map(lambda n: (8, 5, n)),
    st.tuples(st.just(8), st.just(2), byte, byte, byte),
)


@st.composite
def codes(draw: st.DrawFn) -> str:
    codes = sorted(draw(st.sets(st.sampled_from([1, 3, 4, 5, 7, 9]))))
    for base in (30, 40):
        if paint := draw(paints):
            codes += [base + paint[0], *paint[1:]]
    return ";".join(map(str, codes))


def shown(sequence: str) -> pyte.screens.Char:
    screen = pyte.Screen(3, 1)
    pyte.Stream(screen).feed(sequence + "x")
    char: pyte.screens.Char = screen.buffer[0][0]
    return char


@given(codes(), codes())
def test_an_sgr_change_ends_where_a_fresh_start_would(old: str, new: str) -> None:
    fresh = f"\x1b[0;{new}m" if new else "\x1b[m"
    start = f"\x1b[{old}m" if old else ""
    assert shown(start + sgr_change(old, new)) == shown(fresh)
    assert len(sgr_change(old, new)) <= len(fresh)


@given(codes())
def test_no_sgr_change_writes_nothing(sgr: str) -> None:
    assert sgr_change(sgr, sgr) == ""


def test_only_what_differs_is_sent() -> None:
    old = "1;38;2;1;2;3;48;2;9;9;9"
    assert sgr_change(old, "38;2;1;2;3;48;2;9;9;9") == "\x1b[22m"
    assert sgr_change(old, "1;38;2;1;2;4;48;2;9;9;9") == "\x1b[38;2;1;2;4m"
    assert sgr_change("1;2", "2") == min("\x1b[0;2m", "\x1b[22;2m", key=len)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("31", "32", True),
        ("1;31;44", "44", True),
        ("44", "45", False),
        ("4;31", "4;32", False),
        ("7;31", "31", False),
        ("", "1", True),
    ],
)
def test_a_blank_shows_only_some_of_its_codes(one: str, other: str, alike: bool) -> None:
    assert (blank_codes(one) == blank_codes(other)) is alike


def cells(text: str) -> list[str]:
    return strip_cells(Strip([Segment(text, Style())]), ColorSystem.TRUECOLOR)[0]


@given(st.text(st.characters(), max_size=30))
def test_cells_are_as_many_as_were_counted_and_inert(text: str) -> None:
    found = cells(text)
    assert len(found) == cell_len(text)
    assert all(inert(char) == char for char in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc", ["a", "b", "c"]),
        ("漢a", ["漢", TAIL, "a"]),
        ("e\u0301x", ["e\u0301", "x"]),
        ("a\x1b[2Jb", ["a", "[", "2", "J", "b"]),
        ("❤\ufe0f!", ["❤", " ", "!"]),
        ("\U0001f468\u200d\U0001f469!", ["\U0001f468", TAIL, "!"]),
        ("a" + "\u0301" * 50, ["a" + "\u0301" * 7]),
    ],
)
def test_characters_take_the_cells_they_need(text: str, expected: list[str]) -> None:
    assert cells(text) == expected


@pytest.mark.parametrize(
    ("mixed", "numbered_as"),
    [
        ("38;2;135;175;215", "38;5;110"),
        ("1;38;2;148;148;148;48;2;28;28;28", "1;38;5;246;48;5;234"),
        ("38;2;255;255;255", "38;5;231"),
        ("38;2;8;8;8", "38;5;232"),
        ("38;2;238;238;238", "38;5;255"),
        # No number of its own, or one that people's shells make something else of.
        ("38;2;248;248;248", "38;2;248;248;248"),
        ("38;2;135;175;216", "38;2;135;175;216"),
        ("38;2;0;0;0", "38;2;0;0;0"),
        ("48;2;0;0;255", "48;2;0;0;255"),
        ("31;1", "31;1"),
        ("", ""),
    ],
)
def test_a_colour_that_has_a_number_is_named_by_it(mixed: str, numbered_as: str) -> None:
    assert numbered(mixed) == numbered_as


@given(st.integers(22, 255))
def test_the_number_means_the_same_colour(number: int) -> None:
    mixed = pyte_colour(number)
    assert numbered(f"38;2;{';'.join(map(str, mixed))}") == f"38;5;{number}"


def pyte_colour(number: int) -> tuple[int, int, int]:
    """Return how a terminal mixes one of the 256 colours."""
    text = FG_BG_256[number]
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)
