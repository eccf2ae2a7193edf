"""What the palette finds, in which order."""

from __future__ import annotations

import pytest

from ollama_tui.tui.actions import ACTIONS
from ollama_tui.tui.palette import found


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("pul", "model.pull"),
        ("unload a", "memory.unload_all"),
        ("mark a", "mark.all"),
        ("disk", "storage.show"),
        ("download", "model.pull"),
        ("alias", "model.copy"),
        ("stop", "memory.unload"),
        ("quit", "app.quit"),
        ("exit", "app.quit"),
        ("  QUIT ", "app.quit"),
        ("quan", "model.quantize"),
        ("modelfile editor", "model.edit"),
        ("rnm", "model.rename"),
    ],
)
def test_the_likeliest_comes_first(query: str, first: str) -> None:
    assert found(query, ACTIONS)[0].id == first


def test_nothing_typed_finds_all_in_their_order() -> None:
    assert tuple(found("", ACTIONS)) == tuple(ACTIONS)


def test_what_no_action_is_called_like_finds_none() -> None:
    assert found("zzz", ACTIONS) == []
