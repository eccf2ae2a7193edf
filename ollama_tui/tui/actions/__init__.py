"""What the user can do: a function and a row per action.

The first frame needs the rows, so what only the functions need is imported inside of them.
"""

from ollama_tui.tui.actions import (
    account,
    app,
    browse,
    create,
    edit,
    fit,
    jobs,
    memory,
    models,
    notes,
    settings,
    transfers,
    updates,
)
from ollama_tui.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    *browse.ACTIONS,
    *transfers.ACTIONS,
    *updates.ACTIONS,
    *models.ACTIONS,
    *notes.ACTIONS,
    *create.ACTIONS,
    *edit.ACTIONS,
    *memory.ACTIONS,
    *fit.ACTIONS,
    *account.ACTIONS,
    *jobs.ACTIONS,
    *settings.ACTIONS,
    *app.ACTIONS,
)
"""Every action, in the order of help and README."""

BY_ID = {action.id: action for action in ACTIONS}
