"""The lines above and below the list: as much as fits, the most important first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.errors import Unreachable
from ollama_tui.api.replies import ListedModel, RunningModel
from ollama_tui.domain.model import ConnectionState, Model, ModelKey, Snapshot
from ollama_tui.domain.rows import View
from ollama_tui.tui.look import ASCII_SIGNS, UNICODE_SIGNS, Signs
from ollama_tui.tui.widgets.status import Sums, footer_line, status_line
from ollama_tui.tui.widgets.text_layout import width_of

MODELS = tuple(Model(ListedModel(name=f"m{n}", size=2_000_000_000)) for n in range(3))
UP = Snapshot(models=MODELS, version="0.33.0", state=ConnectionState.UP)


def line(
    snapshot: Snapshot,
    view: View | None = None,
    *,
    shown: int = 3,
    width: int = 120,
    signs: Signs = UNICODE_SIGNS,
    sums: Sums | None = None,
) -> str:
    spans = status_line(
        snapshot,
        view or View(),
        host="gpu-box:11434",
        sums=sums or Sums(3, 6_000_000_000, 6_000_000_000),
        shown=shown,
        signs=signs,
        width=width,
    )
    assert width_of(spans) == width
    return "".join(text for text, _ in spans)


def test_it_names_server_version_models_and_order() -> None:
    said = line(UP)
    assert "● gpu-box:11434  v0.33.0 │ 3 models · 6 GB" in said
    assert said.rstrip().endswith("sort modified ↓")


def test_a_server_that_hides_its_version_has_none() -> None:
    assert " v" not in line(replace(UP, version=""))


def test_a_version_of_any_length_leaves_room_for_the_rest() -> None:
    assert "3 models" in line(replace(UP, version="0.33\x1b[2J" * 50))


def test_shared_bytes_are_counted_once_too() -> None:
    assert "6 GB (4 GB unique)" in line(UP, sums=Sums(3, 6_000_000_000, 4_000_000_000))


def test_marks_runners_filter_and_learning_are_counted() -> None:
    snapshot = replace(UP, running=(RunningModel(name="m0"),), unknown_capabilities=2)
    said = line(snapshot, View(marks=frozenset({ModelKey("m0", ""), ModelKey("m1", "")})), shown=1)
    for part in ("1 of 3 models", "2 marked", "1 loaded", "learning 2"):
        assert part in said


def test_a_server_that_is_down_says_why_instead() -> None:
    problem = Unreachable("No connection to gpu-box:11434: it refuses connections.")
    said = line(replace(UP, state=ConnectionState.DOWN, problem=problem))
    assert "○ gpu-box:11434" in said
    assert "it refuses connections." in said
    assert "3 models" not in said


def test_a_server_that_is_down_says_why_where_there_is_no_room_for_all() -> None:
    problem = Unreachable("No connection to gpu-box:11434: it refuses connections.")
    said = line(replace(UP, state=ConnectionState.DOWN, problem=problem), width=60)
    assert said.split("│")[1].strip().startswith("it refuses connections.")


def test_a_remembered_list_is_called_that() -> None:
    assert "as last seen" in line(replace(UP, state=ConnectionState.CONNECTING))
    assert "connecting" in line(Snapshot())


def test_the_arrow_tells_which_way_it_is_sorted() -> None:
    assert "sort name ↑" in line(UP, View(sort="name"))
    assert "sort name ↓" in line(UP, View(sort="name", reverse=True))


def test_plain_signs_are_ascii() -> None:
    assert line(UP, signs=ASCII_SIGNS).isascii()


@pytest.mark.parametrize("width", range(1, 130, 7))
def test_it_is_exactly_as_wide_as_it_may_be(width: int) -> None:
    line(UP, width=width)


def test_sums_add_up_the_models_and_know_what_is_shared_of_one_only() -> None:
    assert Sums.plain(MODELS) == Sums(3, 6_000_000_000, None)
    assert Sums.plain(MODELS[:1]) == Sums(1, 2_000_000_000, 2_000_000_000)


def test_what_is_shared_and_not_known_yet_is_left_open() -> None:
    assert "6 GB (… unique)" in line(UP, sums=Sums.plain(MODELS))


KEYS = [("/", "filter", True), ("s", "sort", True), ("⏎", "details", False)]
ALWAYS = [("?", "keys", True), (":", "palette", True)]


def footer(width: int) -> str:
    return "".join(text for text, _ in footer_line(KEYS, ALWAYS, width))


def test_the_footer_has_all_keys_where_there_is_room() -> None:
    assert footer(80) == " / filter  s sort  ⏎ details  ? keys  : palette "


def test_the_last_keys_stay_when_it_is_narrow() -> None:
    assert footer(30) == " / filter  ? keys  : palette "
    assert footer(10) == " ? keys  : palette "


def test_a_key_that_cannot_act_is_dim() -> None:
    spans = footer_line(KEYS, ALWAYS, 80)
    assert (" ⏎", "muted") in spans
    assert (" /", "key") in spans


key = st.tuples(st.text(min_size=1, max_size=3), st.text(max_size=8), st.booleans())


@given(st.lists(key, max_size=6), st.lists(key, max_size=2), st.integers(0, 60))
def test_the_footer_is_never_wider_than_allowed_unless_by_those_that_must_be_there(
    keys: list[tuple[str, str, bool]], always: list[tuple[str, str, bool]], width: int
) -> None:
    least = width_of(footer_line([], always, width))
    assert width_of(footer_line(keys, always, width)) <= max(width, least)
