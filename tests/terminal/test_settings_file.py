"""Editing config.toml from the program, in a real terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ollama_tui.config.template import template
from tests.terminal.conftest import Start
from tests.terminal.pty import Terminal

Edit = Callable[[str], Terminal]


@pytest.fixture
def edits(start: Start, tmp_path: Path) -> Edit:
    """Start the demo with a script as the editor, and edit the settings with it."""

    def run(script: str) -> Terminal:
        editor = tmp_path / "editor"
        editor.write_text(f"#!/bin/sh\n{script}\n")
        editor.chmod(0o700)
        terminal = start("--demo", env={"EDITOR": str(editor), "VISUAL": ""})
        terminal.wait_for("studio/reviewer:latest")
        opens_settings(terminal)
        return terminal

    return run


def opens_settings(terminal: Terminal) -> None:
    terminal.press(":")
    terminal.wait_for("esc")
    terminal.type("config.toml")
    terminal.wait_for("Edit config.toml")
    terminal.press("enter")


def config(tmp_path: Path) -> Path:
    return tmp_path / "CONFIG" / "ollama-tui" / "config.toml"


def test_what_is_saved_is_used_at_once(edits: Edit, tmp_path: Path) -> None:
    text = 'sort = "name"\\ncolumns = ["name", "format"]\\n[keys]\\n"jobs.show" = "f6"\\n'
    terminal = edits(f"printf '{text}' > \"$1\"")
    terminal.wait_for("The settings were reloaded.")
    terminal.wait_for("FORMAT")
    terminal.wait_until(lambda screen: "QUANT" not in screen)
    assert config(tmp_path).read_text().startswith('sort = "name"')
    terminal.send(b"\x1b[17~")
    terminal.wait_for("No jobs")


def test_a_new_file_shows_every_setting_and_goes_when_nothing_is_saved(
    edits: Edit, tmp_path: Path
) -> None:
    terminal = edits(f'cp "$1" {tmp_path}/seen')
    terminal.wait_for("The settings are unchanged")
    assert (tmp_path / "seen").read_text() == template()
    assert not config(tmp_path).exists()


def test_mistakes_are_told_with_their_line_and_the_rest_is_used(edits: Edit) -> None:
    terminal = edits('printf \'grace = "long"\\ncolumns = ["name", "format"]\\n\' > "$1"')
    terminal.wait_for("config.toml, line 1: grace must be a number")
    terminal.wait_for("FORMAT")


def test_more_transfers_run_at_once_as_soon_as_the_file_says_so(edits: Edit) -> None:
    terminal = edits("printf 'parallel = 3\\n' > \"$1\"")
    terminal.wait_for("The settings were reloaded.")
    terminal.press("p")
    terminal.wait_for("Pull a model")
    terminal.type("gemma3:12b llama3.3:70b qwen3:4b")
    terminal.wait_for("Fetches")
    terminal.press("enter", "J")
    # Of two at once, which is the default, the third would be queued.
    terminal.wait_until(lambda text: "3 jobs" in text and "queued" not in text)


def test_what_takes_a_new_start_is_said(edits: Edit) -> None:
    terminal = edits('printf \'grace = 3\\ninsecure = ["box:5000"]\\n\' > "$1"')
    terminal.wait_for("grace and insecure take effect at the next start.")


def test_an_editor_that_fails_changes_nothing(edits: Edit, tmp_path: Path) -> None:
    terminal = edits("exit 3")
    terminal.wait_for("ended with 3")
    assert not config(tmp_path).exists()


def test_read_only_takes_effect_at_once(edits: Edit) -> None:
    terminal = edits("printf 'read_only = true\\n' > \"$1\"")
    terminal.wait_for("The settings were reloaded.")
    terminal.wait_for("read-only")
    terminal.press("d")
    terminal.wait_for("Read-only: config.toml sets read_only, so nothing on the server is changed.")
