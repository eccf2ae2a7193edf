"""Start an installed program in a real terminal, see a model, and leave: for `.ci/run`.

python -m tests.terminal.smoke /somewhere/bin/ollama-tui --demo
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence

from tests.terminal.pty import Terminal

MODEL = "qwen3"
SECONDS = 60.0


def start(argv: Sequence[str]) -> int:
    """Run a program in a home and a folder of its own until it showed a model; return its code."""
    with tempfile.TemporaryDirectory() as home:
        os.chdir(home)
        # Without the checkout on its path: what is tested is what was installed.
        environ = {"HOME": home, "PYTHONPATH": "", "PYTHONSAFEPATH": "1"}
        with Terminal(argv, env=environ, deadline=SECONDS) as terminal:
            terminal.wait_for(MODEL)
            terminal.press("q")
            return terminal.wait_exit()


if __name__ == "__main__":
    code = start(sys.argv[1:])
    print(f"{MODEL} was on the screen; the program ended with {code}.")
    sys.exit(code)
