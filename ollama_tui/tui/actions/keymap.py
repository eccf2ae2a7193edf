"""The user's own keys: what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ollama_tui.formatting import inert
from ollama_tui.tui.actions.action import Action, Place

MOVES = "move."
"""Ids of the movement keys begin with this; the table and the text know them."""


def mistakes(
    keys: Mapping[str, str], actions: Sequence[Action], where: Callable[[str, str], str]
) -> Iterator[str]:
    """Yield a sentence for each id that no action has and each key that two of one place share.

    `where` says where a table of the config file has an entry.
    """
    known = {action.id for action in actions}
    for name in keys:
        if name not in known and not name.startswith(MOVES):
            said = inert(name[:80])
            yield f"{where('keys', name)}: there is no action “{said}” to give a key to."
    yield from _clashes(keys, actions, where)


def _clashes(
    keys: Mapping[str, str], actions: Sequence[Action], where: Callable[[str, str], str]
) -> Iterator[str]:
    taken: dict[tuple[Place, str], Action] = {}
    for action in actions:
        for key in keys.get(action.id, action.keys).split(","):
            for place in _places(action.place):
                first = taken.setdefault((place, key), action)
                if key and first is not action and (action.id in keys or first.id in keys):
                    line = where("keys", action.id if action.id in keys else first.id)
                    yield f"{line}: {key} is the key of both {first.id} and {action.id}."
                    break


def _places(place: Place) -> tuple[Place, ...]:
    return (Place.LIST, Place.DETAILS) if place is Place.EVERYWHERE else (place,)
