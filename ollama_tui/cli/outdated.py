"""`outdated`: which models their registries have newer, and what an update would fetch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ollama_tui.cli.context import Desk
from ollama_tui.cli.output import say, say_json, table, when
from ollama_tui.domain.model import Model
from ollama_tui.domain.updates import Standing, Upstream, together
from ollama_tui.formatting import listing, plural, size


async def carry_out(desk: Desk) -> int:
    """Ask about the models that the filter selects; pull nothing."""
    models, _ = await desk.chosen()
    async with desk.upstreams() as upstreams:
        found = await upstreams.check(models)
    if desk.options.json:
        say_json({"models": [_facts(model, found[model.name]) for model in models]})
        return 0
    standing = {
        stand: [model for model in models if found[model.name].standing is stand]
        for stand in Standing
    }
    say(_tables(standing, found))
    counts = [f"{len(those)} {stand}" for stand, those in standing.items() if those]
    fetch = together(found[model.name] for model in standing[Standing.OUTDATED])
    cost = f"; updating fetches {size(fetch)}" if fetch else ""
    said = listing(counts) if counts else "nothing to check"
    say([f"{plural(len(models), 'model')}: {said}{cost}."])
    return 0


def _tables(
    standing: Mapping[Standing, Sequence[Model]], found: Mapping[str, Upstream]
) -> list[str]:
    outdated = [
        (m.label, size(found[m.name].to_fetch), listing(list(found[m.name].changes)))
        for m in standing[Standing.OUTDATED]
    ]
    unknown = [(m.label, found[m.name].reason) for m in standing[Standing.UNKNOWN]]
    lines = table(("OUTDATED", "FETCH", "CHANGES"), outdated, "FETCH") if outdated else []
    if unknown:
        lines += [*([""] if lines else []), *table(("UNKNOWN", "WHY"), unknown)]
    return [*lines, ""] if lines else []


def _facts(model: Model, found: Upstream) -> dict[str, Any]:
    return {
        "name": model.name,
        "digest": model.digest,
        "standing": str(found.standing),
        "reason": found.reason,
        "newest": found.newest,
        "pushed_at": when(found.pushed_at),
        "size": found.total or None,
        "fetch": found.to_fetch,
        "changes": list(found.changes),
    }
