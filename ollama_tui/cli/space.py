"""`space`: what the disk is spent on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ollama_tui.cli.context import Desk
from ollama_tui.cli.output import say, say_json, table
from ollama_tui.domain.model import Model
from ollama_tui.domain.storage.report import Kind, Spent, spending, summary
from ollama_tui.domain.storage.usage import WORTH, Estimated, Leftover, Usage, settled, size_of
from ollama_tui.formatting import UNKNOWN, inert, size


async def carry_out(desk: Desk) -> int:
    """Print models by what they alone cost, then what is shared and left over."""
    models = await desk.models()
    disk = desk.disk()
    usage = await disk.read(models)
    if isinstance(usage, Estimated):
        models = await desk.models(learn=True)
        usage = disk.known(models)
    now = desk.now().timestamp()
    if desk.options.json:
        say_json(as_json(models, usage, now))
        return 0
    rows = spending(models, usage, now)
    say([f"{', '.join(summary(usage))}.", inert(usage.source), ""])
    say(table(("NAME", "ALONE", "SHARED"), map(_cells, rows), "ALONE SHARED"))
    advice = [f"{row.advice[:1].upper()}{row.advice[1:]}" for row in rows if row.kind in LEFT_OVER]
    say(["", *advice] if advice else [])
    return 0


LEFT_OVER = (Kind.ORPHANS, Kind.PARTIALS, Kind.DAMAGED)


def _cells(row: Spent) -> tuple[str, str, str]:
    about = "~" if row.about else ""
    alone = about + size(row.alone) if row.alone else UNKNOWN
    return row.label, alone, about + size(row.shared) if row.shared >= WORTH else UNKNOWN


def as_json(models: Sequence[Model], usage: Usage, now: float) -> dict[str, Any]:
    """Return everything for programs: bytes throughout, null for what cannot be known."""
    return {
        "exact": usage.exact,
        "source": usage.source,
        "total": usage.total,
        "unique": usage.unique.bytes,
        "free": usage.free,
        "models": [
            {"name": m.name, "size": m.size, "alone": usage.alone(m.name).bytes} for m in models
        ],
        "groups": [
            {"names": list(g.names), "bytes": g.amount.bytes, "digest": g.digest}
            for g in usage.groups
        ],
        "orphans": _leftovers(usage.orphans, now),
        "partials": _leftovers(usage.partials, now),
        "damaged": list(usage.damaged),
    }


def _leftovers(found: Sequence[Leftover] | None, now: float) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "bytes": size_of(found),
        "freed_by_restart": size_of(settled(found, now)),
        "files": [
            {"digest": f.digest, "bytes": size_of([f]), "age": max(0, int(now - f.touched))}
            for f in found
        ],
    }
