"""Updates: what registries have that is newer, asked for and fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ollama_tui.formatting import inert, plural, size
from ollama_tui.tui.actions.action import (
    NOT_CONNECTED,
    Action,
    ActionContext,
    ActionGroup,
    Place,
    connected,
    no_model,
    not_connected,
)
from ollama_tui.tui.actions.browse import hidden_marks
from ollama_tui.tui.actions.models import nothing_to_undo, undo

if TYPE_CHECKING:
    from ollama_tui.domain.model import Model, ModelKey
    from ollama_tui.domain.update_rows import UpdateRow
    from ollama_tui.domain.updates import Upstream
    from ollama_tui.services.connection import Services


def _in_question(context: ActionContext) -> tuple[Model, ...]:
    return context.targets if context.view.marks else context.rows


def models_to_check(context: ActionContext) -> tuple[Model, ...]:
    """Return the models to ask about: of cloud models nothing is here that could be outdated."""
    return tuple(model for model in _in_question(context) if not model.is_cloud)


def cannot_check(context: ActionContext) -> str | None:
    """Say why there is nothing to ask."""
    if context.services is None:
        return NOT_CONNECTED
    models = _in_question(context)
    if any(not model.is_cloud for model in models):
        return None
    return "Cloud models cannot be outdated." if models else "There is no model to check."


def is_checking(context: ActionContext) -> str | None:
    """Say that the registries are being asked already."""
    if context.services is not None and context.services.updates.is_checking:
        return "The registries are being asked already."
    return not_connected(context)


def check_summary(models: Sequence[Model], found: Mapping[ModelKey, Upstream]) -> tuple[str, str]:
    """Return how `models` stand in a sentence, and in another what to do or why it is unknown."""
    from ollama_tui.domain import updates as upstream
    from ollama_tui.domain.updates import UpdateStatus

    statuses = {m.key: upstream.update_status(m, found.get(m.key)) for m in models}
    outdated = [found[key] for key, s in statuses.items() if s is UpdateStatus.OUTDATED]
    unknown = [found[key] for key, s in statuses.items() if s is UpdateStatus.UNKNOWN]
    if not models:
        return "No model is left to check.", ""
    checked = sum(status is not None for status in statuses.values())
    every = plural(len(models), "model")
    if not checked:  # the check was of others, or they changed since
        return f"{every} not checked yet.", ""
    part = every if checked == len(models) else f"{checked:,} of {every}"
    title = f"{part} checked: {upstream.counted(statuses.values())}."
    if outdated:
        return title, f"U updates what is outdated: {size(upstream.together(outdated))} to fetch."
    return title, why_unknown(unknown)


def why_unknown(unknown: Sequence[Upstream]) -> str:
    """Return the reason of the most, as a sentence; empty for none."""
    reasons = [each.reason for each in unknown]
    return max(reasons, key=reasons.count) if reasons else ""


async def update_current(context: ActionContext) -> None:
    """Look whether the current model is outdated; if so, ask and fetch what is newer."""
    from ollama_tui.domain import updates as upstream
    from ollama_tui.domain.updates import UpdateStatus

    if (model := context.current) is None:
        return
    found = (await connected(context).updates.check([model])).get(model.key)
    status = upstream.update_status(model, found)
    if found is None or status is UpdateStatus.UNKNOWN:
        reason = found.reason if found else ""
        context.tell(f"Whether {model.label} is outdated is not known.", reason)
    elif status is UpdateStatus.CURRENT:
        context.tell(f"{model.label} is up to date.")
    else:
        await fetch_updates(context, [model])


async def update_all(context: ActionContext) -> None:
    """Look once more at all that is known to be outdated, ask, and fetch what is newer."""
    models = outdated_models(context)
    await connected(context).updates.check(models)
    await fetch_updates(context, models)


async def fetch_updates(context: ActionContext, models: Sequence[Model]) -> bool:
    """Ask, with the bytes to fetch, and queue a pull for each of `models` that is outdated.

    Return whether any was queued.
    """
    from ollama_tui.domain import updates as upstream
    from ollama_tui.services.jobs.tasks import Pull
    from ollama_tui.tui.dialogs.questions import confirm_update

    services = connected(context)
    found = services.updates.found.value
    stale = upstream.to_update(models, found)
    if not stale:
        asked = [found[model.key] for model in models if model.key in found]
        context.tell("Nothing is outdated any more.", why_unknown(asked))
    elif await context.ask(confirm_update(stale, free_on_disk(services), hidden_marks(context))):
        for model, newer in stale:
            services.queue.submit(Pull(model.name, newer.insecure, newer.total))
        return True
    return False


def free_on_disk(services: Services) -> int | None:
    """Return the bytes free on the server's disk, as they were measured last; None if unknown."""
    measured = services.storage.measured.value
    return measured.free if measured is not None else None


