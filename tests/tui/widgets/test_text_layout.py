"""Styled lines fit and stay literal; wrapped text loses nothing, and up undoes down."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ollama_tui.formatting import StyledLine, inert
from ollama_tui.tui.text_styles import STYLES
from ollama_tui.tui.widgets.text_layout import (
    BLOCK,
    WrappedText,
    fit,
    plain,
    restyle,
    row_end,
    spread,
    width_of,
    wrap_line,
)
from tests.effort import calls

lines = st.lists(st.text("ab c漢e\u0301", max_size=40), min_size=1, max_size=6)
widths = st.integers(2, 15)


@given(lines, widths)
def test_the_rows_hold_all_the_text_and_fit(texts: list[str], width: int) -> None:
    rows = list(WrappedText(texts, width).rows((0, 0)))
    for number, text in enumerate(texts):
        parts = [text[row.start : row.end] for row in rows if row.line == number]
        assert "".join(parts) == text
        # A blank that ends a row may hang over the edge.
        assert all(cell_len(part.removesuffix(" ")) <= width for part in parts)


@given(lines, widths, st.data())
def test_moving_up_undoes_moving_down(texts: list[str], width: int, data: st.DataObject) -> None:
    wrapped = WrappedText(texts, width)
    starts = [(row.line, row.start) for row in wrapped.rows((0, 0))]
    at = data.draw(st.integers(0, len(starts) - 1))
    step = data.draw(st.integers(0, len(starts)))
    assert wrapped.move(starts[at], step) == starts[min(at + step, len(starts) - 1)]
    assert wrapped.move(starts[at], -step) == starts[max(at - step, 0)]
    assert wrapped.last_page(step + 1) == starts[max(0, len(starts) - step - 1)]


@given(lines, widths, st.data())
def test_a_place_snaps_to_the_row_that_holds_it(
    texts: list[str], width: int, data: st.DataObject
) -> None:
    wrapped = WrappedText(texts, width)
    row = data.draw(st.sampled_from(list(wrapped.rows((0, 0)))))
    offset = data.draw(st.integers(row.start, max(row.start, row.end - 1)))
    assert wrapped.snap((row.line, offset)) == (row.line, row.start)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", [""]),
        ("one two three", ["one two ", "three"]),
        ("onetwothree", ["onetwoth", "ree"]),
        ("漢字漢字漢", ["漢字漢字", "漢"]),
        ("       four", ["       ", "four"]),
        ("12345678 9", ["12345678 ", "9"]),
    ],
)
def test_rows_break_after_a_blank_where_one_is_near(text: str, rows: list[str]) -> None:
    found = WrappedText([text], 8).rows((0, 0))
    assert [text[row.start : row.end] for row in found] == rows


@pytest.mark.parametrize("text", ["x" * 5_000_000, "漢字 " * 1_000_000])
def test_two_megabytes_in_one_line_cost_what_a_screen_costs(text: str) -> None:
    wrapped = WrappedText([text], 100)

    def look() -> None:
        end = wrapped.last_page(40)
        middle = wrapped.snap((0, len(text) // 2))
        for anchor in (end, middle, wrapped.move(middle, -40)):
            assert len(list(islice(wrapped.rows(anchor), 40))) == 40

    assert calls(look) < 250_000  # there are 50,000 rows


def test_up_crosses_blocks() -> None:
    wrapped = WrappedText(["x" * (BLOCK * 2 + 5)], 100)
    starts = [row.start for row in wrapped.rows((0, 0))]
    assert wrapped.move((0, starts[-1]), -len(starts)) == (0, 0)
    assert wrapped.move((0, starts[-1]), -3) == (0, starts[-4])


@given(st.text(" a漢", min_size=1, max_size=30), st.integers(-40, 3))
def test_rows_end_also_where_there_is_no_room(text: str, width: int) -> None:
    at = 0
    for _ in range(len(text)):
        at = row_end(text, at, width)
    assert at == len(text)


@pytest.mark.parametrize("width", [-3, 0, 1, 5])
def test_a_line_is_wrapped_into_any_width(width: int) -> None:
    [*rows] = wrap_line(((" The server does not answer.", "bad"),), width)
    assert "".join(text.strip() for row in rows for text, _ in row)


spans = st.lists(st.tuples(st.text(max_size=12), st.sampled_from(["", *STYLES])), max_size=4).map(
    tuple
)


def text_of(line: StyledLine) -> str:
    return "".join(text for text, _ in line)


@given(spans, st.integers(0, 30), st.sampled_from(["left", "right"]))
def test_fitted_spans_are_exactly_as_wide_as_asked_and_inert(
    line: StyledLine, width: int, align: str
) -> None:
    fitted = fit(line, width, "right" if align == "right" else "left")
    assert width_of(fitted) == width
    assert inert(text_of(fitted)) == text_of(fitted)


@pytest.mark.parametrize(
    ("line", "width", "fitted"),
    [
        (plain("abc"), 5, "abc  "),
        (plain("abcdef"), 4, "abc…"),
        ((("abc", "good"), ("def", "bad")), 5, "abcd…"),
        (plain("漢字漢"), 4, "漢 …"),
        (plain("a\nb\tc\x1b"), 8, "a�b�c�  "),
        (plain("[bold]x[/nope]"), 14, "[bold]x[/nope]"),
        (plain("abc"), 0, ""),
    ],
)
def test_what_does_not_fit_ends_in_an_ellipsis(line: StyledLine, width: int, fitted: str) -> None:
    assert text_of(fit(line, width)) == fitted


def test_a_cut_keeps_the_style_of_what_it_cuts() -> None:
    assert fit((("abc", "good"), ("def", "bad")), 5) == (("abc", "good"), ("d…", "bad"))


@pytest.mark.parametrize(
    ("left", "right", "width", "line"),
    [
        ("left", "right", 12, "left   right"),
        ("left and more", "right", 12, "left a…right"),
        ("left", "right and more", 12, "left right …"),
        ("left", "", 6, "left  "),
    ],
)
def test_two_ends_share_a_line(left: str, right: str, width: int, line: str) -> None:
    assert text_of(spread(plain(left), plain(right), width)) == line


few_spans = st.lists(
    st.tuples(st.text("abc", max_size=5), st.sampled_from(["", "good"])), max_size=5
)


@given(few_spans.map(tuple), st.lists(st.integers(-3, 20), unique=True).map(sorted))
def test_restyling_changes_no_text(line: tuple[tuple[str, str], ...], ends: list[int]) -> None:
    text = "".join(part for part, _ in line)
    parts = [(start, end, "match") for start, end in zip(ends[::2], ends[1::2], strict=False)]
    found = restyle(line, parts)
    assert "".join(part for part, _ in found) == text
    lit = "".join(part for part, style in found if style == "match")
    assert lit == "".join(text[max(0, start) : max(0, end)] for start, end, _ in parts)
    styles = [style for part, style in line for _ in part]
    assert [style for part, style in found for _ in part if style != "match"] == [
        style
        for at, style in enumerate(styles)
        if not any(start <= at < end for start, end, _ in parts)
    ]
