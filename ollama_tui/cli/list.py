"""`list`: the models, as the app lists them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from ollama_tui.cli.context import CommandContext, UsageError, add_filter
from ollama_tui.cli.output import complain, print_json, print_lines, table
from ollama_tui.domain import notes
from ollama_tui.domain.columns import BY_KEY, COLUMNS, USUAL, sort
from ollama_tui.domain.model import Model, aliases

HELP = "List the models."
_RIGHT = " ".join(column.title for column in COLUMNS if column.align == "right")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command takes."""
    add_filter(parser)
    parser.add_argument(
        "--sort", metavar="COLUMN", default="", help="sort by a column: name, size, modified, …"
    )


async def run(context: CommandContext) -> int:
    """Print the models that the filter selects."""
    settings, chosen = context.settings, context.options.sort
    if chosen and chosen not in BY_KEY:
        raise UsageError(f"--sort takes one of {', '.join(BY_KEY)}.")
    order = next(key for key in (chosen, settings.sort, "modified") if key in BY_KEY)
    keys = [key for key in settings.columns if key in BY_KEY] or USUAL
    asks_memory = not {"memory", "fits"}.isdisjoint((order, *keys))
    selected, models = await context.selected(learn=True, memory=asks_memory)
    rows = sort(selected, order, settings.reverse and not chosen)
    if context.options.json:
        names = aliases(models)
        print_json({"host": settings.server, "models": [as_json(m, names) for m in rows]})
    elif not rows:
        complain("No models match." if models else "The server has no models.")
    else:
        columns = [BY_KEY[key] for key in keys]
        cells = [[column.text(model, context.now) for column in columns] for model in rows]
        print_lines(table([column.title for column in columns], cells, _RIGHT))
    return 0


def as_json(model: Model, names: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return what the list knows of a model; texts are the server's, None is unknown.

    `names` are those of each digest that has several.
    """
    details = model.listed.details
    return {
        "name": model.name,
        "digest": model.digest,
        "size": model.size,
        # To the nanosecond; Go's zero time, which is no time, is None.
        "modified_at": model.listed.modified_text if model.listed.modified_at else None,
        "format": details.format,
        "family": details.family,
        "parameter_size": details.parameter_size,
        "parameter_count": model.parameter_count or None,
        "quantization": details.quantization_level,
        "runner": details.runner or None,
        "context_length": model.context_length or None,
        "capabilities": None if model.capabilities is None else sorted(model.capabilities),
        "parent": details.parent_model,
        "cloud": model.is_cloud,
        "loaded": model.is_loaded,
        "backup": model.backup or None,
        "aliases": sorted(set(names.get(model.digest, ())) - {model.name}),
        "last_run": model.last_run.isoformat() if model.last_run else None,
        **notes.as_json(model),
    }
