"""The rows of the running models, as values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ollama_tui.api.replies import RunningModel
from ollama_tui.domain.model import ModelKey
from ollama_tui.domain.orders import AS_GIVEN, arranged
from ollama_tui.domain.running import (
    ORDERS,
    Running,
    counts_down,
    rows_of,
    summed,
    time_left,
)

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


def test_a_row_says_what_takes_how_much_where_and_for_how_long() -> None:
    (row,) = rows_of([runner()], frozenset(), NOW, {})
    assert row == Running(
        ModelKey("a:1b", ""),
        "a:1b",
        4 * GIGA,
        GIGA,
        4096,
        expires=NOW + timedelta(minutes=5),
        left="5:00",
    )
    assert row.gpu_share == 0.25


@pytest.mark.parametrize(("size", "vram"), [(0, 0), (1, 2)])
def test_a_split_that_makes_no_sense_is_no_share(size: int, vram: int) -> None:
    assert Running(ModelKey("a", ""), "a", size, vram).gpu_share is None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (272, "4:32"),
        (0, "0:00"),
        (-1, "stopping"),
        (3 * 3600 + 5, "3:00:05"),
        (3 * 86_400, "3 days"),
        (300 * 365 * 86_400, "forever"),
    ],
)
def test_the_last_day_is_counted_down_in_seconds(seconds: int, said: str) -> None:
    then = NOW + timedelta(seconds=seconds)
    assert time_left(then, NOW) == said
    assert counts_down(then, NOW) is (":" in said)


def test_no_time_is_no_countdown() -> None:
    assert time_left(None, NOW) == "never"
    assert not counts_down(None, NOW)


def test_a_model_being_loaded_comes_last_until_the_server_lists_it() -> None:
    rows = rows_of([runner()], frozenset({ModelKey("b:1b", "")}), NOW, {})
    assert [(row.name, row.left) for row in rows] == [("a:1b", "5:00"), ("b:1b", "loading …")]


def test_a_listed_model_that_still_loads_is_there_once_whatever_the_spelling() -> None:
    rows = rows_of([runner("b:latest")], frozenset({ModelKey("B", "2")}), NOW, {})
    assert [(row.name, row.size, row.left) for row in rows] == [("b:latest", 4 * GIGA, "loading …")]


def test_a_name_cannot_act_on_the_terminal() -> None:
    (row,) = rows_of([runner("x\x1b[2J\u202e")], frozenset(), NOW, {})
    assert row.name.isprintable()
    assert row.key.name == "x\x1b[2J\u202e", "requests need the name as it is"


def test_the_sum_counts_models_and_memory() -> None:
    assert summed([runner(), runner("b:1b", size=GIGA, vram=0)]) == ["2 models", "5 GB in memory"]
    assert summed([]) == ["0 models"]


@pytest.mark.parametrize(
    ("column", "reverse", "names"),
    [
        ("name", False, "a b c"),
        ("memory", False, "b a c"),
        ("memory", True, "a b c"),
        ("gpu", False, "a b c"),
        (AS_GIVEN, False, "c b a"),
        (AS_GIVEN, True, "a b c"),
    ],
)
def test_rows_are_sorted_by_a_column_and_what_is_not_known_is_last(
    column: str, reverse: bool, names: str
) -> None:
    rows = (
        Running(ModelKey("c", ""), "c"),
        Running(ModelKey("b", ""), "b", 4 * GIGA, 0),
        Running(ModelKey("a", ""), "a", GIGA, GIGA),
    )
    assert " ".join(row.name for row in arranged(rows, ORDERS, column, reverse)) == names
