"""What the disk is spent on as a list for people: models, what they share, what is left over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ollama_tui.domain.model import Model
from ollama_tui.domain.storage.usage import WORTH, Leftover, Shared, Usage, settled, size_of
from ollama_tui.formatting import inert, listing, plural, size

NAMED = 3
"""Members of a group named in a row; more are counted."""
RESTART = "a restart of the server"
NOPRUNE = "unless it runs with OLLAMA_NOPRUNE"


class Kind(StrEnum):
    """What a row is about."""

    MODEL = "model"
    SHARED = "shared"
    ORPHANS = "orphans"
    PARTIALS = "partials"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Spent:
    """One row."""

    kind: Kind
    key: str
    """Name of the model, or what else identifies the row."""
    label: str
    """Inert."""
    alone: int
    """Bytes that going away frees."""
    shared: int = 0
    """Bytes that others need too."""
    about: bool = False
    """Whether the bytes are only about right."""
    advice: str = ""
    """What it is and what frees it, in sentences; empty for models, see `advice`."""


def spending(models: Sequence[Model], usage: Usage, now: float) -> tuple[Spent, ...]:
    """Return the models by what they alone cost, the groups, and the leftovers.

    `now` is in Unix seconds. Groups that share less than a megabyte are left out.
    """
    rows = sorted(
        (_model(model, usage) for model in models if not model.is_cloud),
        key=lambda row: (-row.alone, -row.shared, row.key),
    )
    groups = [_group(group) for group in usage.groups if group.amount.bytes >= WORTH]
    return (*rows, *groups, *_leftovers(usage, now))


def _model(model: Model, usage: Usage) -> Spent:
    alone = usage.alone(model.name)
    shared = max(0, model.size - alone.bytes)
    return Spent(Kind.MODEL, model.name, model.label, alone.bytes, shared, alone.estimated)


def advice(row: Spent, usage: Usage) -> str:
    """Return what a row is and what frees it; of models only asked for, as it takes a while."""
    if row.kind is not Kind.MODEL:
        return row.advice
    said = f"Deleting {row.label} frees {_said(row.alone, row.about)}."
    if row.shared >= WORTH:
        kept = usage.kept_for((row.key,))
        said += f" {size(row.shared)} stays" + (f", for {_some(kept)}." if kept else ".")
    return said


def _group(group: Shared) -> Spent:
    amount = group.amount
    return Spent(
        Kind.SHARED,
        f"shared {group.digest}",
        f"shared by {_some(group.names)}",
        0,
        amount.bytes,
        amount.estimated,
        f"{_said(amount.bytes, amount.estimated)} in common: deleting all of "
        f"{listing([inert(name) for name in group.names])} frees it.",
    )


def _leftovers(usage: Usage, now: float) -> Iterator[Spent]:
    if usage.orphans:
        count = plural(len(usage.orphans), "file")
        yield Spent(
            Kind.ORPHANS,
            "orphans",
            f"{count} no model uses",
            size_of(usage.orphans),
            advice=f"{count} no model uses: {_when(usage.orphans, now)}",
        )
    if usage.partials:
        count = plural(len(usage.partials), "unfinished download")
        yield Spent(
            Kind.PARTIALS,
            "partials",
            count,
            size_of(usage.partials),
            advice=f"{count}: pulling the model again goes on where it stopped; else "
            f"{_when(usage.partials, now)}",
        )
    if usage.damaged:
        paths = listing([inert(path) for path in usage.damaged[:NAMED]])
        yield Spent(
            Kind.DAMAGED,
            "damaged",
            f"{plural(len(usage.damaged), 'damaged manifest')}",
            0,
            advice=f"Damaged below manifests: {paths}. While it is there the server cleans up "
            "nothing when it starts, and which files no model uses cannot be said. Pull that "
            "model again, or remove the file.",
        )


def _when(leftovers: Sequence[Leftover], now: float) -> str:
    """Say what a restart of the server would remove."""
    old = settled(leftovers, now)
    young = len(leftovers) - len(old)
    if not old:
        return f"{RESTART} frees it once it is an hour old, {NOPRUNE}."
    rest = " The rest is younger than an hour and may be in use." if young else ""
    return f"{RESTART} frees {size(size_of(old))}, {NOPRUNE}.{rest}"


def _some(names: Sequence[str]) -> str:
    shown = [inert(name) for name in names[:NAMED]]
    more = len(names) - len(shown)
    return listing([*shown, f"{more} more"] if more else shown)


def _said(amount: int, about: bool) -> str:
    return f"about {size(amount)}" if about else size(amount)


def summary(usage: Usage) -> list[str]:
    """Return what it all adds up to, the most important first."""
    facts = [f"{_said(usage.unique.bytes, usage.unique.estimated)} used"]
    if usage.orphans:
        facts.append(f"{size(size_of(usage.orphans))} unused")
    if usage.partials:
        facts.append(f"{size(size_of(usage.partials))} unfinished")
    if usage.free is not None:
        facts.append(f"{size(usage.free)} free")
    if usage.total > usage.unique.bytes:
        facts.append(f"{size(usage.total)} with what is shared counted each time")
    return facts
