"""The help: what matches, how it is laid out, and that it says what the program does."""

from __future__ import annotations

import pytest

from ollama_tui.domain.columns import capability_words
from ollama_tui.domain.filter.fields import CAPABILITIES, FIELDS
from ollama_tui.domain.filter.parser import parse
from ollama_tui.domain.model import key_of
from ollama_tui.domain.rows import KnownUpdates
from ollama_tui.formatting import StyledLine
from ollama_tui.tui.help import (
    CAN,
    FILTER_SYNTAX,
    Entry,
    Section,
    laid_out,
    narrowed,
    sign_sections,
)
from ollama_tui.tui.look import ASCII_SIGNS, UNICODE_SIGNS, Signs
from ollama_tui.tui.widgets.model_rows import ModelRows
from tests.domain.models import NOW, a_model

LONG = "It says so much that one line of a narrow column has no room for all of it."
ONE = Section("One", (Entry((("k", "key"),), LONG, "No reason at all.", ("k",), ("other",)),))
TWO = Section("Two", (Entry((("ctrl+x", "key"),), "Short.", keys=("ctrl+x",)),))


def texts(lines: list[StyledLine]) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def test_a_sentence_never_stands_below_its_key() -> None:
    lines = texts(laid_out([ONE, TWO], 40))
    assert lines[0] == "One"
    assert lines[1].startswith("k       It says so much")
    between = lines[2 : lines.index("Two") - 1]
    assert len(between) > 2
    assert all(line.startswith(" " * 8) for line in between)


def test_a_reason_is_a_warning_below_a_dimmed_sentence() -> None:
    spans = {text.strip(): style for line in laid_out([ONE], 200) for text, style in line}
    assert spans[LONG] == "muted"
    assert spans["No reason at all."] == "warning"


@pytest.mark.parametrize(("width", "headings"), [(80, 1), (116, 2), (196, 3)])
def test_there_are_as_many_columns_as_there_is_room_for(width: int, headings: int) -> None:
    lines = laid_out([TWO, TWO, TWO], width)
    assert texts(lines)[0].count("Two") == headings
    assert all(sum(len(text) for text, _ in line) <= width for line in lines)


def test_columns_are_as_short_as_they_can_be() -> None:
    long = Section("Long", TWO.entries * 6)
    lines = texts(laid_out([TWO, TWO, long], 116))
    assert len(lines) == 7, "both short ones beside the long one"


@pytest.mark.parametrize(
    ("query", "found"),
    [("", ["One", "Two"]), ("short", ["Two"]), ("k", ["One"]), ("oth", ["One"]), ("ot", []),
     ("reason much", ["One"]), ("ctrl+x", ["Two"]), ("zzz", [])],
)  # fmt: skip
def test_it_is_narrowed_down_by_keys_and_the_beginnings_of_words(
    query: str, found: list[str]
) -> None:
    assert [section.title for section in narrowed([ONE, TWO], query)] == found


def test_what_matches_is_shown() -> None:
    assert ("Short", "match") in [span for line in laid_out([TWO], 80, "short") for span in line]


@pytest.mark.parametrize("signs", [UNICODE_SIGNS, ASCII_SIGNS])
def test_every_sign_of_the_list_is_explained_in_its_colour(signs: Signs) -> None:
    loaded, cloud = a_model("loaded", vram=1), a_model("cloud", cloud=True)
    twin, outdated, unsure, leaving = (a_model(name, digest=name) for name in "tour")
    rows = ModelRows(now=lambda: NOW, signs=signs, aliases={twin.digest})
    rows.updates = KnownUpdates(
        outdated=frozenset({key_of(outdated)}), uncertain=frozenset({key_of(unsure)})
    )
    rows.leaving = frozenset({key_of(leaving)})
    explained = {span for s in sign_sections(signs) for entry in s.entries for span in entry.sign}
    for model in (loaded, cloud, twin, outdated, unsure, leaving):
        assert rows.gutter(model)[1] in explained
    assert (signs.marked, "mark") in explained


def test_every_word_for_what_a_model_can_do_is_explained() -> None:
    assert {key for key, _ in capability_words(frozenset(CAPABILITIES) - {"decision"})} == set(CAN)


@pytest.mark.parametrize(
    "example", [*(field.example for field in FIELDS), *(example for example, _ in FILTER_SYNTAX)]
)
def test_examples_of_the_filter_language_are_right(example: str) -> None:
    query = parse(example)
    assert query.problems == ()
    assert query.terms
