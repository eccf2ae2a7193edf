"""When a text in a field is worth a question before it is thrown away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.tui.dialogs.dialog import Typed


@pytest.mark.parametrize(
    ("texts", "slight"),
    [
        (["qwen3:1.7b"], True),
        (["qwen3:1.7b", "qwen3:1.7bx", "qwen3:1.7bxy", "qwen3:1.7bx"], True),
        (["qwen3:1.7b", "", "m", "my", "my:v", "my:v1"], True),  # ctrl+u and another name
        (["qwen3:1.7b", "mine"], True),  # pasted over it
        (["qwen3:1.7b", "mqwen3:1.7b", "myqwen3:1.7b"], True),
        (["qwen3:1.7b", "mqwen3:1.7b", "mqwen3:1.7bx"], False),  # at both ends
        (["qwen3:1.7b", "qwen:1.7b", "qwen:1.7", "qwen:1.", "qwen:1.8"], False),
        (["", "q"], False),  # nothing was prefilled
        ([""], False),
    ],
)
def test_a_prefilled_text_changed_in_one_go_is_slight(texts: list[str], slight: bool) -> None:
    typed = Typed(texts[0])
    for text in texts:
        typed.change(text)
    assert typed.is_slight is slight
    assert typed.is_typed is (texts[-1] != texts[0])


def test_what_is_restored_is_never_slight() -> None:
    typed = Typed("qwen3:1.7b")
    typed.restore("mine")
    assert typed.is_typed
    assert not typed.is_slight


@given(
    start=st.text("ab:7", min_size=1),
    parts=st.lists(st.text("XYZ", min_size=1), min_size=1),
    at=st.integers(),
)
def test_typing_on_is_one_go_wherever_it_begins(start: str, parts: list[str], at: int) -> None:
    place = at % (len(start) + 1)
    typed = Typed(start)
    for count in range(1, len(parts) + 1):
        typed.change(start[:place] + "".join(parts[:count]) + start[place:])
    assert typed.is_slight
    typed.change(f"!{typed.text}" if place else f"{typed.text}!")
    assert not typed.is_slight
