"""Say what a deletion takes and what it frees, then ask."""

from __future__ import annotations

from dataclasses import dataclass

from ollama_tui.catalog.model import Model
from ollama_tui.dialogs.dialog import Confirm
from ollama_tui.text import plural, size

LISTED = 12
"""Models named one by one; more are counted."""


@dataclass(frozen=True)
class Loss:
    """What deleting some models does to the disk."""

    models: tuple[Model, ...]
    freed: int
    """Bytes that no other model uses."""
    estimated: bool
    """Whether `freed` is only about right, since a server does not tell what is shared."""
    shared_with: tuple[str, ...] = ()
    """Names of models that stay and keep some of the data."""


def confirm_delete(loss: Loss, grace: float) -> Confirm:
    """Return the question for `loss`; nothing is sent for `grace` seconds after yes."""
    count = len(loss.models)
    heading = f"Delete {loss.models[0].label}?" if count == 1 else f"Delete {count} models?"
    return Confirm(heading, (*_named(loss.models), "", *_costs(loss), "", _undo(grace)), "delete")


def _named(models: tuple[Model, ...]) -> list[str]:
    lines = [_line(model) for model in models[:LISTED]]
    if len(models) > LISTED:
        lines.append(f"… and {plural(len(models) - LISTED, 'more model')}")
    return lines


def _line(model: Model) -> str:
    bytes_ = "cloud" if model.is_cloud else size(model.size)
    return f"{model.label}  {bytes_}" + ("  loaded, is unloaded first" if model.is_loaded else "")


def _costs(loss: Loss) -> list[str]:
    about = "about " if loss.estimated else ""
    lines = [f"Frees {about}{size(loss.freed)}." if loss.freed else "Frees almost nothing."]
    if loss.shared_with:
        some = ", ".join(loss.shared_with[:3])
        rest = f" and {len(loss.shared_with) - 3} more" if len(loss.shared_with) > 3 else ""
        lines.append(f"What is shared stays, for {some}{rest}.")
    return lines


def _undo(grace: float) -> str:
    if grace <= 0:
        return "This cannot be undone."
    return f"For {grace:.0f} seconds z brings it back: nothing is sent before."
