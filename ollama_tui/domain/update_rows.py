"""The rows of what is outdated: how each model that was asked about compares with its registry."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ollama_tui.domain.columns import natural
from ollama_tui.domain.model import Model, ModelKey
from ollama_tui.domain.orders import Order
from ollama_tui.domain.updates import UpdateStatus, Upstream, fetching, together, update_status
from ollama_tui.formatting import ago, clause, listing, plural, size


class RowState(StrEnum):
    """What is known of a model, the most wanted first."""

    UPDATING = "updating"
    OUTDATED = "outdated"
    UNCHECKED = "not checked yet"
    UNKNOWN = "not known"
    UNREACHABLE = "not checked"
    CURRENT = "up to date"


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
    def newer(self) -> Upstream | None:
        """What there is to update to; None where nothing is known to be newer."""
        return self.found if self.state in OUTDATED else None

    @property
    def what(self) -> str:
        """What changed, or why that is not known, in a few words; raw."""
        if self.found is None or self.state in QUIET:
            return str(self.state)
        match self.state:
            case RowState.UPDATING:
                return f"{self.state}: {listing(self.found.changes)}"
            case RowState.OUTDATED:
                return listing(self.found.changes)
            case RowState.UNREACHABLE:
                return f"{self.state}: registry unreachable"
        return clause(self.found.reason)

    @property
    def why_not(self) -> str | None:
        """Why it cannot be updated, as a raw sentence; None when it can."""
        label, found = self.model.label, self.found
        match self.state:
            case RowState.OUTDATED:
                return None
            case RowState.UPDATING:
                return f"{label} is being updated: {listing(found.changes) if found else ''}."
            case RowState.UNKNOWN if found is not None:
                return f"Not known whether {label} is outdated: {clause(found.reason)}."
            case RowState.UNREACHABLE:
                return f"{label} was not checked: its registry is unreachable."
        return f"{label} is {self.state}."

    def sentence(self, now: datetime) -> str:
        """Return all that there is to say of it, raw."""
        if self.why_not is not None or self.found is None:
            return self.why_not or ""
        found = self.found
        pushed = f"was pushed {ago(at, now)}" if (at := found.pushed_at) else "is outdated"
        cost = fetching(found.to_fetch, found.total)
        return f"{self.model.label} {pushed}. Changes: {listing(found.changes)}. Updating {cost}."

    @property
    def cost(self) -> str:
        """The bytes to fetch of those of the whole; empty where nothing is newer."""
        if (newer := self.newer) is None:
            return ""
        return f"{size(newer.to_fetch)} of {size(newer.total)}" if newer.missing else "nothing"


QUIET = (RowState.UNCHECKED, RowState.CURRENT)
"""Of which there is nothing to say."""
OUTDATED = (RowState.OUTDATED, RowState.UPDATING)
_STATES = tuple(RowState)


def _pushed(row: UpdateRow) -> float | None:
    newer = row.newer
    return newer.pushed_at.timestamp() if newer and newer.pushed_at else None


def _installed(row: UpdateRow) -> float | None:
    at = row.model.listed.modified_at
    return at.timestamp() if at else None


ORDERS: tuple[Order[UpdateRow], ...] = (
    Order("name", "NAME", lambda row: natural(row.model.label)),
    Order("fetch", "TO FETCH", lambda row: row.newer and row.newer.to_fetch, descending=True),
    Order("what", "WHAT CHANGED", lambda row: _STATES.index(row.state)),
    Order("pushed", "PUSHED", _pushed, descending=True),
    Order("installed", "INSTALLED", _installed, descending=True),
)
"""In display order; by what changed, the outdated come first."""


def update_rows(
    models: Iterable[Model], found: Mapping[ModelKey, Upstream], pulled: Collection[str]
) -> tuple[UpdateRow, ...]:
    """Return a row for each of `models`; `pulled` are the names that are being pulled."""
    return tuple(
        UpdateRow(model, each := found.get(model.key), _state(model, each, pulled))
        for model in models
    )


def _state(model: Model, found: Upstream | None, pulled: Collection[str]) -> RowState:
    status = update_status(model, found)
    if found is None or status is None:
        return RowState.UNCHECKED
    if status is UpdateStatus.OUTDATED:
        return RowState.UPDATING if model.name in pulled else RowState.OUTDATED
    if status is UpdateStatus.CURRENT:
        return RowState.CURRENT
    return RowState.UNREACHABLE if found.unreachable else RowState.UNKNOWN


def cost_of(rows: Iterable[UpdateRow], free: int | None) -> tuple[str, bool]:
    """Return what updating `rows` fetches, in words, and whether it fits on the server's disk.

    `free` are the bytes free there; None where they are not known.
    """
    newer = [row.newer for row in rows if row.newer]
    if not newer:
        return "", True
    fetch = together(newer)
    text = f"{size(fetch)} to fetch" if fetch else "nothing to fetch"
    if free is None:
        return text, True
    fits = fetch <= free
    return f"{text}, {size(free)} free" if fits else f"{text}, only {size(free)} free", fits


def unreachable(rows: Sequence[UpdateRow]) -> list[str]:
    """Return a sentence for each registry that was not reached, with how many models it is of."""
    reasons = [row.found.reason for row in rows if row.found and row.found.unreachable]
    counts = {reason: reasons.count(reason) for reason in reasons}
    return [
        f"{reason.rstrip('.')}: {plural(n, 'model')} not checked." for reason, n in counts.items()
    ]
