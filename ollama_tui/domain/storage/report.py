"""What takes the disk, as rows: models, what they share, what is left over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from ollama_tui.domain import names
from ollama_tui.domain.model import Model, ModelKey
from ollama_tui.domain.storage.contents import Leftover, removable_at_restart, size_of
from ollama_tui.domain.storage.usage import Amount, Usage
from ollama_tui.formatting import inert, listing, plural, size

NAMED = 3
"""Members of a group named in a row; more are counted."""
RESTART = "a restart of the server"
NOPRUNE = "unless it runs with OLLAMA_NOPRUNE"
RESUMES = "pulling the model again resumes it; else "
WAY_BACK = "After that no Ollama older than 0.40 can run it"


class RowKind(StrEnum):
    """What a row is about."""

    MODEL = "model"
    SHARED = "shared"
    ORIGINALS = "originals"
    """Kept by a conversion beside what it has made."""
    BACKUP = "backup"
    """Kept by a conversion for a model that is gone."""
    UNLISTED = "unlisted"
    """A model that the server does not list, as something of it is missing."""
    ORPHANS = "orphans"
    PARTIALS = "partials"
    OTHERS = "others"
    """Files that are none of the store's."""
    HIDDEN = "hidden"
    """Entries that a newer one of their name hides."""
    OBSTACLES = "obstacles"
    """Entries for which a starting server cleans up nothing."""


DELETABLE = frozenset((RowKind.ORIGINALS, RowKind.BACKUP, RowKind.UNLISTED))
"""What a request to the server deletes besides models of the list."""


@dataclass(frozen=True, slots=True)
class StorageRow:
    """One row of the storage report."""

    kind: RowKind
    key: str
    """Name of the model, and its digest if it is one of several; or what else the row is."""
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
    model: ModelKey | None = None
    """The model, where it is one."""
    modified: datetime | None = None
    """When the model was modified, or the newest of the files; None where that says nothing."""


def storage_rows(models: Sequence[Model], usage: Usage, now: float) -> tuple[StorageRow, ...]:
    """Return models and leftovers by what they alone take, then what several share.

    What blocks the cleanup at start is last. `now` is in Unix seconds. Where only small things
    are shared there is no row: licenses, say.
    """
    rows = []
    for model in models:
        if not model.is_cloud:
            name, digest = model.key
            alone = freed_alone(model, usage)
            shared = _shared_bytes(model, alone, usage)
            key = f"{name} {digest}" if model.siblings else name
            row = StorageRow(RowKind.MODEL, key, model.label, alone.bytes, shared, alone.estimated)
            modified = model.listed.modified_at
            rows.append(replace(row, model=model.key, modified=modified))
    rows += _leftovers(usage, now)
    rows.sort(key=lambda row: (-row.alone, -row.shared, row.key))
    return (*rows, *_shared(usage), *_obstacles(usage))


def _shared_bytes(model: Model, alone: Amount, usage: Usage) -> int:
    """Return what stays of a model that is deleted, if that is worth a word."""
    if backups := usage.backups_of((model.name,)):
        together = usage.freed((model.name, *(backup.name for backup in backups)))
        return together.bytes - alone.bytes
    if not usage.significantly_shared(model.name):
        return 0
    return max(0, model.size - alone.bytes)


def freed_alone(model: Model, usage: Usage) -> Amount:
    """Return what deleting a row of the list frees: a name, or one of its several manifests."""
    if model.siblings:
        return usage.freed((), (model.digest,))
    return usage.freed((model.name,))


def advice(row: StorageRow, usage: Usage) -> str:
    """Return what a row is and what frees it; of models only asked for, as it takes a while."""
    if row.kind is not RowKind.MODEL:
        return row.advice
    text = f"Deleting {row.label} frees {Amount(row.alone, row.estimated)}"
    if backups := usage.backups_of((row.key,)):
        freed = usage.freed((row.key, *(backup.name for backup in backups)))
        named = listing([name_label(backup.name) for backup in backups])
        return f"{text}, and {freed} together with its {named}"
    text += "."
    if row.shared:
        users = usage.kept_for((row.key,))
        text += f" {size(row.shared)} stays" + (f", for {_some(users)}." if users else ".")
    return text


def _shared(usage: Usage) -> Iterator[StorageRow]:
    for data in usage.shared:
        models = [name for name in data.names if not names.is_shadow(*_tagged(name))]
        # What a model shares with its own backup alone is said in its row.
        if data.is_significant and len(models) > 1:
            everyone = listing([name_label(name) for name in data.names])
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
    yield from _left_by_upgrade(usage)
    for kind, found, one, many, before in (
        (RowKind.ORPHANS, usage.orphans, "file no model uses", "files no model uses", ""),
        (RowKind.PARTIALS, usage.partials, "unfinished download", "", RESUMES),
        (RowKind.OTHERS, usage.others, "unknown file", "unknown files", ""),
    ):
        if found:
            label = plural(len(found), one, many)
            advice = f"{label}: {before}{_restart(found, usage, now)}"
            newest = datetime.fromtimestamp(max(file.touched for file in found), UTC)
            yield StorageRow(kind, str(kind), label, size_of(found), advice=advice, modified=newest)


