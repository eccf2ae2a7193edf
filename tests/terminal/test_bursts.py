"""Many keys in one read of the terminal, as a slow link delivers them: each goes where it is meant.

What the same keys do one by one is held against bursts in `tests/journeys/test_bursts.py`.
"""

from __future__ import annotations

import pytest

from tests.terminal.conftest import Start
from tests.terminal.pty import KEYS, Terminal

ENTER, ESCAPE, DOWN, LEFT = KEYS["enter"], KEYS["escape"], KEYS["down"], KEYS["left"]


@pytest.fixture
def terminal(start: Start, server: str) -> Terminal:
    """The program with its list."""
    terminal = start(host=server)
    terminal.wait_for("36 models")
    terminal.wait_for("p pull")
    return terminal


@pytest.mark.parametrize(
    ("keys", "seen"),
    [
        ("/qwen", "/ qwen"),
        ("/ady", "/ ady"),
        ("/XX", "/ XX"),
        ("/quant:f16" + ENTER + "G", "▸   mxbai-embed-large"),
        ("/mistrak\x7fl:7b", "▸   mistral:7b"),
        ("/mitral:7b" + LEFT * 7 + "s", "▸   mistral:7b"),
        ("/abc\x15mistral:7b", "▸   mistral:7b"),
        ("cgpt-4", "latestgpt-4"),
        ("px2", "x2  no"),
        ("pno-such:1b" + ENTER, "pull no-such:1b"),
        (DOWN * 2 + ENTER, "esc back"),
        ("s" + ENTER, "by modified ↑"),
        ("s" + ENTER * 2, "Press ⏎ again for"),
        ("s13", "by digest"),
        (":reverse" + ENTER, "by modified ↑"),
        ("p" + ESCAPE + "/mistral:7b", "▸   mistral:7b"),
        ("Jqq", "Press q again to quit."),
        ("bqq", "Press q again to quit."),
        ("tqq", "Press q again to quit."),
        ("Lqq", "Press q again to quit."),
    ],
)
def test_keys_typed_ahead_go_where_they_are_meant(terminal: Terminal, keys: str, seen: str) -> None:
    terminal.type(keys)
    terminal.wait_for(seen)


def test_keys_typed_before_the_first_list_act_on_it(start: Start, server: str) -> None:
    terminal = start(host=server)
    terminal.wait_until(lambda _: terminal.is_raw)
    terminal.type(DOWN * 2 + "d")
    terminal.wait_for("Delete qwen3:1.7b?")
