"""The user's own keys: what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ollama_tui.actions.action import Action, Place

MOVES = "move."
"""Ids of the movement keys begin with this; the table and the text know them."""


def mistakes(keys: Mapping[str, str], actions: Sequence[Action]) -> Iterator[str]:
    """Yield a sentence for each id that no action has and each key that two of one place share."""
    known = {action.id for action in actions}
    for name in keys:
        if name not in known and not name.startswith(MOVES):
            yield f"config.toml: there is no action “{name}” to give a key to."
    yield from _clashes(keys, actions)


def _clashes(keys: Mapping[str, str], actions: Sequence[Action]) -> Iterator[str]:
    taken: dict[tuple[Place, str], Action] = {}
    for action in actions:
        for key in keys.get(action.id, action.keys).split(","):
            for place in _places(action.place):
                first = taken.setdefault((place, key), action)
                if key and first is not action and (action.id in keys or first.id in keys):
                    yield f"config.toml: {key} is the key of both {first.id} and {action.id}."
                    break


def _places(place: Place) -> tuple[Place, ...]:
    return (Place.LIST, Place.DETAILS) if place is Place.EVERYWHERE else (place,)
