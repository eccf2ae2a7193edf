"""`restore`: pull the models of an export that are missing, each announced before."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from ollama_tui.api.errors import NotFound, OllamaError, Unreachable
from ollama_tui.cli.context import Desk, Mistaken
from ollama_tui.cli.output import complain, say, say_json, table
from ollama_tui.domain import names
from ollama_tui.domain import plan as plans
from ollama_tui.domain.model import Model
from ollama_tui.domain.plan import Do, Plan, Step
from ollama_tui.formatting import inert, rate, size_of
from ollama_tui.services.jobs.job import JobProgress, percent
from ollama_tui.services.jobs.progress import Transfer

if TYPE_CHECKING:
    from ollama_tui.api.registry import Registry

LARGEST = 64 * 1024 * 1024
"""Bytes of an export; more is something else."""
TELL_EVERY = 5.0
"""Seconds between two lines on a pull's progress."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One model of an export."""

    name: str
    digest: str = ""
    """64 hex digits; empty when the export does not say."""
    parent: str = ""
    """The model it was made from, where it was made and not pulled."""


async def carry_out(desk: Desk) -> int:
    """Say what is missing and pull it, unless that is all that was asked; 1 if any was refused."""
    wanted = read(_text(desk.options.file))
    plan = await _planned(desk, wanted)
    if desk.options.json:
        say_json(plans.as_json(plan))
    else:
        rows = plans.lines(plan)
        say([*table(("DO", "NAME", "FETCH", "WHY"), rows, "FETCH"), "", plan.summary])
    sys.stdout.flush()
    if desk.options.dry_run:
        return 0
    if desk.settings.read_only and plan.of(Do.PULL):
        complain("Read-only, so nothing was pulled.")
        return 1
    pulled = [await _pulled(desk, step) for step in plan.of(Do.PULL)]
    return 0 if all(pulled) and not plan.of(Do.REFUSE) else 1


def _text(file: str) -> str:
    """Return what is in `file`; raises Mistaken."""
    try:
        if file == "-":
            data = sys.stdin.buffer.read(LARGEST)
        else:
            with Path(file).open("rb") as opened:
                data = opened.read(LARGEST)
    except OSError as error:
        raise Mistaken(f"{file} cannot be read: {error.strerror}.") from error
    return data.decode("utf-8", "replace").removeprefix("\ufeff")


def read(text: str) -> tuple[Wanted, ...]:
    """Return the models of an export, JSON or a list of names; raises Mistaken."""
    found = _from_json(text) if text.lstrip().startswith(("{", "[")) else _from_lines(text)
    by_key = {names.key(wanted.name): wanted for wanted in found}
    if not by_key:
        raise Mistaken("There are no models in that file.")
    return tuple(by_key.values())


def _from_lines(text: str) -> Iterator[Wanted]:
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words:
            given = words[1] if len(words) > 1 else ""
            yield Wanted(words[0], given.removeprefix("sha256:").strip("-"))


def _from_json(text: str) -> Iterator[Wanted]:
    try:
        value = json.loads(text)
        entries = value["models"] if isinstance(value, dict) else value
        for entry in entries:
            texts = (_string(entry.get(key) or "") for key in ("digest", "parent"))
            yield Wanted(_string(entry["name"]), *texts)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Mistaken("That file is JSON, but no list of models.") from error


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


async def _planned(desk: Desk, wanted: Sequence[Wanted]) -> Plan:
    installed = {names.key(model.name): model for model in await desk.models()}
    sizes: dict[str, int] = {}
    async with desk.registry() as registry:
        steps = [
            await _step(desk, registry, one, installed.get(names.key(one.name)), sizes)
            for one in wanted
        ]
    return plans.restoration(steps, sizes)


async def _step(
    desk: Desk, registry: Registry, wanted: Wanted, there: Model | None, sizes: dict[str, int]
) -> Step:
    """Return what is to be done for one model; add the layers to fetch to `sizes`."""
    if there is not None:
        same = not wanted.digest or wanted.digest == there.digest
        why = "It is there." if same else "Another version is there, which stays as it is."
        return Step(Do.KEEP, wanted.name, why=why)
    if (problem := names.pull_problem(wanted.name)) is not None:
        return Step(Do.REFUSE, wanted.name, why=problem)
    made = f"It was made from {inert(wanted.parent)[:80]}"
    try:
        published = await registry.manifest(names.parse(names.resolved(wanted.name)))
    except NotFound as error:
        return Step(Do.REFUSE, wanted.name, why=error.title)
    except OllamaError as error:
        if wanted.parent:
            why = f"{made}, and nobody knows whether a registry has it: {error.title}"
            return Step(Do.REFUSE, wanted.name, why=why)
        return plans.pulling(wanted.name, None, f"Its size is not known: {error.title}")
    newer = wanted.digest and wanted.digest != published.digest
    if newer and wanted.parent:
        return Step(Do.REFUSE, wanted.name, why=f"{made}: the registry has another of its name.")
    layers = {layer.digest: layer.size for layer in published.manifest.everything}
    missing = {d: size for d, size in layers.items() if not await desk.ollama.blob_exists(d)}
    sizes.update(missing)
    why = "The registry has another version by now." if newer else ""
    return plans.pulling(
        wanted.name,
        missing.items(),
        why,
        insecure=published.insecure,
        whole=published.manifest.size,
    )


async def _pulled(desk: Desk, step: Step) -> bool:
    """Pull one model, telling how far it is; say and return when it fails."""
    transfer, told = Transfer(step.whole), monotonic()
    _tell(step, "pulling")
    try:
        async with aclosing(desk.ollama.pull(step.name, insecure=step.insecure)) as events:
            async for event in events:
                transfer = transfer.fold(event, monotonic())
                if monotonic() - told >= TELL_EVERY:
                    told = monotonic()
                    _tell(step, _in_words(transfer.progress(told)))
    except Unreachable:
        raise
    except OllamaError as error:
        _tell(step, str(error))
        return False
    _tell(step, "done")
    return True


def _in_words(progress: JobProgress) -> str:
    if progress.stalled_for:
        return f"stalled for {progress.stalled_for} s"
    if not progress.total:
        return progress.phase
    moved = size_of(progress.completed, progress.total)
    if progress.fraction is None:
        return f"{moved} so far  {rate(progress.rate)}"
    return f"{percent(progress.fraction)}%  {moved}  {rate(progress.rate)}"


def _tell(step: Step, words: str) -> None:
    print(f"{inert(step.name)}: {inert(words)}", file=sys.stderr, flush=True)
