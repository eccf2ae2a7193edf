"""The list of what the disk is spent on, and its advice."""

from __future__ import annotations

import pytest

from ollama_tui.domain.storage.contents import PartialDownload, StoredBlob
from ollama_tui.domain.storage.report import RowKind, advice, storage_rows, summary
from ollama_tui.domain.storage.usage import Usage
from tests.domain.models import NOW, a_model, many_models
from tests.domain.storage.test_usage import (
    FAMILY,
    MB,
    SIZES,
    THEN,
    contents,
    damaged,
    listed,
    measured,
)
from tests.effort import calls

SECONDS = NOW.timestamp()


def test_models_come_by_what_they_alone_cost_then_groups_then_leftovers() -> None:
    usage = measured(FAMILY, {**SIZES, "o": 5 * MB}, partials=(PartialDownload("p", 3 * MB, THEN),))
    rows = storage_rows(usage.models, usage, SECONDS)
    assert [(row.kind, row.key) for row in rows] == [
        (RowKind.MODEL, "other"),
        (RowKind.MODEL, "child"),
        (RowKind.MODEL, "alias"),
        (RowKind.MODEL, "base"),
        (RowKind.SHARED, "shared W"),
        (RowKind.ORPHANS, "orphans"),
        (RowKind.PARTIALS, "partials"),
    ]
    assert [row.alone for row in rows] == [900 * MB + 20, 300, 0, 0, 0, 5 * MB, 3 * MB]
    assert rows[4].label == "shared by alias, base and child"
    assert advice(rows[1], usage) == "Deleting child frees 300 B. 4.0 GB stays, for alias and base."


def test_small_weights_that_are_shared_have_a_row_and_a_shared_license_has_none() -> None:
    sizes = {"W": 4000 * MB, "w": 498_000, "l": 7_000, "s": 300}
    store = contents({"a": "wl", "b": "wls", "c": "Wl"}, sizes, weights="wW")
    usage = Usage(listed(store), store)
    rows = {row.key: row for row in storage_rows(usage.models, usage, SECONDS)}
    assert list(rows) == ["c", "b", "a", "shared w"]
    assert rows["shared w"].label == "shared by a and b"
    assert rows["shared w"].shared == 498_000
    assert [rows[name].shared for name in "abc"] == [505_000, 505_000, 0]
    assert advice(rows["b"], usage) == "Deleting b frees 300 B. 505 KB stays, for a."


@pytest.mark.parametrize(
    ("ages", "said"),
    [
        ([9000], "a restart of the server frees 1 MB, unless it runs with OLLAMA_NOPRUNE."),
        ([60], "a restart of the server frees it once it is an hour old, unless it runs with"),
        ([9000, 60], "frees 1 MB, unless it runs with OLLAMA_NOPRUNE. The rest is younger"),
    ],
)
def test_what_frees_leftovers_depends_on_their_age(ages: list[int], said: str) -> None:
    usage = measured({"m": "a"}, {"a": 1})
    loose = {str(n): StoredBlob(str(n), MB, SECONDS - age) for n, age in enumerate(ages)}
    assert usage.contents is not None
    usage.contents.blobs.update(loose)  # type: ignore[attr-defined]
    (row,) = [r for r in storage_rows(usage.models, usage, SECONDS) if r.kind is RowKind.ORPHANS]
    assert said in row.advice
    assert row.alone == len(ages) * MB


def test_damage_is_named_with_what_it_prevents() -> None:
    usage = measured(
        {"m": "a"}, {"a": 1, "o": 9}, bad=(damaged("manifests/registry/library/\x1bm/latest"),)
    )
    (row,) = [r for r in storage_rows(usage.models, usage, SECONDS) if r.kind is not RowKind.MODEL]
    assert row.kind is RowKind.OBSTACLES
    assert "cleans up nothing" in row.advice
    assert row.advice.isprintable()


def test_cloud_models_take_no_room_and_no_row() -> None:
    models = (a_model("here", digest="1"), a_model("there", digest="2", cloud=True))
    rows = storage_rows(models, Usage(models), SECONDS)
    assert [row.key for row in rows] == ["here"]
    assert rows[0].estimated


def test_the_summary_leaves_out_what_is_not_known() -> None:
    usage = measured(FAMILY, {**SIZES, "o": 5 * MB}, free=7 * MB)
    assert summary(usage) == [
        "4.9 GB used", "5 MB unused", "7 MB free", "12 GB with what is shared counted each time",
    ]  # fmt: skip
    assert summary(Usage(())) == ["0 B used"]


def test_ten_thousand_models_are_summed_up_in_a_few_passes() -> None:
    usage = Usage(many_models())
    assert calls(lambda: storage_rows(usage.models, usage, SECONDS)) < 5_000_000
    whole = measured({f"m{n}": f"{chr(200 + n % 5000)}ab" for n in range(10_000)}, {"a": MB})
    assert calls(lambda: storage_rows(whole.models, whole, SECONDS)) < 5_000_000
