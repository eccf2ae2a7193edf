"""The keys of actions: their usual ones, or those of the config file, and how keys are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product

from textual.binding import Binding

from ollama_tui.config.settings import ConfigProblem, Settings
from ollama_tui.formatting import inert
from ollama_tui.tui.actions.action import Action, Place
from ollama_tui.tui.widgets.styled_widget import ScrollingWidget
from ollama_tui.tui.widgets.table import Table

KEY_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "backslash": "\\",
    "colon": ":",
    "asterisk": "*",
    "plus": "+",
    "minus": "-",
    "at": "@",
    "percent_sign": "%",
    "equals_sign": "=",
    "left_square_bracket": "[", "right_square_bracket": "]",
    "space": "space",
    "enter": "⏎",
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "shift+tab": "⇧tab",
}  # fmt: skip

PLAIN_KEY_NAMES = KEY_NAMES | {
    "enter": "enter", "up": "up", "down": "down", "left": "left", "right": "right",
    "shift+tab": "shift+tab",
}  # fmt: skip
"""For terminals that have no arrows."""

RENAMED_ACTIONS = {
    "storage.mark": "mark.toggle", "cloud.filter": "filter.open", "cloud.leave": "table.leave",
    "updates.mark": "mark.toggle", "updates.mark_all": "mark.all", "updates.mark_none": "mark.none",
    "updates.invert": "mark.invert", "updates.sort": "sort.choose", "sort.1": "sort.name",
    "sort.2": "sort.params", "sort.3": "sort.quant", "sort.4": "sort.size", "sort.5": "sort.ctx",
    "sort.6": "sort.can", "sort.7": "sort.modified", "sort.8": "sort.loaded",
    "sort.9": "sort.family",
}  # fmt: skip
"""What actions were called before, so that the config files of users stay valid."""


@dataclass(frozen=True)
class Keymap:
    """The keys of all actions, no two in one region the same."""

    changed: Mapping[str, str] = field(default_factory=dict)
    """Keys by id, comma-separated, where they are not the usual ones."""
    problems: tuple[ConfigProblem, ...] = ()
    """Unknown ids, and keys that belong to another id."""
    names: Mapping[str, str] = field(default_factory=lambda: KEY_NAMES)
    """How keys are called on the screen, by Textual's names."""

    def shown(self, action: Action) -> tuple[str, ...]:
        """Return the keys of `action` as a person reads them; none for one of the palette only."""
        keys = self.changed.get(action.id, action.keys)
        return tuple(self.name(key) for key in keys.split(",") if key)

    def name(self, key: str) -> str:
        """Return a key as a person reads it."""
        return self.names.get(key, key)

    def for_textual(self) -> dict[str, str]:
        """Return what Textual's `set_keymap` takes."""
        return {id_: keys or no_key(id_) for id_, keys in self.changed.items()}


def no_key(id_: str) -> str:
    """Return the name of a key that nobody can press, for a binding that is to have none yet."""
    return f"no-key.{id_}"


def keymap_from(settings: Settings, actions: Iterable[Action]) -> Keymap:
    """Return the keys after the `[keys]` of the config file.

    Actions not in the file keep their default keys. Then keys are assigned in file order; an action
    that gets none of its keys falls back to its free defaults.
    """
    if not settings.keys:
        return Keymap()
    usual = {action.id: (action.keys, action.place) for action in actions}
    for binding in (*ScrollingWidget.BINDINGS, *Table.BINDINGS):
        if isinstance(binding, Binding) and binding.id:
            usual[binding.id] = (binding.key, Place.EVERYWHERE)
    problems, asked = [], {}
    for name, keys in settings.keys.items():
        if (id_ := RENAMED_ACTIONS.get(name, name)) in usual:
            asked[id_] = (name, keys)
        else:
            text = f"there is no action “{inert(name[:80])}” to give a key to."
            problems.append(ConfigProblem.at(settings.lines, ("keys", name), text))
    holders: dict[tuple[Place, str], str] = {}

    def holder(key: str, place: Place) -> str:
        """Return the id that has `key` where it is asked for; empty if it is free."""
        held = [holders.get((region, key), "") for region in place.regions]
        # Keys of the list or the details come before those of both, which need just one of the two.
        taken = all(held) if place is Place.LIST_AND_DETAILS else any(held)
        return next(filter(None, held)) if taken else ""

    def take(id_: str, keys: str) -> str:
        """Give the free ones of `keys` to an id, and return them."""
        place = usual[id_][1]
        free = [key for key in keys.split(",") if key and not holder(key, place)]
        for region, key in product(place.regions, free):
            holders.setdefault((region, key), id_)
        return ",".join(free)

    for id_, (keys, _) in usual.items():
        if id_ not in asked:
            take(id_, keys)
    changed = {}
    for id_, (name, keys) in asked.items():
        for key in keys.split(","):
            if other := holder(key, usual[id_][1]):
                text = f"{key} is the key of both {other} and {id_}. {other} keeps it."
                problems.append(ConfigProblem.at(settings.lines, ("keys", name), text))
        changed[id_] = take(id_, keys) or take(id_, usual[id_][0])
    return Keymap(changed, tuple(problems))
