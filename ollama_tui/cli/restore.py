"""`restore`: say which models of an export are missing, and pull them."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import msgspec

from ollama_tui.api.errors import NotFound, OllamaError, ReadOnly, Unreachable
from ollama_tui.cli.context import CommandContext, CommandRefused, UsageError
from ollama_tui.cli.exported import KIND, LARGEST
from ollama_tui.cli.output import complain, print_json, print_lines, report, table
from ollama_tui.cli.restored_notes import RestoredNotes
from ollama_tui.config.safe_file import Unusable
from ollama_tui.domain import comparison, names
from ollama_tui.domain import plan as plans
from ollama_tui.domain.model import by_comparison_key
from ollama_tui.domain.notes import exported
from ollama_tui.domain.plan import Operation, Plan, PlanStep
from ollama_tui.domain.updates import NOT_FOR_IT, host_label
from ollama_tui.formatting import as_one_line, inert, rate, shorten, size_of
from ollama_tui.services.jobs.job import JobProgress, percent
from ollama_tui.services.jobs.progress import Transfer
from ollama_tui.services.updates import on_apple_silicon, read_manifests

if TYPE_CHECKING:
    from ollama_tui.api.registry import Registry

HELP = "Pull the models of an export that are not installed yet."
REPORT_EVERY = 5.0
"""Seconds between two lines on a pull's progress."""
_DIGEST = re.compile(r"(?:sha256:)?[0-9a-f]+|-")
_QUOTED_CELLS = 60


class ExportedModel(msgspec.Struct, frozen=True):
    """One model of an export."""

    name: str
    digest: str | None = ""
    """64 hex digits; empty when the export does not say."""
    parent: str | None = ""
    """The model it was made from, where it was made and not pulled."""
    note: str | None = None
    tags: tuple[str, ...] | None = None
    locked: bool | None = None
    """What was kept for it; exports of earlier versions do not say."""


