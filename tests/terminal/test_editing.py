"""Editing a model in an editor of one's own, in a real terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.importing.making import ADAPTER, gguf
from tests.terminal.pty import Terminal

CHANGES = """\
#!/bin/sh
sed -i 's/^PARAMETER temperature .*/PARAMETER temperature 0.11/' "$1"
"""
NO_MODELFILE = """\
#!/bin/sh
if [ -e "$0.again" ]; then echo 'FROM x' > "$1"; else touch "$0.again"; echo 'FROBNICATE' > "$1"; fi
"""


@contextmanager
def demo(home: Path, script: str) -> Iterator[Terminal]:
    """Run the demo with `script` as the editor, the cursor on studio/reviewer:latest."""
    editor = home / "editor"
    editor.write_text(script)
    editor.chmod(0o700)
    argv = [sys.executable, "-m", "ollama_tui", "--demo", "studio/reviewer"]
    env = {"HOME": str(home), "VISUAL": "", "EDITOR": str(editor)}
    with Terminal(argv, env=env, size=(100, 30)) as terminal:
        terminal.wait_for("studio/reviewer:latest")
        terminal.wait_for("Q4_K_M")
        yield terminal


def test_the_difference_is_shown_and_then_made(tmp_path: Path) -> None:
    with demo(tmp_path, CHANGES) as terminal:
        terminal.press("e")
        terminal.wait_for("-PARAMETER temperature 0.2")
        terminal.wait_for("+PARAMETER temperature 0.11")
        terminal.press("y")
        terminal.wait_for("Saved studio/reviewer:latest")
        terminal.press("e")
        terminal.wait_for("stays as it is")


def test_keys_typed_before_the_editor_opened_answer_nothing_after_it(tmp_path: Path) -> None:
    with demo(tmp_path, CHANGES) as terminal:
        terminal.type("ey")
        terminal.wait_for("+PARAMETER temperature 0.11")
        terminal.wait_idle()
        assert "+PARAMETER temperature 0.11" in terminal.text()
        terminal.press("n")
        terminal.wait_for("Nothing was sent.")


def test_what_cannot_be_cleared_says_so_and_what_starting_over_costs(tmp_path: Path) -> None:
    takes_away = "#!/bin/sh\nsed -i '/^PARAMETER temperature/d' \"$1\"\n"
    with demo(tmp_path, takes_away) as terminal:
        terminal.press("e")
        terminal.wait_for("A server cannot clear the parameter temperature")
        terminal.wait_for("writes 4.7 GB again")
        terminal.press("w")
        terminal.wait_for("Saved studio/reviewer:latest", deadline=60)


def test_a_text_that_is_no_modelfile_can_be_edited_again_or_left(tmp_path: Path) -> None:
    with demo(tmp_path, NO_MODELFILE) as terminal:
        terminal.press("e")
        terminal.wait_for("That is not a Modelfile")
        terminal.wait_for("command must be")
        terminal.press("y")
        terminal.wait_for("-FROM studio/reviewer")
        terminal.press("n")
        terminal.wait_gone("-FROM studio/reviewer")


def test_an_adapter_that_it_names_is_found_and_refused_by_0_40(tmp_path: Path) -> None:
    (tmp_path / "lora.gguf").write_bytes(gguf(ADAPTER))
    with demo(tmp_path, "#!/bin/sh\necho 'ADAPTER ~/lora.gguf' >> \"$1\"\n") as terminal:
        terminal.press("e")
        terminal.wait_for("+ADAPTER ~/lora.gguf")
        terminal.wait_for("in 1 file to upload first")
        terminal.press("y")
        terminal.wait_for("creating a model with an adapter needs Ollama before")


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with demo(tmp_path, "#!/bin/sh\necho 'ADAPTER ~/lora.gguf' >> \"$1\"\n") as terminal:
        terminal.press("e")
        terminal.wait_for("A file that it names cannot be used")
        terminal.wait_for("lora.gguf does not exist.")


def test_an_editor_that_fails_takes_nothing_over(tmp_path: Path) -> None:
    with demo(tmp_path, "#!/bin/sh\nexit 3\n") as terminal:
        terminal.press("e")
        terminal.wait_for("ended with 3, so")


def test_an_editor_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with demo(tmp_path, CHANGES) as terminal:
        (tmp_path / "editor").unlink()
        terminal.press("e")
        terminal.wait_for("could not be started")
