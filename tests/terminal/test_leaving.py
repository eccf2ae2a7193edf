"""However the terminal or the user goes, the process goes too, with the right code."""

from __future__ import annotations

import signal

import pytest

from tests.terminal.conftest import Start
from tests.terminal.pty import Terminal

RESTORED = (b"\x1b[?1049l", b"\x1b[?25h")
"""Back from the alternate screen, and the cursor shown."""


@pytest.fixture
def running(start: Start, server: str) -> Terminal:
    terminal = start(host=server)
    terminal.wait_for("qwen3:1.7b")
    terminal.wait_idle()
    return terminal


def is_restored(terminal: Terminal) -> bool:
    end = terminal.bytes_since()
    return all(sequence in end for sequence in RESTORED)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_leaves_in_order(running: Terminal, number: int, code: int) -> None:
    running.signal(number)
    assert running.wait_exit() == code
    assert is_restored(running)


def test_q_leaves_with_0(running: Terminal) -> None:
    running.press("q")
    assert running.wait_exit() == 0
    assert is_restored(running)


@pytest.mark.parametrize("before", [(), ("p",), ("/",), ("d",), (":",), ("enter",), ("J",)])
def test_ctrl_c_leaves_from_wherever_one_is(running: Terminal, before: tuple[str, ...]) -> None:
    running.press(*before)
    running.wait_idle()
    running.press("ctrl+c")
    assert running.wait_exit() == 0
    assert is_restored(running)


def test_a_signal_while_a_question_is_asked(running: Terminal) -> None:
    running.press("d")
    running.wait_for("y delete")
    running.signal(signal.SIGTERM)
    assert running.wait_exit() == 143


def test_a_closed_terminal_ends_the_process(running: Terminal) -> None:
    running.hang_up()
    assert running.wait_exit() == 129


def test_a_running_download_does_not_keep_it(running: Terminal) -> None:
    running.press("p")
    running.wait_for("Pull a model")
    running.type("llama3.3:70b")
    running.wait_idle()
    running.press("enter")
    running.wait_for("MB/s")
    running.signal(signal.SIGTERM)
    assert running.wait_exit() == 143
    assert is_restored(running)


def test_stopping_and_going_on_draws_everything_again(running: Terminal) -> None:
    running.press("ctrl+z")
    running.wait_stopped()
    running.wait_until(lambda _: b"\x1b[?1049l" in running.bytes_since())
    running.signal(signal.SIGCONT)
    running.wait_for("qwen3:1.7b")
    running.press("q")
    assert running.wait_exit() == 0