def outdated_models(context: ActionContext) -> list[Model]:
    """Return the models known to be outdated, in the order of the list."""
    from ollama_tui.domain import updates as upstream

    if context.services is None:
        return []
    snapshot, found = context.snapshot, context.services.updates.found.value
    outdated = upstream.known(snapshot.by_key, found).outdated if found else ()
    return [model for model in snapshot.models if model.key in outdated] if outdated else []


def cannot_update(context: ActionContext) -> str | None:
    """Say why the current model cannot be outdated."""
    from ollama_tui.domain import updates as upstream

    if context.current is None:
        return no_model(context)
    if context.services is not None:
        return context.services.updates.incomparable(context.current)
    return upstream.incomparable(context.current)


def nothing_outdated(context: ActionContext) -> str | None:
    """Say that nothing is known to be outdated."""
    if outdated_models(context):
        return None
    return "No model is known to be outdated: o asks the registries."


def chosen_update(context: ActionContext) -> UpdateRow | None:
    """Return the row at the cursor of what is outdated; None if there is none."""
    from ollama_tui.domain.update_rows import UpdateRow

    return context.chosen if isinstance(context.chosen, UpdateRow) else None


def cannot_update_chosen(context: ActionContext) -> str | None:
    """Say why neither marked models nor the one at the cursor can be updated."""
    if context.view.marks:
        return None
    row = chosen_update(context)
    return inert(row.why_not) if row and row.why_not else no_model(context)


ACTIONS = (
    Action("update.check", "o", "updates", "Check the registries for newer versions.",
           "show_table('updates')", cannot_check, group=ActionGroup.CHANGE,
           synonyms=("outdated", "updates", "new versions", "check for updates"), footer=11),
    Action("update.this", "u", "update", "Update the model at the cursor if it is outdated.",
           update_current, cannot_update, group=ActionGroup.CHANGE, changes_server=True,
           synonyms=("upgrade",)),
    Action("update.all", "U", "update all", "Update every model known to be outdated.",
           update_all, nothing_outdated, group=ActionGroup.CHANGE, changes_server=True,
           synonyms=("upgrade all",)),
    Action("updates.open", "enter", "open", "Go to the model in the list.",
           "go_to_model", no_model, place=Place.UPDATES, footer=7),
    Action("updates.update", "u", "update", "Update the marked models, or the one at the cursor.",
           "update", cannot_update_chosen, group=ActionGroup.CHANGE, place=Place.UPDATES, footer=-1,
           changes_server=True, synonyms=("upgrade",)),
    Action("updates.update_all", "U", "update all", "Update every model known to be outdated.",
           update_all, nothing_outdated, group=ActionGroup.CHANGE, place=Place.UPDATES, footer=4,
           changes_server=True, synonyms=("upgrade all",)),
    Action("updates.fold", "f", "show all", "Show or hide what is up to date.",
           "fold", place=Place.UPDATES, footer=5),
    Action("updates.check", "r,R", "check again", "Ask the registries again.",
           "check", is_checking, group=ActionGroup.APP, place=Place.UPDATES, footer=6,
           keys_wait=False, synonyms=("refresh", "reload")),
    Action("updates.undo", "z", "undo", "Undo the last deletion, within a few seconds.",
           undo, nothing_to_undo, group=ActionGroup.CHANGE, place=Place.UPDATES,
           changes_server=True),
    Action("updates.back", "q,o", "to the list", "Go back to the list.",
           "back", group=ActionGroup.APP, place=Place.UPDATES, cancels_pending=True),
)  # fmt: skip
