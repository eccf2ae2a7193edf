"""`outdated`: which models their registries have newer, and what an update would fetch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ollama_tui.cli.context import CommandContext, add_filter
from ollama_tui.cli.output import print_json, print_lines, table
from ollama_tui.domain.model import Model, ModelKey
from ollama_tui.domain.updates import UpdateStatus, Upstream, counted, together
from ollama_tui.formatting import listing, plural, size
from ollama_tui.services.updates import ServerFacts, Updates, on_apple_silicon

HELP = "Ask the registries which models have a newer version; pull nothing."
add_arguments = add_filter


async def run(context: CommandContext) -> int:
    """Ask about the models that the filter selects; pull nothing."""
    models, installed = await context.selected()
    storage, settings = context.storage(), context.settings
    server = ServerFacts.of(
        storage, lambda: installed, on_apple_silicon(settings, context.transport)
    )
    async with context.registry() as registry:
        updates = Updates(
            registry,
            context.ollama,
            context.facts.show,
            cache=context.cache,
            host_url=settings.host.url,
            server=server,
        )
        found = await updates.check(models)
    if context.options.json:
        print_json({"models": [_facts(model, found[model.key]) for model in models]})
        return 0
    # As in the program: of cloud models nothing is here that could be outdated.
    models = tuple(model for model in models if not model.is_cloud)
    by_status = {
        status: [model for model in models if found[model.key].status is status]
        for status in UpdateStatus
    }
    print_lines(_tables(by_status, found))
    fetch = together(found[model.key] for model in by_status[UpdateStatus.OUTDATED])
    cost = f"; updating fetches {size(fetch)}" if fetch else ""
    said = counted(found[model.key].status for model in models) or "nothing to check"
    print_lines([f"{plural(len(models), 'model')}: {said}{cost}."])
    return 0


def _tables(
    by_status: Mapping[UpdateStatus, Sequence[Model]], found: Mapping[ModelKey, Upstream]
) -> list[str]:
    outdated = [
        (m.label, size(found[m.key].to_fetch), listing(list(found[m.key].changes)))
        for m in by_status[UpdateStatus.OUTDATED]
    ]
    unknown = [(m.label, found[m.key].reason) for m in by_status[UpdateStatus.UNKNOWN]]
    lines = table(("OUTDATED", "FETCH", "CHANGES"), outdated, "FETCH") if outdated else []
    if unknown:
        lines += [*([""] if lines else []), *table(("NOT KNOWN", "WHY"), unknown)]
    return [*lines, ""] if lines else []


def _facts(model: Model, found: Upstream) -> dict[str, Any]:
    return {
        "name": model.name,
        "digest": model.digest,
        "standing": str(found.status),
        "reason": found.reason,
        "newest": found.newest,
        "pushed_at": found.pushed_at.isoformat() if found.pushed_at else None,
        "size": found.total or None,
        "fetch": found.to_fetch,
        "changes": list(found.changes),
    }
