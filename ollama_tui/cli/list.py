"""`list`: the models, as the app lists them."""

from __future__ import annotations

from typing import Any

from ollama_tui.cli.context import Desk, Mistaken
from ollama_tui.cli.output import say, say_json, table, when
from ollama_tui.domain import columns as order
from ollama_tui.domain.model import Model, aliases

RIGHT = " ".join(column.title for column in order.COLUMNS if column.align == "right")


async def carry_out(desk: Desk) -> int:
    """Print the models that the filter selects."""
    settings, chosen_order = desk.settings, desk.options.sort
    wanted = chosen_order or settings.sort
    if wanted not in order.BY_KEY:
        if chosen_order:
            raise Mistaken(f"--sort takes one of {', '.join(order.BY_KEY)}.")
        wanted = "modified"
    chosen, models = await desk.chosen()
    rows = order.sort(chosen, wanted, settings.reverse and not chosen_order)
    if desk.options.json:
        others = aliases(models)
        say_json({"host": settings.host.url, "models": [facts(m, others) for m in rows]})
    else:
        columns = [order.BY_KEY[key] for key in settings.columns if key in order.BY_KEY]
        columns = columns or [order.BY_KEY[key] for key in order.USUAL]
        now = desk.now()
        cells = [[column.text(model, now) for column in columns] for model in rows]
        say(table([column.title for column in columns], cells, RIGHT))
    return 0


def facts(model: Model, others: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return what the list knows of a model, texts as the server sent them; null is unknown."""
    details = model.listed.details
    capabilities = model.capabilities
    return {
        "name": model.name,
        "digest": model.digest,
        "size": model.size,
        "modified_at": when(model.listed.modified_at),
        "format": details.format,
        "family": details.family,
        "parameter_size": details.parameter_size,
        "parameter_count": int(model.parameter_count) or None,
        "quantization": details.quantization_level,
        "context_length": model.context_length or None,
        "capabilities": sorted(capabilities) if capabilities is not None else None,
        "parent": details.parent_model,
        "cloud": model.is_cloud,
        "loaded": model.is_loaded,
        "aliases": sorted(set(others.get(model.digest, ())) - {model.name}),
    }
