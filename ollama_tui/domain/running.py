"""The models in memory as rows: how much they take, where, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ollama_tui.api.replies import RunningModel
from ollama_tui.domain import names
from ollama_tui.domain.columns import natural
from ollama_tui.domain.model import ModelKey
from ollama_tui.domain.orders import AS_GIVEN, Order
from ollama_tui.formatting import UNKNOWN, clock, inert, plural, size, until

LONGEST_COUNTDOWN = timedelta(hours=24)
"""Time from which on the seconds left say nothing."""
LOADING = "loading …"


@dataclass(frozen=True)
class Running:
    """One row: a runner, or a model on its way into memory."""

    key: ModelKey
    """Name as the server spells it, and digest of what runs: one name may run twice."""
    name: str
    """Inert."""
    size: int = 0
    """Bytes of memory; 0 when not known."""
    vram: int = 0
    """Bytes of that on GPUs."""
    context: int = 0
    """Tokens; 0 when not known."""
    runner: str = UNKNOWN
    expires: datetime | None = None
    """When it is unloaded; None when not known."""
    left: str = LOADING
    """How long it stays, in words or as a countdown."""

    @property
    def gpu_share(self) -> float | None:
        """Which part of it is on GPUs; None when that is not known."""
        return self.vram / self.size if 0 < self.size >= self.vram else None


ORDERS: tuple[Order[Running], ...] = (
    Order("name", "NAME", lambda row: natural(row.name)),
    Order("memory", "MEMORY", lambda row: row.size or None, descending=True),
    Order("gpu", "GPU", lambda row: row.gpu_share, descending=True),
    Order("context", "CONTEXT", lambda row: row.context or None, descending=True),
    Order("left", "TIME LEFT", lambda row: row.expires),
    Order(AS_GIVEN, "LAST USED"),
)
"""In display order; as given, they are as the server lists them, the last used first."""


def rows_of(
    running: Iterable[RunningModel],
    loading: frozenset[ModelKey],
    now: datetime,
    labels: Mapping[ModelKey, str],
) -> tuple[Running, ...]:
    """Return the runners in the server's order, then what is being loaded and not listed yet.

    `labels` are of the models of which one name has several.
    """
    coming = {(names.comparison_key(key.name), key.digest): key for key in sorted(loading)}
    listed = []
    for runner in running:
        name = names.comparison_key(runner.name)
        same = {runner.digest, ""} if runner.digest else {key[1] for key in coming}
        at = {key for key in coming if key[0] == name and key[1] in same}
        listed.append(
            Running(
                key := ModelKey(runner.name, runner.digest),
                labels.get(key, inert(runner.name)),
                runner.size,
                runner.size_vram,
                runner.context_length,
                inert(runner.runner) or UNKNOWN,
                runner.expires_at,
                LOADING if at else time_left(runner.expires_at, now),
            )
        )
        coming = {place: each for place, each in coming.items() if place not in at}
    rest = (Running(key, labels.get(key, inert(key.name))) for key in coming.values())
    return (*listed, *rest)


def time_left(then: datetime | None, now: datetime) -> str:
    """Return `4:32`, or in words what is longer than a day, over, or not known."""
    if counts_down(then, now) and then is not None:
        return clock((then - now).total_seconds())
    return until(then, now).removesuffix(" from now")


def counts_down(then: datetime | None, now: datetime) -> bool:
    """Whether the time left is told in seconds."""
    return then is not None and timedelta() <= then - now < LONGEST_COUNTDOWN


def summed(running: Sequence[RunningModel]) -> list[str]:
    """Return how many run, and what all of them take."""
    count = plural(len(running), "model")
    total = sum(runner.size for runner in running)
    return [count, f"{size(total)} in memory"] if running else [count]
