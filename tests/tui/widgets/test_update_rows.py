"""The rows of the table of what is outdated: columns, bars, and what they say."""

from __future__ import annotations

import pytest

from ollama_tui.domain.update_rows import ORDERS, UpdateRow, update_rows
from ollama_tui.domain.updates import unknown
from ollama_tui.formatting import StyledLine
from ollama_tui.tui.look import UNICODE_SIGNS
from ollama_tui.tui.widgets.row_source import GAP, TableColumn, stretch_columns
from ollama_tui.tui.widgets.text_layout import width_of
from ollama_tui.tui.widgets.update_rows import UpdateRows
from tests.domain.models import NOW, a_model
from tests.domain.test_update_rows import FOUND, OLD, outdated

BIG = a_model("big:70b", digest="d" * 64)
ROWS = update_rows([OLD, BIG], {**FOUND, BIG.key: outdated(BIG, ("y", 1_000_000_000))}, ())


def columns(width: int, what: int = 24) -> tuple[TableColumn, ...]:
    source = a_source(what)
    return stretch_columns(source.columns(width), width)


def a_source(what: int = 24) -> UpdateRows:
    titles = {order.key: f"{order.title}↓" for order in ORDERS}
    return UpdateRows(
        UNICODE_SIGNS, lambda: NOW, titles, longest=22, longest_what=what, most=1_000_000_000
    )


def cell(row: UpdateRow, id_: str, width: int) -> StyledLine:
    shown = columns(width)
    cells = a_source().cells(row, shown)
    return next(c for c, column in zip(cells, shown, strict=True) if column.id == id_)


@pytest.mark.parametrize(
    ("width", "ids"),
    [
        (35, ["name", "fetch"]),
        (75, ["name", "fetch", "what", "pushed"]),
        (88, ["name", "fetch", "what", "pushed", "installed"]),
        (113, ["name", "bar", "fetch", "what", "pushed", "installed"]),
        (193, ["name", "bar", "fetch", "what", "pushed", "installed"]),
    ],
)
def test_columns_leave_one_by_one_and_no_title_is_cut(width: int, ids: list[str]) -> None:
    shown = columns(width)
    assert [column.id for column in shown] == ids
    assert all(len(column.title) <= column.width for column in shown)
    assert sum(column.width + GAP for column in shown) - GAP <= width


def test_a_bar_never_takes_the_room_of_what_changed() -> None:
    assert "bar" not in [column.id for column in columns(113, what=45)]
    [what] = [column for column in columns(130, what=45) if column.id == "what"]
    assert what.width == 45


def test_bars_show_what_is_fetched_of_the_whole_to_one_scale() -> None:
    part, whole = (cell(row, "bar", 193) for row in ROWS)
    assert width_of(part) == width_of(whole) == 60
    assert part[0] == ("█" * 18, "bar")
    assert part[1][1] == "track"
    assert whole[0][0] == "█" * 60


def test_what_a_registry_says_cannot_draw_on_the_screen() -> None:
    model = a_model("m", digest="e" * 64)
    found = {model.key: unknown(model, "A\x1b[2Jtrick.", NOW)}
    [(text, _)] = cell(update_rows([model], found, ())[0], "what", 113)
    assert "\x1b" not in text
