"""The rows of what is outdated: how each model that was asked about compares with its registry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ollama_tui.domain.model import Model, ModelKey
from ollama_tui.domain.updates import UpdateStatus, Upstream, together, update_status
from ollama_tui.formatting import listing, plural, size


class RowState(StrEnum):
    """What is known of a model, the most wanted first."""

    UPDATING = "updating"
    OUTDATED = "outdated"
    UNCHECKED = "not checked yet"
    UNKNOWN = "cannot tell"
    UNREACHABLE = "not checked"
    CURRENT = "up to date"
    CLOUD = "runs in the cloud"


@dataclass(frozen=True)
class UpdateRow:
    """One model that was asked about."""

    model: Model
    found: Upstream | None
    """What its registry said; None until it has."""
    state: RowState

    @property
    def key(self) -> ModelKey:
        """The key of the model."""
        return self.model.key

    @property
    def what(self) -> str:
        """What changed, or why that is not known; raw."""
        if self.found is None or self.state in QUIET:
            return str(self.state)
        if self.state is RowState.UPDATING:
            return f"updating: {listing(self.found.changes)}"
        if self.state is RowState.OUTDATED:
            return listing(self.found.changes)
        if self.state is RowState.UNREACHABLE:
            return f"{self.state}: registry unreachable"
        return f"{self.state}: {self.found.reason}"

    @property
    def to_fetch(self) -> int:
        """Bytes that updating it fetches; 0 where nothing is known to be newer."""
        return self.found.to_fetch if self.found and self.state in OUTDATED else 0

    @property
    def cost(self) -> str:
        """The bytes to fetch of those of the whole; empty where nothing is newer."""
        if self.found is None or self.state not in OUTDATED:
            return ""
        if not self.found.missing:
            return "nothing"
        return f"{size(self.found.to_fetch)} of {size(self.found.total)}"


QUIET = (RowState.UNCHECKED, RowState.CURRENT, RowState.CLOUD)
"""Of which there is nothing to say."""
OUTDATED = (RowState.OUTDATED, RowState.UPDATING)
ORDERS: Mapping[str, tuple[str, Callable[[UpdateRow], Any]]] = {
    "state": ("Outdated first", lambda row: list(RowState).index(row.state)),
    "name": ("By name", lambda row: row.model.name.lower()),
    "fetch": ("Most to fetch first", lambda row: -row.to_fetch),
    "pushed": (
        "Newest in the registry first",
        lambda row: -(row.found.pushed_at.timestamp() if row.found and row.found.pushed_at else 0),
    ),
}
"""Orders of the rows by key: what the menu says, and what they sort by."""


def update_rows(
    models: Iterable[Model],
    found: Mapping[ModelKey, Upstream],
    pulled: Collection[str],
    *,
    order: str = "state",
) -> list[UpdateRow]:
    """Return a row for each of `models`; `pulled` are the names that are being pulled."""
    rows = [
        UpdateRow(model, found.get(model.key), _state(model, found.get(model.key), pulled))
        for model in models
    ]
    return sorted(rows, key=ORDERS[order][1])


def _state(model: Model, found: Upstream | None, pulled: Collection[str]) -> RowState:
    status = update_status(model, found)
    if model.is_cloud:
        return RowState.CLOUD
    if found is None or status is None:
        return RowState.UNCHECKED
    if status is UpdateStatus.OUTDATED:
        return RowState.UPDATING if model.name in pulled else RowState.OUTDATED
    if status is UpdateStatus.CURRENT:
        return RowState.CURRENT
    return RowState.UNREACHABLE if found.unreachable else RowState.UNKNOWN


def cost_of(rows: Sequence[UpdateRow], free: int | None) -> tuple[str, bool]:
    """Return what updating `rows` fetches, in words, and whether it fits on the server's disk.

    `free` are the bytes free there; None where they are not known.
    """
    outdated = [row.found for row in rows if row.found and row.state in OUTDATED]
    if not outdated:
        return "", True
    fetch = together(outdated)
    text = f"{size(fetch)} to fetch" if fetch else "nothing to fetch"
    if free is None:
        return text, True
    fits = fetch <= free
    return f"{text}, {size(free)} free" if fits else f"{text}, only {size(free)} free", fits


def unreachable(rows: Iterable[UpdateRow]) -> list[str]:
    """Return a sentence for each registry that was not reached, with how many models it is of."""
    reasons = [row.found.reason for row in rows if row.found and row.found.unreachable]
    counts = {reason: reasons.count(reason) for reason in reasons}
    return [
        f"{reason.rstrip('.')}: {plural(n, 'model')} not checked." for reason, n in counts.items()
    ]
