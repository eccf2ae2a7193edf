"""Settings: the columns of the list, config.toml, and back to what it says."""

from __future__ import annotations

from ollama_tui.tui.actions.action import Action, ActionGroup

ACTIONS = (
    Action("app.columns", "", "columns", "Choose the columns of the list, and their order.",
           "settings('columns')", group=ActionGroup.APP,
           synonyms=("fields", "show column", "hide column", "customize")),
    Action("app.settings", "", "settings", "Edit config.toml in your editor; it applies at once.",
           "settings('file')", group=ActionGroup.APP,
           synonyms=("config", "config.toml", "preferences", "options", "configure")),
    Action("app.reset", "", "reset view", "Go back to the order, columns and theme of config.toml.",
           "settings('reset')", group=ActionGroup.APP,
           synonyms=("defaults", "reset columns", "reset theme", "reset order")),
)  # fmt: skip
