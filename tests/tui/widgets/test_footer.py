"""The line at the bottom: as many keys as fit, and always those that lead to the rest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.tui.widgets.status import footer_line
from ollama_tui.tui.widgets.text_layout import width_of

KEYS = [("/", "filter", True), ("s", "sort", True), ("⏎", "details", False)]
ALWAYS = [("?", "keys", True), (":", "palette", True)]


def said(width: int) -> str:
    return "".join(text for text, _ in footer_line(KEYS, ALWAYS, width))


def test_all_keys_where_there_is_room() -> None:
    assert said(80) == " / filter  s sort  ⏎ details  ? keys  : palette "


def test_the_last_ones_stay_when_it_is_narrow() -> None:
    assert said(30) == " / filter  ? keys  : palette "
    assert said(10) == " ? keys  : palette "


def test_a_key_that_cannot_act_is_dim() -> None:
    spans = footer_line(KEYS, ALWAYS, 80)
    assert (" ⏎", "muted") in spans
    assert (" /", "key") in spans


key = st.tuples(st.text(min_size=1, max_size=3), st.text(max_size=8), st.booleans())


@given(st.lists(key, max_size=6), st.lists(key, max_size=2), st.integers(0, 60))
def test_it_is_never_wider_than_allowed_unless_by_those_that_must_be_there(
    keys: list[tuple[str, str, bool]], always: list[tuple[str, str, bool]], width: int
) -> None:
    least = width_of(footer_line([], always, width))
    assert width_of(footer_line(keys, always, width)) <= max(width, least)
