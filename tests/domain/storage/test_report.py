"""The list of what the disk is spent on, and its advice."""

from __future__ import annotations

import pytest

from ollama_tui.domain.storage.contents import Blob, Partial
from ollama_tui.domain.storage.report import Kind, advice, spending, summary
from ollama_tui.domain.storage.usage import Estimated
from tests.domain.models import NOW, a_model, many_models
from tests.domain.storage.test_usage import FAMILY, MB, SIZES, THEN, measured
from tests.effort import calls

SECONDS = NOW.timestamp()


def test_models_come_by_what_they_alone_cost_then_groups_then_leftovers() -> None:
    usage = measured(FAMILY, {**SIZES, "o": 5 * MB}, partials=(Partial("p", 3 * MB, THEN),))
    rows = spending(usage.models, usage, SECONDS)
    assert [(row.kind, row.key) for row in rows] == [
        (Kind.MODEL, "other"),
        (Kind.MODEL, "child"),
        (Kind.MODEL, "alias"),
        (Kind.MODEL, "base"),
        (Kind.SHARED, "shared W"),
        (Kind.ORPHANS, "orphans"),
        (Kind.PARTIALS, "partials"),
    ]
    assert [row.alone for row in rows] == [900 * MB + 20, 300, 0, 0, 0, 5 * MB, 3 * MB]
    assert rows[4].label == "shared by alias, base and child"
    assert advice(rows[1], usage) == "Deleting child frees 300 B. 4.0 GB stays, for alias and base."


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
    loose = {str(n): Blob(str(n), MB, SECONDS - age) for n, age in enumerate(ages)}
    usage.contents.blobs.update(loose)  # type: ignore[attr-defined]
    (row,) = [r for r in spending(usage.models, usage, SECONDS) if r.kind is Kind.ORPHANS]
    assert said in row.advice
    assert row.alone == len(ages) * MB


def test_damage_is_named_with_what_it_prevents() -> None:
    usage = measured({"m": "a"}, {"a": 1, "o": 9}, damaged=("registry/library/\x1bm/latest",))
    (row,) = [r for r in spending(usage.models, usage, SECONDS) if r.kind is not Kind.MODEL]
    assert row.kind is Kind.DAMAGED
    assert "cleans up nothing" in row.advice
    assert row.advice.isprintable()


def test_cloud_models_take_no_room_and_no_row() -> None:
    models = (a_model("here", digest="1"), a_model("there", digest="2", cloud=True))
    rows = spending(models, Estimated(models), SECONDS)
    assert [row.key for row in rows] == ["here"]
    assert rows[0].about


def test_the_summary_leaves_out_what_is_not_known() -> None:
    usage = measured(FAMILY, {**SIZES, "o": 5 * MB}, free=7 * MB)
    assert summary(usage) == [
        "4.9 GB used", "5 MB unused", "7 MB free", "12 GB with what is shared counted each time",
    ]  # fmt: skip
    assert summary(Estimated(())) == ["0 B used"]


def test_ten_thousand_models_are_summed_up_in_a_few_passes() -> None:
    usage = Estimated(many_models())
    assert calls(lambda: spending(usage.models, usage, SECONDS)) < 5_000_000
    whole = measured({f"m{n}": f"{chr(200 + n % 5000)}ab" for n in range(10_000)}, {"a": MB})
    assert calls(lambda: spending(whole.models, whole, SECONDS)) < 5_000_000
