"""The columns of storage: names are whole before bars are long."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ollama_tui.domain.storage.report import RowKind, StorageRow
from ollama_tui.tui.look import ASCII_SIGNS, UNICODE_SIGNS, Signs
from ollama_tui.tui.widgets.row_source import TableColumn, stretch_columns, width_needed
from ollama_tui.tui.widgets.storage_rows import SHORT_BAR, StorageRows

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TUNED = StorageRow(RowKind.MODEL, "a", "hf.co/acme-labs/Compass-3B-GGUF:Q4_K_M", 10**9)
SHARED = StorageRow(
    RowKind.SHARED, "b", "shared by old-experiment:latest and tinyllama:1.1b-chat-fp16", 0, 10**9
)
USERS = "llama3.2:3b, llama3.2:latest and studio/support-bot:v2"


def source() -> StorageRows:
    rows = StorageRows(UNICODE_SIGNS, lambda: NOW, lambda _: USERS)
    rows.longest, rows.longest_label = len(TUNED.label), len(SHARED.label)
    return rows


def laid_out(width: int) -> dict[str, TableColumn]:
    return {column.id: column for column in stretch_columns(source().columns(width), width)}


def test_a_wide_table_cuts_neither_names_nor_users_for_its_bars() -> None:
    columns = laid_out(193)
    assert columns["name"].width == len(SHARED.label)
    assert columns["users"].width >= len(USERS)
    assert columns["bar"].width >= SHORT_BAR


def test_elsewhere_the_names_of_models_are_whole_and_bars_take_the_rest() -> None:
    columns = laid_out(113)
    assert columns["name"].width == len(TUNED.label)
    assert columns["bar"].width > 2 * SHORT_BAR
    assert "users" not in columns


def test_a_name_without_room_keeps_its_end() -> None:
    name = laid_out(75)["name"]
    drawn = source().cells(TUNED, [name])
    assert drawn == [(("…/Compass-3B-GGUF:Q4_K_M", ""),)]


@pytest.mark.parametrize("width", range(30, 260))
def test_they_never_take_more_than_there_is(width: int) -> None:
    assert width_needed([*laid_out(width).values()]) <= width


@pytest.mark.parametrize("signs", [UNICODE_SIGNS, ASCII_SIGNS])
def test_the_bar_of_leftovers_differs_by_more_than_its_color(signs: Signs) -> None:
    rows = source()
    rows.signs, rows.most = signs, 10**9
    bar = TableColumn("", 12, id="bar")
    drawn = {
        kind: rows.cells(StorageRow(kind, "a", "a", 10**9), [bar])[0][0][0]
        for kind in (RowKind.MODEL, RowKind.ORPHANS)
    }
    assert set(drawn[RowKind.MODEL]) == {signs.full}
    assert set(drawn[RowKind.ORPHANS]) == {signs.loose}
    assert len(drawn[RowKind.MODEL]) == len(drawn[RowKind.ORPHANS])
