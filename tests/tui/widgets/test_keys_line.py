"""The keys of a dialog: told from what they do, and never half of a hint in a line."""

from __future__ import annotations

import pytest

from ollama_tui.tui.look import ASCII_SIGNS, UNICODE_SIGNS
from ollama_tui.tui.widgets.keys_line import hint_lines, key_hints, split_keys


@pytest.mark.parametrize(
    ("part", "keys"),
    [
        ("enter pull", "enter"),
        ("esc cancel", "esc"),
        ("j k scroll", "j k"),
        ("ctrl+o own namespace", "ctrl+o"),
        ("y", ""),
        ("1… another digit, or enter", ""),
        ("a add", "a"),
        ("", ""),
        ("enter or digit choose", "enter or digit"),
        ("↑↓ move", "↑↓"),
    ],
)
def test_keys_are_told_from_what_they_do(part: str, keys: str) -> None:
    found = split_keys(part)
    assert found[0] == keys
    assert "".join(found) == part


def test_a_line_has_whole_hints() -> None:
    hints = key_hints("enter pull   tab complete   esc cancel")
    texts = ["".join(text for text, _ in line) for line in hint_lines(hints, 27, UNICODE_SIGNS)]
    assert texts == ["enter pull   tab complete", "esc cancel"]


def test_keys_and_only_keys_have_the_style_of_keys() -> None:
    (line,) = hint_lines(key_hints("ctrl+n next tab   esc cancel"), 80, UNICODE_SIGNS)
    assert [text for text, style in line if style == "key"] == ["ctrl+n", "esc"]


def test_arrows_are_words_where_the_terminal_has_none() -> None:
    (line,) = hint_lines(key_hints("↑↓ move   ↓ next field"), 80, ASCII_SIGNS)
    assert "".join(text for text, _ in line) == "up down move   down next field"
    assert ASCII_SIGNS.spelled("⏎ ↓") == "enter down"
    assert UNICODE_SIGNS.spelled("⏎ ↓") == "⏎ ↓"
