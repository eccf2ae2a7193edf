"""What is typed outlives a lost terminal, a killed program and an editor that goes wrong."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from tests.terminal.pty import Terminal

CHANGE = """sed -i 's/^PARAMETER temperature .*/PARAMETER temperature 0.11/' "$1"\n"""
NOT_UTF_8 = "printf 'FROM x\\nSYSTEM caf\\351\\n' > \"$1\"\n"
RENAMES = """sed 's/^PARAMETER temperature .*/PARAMETER temperature 0.11/' "$1" > "$1.new"
mv "$1.new" "$1"
"""


class Home:
    """A home folder in which the program is started again and again on the embedded server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.editor = folder / "editor"
        self.drafts = folder / ".local/state/ollama-tui/drafts"

    def edits_with(self, script: str) -> None:
        """Make this the editor."""
        self.editor.write_text(f"#!/bin/sh\n{script}")
        self.editor.chmod(0o700)

    def start(self) -> Terminal:
        """Return the program, to be entered."""
        argv = [sys.executable, "-m", "ollama_tui", "--demo", "studio/reviewer"]
        env = {"HOME": str(self.folder), "VISUAL": "", "EDITOR": str(self.editor)}
        return Terminal(argv, env=env, size=(100, 30))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def is_listed(terminal: Terminal) -> None:
    terminal.wait_for("studio/reviewer:latest")
    terminal.wait_for("Q4_K_M")


def types_a_prompt(terminal: Terminal) -> None:
    """Open the create form and type a system prompt, without waiting for what comes of it."""
    is_listed(terminal)
    terminal.press("C")
    terminal.wait_for("Create a model from")
    terminal.press("ctrl+n")
    terminal.wait_for("System prompt")
    terminal.type("Rhyme!")
    terminal.wait_for("Rhyme!")


def goes_on(home: Home) -> None:
    """See that the form is offered again with what was typed."""
    with home.start() as terminal:
        is_listed(terminal)
        terminal.press("C")
        terminal.wait_for("Continue the draft of")
        terminal.wait_for("~/.local/state/ollama-tui/drafts/create.Modelfile")
        terminal.press("y")
        terminal.wait_for("Create a model from")
        terminal.press("ctrl+n")
        terminal.wait_for("Rhyme!")


def test_a_form_outlives_its_terminal(home: Home) -> None:
    with home.start() as terminal:
        types_a_prompt(terminal)
        terminal.hang_up()
        assert terminal.wait_exit() == 129
    goes_on(home)


def test_a_form_outlives_sigterm(home: Home) -> None:
    with home.start() as terminal:
        types_a_prompt(terminal)
        terminal.signal(signal.SIGTERM)
        assert terminal.wait_exit() == 143
    goes_on(home)


def test_a_form_outlives_kill_9(home: Home) -> None:
    with home.start() as terminal:
        types_a_prompt(terminal)
        draft = home.drafts / "create.Modelfile"
        terminal.wait_until(lambda _: draft.exists() and "Rhyme!" in draft.read_text())
        terminal.signal(signal.SIGKILL)
        assert terminal.wait_exit() == -9
    assert draft.stat().st_mode & 0o777 == 0o600
    assert home.drafts.stat().st_mode & 0o777 == 0o700
    goes_on(home)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (f"{CHANGE}exit 3\n", "ended with 3, so its changes were ignored."),
        (f"{CHANGE}kill -9 $$\n", "was killed by signal 9, so its changes were ignored."),
        (NOT_UTF_8, "What the editor saved is not UTF-8 text"),
        ('echo FROBNICATE > "$1"\n', "That is not a Modelfile"),
        ("echo 'ADAPTER ~/gone.gguf' >> \"$1\"\n", "A file that it names cannot be used"),
    ],
)
def test_what_an_editor_saved_is_kept_and_offered_again(home: Home, script: str, said: str) -> None:
    home.edits_with(script)
    with home.start() as terminal:
        is_listed(terminal)
        terminal.press("e")
        terminal.wait_for(said)
        terminal.wait_for("y edit again")
        [draft] = home.drafts.glob("edit-*.Modelfile")
        saved = draft.read_bytes()
        terminal.press("n")
        terminal.wait_for("Nothing was sent.")
        terminal.wait_for("kept in")
        home.edits_with("exit 0")
        terminal.press("e")
        terminal.wait_for("Continue the draft of")
        assert draft.read_bytes() == saved
    with home.start() as terminal:  # and by the next run
        is_listed(terminal)
        home.edits_with(CHANGE)
        terminal.press("e")
        terminal.wait_for("Continue the draft of")
        terminal.press("d")
        terminal.wait_for("+PARAMETER temperature 0.11")


def test_an_editor_that_renames_is_read_and_its_text_is_gone_once_it_is_made(home: Home) -> None:
    home.edits_with(RENAMES)
    with home.start() as terminal:
        is_listed(terminal)
        terminal.press("e")
        terminal.wait_for("+PARAMETER temperature 0.11")
        terminal.press("y")
        terminal.wait_for("Saved studio/reviewer:latest")
        terminal.wait_until(lambda _: not any(home.drafts.glob("edit-*")))


@pytest.mark.parametrize("key", ["escape", "n"])
def test_leaving_the_difference_keeps_the_text(home: Home, key: str) -> None:
    home.edits_with(CHANGE)
    with home.start() as terminal:
        is_listed(terminal)
        terminal.press("e")
        terminal.wait_for("+PARAMETER temperature 0.11")
        terminal.press(key)
        terminal.wait_for("Nothing was sent.")
        home.edits_with("exit 0")
        terminal.press("e")
        terminal.wait_for("Continue the draft of")
        terminal.press("y")
        terminal.wait_for("+PARAMETER temperature 0.11")


def test_a_refused_edit_is_offered_again(home: Home) -> None:
    home.edits_with("sed -i 's/^FROM .*/FROM no-such-model:1b/' \"$1\"\n")
    with home.start() as terminal:
        is_listed(terminal)
        terminal.press("e")
        terminal.wait_for("+FROM no-such-model:1b")
        terminal.press("y")
        terminal.wait_for("What you typed is kept in")
        home.edits_with("exit 0")
        terminal.press("e")
        terminal.wait_for("Continue the draft of")
        terminal.wait_for("FROM no-such-model:1b")


def test_what_is_saved_while_the_program_dies_is_offered_again(home: Home) -> None:
    home.edits_with(f"{CHANGE}kill -9 $PPID\n")
    with home.start() as terminal:
        is_listed(terminal)
        terminal.press("e")
        assert terminal.wait_exit() == -9
    home.edits_with("exit 0")
    with home.start() as terminal:
        is_listed(terminal)
        terminal.press("e")
        terminal.wait_for("Continue the draft of")
        terminal.press("y")
        terminal.wait_for("+PARAMETER temperature 0.11")


def test_an_editor_that_saved_nothing_leaves_nothing_to_offer(home: Home) -> None:
    home.edits_with("kill -9 $PPID\n")
    with home.start() as terminal:
        is_listed(terminal)
        terminal.press("e")
        assert terminal.wait_exit() == -9
    home.edits_with(CHANGE)
    with home.start() as terminal:
        is_listed(terminal)
        terminal.press("e")
        terminal.wait_for("+PARAMETER temperature 0.11")
