"""Megabytes in every word of the server: the program stays as small, and goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.conftest import Start, served
from tests.terminal.pty import Terminal

MOST = 500
"""Megabytes of memory; without the answers, of 90 MB together, the program takes about 60."""


@pytest.fixture(scope="module")
def huge_server() -> Iterator[str]:
    with served("--huge") as url:
        yield url


def peak(terminal: Terminal) -> int:
    """Return the most megabytes the process had in memory at a time."""
    lines = Path(f"/proc/{terminal.pid}/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


@pytest.fixture
def terminal(start: Start, huge_server: str) -> Terminal:
    opened = start(host=huge_server)
    opened.deadline = 60.0
    opened.wait_for("small:1b")
    opened.wait_for("aaaaaaaa")
    return opened


def test_every_tab_of_the_details_is_drawn_in_bounded_memory(terminal: Terminal) -> None:
    terminal.type("/small\r")  # the order of the others is the server's affair
    terminal.wait_for("▸   small:1b")
    terminal.wait_for("Overview  Metadata")
    terminal.press("enter")
    terminal.wait_idle()
    for _ in range(9):
        terminal.press("tab")
        terminal.wait_idle()
        terminal.press("G")
        terminal.wait_idle()
    terminal.wait_for("Overview  Metadata")
    assert peak(terminal) < MOST


def test_a_list_a_filter_and_a_pull_take_bounded_memory(terminal: Terminal) -> None:
    terminal.press("/")
    terminal.wait_for("words of the name")
    terminal.type("aaa")
    terminal.wait_gone("small:1b")
    terminal.press("enter")
    terminal.wait_for("p pull")
    terminal.press("p")
    terminal.wait_for("Pull a model")
    terminal.type("x:1b")
    terminal.wait_for("not checked")
    terminal.press("enter")
    terminal.wait_gone("Pull a model")
    terminal.press("J")
    terminal.wait_for("done")
    assert peak(terminal) < MOST
