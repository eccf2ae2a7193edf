"""Making a model from files of this machine."""

from __future__ import annotations

from ollama_tui.tui.actions.action import Action, ActionContext, ActionGroup
from ollama_tui.tui.actions.replacing import queue


async def import_files(context: ActionContext, heading: str = "") -> None:
    """Ask which files become which model, and queue the upload and what follows it."""
    from ollama_tui.services.jobs.tasks import Create
    from ollama_tui.tui.dialogs.importing import ImportDialog

    dialog = ImportDialog(context.snapshot.models, heading)
    answer = await context.ask(dialog)
    if answer is not None:
        verb = "import" if answer.files else "create"
        task = Create(answer.request, verb=verb, files=answer.files, replaces=answer.replaces)
        await queue(context, task, dialog.draft_file)


ACTIONS = (
    Action("model.import", "I", "import", "Import a GGUF file, a model folder or a Modelfile.",
           import_files, group=ActionGroup.CHANGE, changes_server=True),
)  # fmt: skip
