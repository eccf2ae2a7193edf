"""What is outdated, row by row."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ollama_tui.api.replies import Layer
from ollama_tui.domain.model import Model
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
CLOUD = a_model("cloud", digest="c" * 64, cloud=True)
NEW = a_model("new", digest="9" * 64)
FOUND = {
    OLD.key: outdated(OLD, ("x", 300 * MB)),
    SAME.key: Upstream(SAME.digest, UpdateStatus.CURRENT, NOW, newest=SAME.digest),
    MINE.key: unknown(MINE, "It was made here."),
    FAR.key: unknown(FAR, "No connection to me.example.", unreachable=True),
    CLOUD.key: unknown(CLOUD, "It runs in the cloud."),
}
ALL = (SAME, MINE, OLD, NEW, CLOUD, FAR)


@pytest.mark.parametrize(
    ("model", "state", "what", "cost"),
    [
        (OLD, RowState.OUTDATED, "weights and template", "300 MB of 1 GB"),
        (SAME, RowState.CURRENT, "up to date", ""),
        (MINE, RowState.UNKNOWN, "cannot tell: It was made here.", ""),
        (FAR, RowState.UNREACHABLE, "not checked: registry unreachable", ""),
        (CLOUD, RowState.CLOUD, "runs in the cloud", ""),
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


def test_outdated_come_first_and_each_order_sorts() -> None:
    names = {key: [r.model.name for r in update_rows(ALL, FOUND, (), order=key)] for key in ORDERS}
    assert names["state"] == ["b", "new", "mine", "far", "a", "cloud"]
    assert names["name"] == ["a", "b", "cloud", "far", "mine", "new"]
    assert names["fetch"][0] == names["pushed"][0] == "b"


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
    found = {**FOUND, near.key: unknown(near, "No connection to me.example.", unreachable=True)}
    rows = update_rows([FAR, near, MINE], found, ())
    assert unreachable(rows) == ["No connection to me.example: 2 models not checked."]