def _left_by_upgrade(usage: Usage) -> Iterator[StorageRow]:
    """Yield what a conversion keeps for an older server, and what only it would still find."""
    if usage.originals:
        models = [name for original in usage.originals for name in original.names]
        yield StorageRow(
            RowKind.ORIGINALS,
            "originals",
            f"{plural(len(usage.originals), 'original')} kept by an upgrade",
            usage.originals_freed.bytes,
            advice=f"Ollama converted {_some(models)} and kept the original too: deleting that "
            f"frees {usage.originals_freed}. {WAY_BACK}.",
        )
    for backup in usage.lone_backups:
        freed = usage.freed((backup.name,))
        say = f"What Ollama made of a model that is deleted: deleting that too frees {freed}."
        yield StorageRow(
            RowKind.BACKUP, backup.name, name_label(backup.name), freed.bytes, advice=say
        )
    for name in usage.unlisted:
        freed = usage.freed((name,))
        say = f"The server does not list {name_label(name)}, as its config is missing: pulling it "
        say += f"again repairs it, and deleting it frees {freed}."
        text = f"{name_label(name)}, not listed"
        yield StorageRow(RowKind.UNLISTED, name, text, freed.bytes, advice=say)
    if hidden := usage.hidden:
        paths = listing([inert(entry.path) for entry in hidden[:NAMED]])
        yield StorageRow(
            RowKind.HIDDEN,
            "hidden",
            plural(len(hidden), "unreachable entry", "unreachable entries"),
            sum(entry.frees for entry in hidden),
            advice=f"No request can reach {paths}: a newer entry has the same name, or the server "
            "does not look there. Deleting the newer one removes both; what only the older one "
            "names counts as unused.",
        )


def name_label(name: str) -> str:
    """Return a name for the screen; of a backup with the twelve digits that Ollama shows."""
    name, digest = _tagged(name)
    if names.is_shadow(name, digest):
        return f"backup {name[: -len(digest)]}{digest[:12]}…"
    return inert(name)


def _tagged(name: str) -> tuple[str, str]:
    """Return a name, and its tag, which is the digest of a backup."""
    return name, name.rpartition(":")[2]


def _obstacles(usage: Usage) -> Iterator[StorageRow]:
    if not (found := usage.obstacles):
        return
    say = [f"{inert(path)} ({reason})" for path, reason in list(found.items())[:NAMED]]
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    them, it = ("it", "that file") if len(found) == 1 else ("one of them", "those files")
    lost = listing(sorted({inert(name) for name in usage.unprotected.values()}))
    still = f" Data of {lost} may go with other models: copy it first." if lost else ""
    yield StorageRow(
        RowKind.OBSTACLES,
        "obstacles",
        plural(len(found), "entry", "entries") + " that block cleanup",
        0,
        advice=f"While {them} is there, the server cleans up nothing when it starts: "
        f"{listing(say)}{more}. Pull that model again, or remove {it} where the server runs."
        f"{still}",
    )


def _restart(leftovers: Sequence[Leftover], usage: Usage, now: float) -> str:
    """Return what a restart of the server would remove, as the end of a sentence."""
    if usage.obstacles:
        return "the server frees none of it until the entries that block cleanup are repaired."
    old = removable_at_restart(leftovers, now)
    if not old:
        return f"{RESTART} frees it once it is an hour old, {NOPRUNE}."
    young = len(leftovers) > len(old)
    rest = " The rest is younger than an hour and may be in use." if young else ""
    return f"{RESTART} frees {size(size_of(old))}, {NOPRUNE}.{rest}"


def _some(users: Sequence[str]) -> str:
    shown = [name_label(name) for name in users[:NAMED]]
    more = len(users) - len(shown)
    return listing([*shown, f"{more} more"] if more else shown)


def summary(usage: Usage) -> str:
    """Return what it all adds up to as a sentence, the most important first.

    What an upgrade kept is part of what models use; unused files and downloads are not.
    """
    used = f"{usage.unique} used by models"
    if usage.originals:
        used += f" ({usage.originals_freed} of it kept by an upgrade)"
    facts = [used]
    if usage.orphans:
        facts.append(f"{size(size_of(usage.orphans))} more in files no model uses")
    if usage.partials:
        facts.append(f"{size(size_of(usage.partials))} more in unfinished downloads")
    if usage.free is not None:
        facts.append(f"{size(usage.free)} free")
    said = ", ".join(facts)
    if usage.total > usage.unique.bytes:
        said += f"; sizes as listed add up to {size(usage.total)}, as shared weights are counted "
        said += "each time"
    return f"{said}."
