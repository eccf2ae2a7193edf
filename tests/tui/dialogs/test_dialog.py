"""When a text in a field is worth a question before it is thrown away."""

from __future__ import annotations

import pytest

from ollama_tui.tui.dialogs.dialog import Typed


@pytest.mark.parametrize(
    ("start", "text", "typed", "lost"),
    [
        ("qwen3:1.7b", "qwen3:1.7b", False, False),
        ("qwen3:1.7b", "qwen3:1.7bx", True, True),
        ("qwen3:1.7b", "mine", True, True),
        ("qwen3:1.7b", "", True, False),
        ("qwen3:1.7b", "qwen3:1.7b ", True, False),
        ("", "q", True, True),
        ("", "  ", True, False),
        ("", "", False, False),
    ],
)
def test_what_was_typed_is_lost_unless_it_is_nothing_or_what_was_there(
    start: str, text: str, typed: bool, lost: bool
) -> None:
    field = Typed(start)
    field.text = text
    assert field.is_typed is typed
    assert field.is_lost is lost
