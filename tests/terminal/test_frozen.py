"""A link that takes nothing any more: the work goes on, and the screen is right on its return."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.terminal.conftest import Start, served
from tests.terminal.frozen import differences, pull_all, redrawn, settle, wait_pulled
from tests.terminal.pty import Terminal

FAST = "1000000000"
"""Bytes a second at which the downloads take some seconds."""
PRESSES = 60
"""Twice the writes that Textual queues before it waits for the terminal."""
WHILE_FROZEN = {
    "nothing": "",
    "moves": "jk" * (PRESSES // 2),
    "bells": "p" + "\x07" * PRESSES,  # ctrl+g, for a form that is empty
    "copies": "y" * PRESSES,
    "an editor": "e",
}
"""What is pressed while nothing is seen."""


@pytest.fixture
def fast_server() -> Iterator[str]:
    with served("--rate", FAST) as url:
        yield url


@pytest.fixture
def pulling(start: Start, fast_server: str) -> Terminal:
    """The program with four downloads, of which two run at a time."""
    terminal = start(host=fast_server, env={"VISUAL": "true"})
    terminal.wait_for("36 models")
    terminal.wait_idle()
    pull_all(terminal)
    return terminal


@pytest.mark.parametrize("keys", WHILE_FROZEN.values(), ids=WHILE_FROZEN)
def test_downloads_go_on_while_nothing_is_read(
    pulling: Terminal, fast_server: str, keys: str
) -> None:
    pulling.freeze()
    pulling.type(keys)
    # The third begins when the first has ended, if anybody has noticed that.
    wait_pulled(pulling, fast_server)
    pulling.thaw()
    pulling.press("escape")
    pulling.wait_for("40 models")


@pytest.mark.parametrize("how", ["ctrl+z", "SIGTSTP"])
def test_a_stop_waits_until_the_terminal_can_be_given_back(
    pulling: Terminal, fast_server: str, how: str
) -> None:
    pulling.freeze()
    pulling.type("j" * PRESSES)  # so that something waits to be written
    if how == "ctrl+z":
        pulling.press("ctrl+z")
    else:
        pulling.signal(signal.SIGTSTP)
    wait_pulled(pulling, fast_server)
    pulling.thaw()
    pulling.wait_stopped()
    pulling.signal(signal.SIGCONT)
    pulling.wait_for("40 models")


def test_the_screen_is_right_once_it_is_read_again(pulling: Terminal, fast_server: str) -> None:
    pulling.freeze()
    pulling.resize(100, 30)
    pulling.type("j" * PRESSES)
    wait_pulled(pulling, fast_server)
    pulling.thaw()
    pulling.wait_for("40 models")
    settle(pulling)
    assert differences(pulling.cells(), redrawn(pulling)) == []