class _Export(msgspec.Struct):
    models: tuple[ExportedModel, ...]
    kind: str = KIND


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command takes."""
    parser.add_argument("file", metavar="FILE", help="what export printed, or - for standard input")
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be done, and do nothing"
    )


async def run(context: CommandContext) -> int:
    """Say what is missing and pull it, unless that is all that was asked; 1 if any was refused."""
    file = context.options.file
    wanted = read(_text(file), "standard input" if file == "-" else file)
    plan = await _planned(context, wanted)
    notes = planned_notes(context, wanted, plan)
    if context.options.json:
        print_json(plans.as_json(plan) | {"notes": notes.as_json()})
    else:
        rows = plans.lines(plan)
        print_lines([*table(("DO", "NAME", "FETCH", "WHY"), rows, "FETCH"), "", plan.summary])
        print_lines(notes.lines())
    if context.options.dry_run:
        return 0
    if not await keep_notes(context, notes):
        return 1
    if context.settings.read_only and plan.of(Operation.PULL):
        complain(str(ReadOnly("Nothing was pulled")))
        return 1
    pulled = [await _pulled(context, step) for step in plan.of(Operation.PULL)]
    return 0 if all(pulled) and not plan.of(Operation.REFUSE) else 1


def planned_notes(
    context: CommandContext, wanted: Sequence[ExportedModel], plan: Plan
) -> RestoredNotes:
    """Return what becomes of the notes of models that are or will be here; the demo keeps none."""
    if context.notes_file is None:
        return RestoredNotes()
    refused = {step.name for step in plan.of(Operation.REFUSE)}
    kept = (m for m in wanted if m.name not in refused)
    notes = ((m.name, exported(m.note, m.tags, m.locked)) for m in kept)
    return RestoredNotes.of(notes, context.notes)


async def keep_notes(
    context: CommandContext, notes: RestoredNotes, *, undone: str = "Nothing was pulled"
) -> bool:
    """Write the notes that are taken over; where that fails, say why and return False.

    `undone` is what has not been done then.
    """
    file = context.notes_file
    if file is not None and notes.taken:
        try:
            await asyncio.to_thread(notes.keep, file, context.settings.host)
        except Unusable as error:
            complain(f"{undone}, and no note was kept: {error}")
            return False
    return True


def _text(file: str) -> str:
    """Return what is in `file`; raises UsageError."""
    try:
        if file != "-":
            with Path(file).open("rb") as opened:
                data = opened.read(LARGEST)
        elif sys.stdin is not None:
            data = sys.stdin.buffer.read(LARGEST)
        else:
            raise UsageError("Standard input is closed.")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
    return data.decode("utf-8", "replace").removeprefix("\ufeff")


def read(text: str, file: str = "The file") -> tuple[ExportedModel, ...]:
    """Return the models of an export, JSON or a list of names, each once; raises CommandRefused.

    `file` is how sentences call it. Where one line or model is none, all are refused: the file is
    probably something else.
    """
    is_json = text.lstrip().startswith(("{", "["))
    models = _in_json(text, file) if is_json else _in_lines(text, file)
    if not models:
        raise CommandRefused(f"{file}: no models in it.")
    return tuple({names.comparison_key(model.name): model for model in models}.values())


def _in_json(text: str, file: str) -> list[ExportedModel]:
    try:
        export = msgspec.json.decode(text, type=_Export | tuple[ExportedModel, ...])
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise CommandRefused(f"{file}: JSON, but not an export.") from error
    if isinstance(export, _Export) and export.kind != KIND:
        raise CommandRefused(f"{file}: JSON, but not an export.")
    models = export.models if isinstance(export, _Export) else export
    for number, model in enumerate(models, 1):
        if not (model.digest or _is_name(model.name)):
            raise _no_name(f"{file}, model {number}", model.name)
    return list(models)


def _in_lines(text: str, file: str) -> list[ExportedModel]:
    """Return the models of lines: a name, and as exported its digest and more."""
    models: list[ExportedModel] = []
    for number, line in enumerate(text.split("\n"), 1):
        match line.partition("#")[0].split():
            case []:
                pass
            case [name] if _is_name(name):
                models.append(ExportedModel(name))
            case [name, digest, *_] if _DIGEST.fullmatch(digest):
                models.append(ExportedModel(name, digest.removeprefix("sha256:").strip("-")))
            case _:
                raise _no_name(f"{file}, line {number}", line)
    return models


def _is_name(text: str) -> bool:
    """Whether a text that stands alone names a model that can be pulled.

    With its digest any text does: a server may list what no registry can have.
    """
    return names.pull_problem(text) is None


def _no_name(place: str, text: str) -> CommandRefused:
    quoted = shorten(as_one_line(text), _QUOTED_CELLS)
    return CommandRefused(f"{place}: not a model name: {quoted}.")


async def _planned(context: CommandContext, wanted: Sequence[ExportedModel]) -> Plan:
    models = await context.models()
    apple = on_apple_silicon(context.settings, context.transport)
    runners = comparison.runner_order(models, on_apple_silicon=apple)
    installed = by_comparison_key(models)
    sizes: dict[str, int] = {}
    steps: list[PlanStep] = []
    async with context.registry() as registry:
        for model in wanted:
            there = installed.get(names.comparison_key(model.name))
            if there is None:
                steps.append(await _fetching(model, context, registry, runners, sizes))
                continue
            digests = {row.digest for row in models if row.name == there.name}
            same = not model.digest or model.digest in digests
            why = "Already installed." if same else "Another version is installed, and is kept."
            steps.append(PlanStep(Operation.KEEP, model.name, reason=why))
    return plans.plan_of_transfers(steps, sizes)


async def _fetching(
    wanted: ExportedModel,
    context: CommandContext,
    registry: Registry,
    runners: Sequence[str],
    sizes: dict[str, int],
) -> PlanStep:
    """Return what is to be done for a model that is missing; add the layers to fetch to `sizes`.

    `runners` are those of the server in its order: it pulls for the first that there is.
    """
    if (problem := names.pull_problem(wanted.name)) is not None:
        return PlanStep(Operation.REFUSE, wanted.name, reason=problem)
    made = f"It was made from {inert(wanted.parent or '')[:80]}"
    try:
        name = names.parse(names.resolved(wanted.name))
        content = comparison.content_of(await registry.manifest(name), runners)
        if not content.chosen:
            why = NOT_FOR_IT.format(host_label(name))
            return PlanStep(Operation.REFUSE, wanted.name, reason=why)
        content = await read_manifests(registry, name, content, (content.chosen,))
    except NotFound as error:
        return PlanStep(Operation.REFUSE, wanted.name, reason=error.title)
    except OllamaError as error:
        if wanted.parent:
            why = f"{made}, and it is not known whether a registry has it: {error.title}"
            return PlanStep(Operation.REFUSE, wanted.name, reason=why)
        return plans.pull_step(wanted.name, None, f"Its size is not known: {error.title}")
    newer = wanted.digest and wanted.digest not in (content.digest, *content.children)
    if newer and wanted.parent:
        return PlanStep(
            Operation.REFUSE, wanted.name, reason=f"{made}: the registry has another of its name."
        )
    manifest = content.manifests[content.chosen]
    layers = {layer.digest: layer.size for layer in manifest.everything}
    missing = {d: size for d, size in layers.items() if not await context.ollama.blob_exists(d)}
    sizes.update(missing)
    return plans.pull_step(
        wanted.name,
        missing.items(),
        "The registry has a different version now." if newer else "",
        insecure=content.insecure,
        whole=manifest.size,
    )


async def _pulled(context: CommandContext, step: PlanStep) -> bool:
    """Pull one model and report how far it is; return whether it was pulled."""
    transfer, reported = Transfer(step.whole), monotonic()
    report(f"{step.name}: pulling")
    try:
        async with aclosing(context.ollama.pull(step.name, insecure=step.insecure)) as events:
            async for event in events:
                transfer = transfer.fold(event, monotonic())
                if monotonic() - reported >= REPORT_EVERY:
                    reported = monotonic()
                    report(f"{step.name}: {progress_text(transfer.progress(reported))}")
    except Unreachable:
        raise
    except OllamaError as error:
        report(f"{step.name}: {error}")
        return False
    report(f"{step.name}: done")
    return True


def progress_text(progress: JobProgress) -> str:
    """Return how far a pull is, in a few words."""
    if progress.stalled_for:
        return f"stalled for {progress.stalled_for} s"
    if not progress.total:
        return progress.phase
    moved = size_of(progress.completed, progress.total)
    if progress.fraction is None:
        return f"{moved} so far  {rate(progress.rate)}"
    return f"{percent(progress.fraction)}%  {moved}  {rate(progress.rate)}"
