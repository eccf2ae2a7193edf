"""Drawing through the front buffer shows what drawing everything would."""

from __future__ import annotations

from hashlib import sha256
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import set_cell_size
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ollama_tui.tui.rendering.front_buffer import FrontBuffer, PlacedStrip
from ollama_tui.tui.rendering.terminfo import Extras
from tests.terminal.emulators import EMULATORS
from tests.tui.rendering.frames import ACCENT, ALL_EXTRAS, KINDS_OF_EXTRAS, STYLES, Drawer, Grid

WIDTH, HEIGHT = 12, 3


@st.composite
def placed_strips(draw: st.DrawFn) -> PlacedStrip:
    x = draw(st.integers(0, WIDTH - 1))
    width = draw(st.integers(1, WIDTH - x))
    text = draw(st.text("ab ─漢é한😀\u0301", min_size=1, max_size=WIDTH))
    style = draw(st.sampled_from(STYLES))
    segment = Segment(set_cell_size(text, width).rstrip(ACCENT), style)
    return draw(st.integers(0, HEIGHT - 1)), x, Strip([segment])


def buffer(extras: Extras = ALL_EXTRAS) -> FrontBuffer:
    return FrontBuffer(ColorSystem.TRUECOLOR, extras=extras)


@pytest.mark.parametrize("emulator", EMULATORS)
@settings(max_examples=300)
@given(
    st.lists(st.lists(placed_strips(), min_size=1, max_size=4), min_size=1, max_size=6),
    st.sampled_from(KINDS_OF_EXTRAS),
)
def test_frames_in_turn_show_what_their_whole_would(
    emulator: str, frames: list[list[PlacedStrip]], extras: Extras
) -> None:
    ours, everything = (EMULATORS[emulator](WIDTH, HEIGHT) for _ in range(2))
    front, grid = buffer(extras), Grid(WIDTH, HEIGHT)
    for frame in frames:
        ours.feed(front.changes(frame))
        grid.put(frame)
    everything.feed(grid.drawn())
    assert ours.looks() == everything.looks()


@pytest.mark.parametrize(("emulator", "extras"), list(product(EMULATORS, KINDS_OF_EXTRAS)))
def test_pages_and_lists_that_scroll_show_what_their_whole_would(
    emulator: str, extras: Extras
) -> None:
    for seed in range(12):
        ours, everything = (EMULATORS[emulator](48, 9) for _ in range(2))
        drawer, front, grid = Drawer(seed, 48, 9), buffer(extras), Grid(48, 9)
        for number in range(8):
            frame = drawer.frame()
            if number % 3 == seed % 3:
                ours.feed("\x1b[0;7m")  # somebody else wrote
                front.forget_sgr()
            ours.feed(front.changes(frame))
            grid.put(frame)
        everything.feed(grid.drawn())
        assert ours.looks() == everything.looks(), seed


@given(placed_strips())
def test_what_is_shown_is_not_written_again(placed: PlacedStrip) -> None:
    front = buffer()
    y, x, strip = placed
    assert front.changes([placed])
    assert front.changes([placed]) == ""
    assert front.changes([(y, x, Strip(list(strip)))]) == ""


def line(text: str, style: str = "") -> Strip:
    return Strip([Segment(text, Style.parse(style))])


def test_a_small_gap_is_written_over_and_a_large_one_jumped() -> None:
    front = buffer()
    front.changes([(0, 0, line("a123a1234567a"))])
    assert front.changes([(0, 0, line("b123b1234567b"))]) == "\x1b[1Hb123b\x1b[7Cb"


def test_changes_are_written_style_by_style_where_that_is_shorter() -> None:
    front = buffer()
    regions = [(0, "red on white"), (6, "blue on black")]
    frame = [(y, x, line("abc", style)) for y in range(3) for x, style in regions]
    written = front.changes(frame)
    assert written.count("m") == 2  # red and blue
    assert written.count("\v") == 4


def test_a_row_in_two_styles_is_written_from_left_to_right() -> None:
    strip = Strip([Segment("ab", Style.parse("red")), Segment("cd", Style.parse("blue"))])
    assert buffer().changes([(0, 0, strip)]) == "\x1b[1H\x1b[0;31mab\x1b[34mcd"


def test_the_sgr_is_taken_up_where_the_last_frame_left_it_unless_others_may_have_written() -> None:
    front = buffer()
    front.changes([(0, 0, line("a", "bold red"))])
    assert front.changes([(1, 0, line("b", "bold red"))]) == "\x1b[2Hb"
    assert front.changes([(1, 0, line("c", "red"))]) == "\x1b[2H\x1b[22mc"
    front.forget_sgr()
    assert front.changes([(1, 0, line("d", "red"))]) == "\x1b[2H\x1b[0;31md"


def test_blanks_that_end_are_erased_in_one_with_those_between() -> None:
    front = buffer()
    front.changes([(0, 0, line("qwen3        8B       8 weeks"))])
    assert front.changes([(0, 0, line(" " * 29))]) == "\x1b[1H\x1b[29X"


def test_ascii_that_is_repeated_is_sent_once_where_the_terminal_can() -> None:
    assert buffer().changes([(1, 1, line("-" * 30 + "x"))]) == "\x1b[2;2H\x1b[m-\x1b[29bx"
    assert buffer(Extras()).changes([(1, 1, line("-" * 30))]) == "\x1b[2;2H\x1b[m" + "-" * 30
    # tmux takes REP for nothing after other characters, whatever it says it is.
    assert buffer().changes([(1, 1, line("─" * 30))]) == "\x1b[2;2H\x1b[m" + "─" * 30


@pytest.mark.parametrize(
    ("extras", "style", "expected"),
    [
        (ALL_EXTRAS, "on blue", "\x1b[1H\x1b[0;44ma\x1b[20X"),
        (Extras(erases=True), "on blue", "\x1b[1H\x1b[0;44ma" + " " * 20),
        (Extras(erases=True), "red", "\x1b[1H\x1b[0;31ma\x1b[20X"),
        (Extras(repeats=True), "on blue", "\x1b[1H\x1b[0;44ma \x1b[19b"),
        # An underline is seen on blanks, and is nothing that a terminal erases with.
        (ALL_EXTRAS, "underline", "\x1b[1H\x1b[0;4ma \x1b[19b"),
    ],
)
def test_blanks_are_erased_where_that_gives_them_their_background(
    extras: Extras, style: str, expected: str
) -> None:
    assert buffer(extras).changes([(0, 0, line("a" + " " * 20, style))]) == expected


def test_a_list_that_moved_is_scrolled_by_the_terminal() -> None:
    lines = [line(sha256(bytes([n])).hexdigest()) for n in range(30)]
    front = buffer()
    front.changes([(y, 0, lines[y]) for y in range(20)])
    down = front.changes([(y, 0, lines[y + 2]) for y in range(20)])
    assert down.startswith("\x1b[1;20r\x1b[2S\x1b[r\x1b[19H")
    assert front.changes([(y, 0, lines[y + 1]) for y in range(20)]).startswith("\x1b[1;20r\x1b[1T")
    assert "S" not in buffer(Extras()).changes([(y, 0, lines[y]) for y in range(20)])


def test_where_there_is_only_ascii_borders_and_signs_are_ascii_and_names_stay() -> None:
    front = FrontBuffer(ColorSystem.TRUECOLOR, plain=True)
    strip = Strip([Segment("╭─ ‹✓ “a” … › │漢│")])
    assert '+- <+ "a" ~ > |漢|' in front.changes([(0, 0, strip)])
