"""How well a row matches what is typed, and which of its letters do."""

from __future__ import annotations

import pytest

from ollama_tui.formatting import StyledLine
from ollama_tui.tui.widgets.matching import begin, highlighted, rank

ROWS = {
    "exact": ("free", (), "", ""),
    "exact synonym": ("storage", ("free",), "", ""),
    "prefix": ("free space", (), "", ""),
    "short synonym": ("unload", ("freed",), "", ""),
    "long synonym": ("unload", ("free memory",), "", ""),
    "word": ("to free", (), "", ""),
    "word of a synonym": ("unload", ("to free",), "", ""),
    "id": ("x", (), "memory.free_all", ""),
    "inside": ("carefree", (), "", ""),
    "sentence": ("y", (), "", "It can free memory."),
    "inside a sentence": ("z", (), "", "Be carefree."),
}
"""Rows from the best match of “free” to the worst."""


def test_names_come_before_words_and_sentences() -> None:
    ranks = {name: rank("Free ", *row) for name, row in ROWS.items()}
    assert None not in ranks.values()
    assert sorted(ranks, key=lambda name: ranks[name] or (99, 0)) == list(ROWS)


def test_every_word_must_match() -> None:
    assert rank("unload all", "unload", (), "memory.unload", "Free the memory.") is None
    assert rank("all unload", "unload all") is not None


@pytest.mark.parametrize(
    ("word", "text", "does"),
    [
        ("unl", "Unload all", True),
        ("all", "Unload all", True),
        ("load", "Unload all", False),
        ("8b", "qwen3:8b", True),
        ("all", "memory.unload_all", True),
        (":8", "qwen3:8b", True),
    ],
)
def test_a_word_begins_after_anything_but_a_letter_or_digit(
    word: str, text: str, does: bool
) -> None:
    assert begin([word], [text]) is does


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("Unload all", [], (("Unload all", ""),)),
        ("Unload all", ["all", "unl"], (("Unl", "match"), ("oad ", ""), ("all", "match"))),
        ("Unload", ["load"], (("Un", ""), ("load", "match"))),
        ("load preload", ["load"], (("load", "match"), (" preload", ""))),
        ("Copy", ["x"], (("Copy", ""),)),
        ("Copy", ["co", "cop"], (("Co", "match"), ("py", ""))),
    ],
)
def test_the_letters_that_match_are_shown(text: str, words: list[str], line: StyledLine) -> None:
    assert highlighted(text, words) == line


def test_the_style_of_a_text_stays_under_its_matches() -> None:
    assert highlighted("Copy", ["c"], "muted") == (("C", "muted match"), ("opy", "muted"))
