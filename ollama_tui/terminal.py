"""The terminal we run in: whether it will do, and what happens when it goes away."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ollama_tui.widgets.glyphs import Signs, signs_for

if TYPE_CHECKING:
    from types import FrameType

    from textual.app import App

GOODBYE = 2.0
"""Seconds an ordered exit may take after a signal; a frozen link must not keep us."""
LOOK_EVERY = 1.0
"""Seconds between two looks whether the terminal is still there."""


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


def signs() -> Signs:
    """Return the signs this terminal can show."""
    locale = next((os.environ[n] for n in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(n)), "")
    plain = locale and locale not in ("C", "POSIX") and "utf" not in locale.lower()
    return signs_for(os.environ.get("TERM", ""), "ascii" if plain else "utf-8")


@contextmanager
def guarded(app: App[int]) -> Iterator[None]:
    """Leave in order on SIGTERM and SIGHUP, also when the link is frozen or gone."""

    def leave(number: int, _: FrameType | None = None) -> None:
        code = 128 + number
        threading.Thread(target=_leave_anyway, args=(code,), daemon=True).start()
        app.call_later(app.exit, code, code)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    watch = threading.Thread(target=_watch_terminal, daemon=True)
    watch.start()
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)


def flushed(code: int) -> int:
    """Return `code` when all is written; end with it at once where the terminal is gone.

    Python would try to write on its way out, fail, and turn the code into 120.
    """
    try:
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:
                stream.flush()
    except OSError:
        os._exit(code)
    return code


def _leave_anyway(code: int) -> None:
    time.sleep(GOODBYE)
    os._exit(code)


def _watch_terminal() -> None:
    """Treat a terminal that is gone as a hang-up, for when the signal itself is ignored."""
    import termios

    while True:
        time.sleep(LOOK_EVERY)
        try:
            termios.tcgetattr(0)
        except (termios.error, OSError):
            os.kill(os.getpid(), signal.SIGHUP)
            return
