"""Comparing two models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_tui.tui.actions.action import Action, ActionContext
from ollama_tui.tui.actions.change import connected
from ollama_tui.tui.actions.program import not_connected

if TYPE_CHECKING:
    from ollama_tui.domain.model import Model

HOW = "Mark two models to compare, or mark one and go to the other."


async def compare(context: ActionContext) -> None:
    """Fetch the details of both and show where they differ."""
    from ollama_tui.domain.diff import Side
    from ollama_tui.tui.dialogs.compare import CompareScreen

    a, b = pair(context)
    library = connected(context).library
    sides = [Side(model, await library.details(model)) for model in (a, b)]
    await context.ask(CompareScreen(*sides))


def pair(context: ActionContext) -> tuple[Model, ...]:
    """Return the marked models; the current one is the second to a single mark."""
    marked = context.targets if context.view.marks else ()
    current = context.current
    if len(marked) == 1 and current is not None and current.name != marked[0].name:
        return (*marked, current)
    return marked


def cannot_compare(context: ActionContext) -> str | None:
    """Say why there are not exactly two models to compare."""
    count = len(pair(context))
    if count > 2:
        return f"{count} models are marked. {HOW}"
    return not_connected(context) if count == 2 else HOW


ACTIONS = (
    Action("model.compare", "equals_sign", "compare", "Compare two marked models.",
           compare, cannot_compare),
)  # fmt: skip
