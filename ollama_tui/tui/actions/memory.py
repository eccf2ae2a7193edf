"""What runs: load, keep, unload."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ollama_tui.api.errors import OllamaError
from ollama_tui.domain import columns
from ollama_tui.formatting import inert, plural, size
from ollama_tui.tui.actions.action import (
    Action,
    ActionContext,
    ActionGroup,
    Place,
    changing,
    connected,
    no_model,
    not_connected,
)
from ollama_tui.tui.actions.browse import hidden_marks
from ollama_tui.tui.actions.jobs import find

if TYPE_CHECKING:
    from ollama_tui.api.replies import RunningModel
    from ollama_tui.domain.memory.available import AvailableMemory
    from ollama_tui.domain.model import Model, ModelKey

LIFETIMES: dict[str, tuple[str, str | int | None]] = {
    "5m": ("5 minutes", "5m"),
    "30m": ("30 minutes", "30m"),
    "1h": ("1 hour", "1h"),
    "1d": ("1 day", "24h"),
    "forever": ("Forever", -1),
    "default": ("Server default (5 minutes unless changed)", None),
}
"""How long a model may stay after its last use, in words and for the server."""
_KEPT = {"forever": "until you unload it", "default": "for the server's default time"}
"""How long it stays loaded, where that is no span of time."""


def server_memory(context: ActionContext) -> AvailableMemory | None:
    """Return what memory the server has; None where nobody has told."""
    return connected(context).available_memory.value


async def load(context: ActionContext) -> None:
    """Load the current model into memory; embedding models by their own way."""
    if (model := context.current) is not None:
        context.tell(f"Loading {model.label} …")
        await load_model(context, model)


async def load_model(context: ActionContext, model: Model) -> None:
    """Load a model and say when that is done."""
    embedding = await embeds(context, model)
    async with changing(context):
        await connected(context).library.load(model, embedding=embedding)
        context.tell(f"{model.label} is loaded.")


async def embeds(context: ActionContext, model: Model) -> bool:
    """Whether a model only computes embeddings; old servers tell that in the details alone."""
    if model.capabilities is None:
        show = await connected(context).facts.show(model)
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

    free = (m for m in context.snapshot.models if not m.is_answered_in_cloud and not m.is_loaded)
    there = {f"{m.name} {m.digest}": m for m in columns.sort(free, "name")}
    if not there:
        context.tell("No model can be loaded.", "All models are loaded already.")
        return
    options = tuple(Alternative(key, m.label, f"{size(m.size):>7}") for key, m in there.items())
    chosen = await context.ask(Choice("Load a model", options, hint="enter load   esc cancel"))
    if chosen is not None:
        await load_model(context, there[chosen])


async def keep_alive(context: ActionContext) -> None:
    """Choose how long the chosen model stays loaded, from now on."""
    from ollama_tui.tui.dialogs.choice import Alternative, Choice

    if (key := chosen_key(context)) is None:
        return
    shown = inert(key.name)
    options = tuple(Alternative(key, words) for key, (words, _) in LIFETIMES.items())
    chosen = await context.ask(Choice(f"Keep {shown} in memory", options))
    if chosen is None:
        return
    words, lifetime = LIFETIMES[chosen]
    model = find_running(context, key)  # None when it was deleted meanwhile
    embedding = model is not None and await embeds(context, model)
    runner = model.asked_runner if model else ""
    async with changing(context) as ollama:
        await ollama.load(key.name, keep_alive=lifetime, embedding=embedding, runner=runner)
        context.tell(f"{shown} stays loaded {_KEPT.get(chosen, f'for {words}')}.")


def chosen_key(context: ActionContext) -> ModelKey | None:
    """Return name and digest of the running model at the cursor."""
    from ollama_tui.domain.model import ModelKey

    return context.chosen if isinstance(context.chosen, ModelKey) else None


def unlisted(runner: RunningModel) -> Model:
    """Return the row of something that runs and is not in the list."""
    from ollama_tui.api.replies import ListedModel
    from ollama_tui.domain.model import Model

    listed = ListedModel(name=runner.name, digest=runner.digest, size=runner.size)
    return Model(listed, running=runner)


def find_running(context: ActionContext, key: ModelKey) -> Model | None:
    """Return the row of the list that runs as `key`; None when none does."""
    rows = [m for m in context.snapshot.models if m.name == key.name]
    mine = (m for m in rows if m.running is not None and m.running.digest == key.digest)
    return next(mine, None) or find(context, key.name)


async def unload(context: ActionContext) -> None:
    """Free the memory of the marked models that are loaded, else of the current one.

    Ask before, where the filter hides one of them.
    """
    loaded = [model for model in context.targets if model.is_loaded]
    marks = hidden_marks(context)
    if hidden := [m.running for m in loaded if m.running and m.key in marks]:
        from ollama_tui.tui.dialogs.questions import confirm_unload

        running = [model.running for model in loaded if model.running]
        question = confirm_unload(running, connected(context).clock.now(), hidden)
        if await context.ask(question) is not True:
            return
    await unload_models(context, loaded if context.view.marks else context.targets)


async def unload_models(context: ActionContext, models: Sequence[Model]) -> None:
    """Free the memory of `models`; go on after a failure and raise it at the end."""
    failures = []
    async with changing(context) as ollama:
        for model in models:
            try:
                await ollama.unload(model.name, runner=model.asked_runner)
            except OllamaError as error:
                if len(models) == 1:
                    raise
                failures.append(f"{model.label}: {error}")
    if failures:
        raise OllamaError(
            f"{plural(len(failures), 'model')} of {len(models)} stayed loaded.", failures[0]
        )
    if len(models) == 1:
        context.tell(f"{models[0].label} is being unloaded.")
    elif models:
        context.tell(f"{plural(len(models), 'model')} being unloaded.")


def cannot_unload(context: ActionContext) -> str | None:
    """Say why nothing can be unloaded: neither a marked model nor the current one is loaded."""
    targets = context.targets
    if any(model.is_loaded for model in targets):
        return None
    if context.view.marks:
        return "None of the marked models is loaded."
    return f"{targets[0].label} is not loaded." if targets else no_model(context)


def nothing_to_unload(context: ActionContext) -> str | None:
    """Say why nothing can be unloaded; what is still being loaded can be."""
    return cannot_unload(context) if context.view.marks else nothing_chosen(context)


async def unload_all(context: ActionContext) -> None:
    """Ask, then free the memory of the models asked about; go on after a failure and tell of it."""
    from ollama_tui.domain.model import ModelKey
    from ollama_tui.tui.dialogs.questions import confirm_unload

    running = context.snapshot.running
    question = confirm_unload(running, connected(context).clock.now())
    if await context.ask(question) is not True:
        return
    found = (find_running(context, ModelKey(r.name, r.digest)) for r in running)
    await unload_models(context, [m or unlisted(r) for r, m in zip(running, found, strict=True)])


def nothing_loaded(context: ActionContext) -> str | None:
    """Say that no model is loaded."""
    return None if context.snapshot.running else "No model is loaded."


def nothing_chosen(context: ActionContext) -> str | None:
    """Say that there is no running model at the cursor."""
    return None if context.chosen else "No model is loaded."


ACTIONS = (
    Action("memory.show", "t", "running", "Show the models in memory, to load, keep or unload.",
           "show_table('running')", not_connected, group=ActionGroup.MEMORY,
           synonyms=("ps", "memory", "vram", "gpu", "ram", "loaded", "processes", "top"),
           footer=12),
    Action("memory.load", "w", "load", "Load the model at the cursor into memory.",
           load, cannot_load, group=ActionGroup.MEMORY, changes_server=True,
           synonyms=("start", "preload", "warm up")),
    Action("memory.unload", "x", "unload", "Unload the marked models, or the one at the cursor.",
           unload, cannot_unload, group=ActionGroup.MEMORY, changes_server=True,
           synonyms=("stop", "kill", "free memory", "release", "evict")),
    Action("memory.unload_all", "X", "unload all", "Unload every model; asks first.",
           unload_all, nothing_loaded, group=ActionGroup.MEMORY, changes_server=True,
           synonyms=("stop all", "kill all", "free all memory")),
    Action("running.load", "w", "load", "Choose a model and load it.",
           load_another, group=ActionGroup.MEMORY, place=Place.RUNNING, footer=-1,
           changes_server=True, keys_wait=False,
           synonyms=("start", "preload")),
    Action("running.keep", "K,enter", "keep alive", "Choose how long the model stays loaded.",
           keep_alive, nothing_chosen, group=ActionGroup.MEMORY, place=Place.RUNNING, footer=-2,
           changes_server=True, keys_wait=False,
           synonyms=("pin", "expires", "longer", "forever", "stay loaded")),
    Action("running.unload", "x", "unload", "Unload the marked models, or the one at the cursor.",
           unload, nothing_to_unload, group=ActionGroup.MEMORY, place=Place.RUNNING, footer=-4,
           changes_server=True, keys_wait=False,
           synonyms=("stop", "kill", "free memory", "release")),
    Action("running.unload_all", "X", "unload all", "Unload every model; asks first.",
           unload_all, nothing_loaded, group=ActionGroup.MEMORY, place=Place.RUNNING,
           footer=-3, changes_server=True, keys_wait=False,
           synonyms=("stop all", "kill all", "free all memory")),
    Action("running.back", "q,t", "to the list", "Go back to the list.",
           "back", group=ActionGroup.MEMORY, place=Place.RUNNING, cancels_pending=True),
)  # fmt: skip
