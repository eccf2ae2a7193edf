"""What the user keeps for models: note, tags, lock; the question before a locked one is replaced.

All of it is on this machine, so a server that may not be changed changes nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from ollama_tui.formatting import plural
from ollama_tui.tui.actions.action import (
    Action,
    ActionContext,
    ActionGroup,
    Place,
    connected,
    not_connected,
)

if TYPE_CHECKING:
    from ollama_tui.domain.notes import Note

WHAT = "Note, tags and lock of the marked models, or of the one at the cursor."
SYNONYMS = ("note", "notes", "tag", "tags", "label", "comment", "annotate", "remember")


async def edit(context: ActionContext) -> None:
    """Ask for note, tags and lock of a model; of several that are marked, for tags and lock."""
    from ollama_tui.domain.notes import described, note_of, tags_in_use
    from ollama_tui.tui.actions.jobs import discard_draft_when_sent
    from ollama_tui.tui.dialogs.notes import NoteDialog, NotesDialog

    models, notes = context.targets, connected(context).notes
    if notes.known.value.problem:
        context.tell("No note can be kept.", notes.known.value.problem, trouble=True)
        return
    known = tags_in_use(context.snapshot.models)
    names = tuple(dict.fromkeys(model.name for model in models))
    if len(names) > 1:
        several = NotesDialog(models, known)
        if (change := await context.ask(several)) is None:
            return
        with discard_draft_when_sent(several):
            await notes.edit(names, change.applied_to)
        context.tell(f"Tags and lock of {len(names):,} models are kept.")
        return
    model = models[0]
    dialog = NoteDialog(model, known)
    if (note := await context.ask(dialog)) is None:
        return
    with discard_draft_when_sent(dialog):
        if note != note_of(model):
            await notes.edit(names, lambda _: note)
    held = described(note)
    context.tell(f"{model.name_label}: {held}" if held else f"No note on {model.name_label}.")


async def lock(context: ActionContext, locked: bool) -> None:
    """Lock or unlock the marked models, or the current one."""
    import msgspec

    def with_lock(note: Note) -> Note:
        return msgspec.structs.replace(note, locked=locked)

    models = context.targets
    names = tuple(dict.fromkeys(model.name for model in models))
    await connected(context).notes.edit(names, with_lock)
    one = models[0].name_label if len(names) == 1 else plural(len(names), "model")
    are = "is" if len(names) == 1 else "are"
    hint = "Deleting and overwriting ask twice." if locked else ""
    context.tell(f"{one} {are} {'locked' if locked else 'not locked any more'}.", hint)


def cannot_edit(context: ActionContext) -> str | None:
    """Say that there is no model to keep anything for."""
    return not_connected(context) if context.targets else "There is no model to act on."


def cannot_lock(context: ActionContext, locked: bool) -> str | None:
    """Say that all of the models are as they are to be."""
    if (reason := cannot_edit(context)) is not None:
        return reason
    models = context.targets
    if any((model.note is not None and model.note.locked) is not locked for model in models):
        return None
    what = f"{models[0].name_label} is" if len(models) == 1 else "All of them are"
    return f"{what} {'locked already' if locked else 'not locked'}."


async def may_overwrite(context: ActionContext, names: Iterable[str], verb: str) -> bool:
    """Ask before installed models of these names are overwritten, where some are locked."""
    from ollama_tui.domain.names import comparison_key
    from ollama_tui.domain.notes import locked_among, locked_names
    from ollama_tui.tui.dialogs.choice import confirm_locked

    keys = {comparison_key(name) for name in names}
    locked = locked_among(context.snapshot.models)
    there = [model for model in locked if comparison_key(model.name) in keys]
    question = confirm_locked(locked_names(there), verb)
    return question is None or await context.ask(question) is True


ACTIONS = (
    Action("model.notes", "m", "note", WHAT, edit, cannot_edit, group=ActionGroup.CHANGE,
           synonyms=SYNONYMS),
    Action("model.lock", "", "lock", "Ask twice before the model is deleted or overwritten.",
           partial(lock, locked=True), partial(cannot_lock, locked=True),
           group=ActionGroup.CHANGE, synonyms=("protect", "guard", "pin")),
    Action("model.unlock", "", "unlock",
           "Ask once, as usual, before the model is deleted or overwritten.",
           partial(lock, locked=False), partial(cannot_lock, locked=False),
           group=ActionGroup.CHANGE, synonyms=("unprotect", "unpin")),
    Action("storage.notes", "m", "note", WHAT, edit, cannot_edit, group=ActionGroup.CHANGE,
           place=Place.STORAGE, synonyms=SYNONYMS),
    Action("running.notes", "m", "note", WHAT, edit, cannot_edit, group=ActionGroup.CHANGE,
           place=Place.RUNNING, synonyms=SYNONYMS),
    Action("updates.notes", "m", "note", WHAT, edit, cannot_edit, group=ActionGroup.CHANGE,
           place=Place.UPDATES, synonyms=SYNONYMS),
    Action("fit.notes", "m", "note", WHAT, edit, cannot_edit, group=ActionGroup.CHANGE,
           place=Place.FIT, synonyms=SYNONYMS),
)  # fmt: skip
