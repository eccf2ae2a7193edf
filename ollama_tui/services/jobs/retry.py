"""When a transfer that broke off is tried again and after how long; which silence breaks it off."""

from __future__ import annotations

from dataclasses import dataclass

from ollama_tui.api.errors import (
    Interrupted,
    NotOllama,
    OllamaError,
    Refused,
    ServerFailed,
    Silent,
    Stalled,
    Unreachable,
)
from ollama_tui.api.replies import Progress
from ollama_tui.formatting import shorten

RETRY_FOR_SECONDS = 600.0
"""Seconds of one trouble after another, without progress, after which we give up."""

FIRST_EVENT = 30.0
"""Seconds until the first event; a server sends one before it does any work."""
PULLING = 30.0
"""Seconds of silence while a layer is on its way; a server says how far it is 16 times a second."""
ASKING = 120.0
"""Seconds of silence while the server asks a registry, which has time-outs of its own."""
NEXT_LAYER = 600.0
"""Seconds of silence after a whole layer; large ones are put in their place first."""
WORKING = 3600.0
"""Seconds of silence while the server works by itself, and at least that long for any size."""
STALLED = 300.0
"""Seconds for which a layer may stay where it is while events go on coming.

Ollama starts a part of a layer again after 30 seconds without data, as often as it takes: to break
off earlier would end what it is mending. What it has not mended in ten tries, a new connection may.
"""
_SLOWEST_DISK = 20_000_000
"""Bytes a second that are read to verify them."""

_LONGEST_PAUSE = 10.0
_DYING_TRIES = 3
_DAMAGED = "digest mismatch, file must be downloaded again"
_LONGEST_TROUBLE = 48


@dataclass(frozen=True, slots=True)
class Pause:
    """How long to wait before the next try, and why."""

    seconds: float
    trouble: str


def pause_after(
    error: OllamaError,
    attempt: int,
    idle: float,
    *,
    had_progress: bool = False,
    damaged: bool = False,
) -> Pause | None:
    """Return the pause before retry number `attempt` (from 1); None means give up.

    `idle` is the time since the first trouble after the last progress, in seconds; `had_progress`
    is of the whole transfer, and so is `damaged`: whether a layer of it has arrived damaged before,
    as once may be chance. What would only be refused again is not retried.
    """
    if is_damage(error):
        return None if damaged else Pause(1.0, _trouble(error))
    if isinstance(error, Refused) and "context canceled" in error.server_text:
        # A download that was being cancelled as we joined it.
        dying = attempt <= _DYING_TRIES
        return Pause(1.0, "joined a download being cancelled") if dying else None
    if idle >= RETRY_FOR_SECONDS or not _is_transient(error, had_progress=had_progress):
        return None
    return Pause(min(2.0 ** min(attempt - 1, 10), _LONGEST_PAUSE), _trouble(error))


def is_damage(error: OllamaError) -> bool:
    """Whether a layer had another digest than it should: the server has removed it."""
    return isinstance(error, Refused) and _DAMAGED in error.server_text


def damaged_again(error: OllamaError) -> OllamaError:
    """Return what to say when a layer has arrived damaged once more."""
    return ServerFailed(
        f"{error.title.rstrip('.')} twice.",
        "Either the registry has a damaged copy, or something on the way to the server, or its "
        "disk, changes data: try later, or over another network.",
        status=error.status if isinstance(error, Refused) else 0,
        server_text=error.server_text if isinstance(error, Refused) else "",
    )


def silence_after(event: Progress, total: int) -> float:
    """Return how many seconds a pull may be silent after `event`; `total` are its bytes so far."""
    if event.digest:
        return PULLING if event.completed < event.total or not event.total else NEXT_LAYER
    if event.status == "pulling manifest":
        return ASKING
    return max(WORKING, total / _SLOWEST_DISK)


def _is_transient(error: OllamaError, *, had_progress: bool) -> bool:
    """Whether the same request may succeed later, with nobody doing anything here.

    Other answers than Ollama's, and what it says of other hosts, are an outage in the middle of a
    transfer; at its start they mean a wrong address, or a host misspelled.
    """
    if isinstance(error, Interrupted | Unreachable):
        return True
    if isinstance(error, NotOllama):
        return had_progress or error.status >= 500
    return isinstance(error, Refused) and error.transient and (had_progress or error.status >= 500)


def _trouble(error: OllamaError) -> str:
    """Say what is wrong in a few words for the job's row."""
    if isinstance(error, Silent):
        return "server silent"
    if isinstance(error, Stalled):
        return "no data arriving"
    if isinstance(error, Interrupted):
        return "connection lost"
    if isinstance(error, Unreachable):
        return "server unreachable"
    if isinstance(error, NotOllama | Refused) and error.status >= 500:
        return f"server answers {error.status}"
    if isinstance(error, NotOllama):
        return "something else answers"
    reason = error.title.partition(": ")[2] or error.title
    return shorten(reason.rstrip("."), _LONGEST_TROUBLE)
