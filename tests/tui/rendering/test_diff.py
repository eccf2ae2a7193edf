"""Drawing through the front buffer shows what drawing everything would."""

from __future__ import annotations

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import set_cell_size
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ollama_tui.tui.rendering.diff import FrontBuffer, PlacedStrip

WIDTH, HEIGHT = 12, 3
STYLES = [Style(), Style.parse("red"), Style.parse("bold on blue"), Style.parse("underline green")]


@st.composite
def placed_strips(draw: st.DrawFn) -> PlacedStrip:
    x = draw(st.integers(0, WIDTH - 1))
    width = draw(st.integers(1, WIDTH - x))
    text = draw(st.text("ab 漢é한", min_size=1, max_size=WIDTH))
    style = draw(st.sampled_from(STYLES))
    return draw(st.integers(0, HEIGHT - 1)), x, Strip([Segment(set_cell_size(text, width), style)])


Look = tuple[str, str, bool, bool, str]


def looks(screen: pyte.Screen) -> list[list[Look]]:
    """What can be seen of every cell."""
    rows = [[screen.buffer[y][x] for x in range(WIDTH)] for y in range(HEIGHT)]
    return [
        [
            (c.data, c.bg, c.underscore, c.bold, c.fg)
            if c.data != " " or c.underscore
            else (" ", c.bg, False, False, "")
            for c in row
        ]
        for row in rows
    ]


@settings(max_examples=300)
@given(st.lists(st.lists(placed_strips(), min_size=1, max_size=3), min_size=1, max_size=6))
def test_frames_in_turn_show_what_their_whole_would(frames: list[list[PlacedStrip]]) -> None:
    ours, everything = pyte.Screen(WIDTH, HEIGHT), pyte.Screen(WIDTH, HEIGHT)
    front = FrontBuffer(ColorSystem.TRUECOLOR)
    for frame in frames:
        pyte.Stream(ours).feed(front.changes(frame))
        for placed in frame:
            pyte.Stream(everything).feed(FrontBuffer(ColorSystem.TRUECOLOR).changes([placed]))
    assert looks(ours) == looks(everything)


@given(placed_strips())
def test_what_is_shown_is_not_written_again(placed: PlacedStrip) -> None:
    front = FrontBuffer(ColorSystem.TRUECOLOR)
    y, x, strip = placed
    assert front.changes([placed])
    assert front.changes([placed]) == ""
    assert front.changes([(y, x, Strip(list(strip)))]) == ""


def test_a_small_gap_is_written_over_and_a_large_one_jumped() -> None:
    front = FrontBuffer(ColorSystem.TRUECOLOR)
    front.changes([(0, 0, Strip([Segment("a123a1234567a")]))])
    assert front.changes([(0, 0, Strip([Segment("b123b1234567b")]))]) == ("\x1b[1;1Hb123b\x1b[7Cb")


def test_few_changes_are_written_region_by_region_where_that_spares_sgr() -> None:
    front = FrontBuffer(ColorSystem.TRUECOLOR)
    red, blue = Style.parse("red on white"), Style.parse("blue on black")
    regions = [(0, red), (6, blue)]
    frame = [(y, x, Strip([Segment("abc", style)])) for y in range(3) for x, style in regions]
    written = front.changes(frame)
    assert written.index("\x1b[3;1H") < written.index("\x1b[1;7H")
    assert written.count("m") == 3  # red, blue, and the default


def test_where_there_is_only_ascii_borders_and_signs_are_ascii_and_names_stay() -> None:
    front = FrontBuffer(ColorSystem.TRUECOLOR, plain=True)
    strip = Strip([Segment("╭─ ‹✓ “a” … › │漢│")])
    assert '+- <+ "a" ~ > |漢|' in front.changes([(0, 0, strip)])
