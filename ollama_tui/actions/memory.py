"""What runs: load, unload."""

from __future__ import annotations

from ollama_tui.actions.action import Action, Context, Group
from ollama_tui.actions.browse import no_model
from ollama_tui.actions.change import connected
from ollama_tui.api.errors import OllamaError
from ollama_tui.text import inert, plural


async def load(context: Context) -> None:
    """Load the current model into memory; embedding models by their own way."""
    if (model := context.current) is None:
        return
    context.tell(f"Loading {model.label} …")
    embedding = model.can("embedding") and not model.can("completion")
    await connected(context).ollama.load(model.name, embedding=embedding)
    context.tell(f"{model.label} is loaded.")


def cannot_load(context: Context) -> str | None:
    """Say why the current model cannot be loaded."""
    if context.current is not None and context.current.is_cloud:
        return f"{context.current.label} runs in the cloud: there is nothing to load."
    return no_model(context)


async def unload(context: Context) -> None:
    """Free the memory of the current model."""
    if (model := context.current) is None:
        return
    await connected(context).ollama.unload(model.name)
    context.tell(f"{model.label} is being unloaded.")


def cannot_unload(context: Context) -> str | None:
    """Say why the current model cannot be unloaded."""
    if context.current is not None and not context.current.is_loaded:
        return f"{context.current.label} is not loaded."
    return no_model(context)


async def unload_all(context: Context) -> None:
    """Free the memory of every running model; go on after a failure and tell of each."""
    names = [runner.name for runner in context.snapshot.running]
    failures = []
    for name in names:
        try:
            await connected(context).ollama.unload(name)
        except OllamaError as error:
            failures.append(f"{inert(name)}: {error}")
    if failures:
        raise OllamaError(
            f"{plural(len(failures), 'model')} of {len(names)} stayed loaded.", failures[0]
        )
    context.tell(f"{plural(len(names), 'model')} being unloaded.")


def nothing_loaded(context: Context) -> str | None:
    """Say that no model is loaded."""
    return None if context.snapshot.running else "No model is loaded."


ACTIONS = (
    Action("memory.load", "w", "load", "Load the model at the cursor into memory.",
           load, cannot_load, group=Group.MEMORY, changes_server=True),
    Action("memory.unload", "x", "unload", "Free the memory of the model at the cursor.",
           unload, cannot_unload, group=Group.MEMORY, changes_server=True),
    Action("memory.unload_all", "X", "unload all", "Free the memory of every running model.",
           unload_all, nothing_loaded, group=Group.MEMORY, changes_server=True),
)  # fmt: skip
