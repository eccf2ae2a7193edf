"""What is outdated, row by row."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ollama_tui.api.replies import Layer
from ollama_tui.domain.model import Model
from ollama_tui.domain.orders import arranged
from ollama_tui.domain.update_rows import (
    ORDERS,
    RowState,
    cost_of,
    unreachable,
    update_rows,
)
from ollama_tui.domain.updates import UpdateStatus, Upstream
from tests.domain.models import a_model

NOW = datetime(2026, 11, 26, tzinfo=UTC)
MB = 1_000_000


def outdated(model: Model, *layers: tuple[str, int], pushed: int = 1) -> Upstream:
    return Upstream(
        model.digest,
        UpdateStatus.OUTDATED,
        NOW,
        newest="f" * 64,
        pushed_at=datetime(2026, 11, pushed, tzinfo=UTC),
        total=1000 * MB,
        missing=tuple(Layer("application/x", digest, size) for digest, size in layers),
        changes=("weights", "template"),
    )


def unknown(model: Model, reason: str, *, unreachable: bool = False) -> Upstream:
    return Upstream(model.digest, UpdateStatus.UNKNOWN, NOW, reason, unreachable=unreachable)


OLD, SAME, MINE, FAR = (a_model(name, digest=name[0] * 64) for name in ("b", "a", "mine", "far"))
NEW = a_model("new", digest="9" * 64)
FOUND = {
    OLD.key: outdated(OLD, ("x", 300 * MB)),
    SAME.key: Upstream(SAME.digest, UpdateStatus.CURRENT, NOW, newest=SAME.digest),
    MINE.key: unknown(MINE, "Made here from llama3.2:3b."),
    FAR.key: unknown(FAR, "Cannot connect to me.example.", unreachable=True),
}
ALL = (SAME, MINE, OLD, NEW, FAR)


@pytest.mark.parametrize(
    ("model", "state", "what", "cost"),
    [
        (OLD, RowState.OUTDATED, "weights and template", "300 MB of 1 GB"),
        (SAME, RowState.CURRENT, "up to date", ""),
        (MINE, RowState.UNKNOWN, "made here from llama3.2:3b", ""),
        (FAR, RowState.UNREACHABLE, "not checked: registry unreachable", ""),
        (NEW, RowState.UNCHECKED, "not checked yet", ""),
    ],
)
def test_a_row_says_what_is_known(model: Model, state: RowState, what: str, cost: str) -> None:
    [row] = update_rows([model], FOUND, ())
    assert (row.state, row.what, row.cost) == (state, what, cost)


def test_what_is_being_pulled_is_updating_and_still_costs() -> None:
    [row] = update_rows([OLD], FOUND, {"b"})
    assert (row.state, row.cost) == (RowState.UPDATING, "300 MB of 1 GB")
    assert row.what.startswith("updating")


def test_a_model_that_changed_since_is_to_be_asked_about_again() -> None:
    [row] = update_rows([a_model("b", digest="7" * 64)], {OLD.key: FOUND[OLD.key]}, ())
    assert row.state is RowState.UNCHECKED


def sorted_by(key: str, *, reverse: bool = False) -> list[str]:
    rows = arranged(update_rows(ALL, FOUND, ()), ORDERS, key, reverse)
    return [row.model.name for row in rows]


def test_each_column_sorts_and_what_has_no_value_comes_last() -> None:
    assert sorted_by("what") == ["b", "new", "mine", "far", "a"], "the outdated first"
    assert sorted_by("what", reverse=True) == ["a", "far", "mine", "new", "b"]
    assert sorted_by("name") == ["a", "b", "far", "mine", "new"]
    for key in ("fetch", "pushed"):
        assert sorted_by(key)[0] == sorted_by(key, reverse=True)[0] == "b"
    young = a_model("young", digest="8" * 64, days=1)
    old = a_model("old", digest="4" * 64, days=400)
    rows = update_rows([old, young], {}, ())
    assert [r.model for r in arranged(rows, ORDERS, "installed", False)] == [young, old]


def test_all_there_is_to_say_of_a_row_is_said_in_sentences() -> None:
    said = {row.model.name: row.sentence(NOW) for row in update_rows(ALL, FOUND, ())} | {
        "pulled": update_rows([OLD], FOUND, {"b"})[0].sentence(NOW)
    }
    assert said == {
        "b": "b was pushed 3 weeks ago. Changes: weights and template. "
        "Updating fetches 300 MB of 1 GB.",
        "new": "new is not checked yet.",
        "mine": "Not known whether mine is outdated: made here from llama3.2:3b.",
        "far": "far was not checked: its registry is unreachable.",
        "a": "a is up to date.",
        "pulled": "b is being updated: weights and template.",
    }


def test_what_several_share_is_fetched_once_and_must_fit() -> None:
    other = a_model("d", digest="d" * 64)
    found = {**FOUND, other.key: outdated(other, ("x", 300 * MB), ("y", 200 * MB))}
    rows = update_rows([OLD, other, SAME], found, ())
    assert cost_of(rows, None) == ("500 MB to fetch", True)
    assert cost_of(rows, 600 * MB) == ("500 MB to fetch, 600 MB free", True)
    assert cost_of(rows, 400 * MB) == ("500 MB to fetch, only 400 MB free", False)
    assert cost_of(update_rows([SAME], found, ()), 1) == ("", True)


def test_a_registry_that_is_down_is_said_once_with_how_many_models() -> None:
    near = a_model("near", digest="e" * 64)
    found = {**FOUND, near.key: unknown(near, "Cannot connect to me.example.", unreachable=True)}
    rows = update_rows([FAR, near, MINE], found, ())
    assert unreachable(rows) == ["Cannot connect to me.example: 2 models not checked."]
