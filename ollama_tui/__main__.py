"""`ollama-tui` and `python -m ollama_tui`."""

from __future__ import annotations

import sys

INTERRUPTED = 130
"""What shells make of SIGINT."""


def main() -> None:
    """Run the program and end with its exit code."""
    try:
        from ollama_tui.cli.main import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before there is a screen: from then on it is a signal like others
        code = INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    main()
