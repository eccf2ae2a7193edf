"""Say what a deletion takes and what it frees, then ask."""

from __future__ import annotations

from collections.abc import Sequence

from ollama_tui.domain.model import Model
from ollama_tui.domain.plan import Plan, requests
from ollama_tui.formatting import inert, plural, size
from ollama_tui.tui.dialogs.dialog import Confirm

LISTED = 200
"""Models named one by one, below what they cost; more are counted."""


def confirm_delete(models: Sequence[Model], plan: Plan, grace: float) -> Confirm:
    """Return the question whether to carry out `plan`, which deletes `models`.

    Nothing is sent for `grace` seconds after yes.
    """
    count = len(models)
    heading = f"Delete {models[0].label}?" if count == 1 else f"Delete {count} models?"
    lines = (*_costs(plan), requests(plan), _undo(grace), "", *_named(models))
    return Confirm(heading, lines, "delete")


def _named(models: Sequence[Model]) -> list[str]:
    lines = [_line(model) for model in models[:LISTED]]
    if len(models) > LISTED:
        lines.append(f"… and {plural(len(models) - LISTED, 'more model')}")
    return lines


def _line(model: Model) -> str:
    bytes_ = "cloud" if model.is_cloud else size(model.size)
    return f"{model.label}  {bytes_}" + ("  loaded, is unloaded first" if model.is_loaded else "")


def _costs(plan: Plan) -> list[str]:
    freed = plan.freed
    about = "about " if freed.estimated else ""
    lines = [f"Frees {about}{size(freed.bytes)}." if freed.bytes else "Frees almost nothing."]
    if plan.kept_for:
        some = ", ".join(map(inert, plan.kept_for[:3]))
        rest = f" and {len(plan.kept_for) - 3} more" if len(plan.kept_for) > 3 else ""
        lines.append(f"What is shared stays, for {some}{rest}.")
    if freed.bytes and plan.unknown:
        who = plural(plan.unknown, "model")
        lines.append(f"It may be less: what is shared with {who} is not known yet.")
    return lines


def _undo(grace: float) -> str:
    if grace <= 0:
        return "This cannot be undone."
    return f"For {grace:.0f} seconds z brings it back: nothing is sent before."
