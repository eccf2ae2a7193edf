"""The models of the server: copy, rename, delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ollama_tui.api.errors import OllamaError
from ollama_tui.formatting import brief, inert
from ollama_tui.tui.actions.action import (
    NOT_CONNECTED,
    Action,
    ActionContext,
    ActionGroup,
    Place,
    changing,
    connected,
    no_model,
    not_connected,
)
from ollama_tui.tui.actions.browse import hidden_marks, hint_if_hidden
from ollama_tui.tui.actions.jobs import confirm_target, discard_draft_when_sent, find, offer_again

if TYPE_CHECKING:
    from ollama_tui.domain.model import Model, ModelKey
    from ollama_tui.domain.storage.report import StorageRow


async def copy(context: ActionContext) -> None:
    """Ask for a name and copy the current model to it."""
    from ollama_tui.services.jobs.job import NameTaken
    from ollama_tui.services.jobs.tasks import Copy
    from ollama_tui.tui.dialogs.names import CopyDialog

    if (model := context.current) is None:
        return
    services = connected(context)
    dialog = CopyDialog(model, context.snapshot.models)
    if (answer := await context.ask(dialog)) is None:
        return
    try:
        confirmed = await confirm_target(context, answer)
    except NameTaken:  # a job says so too, and keeps the name for another try
        job_id = services.queue.submit(Copy(model.name, answer.name, answer.replaces))
        context.drafts.follow(dialog.draft_file, job_id)
        return
    except OllamaError:
        offer_again(dialog)
        raise
    if confirmed is None:
        offer_again(dialog)
        return
    target = confirmed.name
    with discard_draft_when_sent(dialog):
        async with changing(context) as ollama:
            warning = await ollama.copy(model.name, target)
    copied = find(context, target)
    done = f"{model.name_label} was copied to {copied.name_label if copied else inert(target)}."
    hints = (brief(warning), hint_if_hidden(context, copied.name) if copied else "")
    context.tell(done, " ".join(filter(None, hints)), trouble=bool(warning))
    if copied:
        context.move_to(copied.name)


async def rename(context: ActionContext) -> None:
    """Ask for a new name; copy, look that the copy is right, and only then delete."""
    from ollama_tui.tui.dialogs.names import CopyDialog

    if (model := context.current) is None:
        return
    typed = ""
    while True:
        dialog = CopyDialog(model, context.snapshot.models, rename=True, prefill=typed)
        if (answer := await context.ask(dialog)) is None:
            return
        typed, location = answer.name, context.location
        try:
            await connected(context).library.refresh()
        except OllamaError:
            offer_again(dialog)
            raise
        # Ask again in the dialog, unless the user has gone to another screen.
        if find(context, typed) is None or context.location != location:
            break
        offer_again(dialog)
    with discard_draft_when_sent(dialog):
        renamed = await move(context, model, typed)
    hidden = hint_if_hidden(context, renamed.name)
    context.tell(f"{model.name_label} is now {renamed.name_label}.", hidden)
    context.move_to(renamed.name)
    await connected(context).notes.rename(model.name, renamed.name)


async def move(context: ActionContext, model: Model, target: str) -> Model:
    """Give `model` the name `target`; raises OllamaError and never loses the model.

    Ollama has no rename. A copy onto the same name answers 200 and does nothing, and names that
    differ only by case are the same, so the deletion waits for a copy seen in the list with the
    digests of the source.
    """
    from ollama_tui.domain import names

    services = connected(context)
    old = model.name_label
    refuse = f"{old} was not renamed"
    agreed = _digests(context, model.name)
    await services.library.refresh()
    if names.same(model.name, target) or find(context, target) is not None:
        raise OllamaError(f"{refuse}: {inert(target)} already exists.", "Choose another name.")
    if twin := names.case_variants((model.name,), context.snapshot.by_name).get(model.name):
        raise OllamaError(
            f"{refuse}: {inert(twin)} exists too, and a server may confuse the two.",
            "Copy it, look at the copy, and then decide which to delete.",
        )
    warning = await services.ollama.copy(model.name, target)
    await services.library.refresh()
    copied = find(context, target)
    if copied is not None and warning:
        raise OllamaError(
            f"{old} was copied to {copied.name_label}, but not renamed: not all of it was copied.",
            f"Delete either when you have looked at both. The server says: {brief(warning)}",
        )
    is_right = copied is not None and _digests(context, copied.name) == agreed
    if copied is None or copied.name == model.name or not is_right or model.digest not in agreed:
        raise OllamaError(f"{refuse}: the copy is not what it should be.", "Nothing was deleted.")
    new = copied.name_label
    if not _digests(context, model.name) <= agreed:
        raise OllamaError(
            f"{old} was copied to {new}, and another model took its name in the meantime.",
            "That is kept: look at it before you delete it.",
        )
    try:
        async with changing(context) as ollama:
            await ollama.delete(model.name)
    except OllamaError as error:
        raise OllamaError(
            f"{old} was copied to {new}, but its old name is still there.",
            f"Delete it when the server lets you: {error}",
        ) from error
    return copied


def _digests(context: ActionContext, name: str) -> frozenset[str]:
    """Return the digests that are listed under exactly `name`."""
    return frozenset(model.digest for model in context.snapshot.named(name))


async def delete(context: ActionContext) -> None:
    """Say what is lost, ask, and queue the deletion with its grace period."""
    from ollama_tui.domain import names
    from ollama_tui.domain.plan import plan_deletion
    from ollama_tui.services.jobs.tasks import Delete, ambiguous_deletion
    from ollama_tui.tui.dialogs.questions import confirm_delete

    jobs = connected(context).queue
    # One moment for all of it: the list may change while the disk is read.
    snapshot, targets, hidden = context.snapshot, context.targets, hidden_marks(context)
    by_name = [m.name for m in targets if not m.siblings]
    if twins := names.case_variants(by_name, snapshot.by_name):
        raise ambiguous_deletion(*next(iter(twins.items())))
    planned = plan_deletion(targets, await connected(context).storage.usage(snapshot.models))
    question = confirm_delete(
        targets,
        planned,
        context.settings.grace,
        still_loading=snapshot.facts_to_fetch > 0,
        hidden=hidden,
    )
    if await context.ask(question) is not True:
        return
    # Marks stay until their models are gone: what is undone or fails is still chosen.
    with_backups = question.with_option
    backups = planned.backups if with_backups else ()
    freed = planned.freed_with_backups if with_backups else planned.freed
    jobs.submit(Delete((*planned.deletions, *backups), str(freed) if freed.bytes else ""))


def cannot_delete(context: ActionContext) -> str | None:
    """Say that there is nothing to delete, or that another model would be."""
    targets = context.targets
    return ambiguous_name_problem(targets) if targets else "There is no model to act on."


def cannot_rename(context: ActionContext) -> str | None:
    """Say why the current model cannot have another name: its old one has to be deleted."""
    current = context.current
    return ambiguous_name_problem((current,)) if current else no_model(context)


def ambiguous_name_problem(models: Sequence[Model]) -> str | None:
    """Say which of `models` cannot be deleted because a server would delete another one."""
    doubtful = [model.name for model in models if model.name[-6:].lower() == ":local"]
    if not doubtful:
        return None  # common case; avoids the import
    from ollama_tui.domain import names

    return next(filter(None, map(names.deletion_problem, doubtful)), None)


async def delete_chosen(context: ActionContext) -> None:
    """Delete as in the list: the marked models, else what is at the cursor of storage."""
    from ollama_tui.domain.storage.report import DELETABLE, StorageRow

    row = context.chosen
    if not context.view.marks and isinstance(row, StorageRow) and row.model is None:
        if row.kind in DELETABLE:
            await delete_leftover(context, row)
        else:
            context.tell("This row is not a model; the line below the table says what frees it.")
    elif (reason := cannot_delete(context)) is not None:
        context.tell(reason)
    else:
        await delete(context)


async def delete_leftover(context: ActionContext, row: StorageRow) -> None:
    """Say what is lost, ask, and queue the deletion of what is no listed model."""
    from ollama_tui.domain.plan import plan_leftover
    from ollama_tui.services.jobs.tasks import Delete
    from ollama_tui.tui.dialogs.questions import confirm_leftover

    services = connected(context)
    planned = plan_leftover(
        row.kind, row.key, await services.storage.usage(context.snapshot.models)
    )
    if not planned.deletions:
        context.tell("It is gone already.")
        return
    question = confirm_leftover(row, planned, context.settings.grace)
    if await context.ask(question) is True:
        freed = planned.freed
        services.queue.submit(Delete(planned.deletions, str(freed) if freed.bytes else ""))


def chosen_model(context: ActionContext) -> ModelKey | None:
    """Return the model at the cursor of storage; None, and say so, for another row."""
    from ollama_tui.domain.storage.report import StorageRow

    if isinstance(row := context.chosen, StorageRow) and row.model is not None:
        return row.model
    context.tell("This row is not a model; the line below the table says what frees it.")
    return None


def reveal(context: ActionContext, key: ModelKey) -> None:
    """Put the list's cursor on a model, without the filter if that hides it."""
    if key not in {row.key for row in context.rows}:
        context.set_view(replace(context.view, filter=""))
    context.move_to(key)


