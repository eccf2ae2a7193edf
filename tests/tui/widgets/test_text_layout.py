"""Long text in rows: nothing is lost, nothing is too wide, and up undoes down."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ollama_tui.tui.widgets.text_layout import BLOCK, WrappedText, row_end, wrap_line
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
