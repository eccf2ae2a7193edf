"""Say which models leave the memory, then ask."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ollama_tui.api.replies import RunningModel
from ollama_tui.formatting import cells, inert, size, until
from ollama_tui.tui.dialogs.dialog import Confirm


def confirm_unload(running: Sequence[RunningModel], now: datetime) -> Confirm:
    """Return the question whether to unload `running`: what each takes, how long it was to stay."""
    one = len(running) == 1
    heading = f"Unload {inert(running[0].name)}?" if one else f"Unload {len(running)} models?"
    freed = size(sum(runner.size for runner in running))
    warning = "Whoever is using one of them waits until it is loaded again."
    labels = [inert(runner.name) for runner in running]
    longest = max(map(cells, labels), default=0)
    lines = [
        f"{label}{' ' * (longest - cells(label))}  {size(runner.size):>7}  "
        + _stay(runner.expires_at, now)
        for label, runner in zip(labels, running, strict=True)
    ]
    return Confirm(heading, (f"Frees {freed} of memory. {warning}", "", *lines), "unload")


def _stay(expires_at: datetime | None, now: datetime) -> str:
    """Return how long a runner was to stay, in words; empty where the server does not say."""
    said = until(expires_at, now)
    ends = {"forever": "was to stay forever", "stopping": "is stopping already", "never": ""}
    return ends.get(said, f"was to stay {said.removesuffix(' from now')} more")
