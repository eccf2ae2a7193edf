"""Terminals that go, stop, answer nothing or change their size all the time: nothing is lost.

State is saved, the terminal is as it was, and the exit code is right.
"""

from __future__ import annotations

import os
import pty
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.terminal.conftest import Start, served
from tests.terminal.frozen import differences, pull_all, redrawn, settle, wait_pulled
from tests.terminal.pty import Terminal
from tests.terminal.test_frozen import FAST
from tests.terminal.test_leaving import is_restored

ENDS = {"SIGTERM": 143, "SIGHUP": 129, "SIGINT": 130, "SIGQUIT": -signal.SIGQUIT}
SIZES = ((60, 20), (120, 40), (33, 9), (200, 60), (100, 30))


@contextmanager
def typing(start: Start) -> Iterator[Terminal]:
    """Run the program until a name has been typed, and drawn, and not yet saved."""
    terminal = start("--demo", size=(100, 30))
    terminal.wait_for("studio/reviewer")
    terminal.wait_for("p pull")
    terminal.press("p")
    terminal.wait_for("Pull a model")
    terminal.type("zyx")
    terminal.wait_for("zyx")
    yield terminal


def draft(home: Path) -> str:
    return (home / "STATE" / "ollama-tui" / "drafts" / "pull.txt").read_text()


@pytest.mark.parametrize("frozen", [False, True], ids=["read", "frozen"])
@pytest.mark.parametrize("way", ENDS)
def test_what_is_typed_is_saved_by_every_signal(
    start: Start, tmp_path: Path, way: str, frozen: bool
) -> None:
    with typing(start) as terminal:
        if frozen:
            terminal.freeze()
        terminal.signal(signal.Signals[way])
        assert terminal.wait_exit() == ENDS[way]
        assert not terminal.is_raw
        assert is_restored(terminal) is not frozen
    assert draft(tmp_path) == "name: zyx\n"


@pytest.mark.parametrize("how", ["SIGSTOP", "SIGTSTP"])
def test_the_terminal_is_as_it_was_after_a_stop(start: Start, how: str) -> None:
    terminal = start("--demo")
    terminal.wait_for("qwen3:1.7b")
    terminal.wait_idle()
    for _ in range(2):
        redrawn(terminal, signal.Signals[how])
        assert terminal.is_raw
        assert "qwen3:1.7b" in terminal.text()
    terminal.press("p")
    terminal.wait_for("Pull a model")
    terminal.press("escape")
    terminal.wait_gone("Pull a model")
    terminal.press("q")
    assert terminal.wait_exit() == 0
    assert not terminal.is_raw
    assert is_restored(terminal)


def test_a_stdin_that_is_closed_is_a_hang_up(start: Start, tmp_path: Path) -> None:
    other, stdin = pty.openpty()
    termios.tcsetwinsize(stdin, (30, 100))
    run = 'exec "$0" -m ollama_tui --demo <"$1"'
    state = {
        f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CONFIG", "CACHE", "DATA", "STATE")
    }
    argv = ["sh", "-c", run, sys.executable, os.ttyname(stdin)]
    with Terminal(argv, size=(100, 30), env=state) as terminal:
        terminal.wait_for("studio/reviewer")
        terminal.wait_for("p pull")
        os.write(other, b"p")
        terminal.wait_for("Pull a model")
        os.write(other, b"zyx")
        terminal.wait_for("zyx")
        os.close(stdin)
        os.close(other)
        assert terminal.wait_exit() == 129
        assert is_restored(terminal)
    assert draft(tmp_path) == "name: zyx\n"


def test_a_terminal_that_answers_nothing(start: Start) -> None:
    terminal = start("--demo")
    terminal.answers = False
    terminal.wait_for("qwen3:1.7b")
    terminal.press("p")
    terminal.wait_for("Pull a model")
    terminal.press("escape")
    terminal.wait_gone("Pull a model")
    terminal.press("q")
    assert terminal.wait_exit() == 0
    assert not terminal.is_raw
    assert is_restored(terminal)


@pytest.mark.parametrize("way", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_terminal_that_takes_nothing_from_the_start(start: Start, way: str) -> None:
    terminal = start("--demo")
    terminal.wait_unread(lambda: terminal.is_apps)
    terminal.freeze()
    terminal.signal(signal.Signals[way])
    assert terminal.wait_exit() == ENDS[way]
    assert not terminal.is_raw


@pytest.mark.parametrize(("way", "code"), [("SIGTERM", -15), ("SIGHUP", -1), ("SIGINT", 130)])
def test_a_terminal_that_takes_nothing_while_the_program_loads(
    start: Start, way: str, code: int
) -> None:
    terminal = start("--demo")
    terminal.wait_unread(lambda: terminal.is_raw)
    terminal.freeze()
    terminal.signal(signal.Signals[way])
    assert terminal.wait_exit() in (code, ENDS[way])  # the app may be there by now
    assert not terminal.is_raw


def test_a_storm_of_sizes_and_keys_while_downloads_run(start: Start) -> None:
    with served("--rate", FAST) as url:
        terminal = start(host=url)
        terminal.wait_for("36 models")
        terminal.wait_idle()
        pull_all(terminal)
        for _ in range(20):
            for size in SIZES:
                terminal.resize(*size)
                terminal.type("jk")
        wait_pulled(terminal, url)
        terminal.wait_for("40 models")
        settle(terminal)
        assert differences(terminal.cells(), redrawn(terminal)) == []
        terminal.signal(signal.SIGTERM)
        assert terminal.wait_exit() == 143
        assert is_restored(terminal)
