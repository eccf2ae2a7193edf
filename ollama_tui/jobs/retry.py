"""When a transfer that broke off is tried again, and after how long."""

from __future__ import annotations

from dataclasses import dataclass

from ollama_tui.api.errors import Interrupted, OllamaError, Refused, Unreachable

PATIENCE = 600.0
"""Seconds without progress after which we give up."""

_LONGEST_PAUSE = 30.0
_DYING_TRIES = 3


@dataclass(frozen=True, slots=True)
class Pause:
    """How long to wait before the next try, and why."""

    seconds: float
    trouble: str


def pause_after(error: OllamaError, attempt: int, idle: float) -> Pause | None:
    """Return the pause before retry number `attempt` (from 1); None means give up.

    `idle` is the time since the last progress, in seconds. A refusal stays one however often it is
    asked for, except that of a download which was being cancelled as we joined it.
    """
    if isinstance(error, Refused):
        dying = "context canceled" in error.words and attempt <= _DYING_TRIES
        return Pause(1.0, "joined a download being cancelled") if dying else None
    if not isinstance(error, Interrupted | Unreachable) or idle >= PATIENCE:
        return None
    lost = isinstance(error, Interrupted)
    growing = min(2.0 ** min(attempt - 1, 10), _LONGEST_PAUSE)
    return Pause(growing, "connection lost" if lost else "server unreachable")
