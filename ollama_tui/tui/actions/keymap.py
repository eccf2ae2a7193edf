"""The user's own keys: what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ollama_tui.config.settings import ConfigProblem, Settings
from ollama_tui.formatting import inert
from ollama_tui.tui.actions.action import Action, Place

MOVES = "move."
"""Ids of the movement keys begin with this; the table and the text know them."""


def problems(settings: Settings, actions: Sequence[Action]) -> Iterator[ConfigProblem]:
    """Yield each id that no action has and each key that two actions of one place share."""
    known = {action.id for action in actions}
    for name in settings.keys:
        if name not in known and not name.startswith(MOVES):
            said = inert(name[:80])
            text = f"there is no action “{said}” to give a key to."
            yield settings.problem(("keys", name), text)
    yield from _clashes(settings, actions)


def _clashes(settings: Settings, actions: Sequence[Action]) -> Iterator[ConfigProblem]:
    keys = settings.keys
    taken: dict[tuple[Place, str], Action] = {}
    for action in actions:
        for key in keys.get(action.id, action.keys).split(","):
            for place in _places(action.place):
                first = taken.setdefault((place, key), action)
                if key and first is not action and (action.id in keys or first.id in keys):
                    named = action.id if action.id in keys else first.id
                    text = f"{key} is the key of both {first.id} and {action.id}."
                    yield settings.problem(("keys", named), text)
                    break


def _places(place: Place) -> tuple[Place, ...]:
    return (Place.LIST, Place.DETAILS) if place is Place.EVERYWHERE else (place,)
