"""Say what updating fetches and changes, then ask."""

from __future__ import annotations

from collections.abc import Sequence

from ollama_tui.domain.model import Model
from ollama_tui.domain.plan import Plan, requests, updating
from ollama_tui.domain.updates import Upstream, cost
from ollama_tui.formatting import ago, exact, plural, size
from ollama_tui.tui.dialogs.dialog import Confirm

LISTED = 200
"""Models named one by one, below what they cost; more are counted."""

Stale = tuple[Model, Upstream]
"""An outdated model and what is newer."""


def confirm_update(stale: Sequence[Stale]) -> Confirm:
    """Return the question whether to fetch what is newer of `stale`."""
    one = stale[0][0].label if len(stale) == 1 else f"{len(stale)} models"
    return Confirm(f"Update {one}?", (*_costs(updating(stale)), "", *_named(stale)), "update")


def _named(stale: Sequence[Stale]) -> list[str]:
    lines = [_line(*each) for each in stale[:LISTED]]
    if len(stale) > LISTED:
        lines.append(f"… and {plural(len(stale) - LISTED, 'more model')}")
    return lines


def _line(model: Model, found: Upstream) -> str:
    pushed = f", pushed {ago(found.pushed_at, found.checked_at)}" if found.pushed_at else ""
    loaded = "; what is loaded stays the old one until reloaded" if model.is_loaded else ""
    return f"{model.label}  {cost(found)}{pushed}{loaded}"


def _costs(plan: Plan) -> list[str]:
    fetch = plan.fetched.bytes
    said = f"Fetches {size(fetch)} ({exact(fetch)})." if fetch else "Fetches nothing."
    return [said, requests(plan), "Models that are current are not touched."]
