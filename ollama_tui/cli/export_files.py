"""`export --files`: copy the files of models to a folder, for `import` on another machine.

The folder is a model store itself: a server whose OLLAMA_MODELS names it has these models. Beside
them are `SHA256SUMS`, which `sha256sum --check` reads, and `models.json`, an export as JSON with
notes, tags and locks.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ollama_tui.cli.context import CommandContext, CommandRefused, UsageError
from ollama_tui.cli.copies import (
    copied,
    is_complete,
    print_plan,
    print_result,
    refuse_without_space,
    store_of_server,
)
from ollama_tui.cli.exported import LARGEST, export_of
from ollama_tui.config.safe_file import Unusable, read_bounded, reason_of
from ollama_tui.domain import names
from ollama_tui.domain.copying import ModelCopy, plan_copies
from ollama_tui.domain.model import Model, by_comparison_key
from ollama_tui.domain.storage.contents import Contents
from ollama_tui.domain.suggestions import did_you_mean
from ollama_tui.formatting import inert
from ollama_tui.services.store import checksums
from ollama_tui.services.store.reader import contents_or_empty

INDEX = "models.json"
"""The export as JSON in the folder."""
NOTES = ("note", "tags", "locked")
"""What of it the user keeps for a model."""


async def run(context: CommandContext) -> int:
    """Copy the models that are named, or selected by a filter; 1 if any was refused."""
    if not context.options.files:
        raise UsageError("--files needs a folder to copy to, such as /mnt/disk.")
    folder = Path(context.options.files)
    installed = await context.models()
    source = await store_of_server(context, installed)
    models = await _chosen(context, installed)
    if not models:
        raise CommandRefused("No model matches: nothing was copied.")
    target = await asyncio.to_thread(_target, folder, Path(source.root))
    known = await asyncio.to_thread(_known, folder / INDEX)
    sums = await asyncio.to_thread(_known_checksums, folder)
    copying = plan_copies(source, target, [model.name for model in models])
    print_plan(context, copying)
    if context.options.dry_run:
        return 0
    refuse_without_space(copying, target)
    said = await export_of(context, models)

    def describe(done: Sequence[ModelCopy]) -> Mapping[str, bytes]:
        there = contents_or_empty(folder)
        if not there.entries:
            return {}
        index = _with_models(known, said, copying.same.union(copy.name for copy in done))
        text = checksums.checksums(there, sums, {copy.path for copy in done})
        return {INDEX: index, checksums.FILE: text.encode()}

    result = await copied(copying, Path(source.root), folder, links=False, describe=describe)
    print_result(context, copying, result)
    return 0 if is_complete(copying, result) else 1


async def _chosen(context: CommandContext, models: Sequence[Model]) -> Sequence[Model]:
    """Return which of `models` the arguments name, else those that they filter, or all.

    Raises UsageError where one names a model and another does not.
    """
    words, installed = context.options.filter, by_comparison_key(models)
    named = {word: installed.get(names.comparison_key(word)) for word in words}
    if any(named.values()):
        for word, model in named.items():
            if model is None:
                meant = did_you_mean(word, [model.name for model in models])
                hint = inert(meant) or "ollama-tui list shows the installed models."
                raise UsageError(f"No model {inert(word)}. {hint}")
        return list({model.name: model for model in named.values() if model}.values())
    selected, _ = await context.selected() if words else (models, models)
    return sorted(by_comparison_key(selected).values(), key=lambda model: model.name)


def _target(folder: Path, store: Path) -> Contents:
    """Return what is in the folder to copy to; raises UsageError."""
    where = inert(str(folder))
    if os.path.islink(folder) and not os.path.exists(folder):
        raise UsageError(f"{where} is a broken link.")
    for part in (folder, folder / "blobs"):
        if os.path.exists(part) and not os.path.isdir(part):
            raise UsageError(f"{inert(str(part))} is not a folder.")
    if (real := os.path.realpath(store)) == os.path.commonpath([real, os.path.realpath(folder)]):
        raise UsageError(f"{where} is in the folder of the server itself.")
    try:
        return contents_or_empty(folder)
    except OSError as error:
        raise UsageError(f"{where} cannot be read: {reason_of(error)}.") from error


def _known(file: Path) -> Mapping[str, Any]:
    """Return what earlier exports to the folder say, by comparison key; raises UsageError."""
    try:
        value = json.loads(read_bounded(file, LARGEST))
        return {names.comparison_key(model["name"]): model for model in value["models"]}
    except FileNotFoundError:
        return {}
    except (Unusable, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"{inert(str(file))} was not written by an export: move it away, or export to another "
            "folder."
        ) from error


def _known_checksums(folder: Path) -> Mapping[str, str]:
    """Return the checksums of earlier exports; none where the file is damaged: it is made anew."""
    try:
        return checksums.read_checksums(folder)
    except Unusable:
        return {}


def _with_models(
    known: Mapping[str, Any], said: Mapping[str, Any], there: Collection[str]
) -> bytes:
    """Return what is said of all models in the folder: those that are `there` now, and others.

    Somebody without notes for a model overwrites nobody's.
    """
    models = dict(known)
    for model in said["models"]:
        if model["name"] in there:
            key = names.comparison_key(model["name"])
            has_notes = any(model[field] for field in NOTES)
            kept = {} if has_notes else {f: v for f, v in known.get(key, {}).items() if f in NOTES}
            models[key] = {**model, **kept}
    whole = {**said, "models": [models[key] for key in sorted(models)]}
    return f"{json.dumps(whole, indent=2)}\n".encode()
