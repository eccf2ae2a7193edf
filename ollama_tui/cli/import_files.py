"""`import`: take over the models in a folder that `export --files` has written, or of a store."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from ollama_tui.api.errors import ReadOnly
from ollama_tui.api.features import LISTS
from ollama_tui.cli import restore
from ollama_tui.cli.context import CommandContext, CommandRefused, UsageError
from ollama_tui.cli.copies import copied, print_plan, refuse_without_space, store_of_server
from ollama_tui.cli.export_files import INDEX, LARGEST
from ollama_tui.cli.output import complain
from ollama_tui.cli.restored_notes import RestoredNotes
from ollama_tui.config.safe_file import Unusable, read_bounded
from ollama_tui.domain import names
from ollama_tui.domain.copying import CopyPlan, ModelCopy, plan_copies
from ollama_tui.domain.plan import Operation
from ollama_tui.domain.storage.contents import Contents
from ollama_tui.domain.suggestions import did_you_mean
from ollama_tui.formatting import inert, listing
from ollama_tui.services.store.checksums import damaged_entries, read_checksums
from ollama_tui.services.store.reader import ModelStore

MOST = 10
"""Names of a folder's models in a sentence."""
HELP = "Install the models of a folder that export --files has written."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command takes."""
    parser.add_argument(
        "file", metavar="DIR", help="the folder: an export, or the models folder of a server"
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="which models; all if none is named"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be done, and do nothing"
    )


async def run(context: CommandContext) -> int:
    """Copy the models of the folder to the server's store; 1 if any was refused."""
    folder = Path(context.options.file)
    source = await asyncio.to_thread(_source, folder)
    wanted = _chosen(source, context.options.names, folder)
    if context.settings.read_only and not context.options.dry_run:
        raise CommandRefused(str(ReadOnly("Nothing was imported")))
    target = await store_of_server(context, await context.models())
    copying = plan_copies(
        source,
        target,
        wanted,
        refused=await asyncio.to_thread(_damaged, source, folder, target),
        list_problem=LISTS.problem(await context.ollama.version()),
        there="installed",
    )
    notes = await asyncio.to_thread(_notes, context, folder, copying)
    print_plan(context, copying, notes)
    if context.options.dry_run:
        return 0
    refuse_without_space(copying, target)
    if copying.copies and not _may_write(Path(target.root, "blobs")):
        raise CommandRefused(
            f"{inert(target.root)} belongs to another user{_owner(target)}, so nothing was "
            "imported. Run this as that user, or as root."
        )
    if not await restore.keep_notes(context, notes, undone="Nothing was imported"):
        return 1
    done = await copied(copying, folder, Path(target.root), links=True)
    complete = len(done) == len(copying.copies) and not copying.plan.of(Operation.REFUSE)
    return 0 if await _are_listed(context, target, done) and complete else 1


def _source(folder: Path) -> Contents:
    """Return what is in the folder; raises UsageError."""
    try:
        return ModelStore(folder).read()
    except OSError as error:
        reason = (error.strerror or "it fails").lower()
        inside = folder / "models"  # of ~/.ollama
        advice = "Name a folder that export --files has written, or the models folder of a server."
        if (inside / "blobs").is_dir():
            advice = f"Did you mean {inert(str(inside))}?"
        raise UsageError(
            f"{inert(str(error.filename or folder))}: {reason}, so there are no models to import. "
            f"{advice}"
        ) from error


def _chosen(source: Contents, asked: Sequence[str], folder: Path) -> Sequence[str]:
    """Return the names in the folder that are asked for, or all; raises UsageError."""
    there = sorted(name for name, entry in source.counted.items() if not entry.is_shadow)
    if not there:
        raise UsageError(f"{inert(str(folder))} has no models.")
    known = {names.comparison_key(name): name for name in there}
    for name in asked:
        if names.comparison_key(name) not in known:
            has = listing([*map(inert, there[:MOST]), *(["more"] if len(there) > MOST else [])])
            meant = inert(did_you_mean(name, there)) or f"It has {has}."
            raise UsageError(f"{inert(str(folder))} has no model {inert(name)}. {meant}")
    return list(dict.fromkeys(known[names.comparison_key(name)] for name in asked)) or there


def _damaged(source: Contents, folder: Path, target: Contents) -> dict[str, str]:
    """Return why entries must not be used, by path; raises UsageError."""
    if folder.samefile(target.root):
        raise UsageError(f"{inert(str(folder))} is the folder of the server itself.")
    try:
        return damaged_entries(source, read_checksums(folder))
    except Unusable as error:
        raise UsageError(f"{inert(str(folder))}: the file of checksums {error}.") from error


def _notes(context: CommandContext, folder: Path, copying: CopyPlan) -> RestoredNotes:
    """Return what becomes of the notes in the folder; none where it is a bare store."""
    try:
        text = read_bounded(folder / INDEX, LARGEST).decode("utf-8", "replace")
    except FileNotFoundError:
        return RestoredNotes()
    except Unusable as error:
        raise UsageError(f"{inert(str(folder / INDEX))} {error}.") from error
    planned = {names.comparison_key(step.name) for step in copying.plan.steps}
    said = restore.read(text, str(folder / INDEX))
    mine = [model for model in said if names.comparison_key(model.name) in planned]
    return restore.planned_notes(context, mine, copying.plan)


def _may_write(folder: Path) -> bool:
    effective = os.access in os.supports_effective_ids
    return os.access(folder, os.W_OK, effective_ids=effective)


def _owner(target: Contents) -> str:
    try:
        return f" ({Path(target.root).owner()})"
    except (KeyError, OSError):
        return ""


async def _are_listed(context: CommandContext, target: Contents, done: Sequence[ModelCopy]) -> bool:
    """Ask the server whether it lists what was copied to its store; if not, say so."""
    if not done:
        return True
    listed = {(names.comparison_key(m.name), m.digest) for m in await context.ollama.list()}
    unseen = [
        inert(model.name)
        for model in done
        if not any((names.comparison_key(model.name), d) in listed for d in model.entry.digests)
    ]
    if unseen:
        complain(
            f"The server does not list {listing(unseen)}, although the files are in "
            f"{inert(target.root)}: if that is not its folder, set OLLAMA_MODELS to the right one."
        )
    return not unseen
