"""What a bulk operation is going to do, as one value: dialogs show it, `--dry-run` prints it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ollama_tui.domain.model import Model
from ollama_tui.domain.storage.usage import Amount, Usage
from ollama_tui.domain.updates import Upstream
from ollama_tui.formatting import inert, listing, plural, size

NO_BYTES = Amount(0)


class Operation(StrEnum):
    """What happens to one model."""

    PULL = "pull"
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


@dataclass(frozen=True, slots=True)
class PlanStep:
    """What happens to one model, and what it costs or gives back."""

    operation: Operation
    name: str
    bytes: int | None = None
    """Fetched by a pull, freed by a deletion on its own; None when unknown."""
    estimated: bool = False
    """Whether the bytes are estimated."""
    reason: str = ""
    """What there is to know of it, as a sentence."""
    calls: tuple[PlannedRequest, ...] = ()
    insecure: bool = False
    """Whether a pull has to be by plain HTTP."""
    digests: frozenset[str] = frozenset()
    """Of what a pull fetches; steps that share one fetch it once."""
    whole: int | None = None
    """Bytes of all a pull moves or finds there; None when unknown."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps in order, and what they come to."""

    steps: tuple[PlanStep, ...] = ()
    freed: Amount = NO_BYTES
    """What all deletions free together: more than each alone, as shared data goes with the last."""
    fetched: Amount = NO_BYTES
    """What all pulls fetch together, shared layers once."""
    kept_for: tuple[str, ...] = ()
    """Models that stay and keep data of deleted ones."""
    unknown: tuple[str, ...] = ()
    """Models that may keep more of it: it is not known yet what they share."""

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
        if self.of(Operation.DELETE):
            text += f"; frees {self.freed}"
        return f"{plural(len(self.steps), 'model')}: {text}."


def plan_deletion(models: Sequence[Model], usage: Usage) -> Plan:
    """Return the plan of deleting `models`: what is loaded is unloaded first."""
    names = frozenset(model.name for model in models)
    steps = []
    for model in models:
        alone = usage.freed((model.name,))
        calls = [PlannedRequest("DELETE", "/api/delete", {"model": model.name})]
        if model.is_loaded:
            body = {"model": model.name, "keep_alive": 0}
            calls.insert(0, PlannedRequest("POST", "/api/generate", body))
        reason = "It is loaded, and unloaded first." if model.is_loaded else ""
        steps.append(
            PlanStep(
                Operation.DELETE, model.name, alone.bytes, alone.estimated, reason, tuple(calls)
            )
        )
    return Plan(tuple(steps), usage.freed(names), NO_BYTES, usage.kept_for(names), usage.unknown)


def plan_updates(stale: Iterable[tuple[Model, Upstream]]) -> Plan:
    """Return the plan of pulling what is newer of each model."""
    steps = []
    sizes: dict[str, int] = {}
    for model, newer in stale:
        layers = {layer.digest: layer.size for layer in newer.missing}
        sizes |= layers
        reason = f"Changes {listing(newer.changes)}." if newer.changes else ""
        steps.append(pull_step(model.name, layers.items(), reason, insecure=newer.insecure))
    return plan_of_pulls(steps, sizes)


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


def plan_of_pulls(steps: Sequence[PlanStep], sizes: dict[str, int]) -> Plan:
    """Return the plan of `steps`; `sizes` are those of all layers to fetch, by digest."""
    digests = frozenset[str]().union(*(step.digests for step in steps))
    unknown = any(step.operation is Operation.PULL and step.bytes is None for step in steps)
    return Plan(tuple(steps), fetched=Amount(sum(sizes[d] for d in digests), unknown))


def requests(plan: Plan) -> str:
    """Return what is sent to the server, as a sentence; each waits for the one before."""
    counts = Counter(f"{call.method} {call.path}" for call in plan.calls)
    words = [request if n == 1 else f"{n} times {request}" for request, n in counts.items()]
    return f"Sends {listing(words)}."


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
