"""Starting: where it cannot run it says so in one sentence; where it can, it does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ollama_tui import __version__
from ollama_tui.tui.screens.frame import COUNT_EVERY
from tests.terminal.conftest import ROOT, Start


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "ollama_tui", *arguments],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_version_is_printed() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"ollama-tui {__version__}\n")


def test_help_names_the_options() -> None:
    done = run("--help")
    assert done.returncode == 0
    for option in ("--host", "--demo", "--read-only", "--theme", "FILTER", "OLLAMA_HOST"):
        assert option in done.stdout


def test_without_a_terminal_it_says_so_in_one_sentence() -> None:
    done = run("--demo")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("ollama-tui: This needs a terminal")
    assert done.stderr.count("\n") == 1


def test_a_host_that_cannot_be_one_is_a_sentence_not_a_traceback() -> None:
    done = run("--host", "http://me:secret@example.org")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_place_a_cursor_is_refused(start: Start, term: str) -> None:
    terminal = start("--demo", env={"TERM": term})
    assert terminal.wait_exit() == 2
    assert "TERM does not name a terminal that can position" in terminal.text()
    assert b"\x1b[?1049h" not in terminal.bytes_since()


@pytest.mark.parametrize("term", ["xterm", "linux", "vt100", "tmux-256color", "screen"])
def test_other_terminals_show_the_list(start: Start, term: str) -> None:
    terminal = start("--demo", env={"TERM": term, "COLORTERM": ""})
    terminal.wait_for("qwen3:1.7b")
    terminal.wait_idle()  # a frame is written style by style: names come before the signs
    assert ("●" in terminal.text()) is (term not in ("linux", "vt100"))


@pytest.mark.parametrize("term", ["linux", "screen"])
def test_a_terminal_of_16_colors_says_the_same_with_them(start: Start, term: str) -> None:
    terminal = start("--demo", env={"TERM": term, "COLORTERM": ""})
    terminal.wait_for("qwen3:1.7b")
    terminal.wait_idle()
    rows = {"".join(cell.char for cell in row): row for row in terminal.cells()}
    cursor = next(row for text, row in rows.items() if "studio/reviewer:latest   " in text)
    loaded = next(row for text, row in rows.items() if "gpt-oss:20b" in text)
    assert {cell.paper for cell in cursor[4:20]} == {"blue"}
    assert "brightgreen" in {cell.ink for cell in loaded[:5]}


def test_a_broken_config_file_is_a_sentence_and_it_starts(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "CONFIG" / "ollama-tui"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("theme = \n")
    terminal = start("--demo")
    terminal.wait_for("config.toml")
    terminal.wait_for("line 1")
    terminal.wait_for("qwen3:1.7b")


def test_a_wrong_value_names_its_field_and_the_rest_is_used(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "CONFIG" / "ollama-tui"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('grace = "long"\nsort = "size"\n')
    terminal = start("--demo")
    terminal.wait_for("grace must be a number from 0 to")
    terminal.wait_for("SIZE↓")


def test_a_filter_on_the_command_line_is_applied(start: Start) -> None:
    terminal = start("--demo", "cap:vision", "gemma")
    terminal.wait_for("gemma3:4b")
    terminal.wait_idle()
    assert "2 of 36 models" in terminal.text()


def test_a_server_that_is_not_there_is_said_with_its_address(start: Start) -> None:
    terminal = start(host="127.0.0.1:9")
    terminal.wait_for("Cannot connect to 127.0.0.1:9")
    terminal.wait_for("opens the demo")
    terminal.press("D")
    terminal.wait_for("qwen3:1.7b")
    terminal.press("q")
    assert terminal.wait_exit() == 0


def test_no_colour_means_no_colour(start: Start) -> None:
    terminal = start("--demo", env={"NO_COLOR": "1"})
    terminal.wait_for("qwen3:1.7b")
    terminal.wait_idle()
    inks = {cell.ink for row in terminal.cells() for cell in row}
    assert all(
        ink == "default" or len(set(zip(ink[::2], ink[1::2], strict=True))) == 1 for ink in inks
    )


def test_idle_writes_nothing(start: Start) -> None:
    terminal = start("--demo")
    terminal.wait_for("158 GB used, ")  # counted anew when the last is learned
    terminal.wait_idle(COUNT_EVERY + 1.0)
    mark = terminal.mark()
    terminal.wait_idle(2.5)
    assert terminal.bytes_since(mark) == b""


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (10, 3)])
def test_a_tiny_terminal_is_quiet_too(start: Start, size: tuple[int, int]) -> None:
    terminal = start("--demo")
    terminal.wait_for("158 GB used, ")
    terminal.resize(*size)
    terminal.wait_idle(1.0)
