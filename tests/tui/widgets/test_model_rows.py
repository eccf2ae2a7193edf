"""The columns of the list: which there are, how wide each is, and what its cells say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.replies import ListedModel, ModelDetails
from ollama_tui.domain.columns import MANY_WORDS
from ollama_tui.domain.model import Model
from ollama_tui.domain.rows import ListRows, View
from ollama_tui.tui.widgets.model_rows import (
    EXTRA,
    MOST_OF_NAME,
    ModelRows,
    capability_line,
)
from ollama_tui.tui.widgets.row_source import TableColumn, stretch_columns, width_needed

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TUNED = "hf.co/acme-labs/Compass-3B-Instruct-Long-GGUF:Q4_K_M"
USUAL = [f"tinyllama:{number:02}b-chat-fp16" for number in range(19)]


def model(name: str, size: int = 10**9, quantization: str = "Q4_K_M", can: str = "") -> Model:
    details = ModelDetails(parameter_size="1.1B", quantization_level=quantization)
    listed = ListedModel(
        name=name, size=size, digest="a" * 64, details=details, capabilities=can.split()
    )
    return Model(listed)


def rows_of(names: Sequence[str], sort: str = "modified", grouped: bool = False) -> ModelRows:
    rows = ModelRows(now=lambda: NOW)
    models = tuple(map(model, names))
    rows.update(View(sort=sort, grouped=grouped), ListRows(models), models=models)
    return rows


def laid_out(rows: ModelRows, width: int) -> dict[str, TableColumn]:
    return {column.id: column for column in stretch_columns(rows.columns(width), width)}


def cell(row: Model, key: str, width: int = 80) -> str:
    rows = rows_of(["a"])
    (text, _), *_ = rows.cells(row, [TableColumn("", width, id=key)])[0]
    return text


@pytest.mark.parametrize("width", [74, 75])
def test_eighty_columns_show_whole_names_a_bar_and_the_quantization(width: int) -> None:
    columns = laid_out(rows_of(USUAL), width)
    assert [*columns] == ["name", "size", "bar", "params", "quant", "can", "modified"]
    assert columns["name"].width == len(USUAL[0])
    assert columns["bar"].width >= 4
    assert width_needed([*columns.values()]) == width


def test_one_long_name_is_cut_rather_than_columns_of_all() -> None:
    columns = laid_out(rows_of([*USUAL, TUNED]), 75)
    assert "quant" in columns
    assert len(USUAL[0]) <= columns["name"].width < len(TUNED)


def test_where_most_names_are_long_they_come_before_what_they_say_themselves() -> None:
    columns = laid_out(rows_of([TUNED] * 3 + USUAL[:2]), 75)
    assert [*columns] == ["name", "size", "bar", "can", "modified"]
    assert columns["name"].width >= len(TUNED.rpartition("/")[2]) + len("…/")


def test_forty_columns_keep_the_size_however_long_names_are() -> None:
    assert [*laid_out(rows_of([TUNED]), 35)] == ["name", "size"]


def test_a_wide_list_has_whole_words_and_then_more_columns() -> None:
    columns = laid_out(rows_of([*USUAL, TUNED[:38]]), 161)
    assert columns["can"].width == MANY_WORDS
    assert columns["name"].width == 38
    assert columns.keys() >= EXTRA


names = st.text("abc/:", min_size=1, max_size=90)


@given(st.lists(names, max_size=12), st.integers(31, 220), st.booleans())
def test_extra_columns_use_only_what_names_and_words_leave(
    shown: list[str], width: int, grouped: bool
) -> None:
    rows = rows_of(shown, grouped=grouped)
    columns = laid_out(rows, width)
    assert width_needed([*columns.values()]) <= width
    if EXTRA & columns.keys():
        assert columns["can"].width == MANY_WORDS
        assert columns["name"].width >= min(rows.extents.longest_name, MOST_OF_NAME)


def test_models_that_share_weights_have_room_for_the_sign_before_their_names() -> None:
    apart, grouped = (laid_out(rows_of([TUNED], grouped=yes), 220) for yes in (False, True))
    assert apart["name"].width == len(TUNED)
    assert grouped["name"].width == len(TUNED) + 2


def test_the_arrow_of_the_order_has_room() -> None:
    assert laid_out(rows_of(USUAL, sort="params"), 74)["params"].title == "PARAMS↓"
    assert laid_out(rows_of(USUAL, sort="params"), 74)["params"].width == len("PARAMS↓")


def test_widths_are_computed_again_only_for_other_models() -> None:
    rows = rows_of(USUAL)
    before = rows.extents
    rows.update(View(filter="x"), ListRows(()), models=rows.models)
    assert rows.extents is before


@pytest.mark.parametrize(
    ("can", "width", "said"),
    [
        ("tools thinking", 11, "tools think"),
        ("tools thinking", 8, "tools +1"),
        ("vision tools", 9, "vision +1"),
        ("vision tools", 8, "vision+1"),
        ("vision tools", 7, "+2"),
        ("vision tools thinking", 18, "vision tools think"),
        ("vision", 8, "vision"),
        ("vision", 5, "+1"),
    ],
)
def test_as_many_capabilities_as_fit_are_words(can: str, width: int, said: str) -> None:
    spans = capability_line(model("a", can=can), width)
    assert "".join(text for text, _ in spans).rstrip() == said


def test_a_size_that_is_rounded_up_to_ten_fits_too() -> None:
    assert cell(model("a", 9_970_000_000), "size") == "10 GB"
    assert cell(model("a", 9_900_000_000), "size") == "9.9 GB"


@pytest.mark.parametrize(("level", "said"), [("Q8_0", "Q8_0"), ("unknown", "–"), ("", "–")])
def test_a_quantization_that_nobody_knows_is_a_dash(level: str, said: str) -> None:
    assert cell(model("a", quantization=level), "quant") == said
