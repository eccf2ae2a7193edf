"""The terminal we run in: whether it will do."""

from __future__ import annotations

import os
import sys


def unusable() -> str | None:
    """Return why no screen can be drawn here, as a sentence; None when it can."""
    # Python has no object for a stream that was closed before it started.
    streams = (sys.__stdin__, sys.__stderr__)
    if sys.__stdout__ is None or not all(stream and stream.isatty() for stream in streams):
        return "this needs a terminal for input and output; over SSH ask for one with ssh -t."
    if os.environ.get("TERM", "") in ("", "dumb"):
        return "TERM names no terminal that can place a cursor; try TERM=xterm-256color."
    return None


def prepare() -> None:
    """Set what must be set before Textual is imported."""
    if sys.__stderr__ is not None and hasattr(sys.__stderr__, "reconfigure"):
        # Textual draws on stderr; under a locale without UTF-8 it would print escapes as text.
        sys.__stderr__.reconfigure(encoding="utf-8", errors="replace")
