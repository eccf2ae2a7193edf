"""What fits the memory of the server."""

from __future__ import annotations

from ollama_tui.tui.actions.action import Action, ActionGroup, Place, not_connected

ACTIONS = (
    Action("fit.show", "F", "fit", "See what fits the memory, and with which context.",
           "show_table('fit')", not_connected, group=ActionGroup.MEMORY,
           synonyms=("what fits", "memory needed", "kv cache", "context", "how large",
                     "vram needed", "will it run")),
    Action("fit.open", "enter", "open", "Go to the model in the list.",
           "go_to_model", place=Place.FIT, footer=6),
    Action("fit.back", "q,F", "to the list", "Go back to the list.",
           "back", group=ActionGroup.APP, place=Place.FIT, cancels_pending=True),
)  # fmt: skip
