"""What a bulk operation is going to do, as one value: dialogs show it, `--dry-run` prints it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from ollama_tui.domain.model import Model, ModelKey
from ollama_tui.domain.storage.report import RowKind, name_label
from ollama_tui.domain.storage.upgrade import Backup
from ollama_tui.domain.storage.usage import Amount, Usage
from ollama_tui.domain.updates import Upstream
from ollama_tui.formatting import inert, listing, plural, shorten, size

NO_BYTES = Amount(0)
NAME_CELLS = 60
"""Cells of a name in a sentence at most; those of backups are longer."""


class Operation(StrEnum):
    """What happens to one model."""

    PULL = "pull"
    COPY = "copy"
    """Its files, from one folder to another."""
    DELETE = "delete"
    KEEP = "keep"
    """Nothing: it is as it should be, or nobody may touch it."""
    REFUSE = "refuse"
    """It was asked for and cannot be done."""


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """One request to the server."""

    method: str
    path: str
    body: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}  {json.dumps(self.body, ensure_ascii=False)}"


@dataclass(frozen=True, slots=True)
class Deletion:
    """One request that deletes a name, or with a digest one manifest under whatever names it is."""

    model: str
    """The name, raw."""
    digest: str = ""
    """Of the one manifest, 64 hex digits; empty for all that the name has."""
    name: str = ""
    """What it is called among others, raw: the name, and which manifest of it; see `deletions`."""
    agreed: frozenset[ModelKey] | None = None
    """The rows that may go with it; None for any."""
    unload: tuple[tuple[str, str], ...] = ()
    """Names and runners of what is in memory and is unloaded first."""
    after: str = ""
    """`name` of the deletion without whose success this one is left out; empty for none."""
    keeps: tuple[str, ...] = ()
    """The runners of the other manifests of the name, which stay."""
    takes: tuple[str, ...] = ()
    """Other names that go too: all they have is that manifest."""
    changes: tuple[str, ...] = ()
    """Other names that lose that manifest and keep others."""
    listed: str = ""
    """The name as it is listed, where `model` is written out; else the same."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "listed", self.listed or self.model)
        object.__setattr__(self, "name", self.name or self.model)

    @property
    def target(self) -> str:
        """What the request names."""
        return f"sha256-{self.digest}" if self.digest else self.model

    def reaches(self, listed: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        """Return which rows of a list, by name and digest, the request would delete."""
        if self.digest:
            return frozenset(key for key in listed if key[1] == self.digest)
        return frozenset(key for key in listed if key[0] == self.model)


def deletions(chosen: Sequence[Model], listed: Iterable[Model]) -> tuple[Deletion, ...]:
    """Return the requests that delete the rows `chosen` of all that are `listed`, in order.

    All rows of a name go by name, at once; some of them each by digest. Such a request takes the
    manifest out of every list of manifests, and deletes every name that has no other.
    """
    rows: dict[str, list[Model]] = {}
    for model in chosen:
        rows.setdefault(model.name, []).append(model)
    parts = [own for own in rows.values() if len(own) <= own[0].siblings]
    by_digest: dict[str, list[Model]] = {}
    by_name: dict[str, list[Model]] = {}
    for model in listed if parts else ():
        by_digest.setdefault(model.digest, []).append(model)
        by_name.setdefault(model.name, []).append(model)
    called = Counter(model.full_name for own in parts for model in own)
    found = []
    for name, own in rows.items():
        loaded = [model for model in own if model.is_loaded]
        if len(own) > own[0].siblings:
            agreed = frozenset(model.key for model in own)
            unload = tuple((name, model.asked_runner) for model in loaded)
            found.append(Deletion(name, agreed=agreed, unload=unload))
            continue
        for model in own:
            others = [m for m in by_digest[model.digest] if m.name != name]
            backup = (model.backup,) if model.backup else ()
            keys = [ModelKey(each, model.digest) for each in backup]
            twice = called[model.full_name] > 1
            found.append(
                Deletion(
                    name,
                    model.digest,
                    name=f"{model.full_name} {model.digest[:12]}" if twice else model.full_name,
                    agreed=frozenset((model.key, *(m.key for m in others), *keys)),
                    unload=((name, model.asked_runner),) if model in loaded else (),
                    keeps=tuple(m.runner for m in by_name[name] if m.digest != model.digest),
                    takes=(*(m.name for m in others if not m.siblings), *backup),
                    changes=tuple(m.name for m in others if m.siblings),
                )
            )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class PlanStep:
    """What happens to one model, and what it costs or gives back."""

    operation: Operation
    name: str
    bytes: int | None = None
    """Fetched by a pull, copied, freed by a deletion on its own; None when unknown."""
    estimated: bool = False
    """Whether the bytes are estimated."""
    reason: str = ""
    """What there is to know of it, as a sentence."""
    calls: tuple[PlannedRequest, ...] = ()
    insecure: bool = False
    """Whether a pull has to be by plain HTTP."""
    digests: frozenset[str] = frozenset()
    """Of what is fetched or copied; steps that share one move it once."""
    whole: int | None = None
    """Bytes of all a pull moves or finds there; None when unknown."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps in order, and what they come to."""

    steps: tuple[PlanStep, ...] = ()
    freed: Amount = NO_BYTES
    """What all deletions free together: more than each alone, as shared data goes with the last."""
    fetched: Amount = NO_BYTES
    """What is fetched or copied together, shared layers once."""
    kept_for: tuple[str, ...] = ()
    """Models that stay and keep data of deleted ones."""
    unknown: tuple[str, ...] = ()
    """Models that may keep more of it: it is not known yet what they share."""
    deletions: tuple[Deletion, ...] = ()
    """What the deletions among the steps send, and what was agreed to."""
    backups: tuple[Deletion, ...] = ()
    """What may be deleted besides: backups that would keep data of deleted models."""
    freed_with_backups: Amount = NO_BYTES
    """What all deletions free together with those."""

    @property
    def calls(self) -> tuple[PlannedRequest, ...]:
        """All requests, in order."""
        return tuple(call for step in self.steps for call in step.calls)

    def of(self, operation: Operation) -> tuple[PlanStep, ...]:
        """Return the steps of one kind."""
        return tuple(step for step in self.steps if step.operation is operation)

    @property
    def summary(self) -> str:
        """What it comes to, as a sentence."""
        kinds = [(len(self.of(do)), do) for do in Operation]
        counts = [f"{count} to {do}" for count, do in kinds if count]
        text = listing(counts) if counts else "nothing to do"
        if self.of(Operation.PULL):
            text += f"; fetches {self.fetched}"
        if self.of(Operation.COPY):
            text += f"; copies {self.fetched}"
        if self.of(Operation.DELETE):
            text += f"; frees {self.freed}"
        return f"{plural(len(self.steps), 'model')}: {text}."


def plan_deletion(models: Sequence[Model], usage: Usage) -> Plan:
    """Return the plan of deleting `models`: what is loaded is unloaded first."""
    plan = _plan_of_deletions(deletions(models, usage.models), usage)
    gone = frozenset(item.model for item in plan.deletions if not item.digest)
    if not (backups := usage.backups_of(gone)):
        return plan
    kept = frozenset(backup.name for backup in backups)
    digests = [item.digest for item in plan.deletions if item.digest]
    return replace(
        plan,
        kept_for=tuple(name for name in plan.kept_for if name not in kept),
        backups=tuple(map(_backup_deletion, backups)),
        freed_with_backups=usage.freed(gone | kept, digests),
    )


def freed_by(models: Sequence[Model], usage: Usage) -> Amount:
    """Return what deleting `models` frees together, with the backups that would keep their data.

    It is what `plan_deletion` comes to, without a step for each of them.
    """
    items = deletions(models, usage.models)
    gone = frozenset(item.model for item in items if not item.digest)
    backups = frozenset(backup.name for backup in usage.backups_of(gone))
    return usage.freed(gone | backups, [item.digest for item in items if item.digest])


def plan_leftover(kind: RowKind, key: str, usage: Usage) -> Plan:
    """Return the plan of deleting what a row of storage is about that is no listed model."""
    if kind is RowKind.UNLISTED:
        return _plan_of_deletions((Deletion(key, agreed=frozenset()),), usage)
    if kind is RowKind.BACKUP:
        found = [backup for backup in usage.lone_backups if backup.name == key]
        return _plan_of_deletions(tuple(map(_backup_deletion, found)), usage)
    originals = tuple(
        Deletion(
            original.names[0],
            original.digest,
            name=f"original of {listing(original.names)}",
            agreed=frozenset(m.key for m in usage.models if m.digest == original.digest),
        )
        for original in usage.originals
    )
    return _plan_of_deletions(originals, usage)


def _backup_deletion(backup: Backup) -> Deletion:
    """Return the deletion of a backup; what is listed of it by its short name is the same."""
    return Deletion(
        backup.target,
        listed=backup.name,
        name=name_label(backup.name),
        agreed=frozenset(),
        after=backup.of,
    )


def _plan_of_deletions(items: tuple[Deletion, ...], usage: Usage) -> Plan:
    steps = tuple(_deletion_step(item, usage) for item in items)
    gone = frozenset(item.listed for item in items if not item.digest)
    taken = frozenset(name for item in items for name in item.takes)
    freed = usage.freed(gone, [item.digest for item in items if item.digest])
    kept = tuple(name for name in usage.kept_for(gone) if name not in taken)
    return Plan(steps, freed, NO_BYTES, kept, usage.unknown, items)


def _deletion_step(item: Deletion, usage: Usage) -> PlanStep:
    alone = usage.freed((), (item.digest,)) if item.digest else usage.freed((item.listed,))
    calls = [unloading(name, runner) for name, runner in item.unload]
    calls.append(_deleting(item))
    reasons = ["It is loaded, and unloaded first."] if item.unload else []
    reasons += side_effects(item)
    return PlanStep(
        Operation.DELETE, item.name, alone.bytes, alone.estimated, " ".join(reasons), tuple(calls)
    )


def _deleting(item: Deletion) -> PlannedRequest:
    return PlannedRequest("DELETE", "/api/delete", {"model": item.target})


def unloading(name: str, runner: str = "") -> PlannedRequest:
    """Return the request that unloads a model."""
    chosen = {"runner": runner} if runner else {}
    return PlannedRequest("POST", "/api/generate", {"model": name, "keep_alive": 0} | chosen)


def side_effects(item: Deletion) -> list[str]:
    """Return in sentences what else a deletion of one of several manifests does; raw."""
    said = []
    if item.keeps:
        kept = listing([runner or "another manifest" for runner in item.keeps])
        said.append(f"{item.model} stays, with {kept}.")
    if item.takes:
        verb = "has" if len(item.takes) == 1 else "have"
        said.append(f"{_first(item.takes)} {verb} the same digest and will be deleted too.")
    if item.changes:
        verb = "loses" if len(item.changes) == 1 else "lose"
        said.append(f"{_first(item.changes)} {verb} it too.")
    return said


def _first(found: Collection[str], most: int = 5) -> str:
    shown = [shorten(name, NAME_CELLS) for name in list(found)[:most]]
    return listing([*shown, f"{len(found) - most} more"] if len(found) > most else shown)


def plan_updates(stale: Iterable[tuple[Model, Upstream]]) -> Plan:
    """Return the plan of pulling what is newer of each model."""
    steps = []
    sizes: dict[str, int] = {}
    for model, newer in stale:
        layers = {layer.digest: layer.size for layer in newer.missing}
        sizes |= layers
        reason = f"Changes {listing(newer.changes)}." if newer.changes else ""
        steps.append(pull_step(model.name, layers.items(), reason, insecure=newer.insecure))
    return plan_of_transfers(steps, sizes)


def pull_step(
    name: str,
    missing: Iterable[tuple[str, int]] | None,
    reason: str = "",
    *,
    insecure: bool = False,
    whole: int | None = None,
) -> PlanStep:
    """Return the step of pulling `name`; `missing` are digests and sizes, None when unknown."""
    layers = dict(missing) if missing is not None else None
    return PlanStep(
        Operation.PULL,
        name,
        sum(layers.values()) if layers is not None else None,
        layers is None,
        reason,
        (
            PlannedRequest(
                "POST", "/api/pull", {"model": name} | ({"insecure": True} if insecure else {})
            ),
        ),
        insecure,
        frozenset(layers or ()),
        whole,
    )


def plan_of_transfers(steps: Sequence[PlanStep], sizes: dict[str, int]) -> Plan:
    """Return the plan of `steps`; `sizes` are those of all layers to fetch or copy, by digest."""
    digests = frozenset[str]().union(*(step.digests for step in steps))
    unknown = any(step.operation is Operation.PULL and step.bytes is None for step in steps)
    return Plan(tuple(steps), fetched=Amount(sum(sizes[d] for d in digests), unknown))


def request_lines(plan: Plan, *, backups: bool = False) -> tuple[str, ...]:
    """Return what is sent to the server, in order, raw; with `backups`, their deletions too."""
    calls = [*plan.calls]
    if backups:
        calls += [_deleting(item) for item in plan.backups]
    return tuple(map(str, calls))


def lines(plan: Plan) -> list[tuple[str, str, str, str]]:
    """Return what to do, name, bytes and reason of each step, inert."""
    rows = []
    for step in plan.steps:
        if step.bytes is None:
            amount = "?" if step.operation is Operation.PULL else ""
        else:
            amount = ("~" if step.estimated else "") + size(step.bytes)
        rows.append((str(step.operation), inert(step.name), amount, inert(step.reason)))
    return rows


def as_json(plan: Plan) -> dict[str, Any]:
    """Return the plan for programs."""
    return {
        "steps": [
            {
                "do": str(step.operation),
                "name": step.name,
                "bytes": step.bytes,
                "estimated": step.estimated,
                "why": step.reason,
                "calls": [{"method": c.method, "path": c.path, "body": c.body} for c in step.calls],
            }
            for step in plan.steps
        ],
        "freed": plan.freed.bytes,
        "fetched": plan.fetched.bytes,
        "estimated": plan.freed.estimated or plan.fetched.estimated,
    }