async def undo(context: ActionContext) -> None:
    """Bring back what was deleted last."""
    connected(context).queue.undo()


def nothing_to_undo(context: ActionContext) -> str | None:
    """Say that no deletion waits.

    Only the queue knows: what is shown of it may be older than a deletion whose answer was typed
    ahead together with its undo.
    """
    if context.services is None:
        return NOT_CONNECTED
    if any(job.can_undo for job in context.services.queue.jobs.value):
        return None
    return "There is nothing to undo: a deletion can be undone until it is sent."


ACTIONS = (
    Action("model.copy", "c", "copy", "Copy the model at the cursor; it takes no disk space.",
           copy, no_model, group=ActionGroup.CHANGE, footer=8, changes_server=True,
           synonyms=("alias", "clone", "duplicate", "cp")),
    Action("model.rename", "r", "rename", "Rename the model at the cursor.",
           rename, cannot_rename, group=ActionGroup.CHANGE, changes_server=True,
           synonyms=("move", "mv")),
    Action("model.delete", "d", "delete", "Delete the marked models, or the one at the cursor.",
           delete, cannot_delete, group=ActionGroup.CHANGE, footer=6, changes_server=True,
           synonyms=("remove", "rm", "uninstall", "erase", "trash", "del")),
    Action("model.undo", "z", "undo", "Undo the last deletion, within a few seconds.",
           undo, nothing_to_undo, group=ActionGroup.CHANGE, changes_server=True,
           synonyms=("restore", "recover", "bring back", "undelete")),
    Action("storage.show", "b", "storage", "See what takes up the disk, and what frees it.",
           "show_table('storage')", not_connected,
           synonyms=("disk", "space", "free space", "disk full", "disk usage", "largest", "biggest",
                     "du", "df", "clean up", "cleanup", "prune", "purge", "leftovers", "blobs",
                     "backup", "original", "store upgrade"), footer=10),
    Action("storage.open", "enter", "open", "Go to the model in the list.",
           "go_to_model", place=Place.STORAGE, footer=6),
    Action("storage.delete", "d", "delete", "Delete the marked models, or the one at the cursor.",
           delete_chosen, group=ActionGroup.CHANGE, place=Place.STORAGE, footer=4,
           changes_server=True,
           synonyms=("remove", "rm", "prune", "cleanup", "trash")),
    Action("storage.undo", "z", "undo", "Undo the last deletion, within a few seconds.",
           undo, nothing_to_undo, group=ActionGroup.CHANGE, place=Place.STORAGE, footer=5,
           changes_server=True, synonyms=("restore", "recover")),
    Action("storage.read", "R", "refresh", "Read the disk again.",
           "reload", group=ActionGroup.APP, place=Place.STORAGE, footer=7,
           synonyms=("reload",)),
    Action("storage.back", "q,b", "to the list", "Go back to the list.",
           "back", group=ActionGroup.APP, place=Place.STORAGE, cancels_pending=True),
)  # fmt: skip
