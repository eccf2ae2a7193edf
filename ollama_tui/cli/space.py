"""`space`: what the disk is spent on."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ollama_tui.cli.context import CommandContext
from ollama_tui.cli.output import print_json, print_lines, table
from ollama_tui.domain.model import Model
from ollama_tui.domain.storage.contents import Leftover, OtherFile, removable_at_restart, size_of
from ollama_tui.domain.storage.report import RowKind, StorageRow, freed_alone, storage_rows, summary
from ollama_tui.domain.storage.usage import Usage
from ollama_tui.formatting import UNKNOWN, inert, size

HELP = "Show what takes up disk space, and how to free it."
_NOT_ADVISED = (RowKind.MODEL, RowKind.SHARED)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command takes: nothing."""


async def run(context: CommandContext) -> int:
    """Print models by what they alone cost, then what is shared and left over."""
    models = await context.models()
    storage = context.storage()
    usage = await storage.read(models)
    if usage.contents is None:
        models = await context.models(learn=True)
        usage = storage.known(models)
    now = context.now.timestamp()
    if context.options.json:
        print_json(as_json(models, usage, now))
        return 0
    rows = storage_rows(models, usage, now)
    print_lines([summary(usage), inert(usage.source), ""])
    print_lines(table(("NAME", "ALONE", "SHARED"), map(_cells, rows), "ALONE SHARED"))
    said = [row.advice for row in rows if row.kind not in _NOT_ADVISED]
    advice = [f"{text[:1].upper()}{text[1:]}" for text in said]
    print_lines(["", *advice] if advice else [])
    return 0


def _cells(row: StorageRow) -> tuple[str, str, str]:
    about = "~" if row.estimated else ""
    alone = about + size(row.alone) if row.alone else UNKNOWN
    return row.label, alone, about + size(row.shared) if row.shared else UNKNOWN


def as_json(models: Sequence[Model], usage: Usage, now: float) -> dict[str, Any]:
    """Return everything for programs: bytes throughout, null for what cannot be known."""
    return {
        "exact": usage.exact,
        "source": usage.source,
        "total": usage.total,
        "unique": usage.unique.bytes,
        "free": usage.free,
        "models": [
            {
                "name": m.name,
                "digest": m.digest,
                "size": m.size,
                "alone": freed_alone(m, usage).bytes,
            }
            for m in models
        ],
        "groups": [
            {"names": list(g.names), "bytes": g.amount.bytes, "digest": g.digest}
            for g in usage.shared
        ],
        "orphans": _leftovers(usage.orphans, now),
        "partials": _leftovers(usage.partials, now),
        "others": _leftovers(usage.others, now),
        "originals": [
            {"names": list(o.names), "digest": o.digest, "bytes": o.freed} for o in usage.originals
        ],
        "backups": [
            {"name": b.name, "delete": b.target, "bytes": usage.freed((b.name,)).bytes}
            for b in usage.lone_backups
        ],
        "hidden": [entry.path for entry in usage.hidden],
        "damaged": list(usage.obstacles),
        "obstacles": [{"path": p, "why": why} for p, why in usage.obstacles.items()],
    }


def _leftovers(found: Sequence[Leftover] | None, now: float) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "bytes": size_of(found),
        "freed_by_restart": size_of(removable_at_restart(found, now)),
        "files": [
            {
                "paths": list(f.paths),
                "digest": "" if isinstance(f, OtherFile) else f.digest,
                "bytes": size_of([f]),
                "age": max(0, int(now - f.touched)),
            }
            for f in found
        ],
    }
