"""The table: the cursor stays on its row, and only what is visible costs anything."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Region
from textual.strip import Strip

from ollama_tui.formatting import StyledLine
from ollama_tui.tui.widgets.row_source import RowSource, TableColumn, stretch_columns, width_needed
from ollama_tui.tui.widgets.table import Table
from ollama_tui.tui.widgets.text_layout import plain
from tests.effort import calls
from tests.tui.widgets.screens import OneWidget, screen_lines


class Names(RowSource[str]):
    """Rows are strings; says what it was asked to format."""

    all_columns = (
        TableColumn("NAME", 6, flexible=True),
        TableColumn("SIZE", 5, "right", priority=1),
    )

    def __init__(self) -> None:
        self.formatted: list[str] = []
        self.marked: set[str] = set()

    def key(self, row: str) -> str:
        return row

    def cells(self, row: str, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        self.formatted.append(row)
        return (plain(row), plain(str(len(row))))[: len(columns)]

    def gutter(self, row: str) -> StyledLine:
        return plain("✓", "mark") if row in self.marked else ()


def names(count: int) -> list[str]:
    return [f"m{number}" for number in range(count)]


def table_of(rows: Sequence[str], source: Names | None = None) -> tuple[OneWidget, Table[str]]:
    table: Table[str] = Table(source or Names())
    table.show(rows)
    return OneWidget(table), table


def cursor_line(app: OneWidget) -> int:
    return next(y for y, line in enumerate(screen_lines(app)) if line.startswith("▸"))


@pytest.mark.parametrize("row", [1, 7, 19])
async def test_a_cursor_placed_before_the_first_layout_hides_no_row_for_nothing(row: int) -> None:
    class Placed(Table[str]):
        def on_mount(self) -> None:
            self.show(names(20))
            self.move_to(f"m{row}")

    table = Placed(Names())
    app = OneWidget(table)
    async with app.run_test(size=(30, 12)):
        first = table.rows_in_view()[0]
        assert f"m{row}" in table.rows_in_view()
        assert len(table.rows_in_view()) == table.page
        if row < table.page:
            assert first == "m0"


async def test_it_shows_titles_cells_and_signs() -> None:
    source = Names()
    source.marked = {"b"}
    app, _ = table_of(["a", "b", "long-name-that-is-cut"], source)
    async with app.run_test(size=(24, 5)):
        lines = screen_lines(app)
        assert lines[0].split() == ["NAME", "SIZE"]
        assert lines[1].split() == ["▸", "a", "1"]
        assert lines[2].split() == ["✓", "b", "1"]
        assert lines[3].split() == ["long-name-t…", "21"]


@pytest.mark.parametrize(
    ("keys", "cursor"),
    [
        ("j", "m1"),
        ("down j k", "m1"),
        ("k", "m0"),
        ("G", "m99"),
        ("end up", "m98"),
        ("G g", "m0"),
        ("G home", "m0"),
        ("pagedown", "m9"),
        ("pagedown pageup", "m0"),
        ("ctrl+d", "m4"),
        ("ctrl+d ctrl+d ctrl+u", "m4"),
        ("G j pagedown", "m99"),
    ],
)
async def test_keys_move_the_cursor(keys: str, cursor: str) -> None:
    app, table = table_of(names(100))
    async with app.run_test(size=(30, 10)) as pilot:
        await pilot.press(*keys.split())
        assert table.cursor == cursor
        assert table.cursor in table.rows_in_view()
        assert cursor_line(app) == 1 + table.rows_in_view().index(cursor)


async def test_leaving_the_view_turns_the_page_and_two_rows_stay() -> None:
    app, table = table_of(names(100))
    async with app.run_test(size=(30, 11)) as pilot:
        await pilot.press(*["j"] * 10)
        assert table.rows_in_view() == tuple(names(100)[8:18])
        await pilot.press(*["k"] * 3)
        assert table.rows_in_view() == tuple(names(100)[:10])


async def test_only_the_first_column_is_on_the_ground_of_the_cursor() -> None:
    app, table = table_of(["a", "b"])
    async with app.run_test(size=(24, 5)):
        here, other = table.render_lines(Region(0, 1, 24, 2))
        first = 4 + table._layout()[0].width
        assert len({segment.style for segment in here.crop(0, first)}) == 1
        assert here.crop(0, first)._segments[0].style != other.crop(0, first)._segments[0].style
        assert here.crop(first)._segments[-1].style == other.crop(first)._segments[-1].style


@pytest.mark.parametrize(
    ("after", "cursor"),
    [
        (["m5", "m4", "m3"], "m4"),
        (["m9", "m5", "m0"], "m5"),
        (["m0", "m3"], "m3"),
        (["m3", "m0"], "m3"),
        (["x", "y"], "x"),
        ([], None),
    ],
)
async def test_the_cursor_stays_on_its_row_or_the_nearest_left(
    after: list[str], cursor: str | None
) -> None:
    app, table = table_of(names(10))
    async with app.run_test(size=(30, 20)) as pilot:
        assert table.move_to("m4")
        table.show(after)
        await pilot.pause()
        assert table.cursor == cursor
        assert table.row == cursor


async def test_the_cursor_comes_back_to_its_row_after_nothing_matched() -> None:
    app, table = table_of(names(50))
    async with app.run_test(size=(30, 10)):
        table.move_to("m33")
        table.show([])
        cursors = [table.cursor]
        table.show(names(50))
        assert [*cursors, table.cursor] == [None, "m33"]
        assert "m33" in table.rows_in_view()


async def test_the_cursor_keeps_its_line_when_rows_come_and_go_above() -> None:
    app, table = table_of(names(100))
    async with app.run_test(size=(30, 12)) as pilot:
        table.move_to("m50")
        await pilot.press("k", "k")
        before = cursor_line(app)
        table.show([name for name in names(100) if name not in ("m3", "m7")])
        await pilot.pause()
        assert table.cursor == "m48"
        assert cursor_line(app) == before


class Watched(Table[str]):
    """Remembers which lines it painted."""

    painted: ClassVar[list[int]] = []

    def render_line(self, y: int) -> Strip:
        self.painted.append(y)
        return super().render_line(y)


async def test_a_move_paints_two_rows() -> None:
    table = Watched(Names())
    table.show(names(1000))
    async with OneWidget(table).run_test(size=(30, 20)) as pilot:
        await pilot.press("j")
        table.painted.clear()
        await pilot.press("j")
        assert table.painted == [2, 3]


async def test_only_visible_rows_are_formatted_and_each_once() -> None:
    source = Names()
    app, _ = table_of(names(10_000), source)
    async with app.run_test(size=(30, 11)) as pilot:
        await pilot.press("j", "k", "j")
        assert sorted(set(source.formatted)) == sorted(names(10))
        assert source.formatted.count("m1") <= 2  # once a layout


async def test_showing_ten_thousand_rows_asks_each_for_its_key_at_most() -> None:
    app, table = table_of(())
    async with app.run_test(size=(80, 24)):
        rows = names(10_000)
        assert calls(lambda: table.show(rows)) < 20_000


async def test_it_tells_where_the_cursor_is_and_what_was_chosen() -> None:
    heard: list[tuple[str, Hashable]] = []

    class Listening(OneWidget):
        def on_table_moved(self, event: Table.Moved) -> None:
            heard.append(("moved", event.key))

        def on_table_chosen(self) -> None:
            heard.append(("chosen", table.cursor))

    table: Table[str] = Table(Names())
    async with Listening(table).run_test(size=(30, 10)) as pilot:
        table.show(["a", "b"])
        await pilot.press("j", "j", "enter")
        table.show(["a"])
        table.show([])
        await pilot.pause()
        await pilot.press("enter")
    assert heard == [
        ("moved", "a"), ("moved", "b"), ("chosen", "b"), ("moved", "a"), ("moved", None),
    ]  # fmt: skip


async def test_marks_show_at_the_next_show_of_the_same_rows() -> None:
    source = Names()
    rows = names(5)
    app, table = table_of(rows, source)
    async with app.run_test(size=(30, 10)) as pilot:
        source.marked = {"m2"}
        table.show(rows)
        await pilot.pause()
        assert screen_lines(app)[3].startswith(" ✓  m2")


async def test_an_empty_table_says_why() -> None:
    app, table = table_of(())
    async with app.run_test(size=(40, 10)) as pilot:
        table.show_empty([plain("nothing matches [/cap:vision]")])
        await pilot.pause()
        assert screen_lines(app)[1] == "nothing matches [/cap:vision]"


async def test_a_long_reason_is_read_to_its_end_and_what_follows_comes_below() -> None:
    app, table = table_of(())
    async with app.run_test(size=(30, 10)) as pilot:
        table.show_empty([plain("  Check the address (--host, OLLAMA_HOST)."), plain("  R tries.")])
        await pilot.pause()
        assert [line.rstrip() for line in screen_lines(app)[1:4]] == [
            "  Check the address (--host,", "  OLLAMA_HOST).", "  R tries.",
        ]  # fmt: skip


@pytest.mark.parametrize("size", [(40, 10), (10, 3), (3, 2), (1, 1)])
async def test_any_size_will_do(size: tuple[int, int]) -> None:
    app, table = table_of(names(100))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("G")
        await pilot.resize_terminal(*size)
        await pilot.press("k", "pageup", "j", "ctrl+d")
        assert table.cursor in table.rows_in_view()
        assert len(screen_lines(app)) == size[1]


@given(
    st.lists(st.builds(TableColumn, st.just("T"), st.integers(1, 9)), max_size=5),
    st.integers(0, 80),
)
def test_the_flexible_column_takes_what_is_left(fixed: list[TableColumn], room: int) -> None:
    columns = stretch_columns([TableColumn("N", 3, flexible=True), *fixed], room)
    if width_needed([TableColumn("N", 3), *fixed]) <= room:
        assert width_needed(columns) == room
    assert list(columns[1:]) == fixed


def test_a_flexible_column_takes_no_more_than_it_has_a_use_for() -> None:
    columns = (TableColumn("NAME", 6, flexible=True, most=9), TableColumn("SIZE", 5, "right"))
    assert [column.width for column in stretch_columns(columns, 40)] == [9, 5]
    assert [column.width for column in stretch_columns(columns, 14)] == [7, 5]
    assert [column.width for column in stretch_columns(columns, 5)] == [1, 5]
