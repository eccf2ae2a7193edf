"""What registries have newer: look, and fetch it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ollama_tui.formatting import listing, plural, size
from ollama_tui.tui.actions.action import Action, ActionContext, ActionGroup
from ollama_tui.tui.actions.browse import no_model
from ollama_tui.tui.actions.change import connected

if TYPE_CHECKING:
    from ollama_tui.domain.model import Model
    from ollama_tui.domain.updates import Upstream


async def check(context: ActionContext) -> None:
    """Ask the registries about the marked models, else about all that are shown."""
    models = to_check(context)
    found = await connected(context).updates.check(models)
    title, hint = summary(models, found)
    context.tell(title, hint)


def to_check(context: ActionContext) -> tuple[Model, ...]:
    """Return the models to ask about."""
    return context.targets if context.view.marks else context.rows


def cannot_check(context: ActionContext) -> str | None:
    """Say why there is nothing to ask, or that it is being asked already."""
    if context.server is None:
        return "Not connected yet: try again in a moment."
    if context.server.updates.is_checking:
        return "The registries are being asked already: the line at the top says how far it is."
    return None if to_check(context) else "There is no model to check."


def summary(models: Sequence[Model], found: Mapping[str, Upstream]) -> tuple[str, str]:
    """Return how `models` stand in a sentence, and in another what to do or why it is unknown."""
    from ollama_tui.domain import updates as upstream
    from ollama_tui.domain.updates import Standing

    stands = {m.name: upstream.standing(m, found.get(m.name)) for m in models}
    outdated = [found[name] for name, s in stands.items() if s is Standing.OUTDATED]
    unknown = [found[name] for name, s in stands.items() if s is Standing.UNKNOWN]
    current = sum(s is Standing.CURRENT for s in stands.values())
    counts = [
        f"{number} {word}"
        for number, word in ((len(outdated), "outdated"), (current, "current"))
        if number
    ]
    if unknown:
        counts.append(f"{len(unknown)} not known")
    title = f"{plural(len(models), 'model')} checked: {listing(counts) or 'nothing to say'}."
    if outdated:
        return title, f"U updates what is outdated: {size(upstream.together(outdated))} to fetch."
    return title, why_unknown(unknown)


def why_unknown(unknown: Sequence[Upstream]) -> str:
    """Return the reason of the most, as a sentence; empty for none."""
    reasons = [each.reason for each in unknown]
    return max(reasons, key=reasons.count) if reasons else ""


async def update(context: ActionContext) -> None:
    """Look whether the current model is outdated; if so, ask and fetch what is newer."""
    from ollama_tui.domain import updates as upstream
    from ollama_tui.domain.updates import Standing

    if (model := context.current) is None:
        return
    found = (await connected(context).updates.check([model])).get(model.name)
    stands = upstream.standing(model, found)
    if found is None or stands is Standing.UNKNOWN:
        reason = found.reason if found else ""
        context.tell(f"Whether {model.label} is outdated is not known.", reason)
    elif stands is Standing.CURRENT:
        context.tell(f"{model.label} is up to date.")
    else:
        await fetch(context, [model])


async def update_all(context: ActionContext) -> None:
    """Look once more at all that is known to be outdated, ask, and fetch what is newer."""
    models = [context.snapshot.by_name[name] for name in outdated_names(context)]
    await connected(context).updates.check(models)
    await fetch(context, models)


async def fetch(context: ActionContext, models: Sequence[Model]) -> None:
    """Ask, with the bytes to fetch, and queue a pull for each of `models` that is outdated."""
    from ollama_tui.domain import updates as upstream
    from ollama_tui.domain.updates import Standing
    from ollama_tui.services.jobs.tasks import Pull
    from ollama_tui.tui.dialogs.update import confirm_update

    server = connected(context)
    found = server.updates.found.value
    stale = [
        (model, found[model.name])
        for model in models
        if upstream.standing(model, found.get(model.name)) is Standing.OUTDATED
    ]
    if not stale:
        asked = [found[model.name] for model in models if model.name in found]
        context.tell("Nothing is outdated any more.", why_unknown(asked))
    elif await context.ask(confirm_update(stale)):
        for model, newer in stale:
            server.jobs.submit(Pull(model.name, newer.insecure, newer.total))


def outdated_names(context: ActionContext) -> list[str]:
    """Return the names known to be outdated, in the order of the list."""
    from ollama_tui.domain import updates as upstream

    if context.server is None:
        return []
    outdated = upstream.known(context.snapshot.by_name, context.server.updates.found.value).outdated
    return [model.name for model in context.snapshot.models if model.name in outdated]


def cannot_update(context: ActionContext) -> str | None:
    """Say why the current model cannot be outdated."""
    from ollama_tui.domain import updates as upstream

    if context.current is None:
        return no_model(context)
    return upstream.incomparable(context.current)


def nothing_outdated(context: ActionContext) -> str | None:
    """Say that nothing is known to be outdated."""
    if outdated_names(context):
        return None
    return "No model is known to be outdated: o asks the registries."


ACTIONS = (
    Action("update.check", "o", "check", "Ask the registries which models are outdated.",
           check, cannot_check, group=ActionGroup.CHANGE, keys_wait=False),
    Action("update.this", "u", "update", "Update the model at the cursor if it is outdated.",
           update, cannot_update, group=ActionGroup.CHANGE, changes_server=True),
    Action("update.all", "U", "update all", "Update every model known to be outdated.",
           update_all, nothing_outdated, group=ActionGroup.CHANGE, changes_server=True),
)  # fmt: skip
