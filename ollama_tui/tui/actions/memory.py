"""What runs: load, keep, unload."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ollama_tui.api.errors import OllamaError
from ollama_tui.domain import columns as order
from ollama_tui.formatting import inert, plural, size
from ollama_tui.tui.actions.action import (
    Action,
    ActionContext,
    ActionGroup,
    Wish,
    always,
    changing,
    connected,
    no_model,
    not_connected,
    why_not,
)
from ollama_tui.tui.actions.browse import wish

if TYPE_CHECKING:
    from ollama_tui.domain.model import Model

Job = Callable[[], Awaitable[None]]

LIFETIMES: dict[str, tuple[str, str | int | None]] = {
    "5m": ("5 minutes", "5m"),
    "30m": ("30 minutes", "30m"),
    "1h": ("1 hour", "1h"),
    "1d": ("1 day", "24h"),
    "forever": ("For ever", -1),
    "default": ("As the server is set (5 minutes unless changed)", None),
}
"""How long a model may stay after its last use, in words and for the server."""


async def load(context: ActionContext) -> None:
    """Load the current model into memory; embedding models by their own way."""
    if (model := context.current) is not None:
        context.tell(f"Loading {model.label} …")
        await load_model(context, model)


async def load_model(context: ActionContext, model: Model) -> None:
    """Load a model and say when that is done."""
    embedding = await embeds(context, model)
    async with changing(context):
        await connected(context).library.load(model.name, embedding=embedding)
        context.tell(f"{model.label} is loaded.")


async def embeds(context: ActionContext, model: Model) -> bool:
    """Whether a model only computes embeddings; old servers tell that in the details alone."""
    if model.capabilities is None:
        show = await connected(context).library.details(model)
        can = set(show.capabilities or ())
        return "embedding" in can and "completion" not in can
    return model.can("embedding") and not model.can("completion")


def cannot_load(context: ActionContext) -> str | None:
    """Say why the current model cannot be loaded."""
    model = context.current
    if model is not None and model.is_cloud:
        return f"{model.label} runs in the cloud: there is nothing to load."
    if model is not None and model.is_answered_in_cloud:
        return f"{model.label} has a cloud tag: it loads only under another name, which c gives it."
    return no_model(context)


async def load_another(context: ActionContext) -> None:
    """Choose one of the installed models that are not in memory, and load it."""
    from ollama_tui.tui.dialogs.choice import Alternative, Choice

    there = {model.name: model for model in loadable(context)}
    if not there:
        context.tell("There is no model that could be loaded.", "All that are here are loaded.")
        return
    options = tuple(Alternative(m.name, f"{m.label}  {size(m.size)}") for m in there.values())
    chosen = await context.ask(
        Choice("Load a model", options, hint="enter load   j k move   esc cancel")
    )
    if chosen is not None:
        await load_model(context, there[chosen])


def loadable(context: ActionContext) -> tuple[Model, ...]:
    """Return the installed models that could be loaded, by name."""
    models = context.snapshot.models
    return order.sort((m for m in models if not m.is_answered_in_cloud and not m.is_loaded), "name")


async def keep(context: ActionContext, name: str) -> None:
    """Choose how long a running model stays; the time begins anew."""
    from ollama_tui.tui.dialogs.choice import Alternative, Choice

    options = tuple(Alternative(key, words) for key, (words, _) in LIFETIMES.items())
    chosen = await context.ask(Choice(f"Keep {inert(name)} in memory", options))
    if chosen is None:
        return
    words, lifetime = LIFETIMES[chosen]
    model = runner_model(context, name)
    embedding = model is not None and await embeds(context, model)
    async with changing(context) as ollama:
        await ollama.load(name, keep_alive=lifetime, embedding=embedding)
        context.tell(f"{inert(name)} stays: {words[:1].lower()}{words[1:]}.")


def runner_model(context: ActionContext, name: str) -> Model | None:
    """Return the installed model that runs under `name`; None when it was deleted meanwhile."""
    from ollama_tui.domain import names

    key = names.key(name)
    return next((m for m in context.snapshot.models if names.key(m.name) == key), None)


async def unload(context: ActionContext) -> None:
    """Free the memory of the current model."""
    if context.current is not None:
        await unload_named(context, context.current.name)


async def unload_named(context: ActionContext, name: str) -> None:
    """Free the memory of the model that runs as `name`."""
    async with changing(context) as ollama:
        await ollama.unload(name)
        context.tell(f"{inert(name)} is being unloaded.")


def cannot_unload(context: ActionContext) -> str | None:
    """Say why the current model cannot be unloaded."""
    if context.current is not None and not context.current.is_loaded:
        return f"{context.current.label} is not loaded."
    return no_model(context)


async def unload_all(context: ActionContext) -> None:
    """Ask, then free the memory of the models asked about; go on after a failure and tell of it."""
    from ollama_tui.tui.dialogs.questions import confirm_unload

    running = context.snapshot.running
    question = confirm_unload(running, connected(context).clock.now())
    if await context.ask(question) is not True:
        return
    failures = []
    async with changing(context) as ollama:
        for runner in running:
            try:
                await ollama.unload(runner.name)
            except OllamaError as error:
                failures.append(f"{inert(runner.name)}: {error}")
    if failures:
        raise OllamaError(
            f"{plural(len(failures), 'model')} of {len(running)} stayed loaded.", failures[0]
        )
    context.tell(f"{plural(len(running), 'model')} being unloaded.")


def nothing_loaded(context: ActionContext) -> str | None:
    """Say that no model is loaded."""
    return None if context.snapshot.running else "No model is loaded."


def barred(context: ActionContext) -> str | None:
    """Return why nothing at all may be loaded or unloaded here; None when it may."""
    return why_not(replace(LOAD, unavailable=always), context)


LOAD = Action("memory.load", "w", "load", "Load the model at the cursor into memory.",
              load, cannot_load, group=ActionGroup.MEMORY, changes_server=True)  # fmt: skip

ACTIONS = (
    Action("memory.show", "t", "running", "Show the models in memory, to load, keep or unload.",
           wish(Wish.RUNNING), not_connected, group=ActionGroup.MEMORY),
    LOAD,
    Action("memory.unload", "x", "unload", "Free the memory of the model at the cursor.",
           unload, cannot_unload, group=ActionGroup.MEMORY, changes_server=True,
           synonyms=("stop",)),
    Action("memory.unload_all", "X", "unload all", "Free the memory of every model; asks first.",
           unload_all, nothing_loaded, group=ActionGroup.MEMORY, changes_server=True, danger=True),
)  # fmt: skip
