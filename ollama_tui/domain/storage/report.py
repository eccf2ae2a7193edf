"""What takes the disk, as rows: models, what they share, what is left over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ollama_tui.domain.model import Model
from ollama_tui.domain.storage.contents import Leftover, removable_at_restart, size_of
from ollama_tui.domain.storage.usage import Amount, Usage
from ollama_tui.formatting import inert, listing, plural, size

NAMED = 3
"""Members of a group named in a row; more are counted."""
RESTART = "a restart of the server"
NOPRUNE = "unless it runs with OLLAMA_NOPRUNE"


class RowKind(StrEnum):
    """What a row is about."""

    MODEL = "model"
    SHARED = "shared"
    ORPHANS = "orphans"
    PARTIALS = "partials"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class StorageRow:
    """One row of the storage report."""

    kind: RowKind
    key: str
    """Name of the model, or what else identifies the row."""
    label: str
    """Inert."""
    alone: int
    """Bytes that deleting it frees."""
    shared: int = 0
    """Bytes that others need too, if that is worth a word."""
    estimated: bool = False
    """Whether the bytes are estimated."""
    advice: str = ""
    """What it is and what frees it, in sentences; empty for models, see `advice`."""


def storage_rows(models: Sequence[Model], usage: Usage, now: float) -> tuple[StorageRow, ...]:
    """Return the models by what they alone take, then what several share, then the leftovers.

    `now` is in Unix seconds. Where only small things are shared there is no row: licenses, say.
    """
    rows = []
    for model in models:
        if not model.is_cloud:
            name, alone = model.name, usage.freed((model.name,))
            shared = max(0, model.size - alone.bytes) if usage.significantly_shared(name) else 0
            rows.append(
                StorageRow(RowKind.MODEL, name, model.label, alone.bytes, shared, alone.estimated)
            )
    rows.sort(key=lambda row: (-row.alone, -row.shared, row.key))
    return (*rows, *_shared(usage), *_leftovers(usage, now))


def advice(row: StorageRow, usage: Usage) -> str:
    """Return what a row is and what frees it; of models only asked for, as it takes a while."""
    if row.kind is not RowKind.MODEL:
        return row.advice
    text = f"Deleting {row.label} frees {Amount(row.alone, row.estimated)}."
    if row.shared:
        names = usage.kept_for((row.key,))
        text += f" {size(row.shared)} stays" + (f", for {_some(names)}." if names else ".")
    return text


def _shared(usage: Usage) -> Iterator[StorageRow]:
    for data in usage.shared:
        if data.is_significant:
            everyone = listing([inert(name) for name in data.names])
            yield StorageRow(
                RowKind.SHARED,
                f"shared {data.digest}",
                f"shared by {_some(data.names)}",
                0,
                data.amount.bytes,
                data.amount.estimated,
                f"{data.amount} in common: deleting all of {everyone} frees it.",
            )


def _leftovers(usage: Usage, now: float) -> Iterator[StorageRow]:
    if usage.orphans:
        label = f"{plural(len(usage.orphans), 'file')} no model uses"
        frees = f"{label}: {_restart(usage.orphans, now)}"
        yield StorageRow(RowKind.ORPHANS, "orphans", label, size_of(usage.orphans), advice=frees)
    if usage.partials:
        label = plural(len(usage.partials), "unfinished download")
        frees = f"{label}: pulling the model again resumes it; else {_restart(usage.partials, now)}"
        yield StorageRow(RowKind.PARTIALS, "partials", label, size_of(usage.partials), advice=frees)
    if usage.damaged:
        paths = listing([inert(path) for path in usage.damaged[:NAMED]])
        yield StorageRow(
            RowKind.DAMAGED,
            "damaged",
            plural(len(usage.damaged), "damaged manifest"),
            0,
            advice=f"Damaged below manifests: {paths}. While it is there the server cleans up "
            "nothing when it starts, and which files no model uses cannot be said. Pull that "
            "model again, or remove the file.",
        )


def _restart(leftovers: Sequence[Leftover], now: float) -> str:
    """Return what a restart of the server would remove, as the end of a sentence."""
    old = removable_at_restart(leftovers, now)
    if not old:
        return f"{RESTART} frees it once it is an hour old, {NOPRUNE}."
    young = len(leftovers) > len(old)
    rest = " The rest is younger than an hour and may be in use." if young else ""
    return f"{RESTART} frees {size(size_of(old))}, {NOPRUNE}.{rest}"


def _some(names: Sequence[str]) -> str:
    shown = [inert(name) for name in names[:NAMED]]
    more = len(names) - len(shown)
    return listing([*shown, f"{more} more"] if more else shown)


def summary(usage: Usage) -> list[str]:
    """Return what it all adds up to, the most important first."""
    facts = [f"{usage.unique} used"]
    if usage.orphans:
        facts.append(f"{size(size_of(usage.orphans))} unused")
    if usage.partials:
        facts.append(f"{size(size_of(usage.partials))} unfinished")
    if usage.free is not None:
        facts.append(f"{size(usage.free)} free")
    if usage.total > usage.unique.bytes:
        facts.append(f"{size(usage.total)} with what is shared counted each time")
    return facts
