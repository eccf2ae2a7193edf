"""`ollama-tui` and `python -m ollama_tui`."""

from __future__ import annotations

import os
import sys

from ollama_tui.start import terminal
from ollama_tui.start.terminal import INTERRUPTED


def main() -> None:
    """Run the program and end with its exit code."""
    try:
        terminal.begin(sys.argv[1:])  # before anything else is loaded
        from ollama_tui.start.dataclass_methods import compiled_when_called

        with compiled_when_called():
            from ollama_tui.cli.main import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before there is a screen: from then on it is a signal like others
        terminal.give_back()
        # At once: the thread that asks the server meanwhile may crash a Python that is ending.
        os._exit(INTERRUPTED)
    finally:
        terminal.give_back()
    sys.exit(code)


if __name__ == "__main__":
    main()
