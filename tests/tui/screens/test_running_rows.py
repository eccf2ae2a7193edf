"""The rows of the running models, as values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ollama_tui.api.replies import RunningModel
from ollama_tui.domain.model import ModelKey
from ollama_tui.tui.screens.running import COLUMNS, Running, rows_of, summed
from ollama_tui.tui.widgets.table import fit_columns, width_needed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
GIGA = 10**9


def runner(name: str = "a:1b", *, size: int = 4 * GIGA, vram: int = GIGA) -> RunningModel:
    return RunningModel(
        name=name,
        size=size,
        size_vram=vram,
        expires_text=(NOW + timedelta(minutes=5)).isoformat(),
        context_length=4096,
    )


def test_a_row_reads_like_ollama_ps() -> None:
    (row,) = rows_of([runner()], frozenset(), NOW, {})
    assert row == Running(
        ModelKey("a:1b", ""), "a:1b", "4 GB", "75%/25% CPU/GPU", "4K", until="5 minutes from now"
    )


def test_a_model_being_loaded_comes_last_until_the_server_lists_it() -> None:
    rows = rows_of([runner()], frozenset({ModelKey("b:1b", "")}), NOW, {})
    assert [(row.name, row.until) for row in rows] == [
        ("a:1b", "5 minutes from now"),
        ("b:1b", "loading …"),
    ]


def test_a_listed_model_that_still_loads_is_there_once_whatever_the_spelling() -> None:
    rows = rows_of([runner("b:latest")], frozenset({ModelKey("B", "2")}), NOW, {})
    assert [(row.name, row.memory, row.until) for row in rows] == [
        ("b:latest", "4 GB", "loading …")
    ]


def test_a_name_cannot_act_on_the_terminal() -> None:
    (row,) = rows_of([runner("x\x1b[2J\u202e")], frozenset(), NOW, {})
    assert row.name.isprintable()
    assert row.key.name == "x\x1b[2J\u202e", "requests need the name as it is"


def test_the_sum_counts_memory_and_what_of_it_is_on_gpus() -> None:
    assert summed([runner(), runner("b:1b", size=GIGA, vram=0)]) == [
        "2 models",
        "5 GB in memory",
        "1 GB VRAM",
    ]
    assert summed([]) == ["0 models"]


@pytest.mark.parametrize("width", range(4, 140))
def test_columns_leave_until_the_rest_fits_and_the_name_never_does(width: int) -> None:
    columns = fit_columns(COLUMNS, width)
    assert columns[0].id == "name"
    assert width_needed(columns) <= width or [c.id for c in columns] == ["name"]
