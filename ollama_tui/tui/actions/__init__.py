"""What the user can do: a function and a row per action.

The first frame needs the rows, so what only the functions need is imported inside of them.
"""

from ollama_tui.tui.actions import (
    account,
    browse,
    change,
    cloud,
    compare,
    edit,
    hosts,
    importing,
    memory,
    modelfiles,
    program,
    quantize,
    storage,
    update,
)
from ollama_tui.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    *browse.ACTIONS,
    *change.ACTIONS,
    *update.ACTIONS,
    *compare.ACTIONS,
    *cloud.ACTIONS,
    *edit.ACTIONS,
    *quantize.ACTIONS,
    *importing.ACTIONS,
    *modelfiles.ACTIONS,
    *memory.ACTIONS,
    *storage.ACTIONS,
    *hosts.ACTIONS,
    *account.ACTIONS,
    *program.ACTIONS,
)
"""Every action, in the order of help and README."""

BY_ID = {action.id: action for action in ACTIONS}
