"""`import`: take over the models in a folder that `export --files` has written, or of a store."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Collection, Sequence
from pathlib import Path

from ollama_tui.api.errors import OllamaError, ReadOnly
from ollama_tui.api.features import LISTS
from ollama_tui.cli import restore
from ollama_tui.cli.context import CommandContext, CommandRefused, UsageError
from ollama_tui.cli.copies import (
    copied,
    is_complete,
    print_plan,
    print_result,
    refuse_without_space,
    store_of_server,
)
from ollama_tui.cli.export_files import INDEX
from ollama_tui.cli.exported import LARGEST
from ollama_tui.cli.output import complain, print_lines
from ollama_tui.cli.restored_notes import RestoredNotes
from ollama_tui.config.safe_file import Unusable, read_bounded, reason_of
from ollama_tui.domain import names
from ollama_tui.domain.copying import CopyPlan, ModelCopy, plan_copies
from ollama_tui.domain.storage.contents import Contents
from ollama_tui.domain.suggestions import did_you_mean
from ollama_tui.formatting import inert, listing, plural
from ollama_tui.services.store.checksums import FILE, damaged, read_checksums
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
        "names", nargs="*", default=[], metavar="NAME", help="which models; all if none is named"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be done, and do nothing"
    )


async def run(context: CommandContext) -> int:
    """Copy the models of the folder to the server's store; 1 if any was refused."""
    if not context.options.file:
        raise UsageError("import needs a folder, such as /mnt/disk.")
    folder = Path(context.options.file)
    source = await asyncio.to_thread(_source, folder)
    refused = await asyncio.to_thread(_refused, source, folder)
    wanted = _chosen(source, refused, context.options.names, folder)
    if context.settings.read_only and not context.options.dry_run:
        raise CommandRefused(str(ReadOnly("Nothing was imported")))
    target = await store_of_server(context, await context.models())
    _refuse_same(folder, Path(target.root))
    copying = plan_copies(
        source,
        target,
        wanted,
        refused=refused,
        list_problem=LISTS.problem(await context.ollama.version()),
        there="installed",
        again="export it again",
    )
    notes, problem = await asyncio.to_thread(_notes, context, folder, copying)
    more = {"notes": notes.as_json()}
    print_plan(context, copying, more)
    print_lines([] if context.options.json else notes.lines())
    unseen = "" if context.options.names else _unseen(source, folder)
    complain(*filter(None, (problem, unseen)))
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
    result = await copied(copying, folder, Path(target.root), links=True)
    are_listed = await _are_listed(context, target, result.done)
    print_result(context, copying, result, more)
    whole = are_listed and not problem and not unseen
    return 0 if whole and is_complete(copying, result) else 1


def _source(folder: Path) -> Contents:
    """Return what is in the folder; raises UsageError."""
    try:
        return ModelStore(folder).read()
    except OSError as error:
        inside = folder / "models"  # of ~/.ollama
        advice = "Name a folder that export --files has written, or the models folder of a server."
        if os.path.isdir(inside / "blobs"):
            advice = f"Did you mean {inert(str(inside))}?"
        raise UsageError(
            f"There are no models to import in {inert(str(folder))}: {reason_of(error)}. {advice}"
        ) from error


def _refused(source: Contents, folder: Path) -> dict[str, str]:
    """Return why models of the folder must not be used, by name; raises UsageError."""
    try:
        return damaged(source, read_checksums(folder))
    except Unusable as error:
        raise UsageError(
            f"{inert(str(folder / FILE))} {error}: export again, or delete it to import without "
            "checking manifests."
        ) from error


def _chosen(
    source: Contents, refused: Collection[str], asked: Sequence[str], folder: Path
) -> Sequence[str]:
    """Return the names in the folder that are asked for, or all; raises UsageError.

    Those that are `refused` may be there no longer.
    """
    here = (name for name, entry in source.counted.items() if not entry.is_shadow)
    there = sorted({*here, *refused})
    if not there:
        raise UsageError(f"{inert(str(folder))} has no models.")
    known = {names.comparison_key(name): name for name in there}
    for name in asked:
        if names.comparison_key(name) not in known:
            has = listing([*map(inert, there[:MOST]), *(["more"] if len(there) > MOST else [])])
            meant = inert(did_you_mean(name, there)) or f"It has {has}."
            raise UsageError(f"{inert(str(folder))} has no model {inert(name)}. {meant}")
    return list(dict.fromkeys(known[names.comparison_key(name)] for name in asked)) or there


def _unseen(source: Contents, folder: Path) -> str:
    """Return what to say of files that may not be read; empty when there are none."""
    if not source.unseen:
        return ""
    return (
        f"{plural(source.unseen, 'file or folder', 'files or folders')} in {inert(str(folder))} "
        "cannot be read, so models may be missing. Run this as a user who may read them."
    )


def _notes(context: CommandContext, folder: Path, copying: CopyPlan) -> tuple[RestoredNotes, str]:
    """Return what becomes of the notes in the folder, and why they cannot be read, if so.

    There are none where it is a bare store.
    """
    file = folder / INDEX
    try:
        said = restore.read(read_bounded(file, LARGEST).decode("utf-8", "replace"))
    except FileNotFoundError:
        return RestoredNotes(), ""
    except (Unusable, CommandRefused):
        return (
            RestoredNotes(),
            f"{inert(str(file))} is damaged, so notes, tags and locks are not imported.",
        )
    planned = {names.comparison_key(step.name) for step in copying.plan.steps}
    mine = [model for model in said if names.comparison_key(model.name) in planned]
    return restore.planned_notes(context, mine, copying.plan), ""


def _refuse_same(folder: Path, store: Path) -> None:
    if folder.resolve() == store.resolve():
        raise UsageError(f"{inert(str(folder))} is the folder of the server itself.")


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
    try:
        models = await context.ollama.list()
    except OllamaError as error:
        complain(f"The files were copied, but the server does not say what it lists: {error}")
        return False
    listed = {(names.comparison_key(model.name), model.digest) for model in models}
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
