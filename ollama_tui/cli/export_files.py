"""`export --files`: copy the files of models to a folder, for `import` on another machine.

The folder is a model store itself: a server whose OLLAMA_MODELS names it has these models. Beside
them are `SHA256SUMS`, which `sha256sum --check` reads, and `models.json`, an export as JSON with
notes, tags and locks.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ollama_tui.cli.context import CommandContext, CommandRefused, UsageError
from ollama_tui.cli.copies import copied, print_plan, refuse_without_space, store_of_server
from ollama_tui.cli.exported import export_of
from ollama_tui.config.safe_file import Unusable, read_bounded
from ollama_tui.domain import names
from ollama_tui.domain.copying import ModelCopy, plan_copies
from ollama_tui.domain.model import Model, by_comparison_key
from ollama_tui.domain.plan import Operation
from ollama_tui.domain.storage.contents import Contents
from ollama_tui.formatting import inert
from ollama_tui.services.store import checksums
from ollama_tui.services.store.reader import ModelStore, contents_or_empty

INDEX = "models.json"
"""The export as JSON in the folder."""
LARGEST = 64 * 1024 * 1024
"""Bytes of it; more is something else."""


async def run(context: CommandContext) -> int:
    """Copy the models that are named, or selected by a filter; 1 if any was refused."""
    if not context.options.files:
        raise UsageError("--files needs a folder to copy to, such as /mnt/disk.")
    folder = Path(context.options.files)
    source = await store_of_server(context, await context.models())
    models = await _chosen(context)
    if not models:
        raise CommandRefused("No model matches: nothing was copied.")
    target = await asyncio.to_thread(_target, folder, Path(source.root))
    known = await asyncio.to_thread(_index, folder / INDEX)
    copying = plan_copies(source, target, [model.name for model in models])
    print_plan(context, copying)
    if context.options.dry_run:
        return 0
    refuse_without_space(copying, target)
    said = await export_of(context, models)

    def describe(done: Sequence[ModelCopy]) -> Mapping[str, bytes]:
        index = _with_models(known, said, copying.same.union(copy.name for copy in done))
        sums = checksums.checksums(ModelStore(folder).read())
        return {INDEX: index, checksums.FILE: sums.encode()}

    done = await copied(copying, Path(source.root), folder, links=False, describe=describe)
    failed = len(done) < len(copying.copies) or copying.plan.of(Operation.REFUSE)
    return 1 if failed else 0


async def _chosen(context: CommandContext) -> Sequence[Model]:
    """Return the models that the arguments name, if all do, else those that they filter."""
    installed = by_comparison_key(await context.models())
    named = [installed.get(names.comparison_key(word)) for word in context.options.filter]
    if named and all(named):
        return list({model.name: model for model in named if model}.values())
    selected, _ = await context.selected()
    return sorted(by_comparison_key(selected).values(), key=lambda model: model.name)


def _target(folder: Path, store: Path) -> Contents:
    """Return what is in the folder to copy to; raises UsageError."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{inert(str(folder))} is not a folder.")
    if folder.exists() and folder.samefile(store):
        raise UsageError(f"{inert(str(folder))} is the folder of the server itself.")
    try:
        return contents_or_empty(folder)
    except OSError as error:
        reason = (error.strerror or "it fails").lower()
        raise UsageError(f"{inert(str(folder))} cannot be read: {reason}.") from error


def _index(file: Path) -> Mapping[str, Any]:
    """Return what earlier exports to the folder say, by comparison key; raises UsageError."""
    try:
        value = json.loads(read_bounded(file, LARGEST))
        return {names.comparison_key(model["name"]): model for model in value["models"]}
    except FileNotFoundError:
        return {}
    except (Unusable, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"{inert(str(file))} is no export: move it away, or export to another folder."
        ) from error


def _with_models(
    known: Mapping[str, Any], said: Mapping[str, Any], there: Collection[str]
) -> bytes:
    """Return what is said of all models in the folder: those that are `there` now, and others."""
    now = [model for model in said["models"] if model["name"] in there]
    models = {**known, **{names.comparison_key(model["name"]): model for model in now}}
    whole = {**said, "models": [models[key] for key in sorted(models)]}
    return f"{json.dumps(whole, indent=2)}\n".encode()
