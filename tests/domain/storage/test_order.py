"""The orders of the rows of storage."""

from __future__ import annotations

import pytest

from ollama_tui.domain.storage.contents import PartialDownload
from ollama_tui.domain.storage.order import arranged
from ollama_tui.domain.storage.report import storage_rows
from tests.domain.storage.test_report import SECONDS
from tests.domain.storage.test_usage import FAMILY, MB, SIZES, THEN, measured

PARTIAL = PartialDownload("p", 3 * MB, THEN - 9_000)


@pytest.mark.parametrize(
    ("column", "reverse", "keys"),
    [
        ("alone", False, "other partials child alias base"),
        ("alone", True, "alias base child partials other"),
        ("name", False, "partials alias base child other"),
        ("name", True, "other child base alias partials"),
        ("shared", False, "child alias base other partials"),
        ("modified", True, "partials other child alias base"),
    ],
)
def test_models_and_leftovers_are_sorted_and_what_is_shared_stays_below(
    column: str, reverse: bool, keys: str
) -> None:
    usage = measured(FAMILY, SIZES, partials=(PARTIAL,))
    rows = storage_rows(usage.models, usage, SECONDS)
    sorted_ = [row.key for row in arranged(rows, column, reverse)]
    assert sorted_ == [*keys.split(), "shared W"]
