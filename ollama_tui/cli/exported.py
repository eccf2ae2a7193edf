"""What an export says of models: enough to pull them elsewhere, and their notes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from ollama_tui.api.errors import Refused
from ollama_tui.cli.context import CommandContext
from ollama_tui.domain import notes
from ollama_tui.domain.model import Model
from ollama_tui.domain.modelfile.parameters import merged, parse_show
from ollama_tui.services.model_facts import CONCURRENT_SHOWS

KIND = "ollama-tui export"
VERSION = 1
LARGEST = 64 * 1024 * 1024
"""Bytes of an export; more is something else."""


async def export_of(context: CommandContext, models: Sequence[Model]) -> dict[str, Any]:
    """Return the export of `models`, for programs and for restore. Raises OllamaError."""
    limit = asyncio.Semaphore(CONCURRENT_SHOWS)

    async def one(model: Model) -> dict[str, Any]:
        async with limit:
            return {
                "name": model.name,
                "digest": model.digest,
                "size": model.size,
                "parent": model.listed.details.parent_model,
                "cloud": model.is_cloud,
                "parameters": await _parameters(context, model),
                **notes.as_json(model),
            }

    entries = await asyncio.gather(*map(one, models))
    return {"kind": KIND, "version": VERSION, "models": entries}


async def _parameters(context: CommandContext, model: Model) -> dict[str, Any] | None:
    """Return the parameters set in a model; None when nobody can tell."""
    if model.is_cloud:
        return None
    try:
        show = await context.facts.show(model)
    except Refused:
        return None
    return dict(merged(parse_show(show.parameters)))
