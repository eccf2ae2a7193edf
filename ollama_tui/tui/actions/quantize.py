"""Smaller copies of models whose weights are not quantized yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_tui.formatting import size
from ollama_tui.tui.actions.action import Action, ActionContext, ActionGroup
from ollama_tui.tui.actions.browse import no_model
from ollama_tui.tui.actions.change import connected
from ollama_tui.tui.actions.replacing import queue

if TYPE_CHECKING:
    from ollama_tui.domain.model import Model
    from ollama_tui.tui.dialogs.choice import Choice


async def quantize(context: ActionContext) -> None:
    """Ask for a type and a name, and queue the quantization."""
    from ollama_tui.api.requests import CreateRequest
    from ollama_tui.domain.create.quantize import name_for
    from ollama_tui.services.jobs.tasks import Create
    from ollama_tui.tui.dialogs.names import CopyDialog

    if (model := context.current) is None:
        return
    free = connected(context).storage.known(context.snapshot.models).free
    chosen = await context.ask(choice(model, free))
    if chosen is None:
        return
    name = name_for(model.name, chosen)
    purpose = f"Quantize to {chosen}"
    dialog = CopyDialog(model, context.snapshot.models, prefill=name, purpose=purpose)
    target = await context.ask(dialog)
    if target is not None:
        request = CreateRequest(model=target.name, from_=model.name, quantize=chosen)
        task = Create(request, verb="quantize", replaces=target.replaces)
        await queue(context, task, dialog.draft_file)


def choice(model: Model, free: int | None) -> Choice:
    """Return the question for a type, with the sizes to expect and what is free, if known."""
    from ollama_tui.domain.create.quantize import room, targets
    from ollama_tui.tui.dialogs.choice import Alternative, Choice

    options = tuple(
        Alternative(t.type, f"{t.type:<7} about {size(t.bytes):>7}   {t.help}")
        for t in targets(model)
    )
    smallest = min((t.bytes for t in targets(model)), default=0)
    return Choice(f"Quantize {model.label}, {size(model.size)}{room(smallest, free)}", options)


def cannot_quantize(context: ActionContext) -> str | None:
    """Say why the current model cannot be quantized."""
    from ollama_tui.domain.create.quantize import why_not

    return no_model(context) or why_not(context.current)


ACTIONS = (
    Action("model.quantize", "percent_sign", "quantize",
           "Make a smaller copy of an F16, BF16 or F32 model.",
           quantize, cannot_quantize, group=ActionGroup.CHANGE, changes_server=True),
)  # fmt: skip
