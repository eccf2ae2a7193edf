"""Whatever hangs, the process ends, with the right code and the terminal as it was.

What hangs here never stops hanging: that the process ends at all is what is tested.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ollama_tui.tui.shutdown import LAST_WRITE, LIMIT, THREADS
from tests.services.stores import StoreFolder
from tests.terminal.apps.hanging_app import WRITES
from tests.terminal.conftest import Start
from tests.terminal.pty import Terminal
from tests.terminal.test_leaving import is_restored

HANGING = Path(__file__).parent / "apps" / "hanging_app.py"
F2 = "\x1bOQ"
WAYS = {"q": 0, "SIGTERM": 143, "SIGHUP": 129, "SIGINT": 130}
BY_SIGNAL = [way for way in WAYS if way != "q"]


def leave(terminal: Terminal, way: str) -> None:
    """Tell the program to leave: by a key, or by a signal."""
    if way == "q":
        terminal.press("q")
    else:
        terminal.signal(signal.Signals[way])


@contextmanager
def hanging(how: str, *more: str) -> Iterator[Terminal]:
    """Run the program until it hangs."""
    with Terminal([sys.executable, str(HANGING), how, *more]) as terminal:
        terminal.wait_for("qwen3:1.7b")
        terminal.wait_idle()
        terminal.press(F2)
        terminal.wait_for("It hangs from now on.")
        terminal.wait_idle()
        yield terminal


def test_all_that_is_waited_for_fits_into_two_seconds() -> None:
    assert THREADS < LIMIT
    assert LIMIT + LAST_WRITE < 2


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", ["thread", "task", "screen"])
def test_it_ends_whatever_never_does(how: str, way: str) -> None:
    with hanging(how) as terminal:
        leave(terminal, way)
        assert terminal.wait_exit() == WAYS[way]
        assert is_restored(terminal)
        assert not terminal.is_raw


@pytest.mark.parametrize("way", BY_SIGNAL)
@pytest.mark.parametrize("how", ["loop", "handler"])
def test_a_signal_ends_it_even_when_no_key_is_answered(how: str, way: str) -> None:
    with hanging(how) as terminal:
        leave(terminal, way)
        assert terminal.wait_exit() == WAYS[way]
        assert is_restored(terminal)
        assert not terminal.is_raw


def test_a_crash_is_told_and_ends_it_too() -> None:
    with hanging("crash") as terminal:
        assert terminal.wait_exit() == 1
        assert "ZeroDivisionError: a bug of ours" in terminal.text()
        assert not terminal.is_raw


def test_what_a_thread_is_writing_is_written_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "file"
    with hanging("writing", str(file)) as terminal:
        leave(terminal, "q")
        assert terminal.wait_exit() == 0
        assert file.read_bytes() == b"." * WRITES


@pytest.fixture
def running(start: Start) -> Terminal:
    terminal = start("--demo")
    terminal.wait_for("qwen3:1.7b")
    terminal.wait_idle()
    return terminal


@pytest.mark.parametrize("way", WAYS)
def test_a_terminal_that_takes_nothing_does_not_keep_it(running: Terminal, way: str) -> None:
    running.freeze()
    leave(running, way)
    assert running.wait_exit() == WAYS[way]
    assert not running.is_raw


def test_downloads_are_remembered_whatever_hangs(start: Start, server: str, tmp_path: Path) -> None:
    terminal = start(host=server)
    terminal.wait_for("qwen3:1.7b")
    terminal.wait_idle()
    terminal.press("p")
    terminal.wait_for("Pull a model")
    terminal.type("llama3.3:70b")
    terminal.wait_idle()
    terminal.press("enter")
    terminal.wait_for("MB/s")
    terminal.freeze()
    terminal.signal(signal.SIGTERM)
    assert terminal.wait_exit() == 143
    again = start(host=server)
    again.wait_for("llama3.3:70b")


@pytest.mark.parametrize("frozen", [False, True])
def test_sigquit_gives_the_terminal_back_and_then_ends_it(running: Terminal, frozen: bool) -> None:
    if frozen:
        running.freeze()
    running.signal(signal.SIGQUIT)
    assert running.wait_exit() == -signal.SIGQUIT
    assert not running.is_raw
    assert is_restored(running) is not frozen


def test_sigquit_ends_it_when_no_python_runs_in_the_main_thread() -> None:
    with hanging("loop") as terminal:
        terminal.signal(signal.SIGQUIT)
        assert terminal.wait_exit() in (-signal.SIGQUIT, 128 + signal.SIGQUIT)
        assert is_restored(terminal)


@contextmanager
def unanswering(file: Path) -> Iterator[list[int]]:
    """Make opening `file` hang, as on a disk that does not answer; gives who has tried to.

    The kernel holds whoever opens a file on which somebody has a lease, for 45 seconds.
    """
    tried: list[int] = []
    before = signal.signal(signal.SIGIO, lambda number, _: tried.append(number))
    opened = os.open(file, os.O_RDWR)
    try:
        fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        yield tried
    finally:
        os.close(opened)
        signal.signal(signal.SIGIO, before)


@pytest.mark.parametrize("way", WAYS)
def test_a_store_that_does_not_answer_does_not_keep_it(
    start: Start, server: str, tmp_path: Path, way: str
) -> None:
    store = StoreFolder(tmp_path / "store")
    with unanswering(store.model("qwen3:1.7b", "a")) as tried:
        terminal = start(host=server, env={"OLLAMA_MODELS": str(store.root)})
        terminal.wait_for("qwen3:1.7b")
        terminal.wait_until(lambda _: bool(tried))
        leave(terminal, way)
        assert terminal.wait_exit() == WAYS[way]
        assert is_restored(terminal)


def test_a_signal_while_the_editor_has_the_terminal(tmp_path: Path, start: Start) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "the editor is here"\nexec sleep 3600\n')
    editor.chmod(0o700)
    terminal = start("--demo", "studio/reviewer", env={"VISUAL": str(editor)})
    terminal.wait_for("studio/reviewer:latest")
    terminal.wait_idle()
    terminal.press("e")
    terminal.wait_for("the editor is here")
    # Meant for the program in front, so it would have ended this one too.
    terminal.signal(signal.SIGINT)
    terminal.signal(signal.SIGQUIT)
    terminal.signal(signal.SIGTERM)
    assert terminal.wait_exit() == 143


INTERRUPTED_WHILE_LOADING = """
import signal, sys

class Finder:
    def find_spec(self, name, path, target=None):
        if name == "textual.app":
            signal.raise_signal(signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs inherit it ignored
sys.meta_path.insert(0, Finder())
from ollama_tui.__main__ import main
main()
"""


def test_ctrl_c_while_it_is_still_being_loaded() -> None:
    with Terminal([sys.executable, "-c", INTERRUPTED_WHILE_LOADING]) as terminal:
        assert terminal.wait_exit() == 130
        assert terminal.text().strip() == ""
