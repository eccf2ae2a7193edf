"""What the disk is spent on."""

from __future__ import annotations

from ollama_tui.tui.actions.action import Action, Wish
from ollama_tui.tui.actions.browse import wish
from ollama_tui.tui.actions.program import not_connected

ACTIONS = (
    Action("storage.show", "b", "storage", "See what the disk is spent on, and what frees it.",
           wish(Wish.STORAGE), not_connected, synonyms=("disk", "space")),
)  # fmt: skip
