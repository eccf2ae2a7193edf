"""The lines above and below the list: as much as fits, the most important first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.errors import Unreachable
from ollama_tui.api.replies import ListedModel, RunningModel
from ollama_tui.domain.memory.available import (
    AvailableMemory,
    MemorySource,
    configured,
    learned,
)
from ollama_tui.domain.memory.seen import SeenMemory
from ollama_tui.domain.model import ConnectionState, Model, ModelKey, Snapshot
from ollama_tui.domain.rows import View
from ollama_tui.services.jobs.job import Totals
from ollama_tui.tui.look import ASCII_SIGNS, UNICODE_SIGNS, Signs
from ollama_tui.tui.widgets.status import Facts, Sums, footer_line, order_text, status_line
from ollama_tui.tui.widgets.text_layout import width_of

MODELS = tuple(Model(ListedModel(name=f"m{n}", size=2_000_000_000)) for n in range(3))
FACTS = Facts(Sums(3, 6_000_000_000, 4_000_000_000))
UP = Snapshot(models=MODELS, version="0.33.0", state=ConnectionState.UP)


def line(
    snapshot: Snapshot,
    view: View | None = None,
    *,
    facts: Facts | None = None,
    width: int = 120,
    signs: Signs = UNICODE_SIGNS,
) -> str:
    spans = status_line(
        snapshot, view or View(), facts or FACTS, host="gpu-box:11434", signs=signs, width=width
    )
    assert width_of(spans) == width
    return "".join(text for text, _ in spans)


def test_it_names_server_version_models_and_what_they_take() -> None:
    assert "● gpu-box:11434 0.33.0  3 models  disk 4 GB used" in line(UP)


def test_a_server_that_hides_its_version_has_none() -> None:
    assert "gpu-box:11434  3 models" in line(replace(UP, version=""))


def test_a_version_of_any_length_leaves_room_for_the_rest() -> None:
    assert "3 models" in line(replace(UP, version="0.33\x1b[2J" * 50))


def test_a_disk_that_can_be_seen_is_a_bar_of_what_is_used() -> None:
    facts = replace(FACTS, disk_free=60_000_000_000, disk_size=120_000_000_000)
    assert "disk ██████████           4 GB used, 60 GB free" in line(UP, facts=facts)
    assert "disk ####....." in line(UP, facts=facts, width=72, signs=ASCII_SIGNS)
    assert "disk 4 GB used, 60 GB free" in line(UP, facts=facts, width=62)
    assert " 0.33.0  60 GB free  " in line(UP, facts=facts, width=40)


def test_marks_filter_loaded_and_learning_are_counted() -> None:
    running = (RunningModel(name="m0", size_vram=1_500_000_000),)
    snapshot = replace(UP, running=running, unknown_capabilities=2)
    view = View(filter="m1", marks=frozenset({ModelKey("m0", ""), ModelKey("m1", "")}))
    facts = replace(FACTS, shown=1, shown_bytes=2_000_000_000, marked_bytes=4_000_000_000)
    said = line(snapshot, view, facts=facts, width=140)
    for part in (
        "1 of 3 models · 2 GB",
        "✓ 2 marked · 4 GB",
        "vram 1.5 GB 1 loaded",
        "reading details: 2",
    ):
        assert part in said
    assert "vram █" in line(snapshot, facts=replace(facts, memory=configured(12_000_000_000)))


GIGA = 10**9
ON_GPU = RunningModel(name="m0", size=2 * GIGA, size_vram=2 * GIGA)
ON_CPU = RunningModel(name="m1", size=3 * GIGA)
NO_GPU = AvailableMemory(MemorySource.MACHINE, (), 64 * GIGA)


@pytest.mark.parametrize(
    ("memory", "running", "said"),
    [
        (None, [ON_GPU], "vram 2 GB 1 loaded"),
        (configured(12 * GIGA), [ON_GPU, ON_CPU], "2 GB of 12 GB 2 loaded"),
        (learned(SeenMemory(10 * GIGA, True)), [ON_GPU], "vram 2 GB 1 loaded"),
        # What was seen in use is not what there is.
        (learned(SeenMemory(10 * GIGA)), [ON_GPU], "vram 2 GB 1 loaded"),
        (NO_GPU, [ON_CPU], "3 GB of 64 GB 1 loaded"),
        (NO_GPU, [ON_CPU, ON_GPU], "vram 2 GB 2 loaded"),  # what is known of it must be wrong
        (replace(NO_GPU, ram=None), [ON_CPU], "vram 0 B 1 loaded"),
    ],
)
def test_what_models_take_is_shown_against_what_there_is(
    memory: AvailableMemory | None, running: list[RunningModel], said: str
) -> None:
    facts = replace(FACTS, memory=memory)
    text = line(replace(UP, running=tuple(running)), facts=facts, width=140)
    assert said in text
    assert ("ram █" in text and "vram" not in text) is ("64 GB" in said)


def test_jobs_have_their_rate_and_the_time_left() -> None:
    facts = replace(FACTS, jobs=Totals(2, 0, 137_000_000.0, 5_000_000_000, 41.0))
    assert "↓ 2 jobs 137 MB/s 0:41" in line(UP, facts=facts)


def test_where_it_is_narrow_marks_and_filter_stay_longest() -> None:
    view = View(filter="m", marks=frozenset({ModelKey("m0", "")}))
    facts = replace(FACTS, outdated=2, marked_bytes=2_000_000_000, shown=3)
    said = line(replace(UP, unknown_capabilities=2), view, facts=facts, width=70)
    assert "marked" in said
    assert "3 of 3 models · …" in said
    assert "reading details" not in said


def test_a_server_that_is_down_says_why_instead() -> None:
    problem = Unreachable("Cannot connect to gpu-box:11434: connection refused.")
    said = line(replace(UP, state=ConnectionState.DOWN, problem=problem))
    assert "○ gpu-box:11434" in said
    assert "connection refused." in said
    assert "3 models" not in said


def test_a_server_that_is_down_says_why_where_there_is_no_room_for_all() -> None:
    problem = Unreachable("Cannot connect to gpu-box:11434: connection refused.")
    said = line(replace(UP, state=ConnectionState.DOWN, problem=problem), width=60)
    assert said.split("11434  ")[1].startswith("connection refused.")


def test_a_remembered_list_is_called_that() -> None:
    assert "as last seen" in line(replace(UP, state=ConnectionState.CONNECTING))
    assert "connecting" in line(Snapshot())


def test_the_arrow_tells_which_way_it_is_sorted() -> None:
    assert order_text(View(sort="name"), UNICODE_SIGNS) == "by name ↑"
    assert order_text(View(sort="name", reverse=True), UNICODE_SIGNS) == "by name ↓"
    assert order_text(View(sort="name", grouped=True), UNICODE_SIGNS) == "by name ↑, grouped"


def test_plain_signs_are_ascii() -> None:
    assert line(UP, signs=ASCII_SIGNS).isascii()


@pytest.mark.parametrize("width", range(1, 130, 7))
def test_it_is_exactly_as_wide_as_it_may_be(width: int) -> None:
    line(UP, width=width)


def test_sums_add_up_the_models_and_know_what_is_shared_of_one_only() -> None:
    assert Sums.plain(MODELS) == Sums(3, 6_000_000_000, None)
    assert Sums.plain(MODELS[:1]) == Sums(1, 2_000_000_000, 2_000_000_000)


def test_what_is_shared_and_not_known_yet_is_left_open() -> None:
    assert "disk … used" in line(UP, facts=Facts(Sums.plain(MODELS)))


KEYS = [("/", "filter", True), ("s", "sort", True), ("⏎", "details", False)]
ALWAYS = [("?", "keys", True), (":", "palette", True)]


def footer(width: int) -> str:
    return "".join(text for text, _ in footer_line(KEYS, ALWAYS, width))


def test_the_footer_has_all_keys_where_there_is_room() -> None:
    assert footer(60) == " / filter  s sort  ⏎ details              ? keys  : palette "


def test_the_last_keys_stay_when_it_is_narrow() -> None:
    assert footer(30) == " / filter   ? keys  : palette "
    assert footer(20) == "  ? keys  : palette "


def test_a_shorter_key_takes_the_room_that_a_longer_one_has_not() -> None:
    assert footer(39) == " / filter  s sort    ? keys  : palette "
    keys = [KEYS[0], KEYS[2], KEYS[1]]
    line = "".join(text for text, _ in footer_line(keys, ALWAYS, 39))
    assert line == " / filter  s sort    ? keys  : palette "


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
