"""What every action promises: an id, a key of its own, a sentence, a reason when it cannot act."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from ollama_tui.tui.actions import ACTIONS, BY_ID
from ollama_tui.tui.actions.action import Action, Place
from ollama_tui.tui.actions.keymap import Keymap
from ollama_tui.tui.widgets.styled_widget import ScrollingWidget
from tests import readme

NEVER_BOUND = {f"ctrl+{letter}" for letter in "czsqmihjba["} | {f"f{n}" for n in range(1, 25)}
DESIGN = {
    "filter.open": "/", "filter.clear": "esc", "filter.saved": "@",
    "mark.toggle": "space", "mark.range": "v", "mark.all": "a", "mark.none": "A",
    "mark.invert": "*", "sort.choose": "s", "sort.reverse": "\\",
    "sort.name": "1", "sort.size": "2", "sort.params": "3", "sort.quant": "4", "sort.ctx": "5",
    "fit.show": "F", "sort.can": "6", "sort.modified": "7", "sort.loaded": "8", "sort.family": "9",
    "details.open": "⏎ l → i", "details.close": "esc h ←",
    "details.next": "tab", "details.previous": "⇧tab",
    "model.pull": "p", "update.this": "u", "update.all": "U", "update.check": "o",
    "model.push": "P", "model.copy": "c", "model.rename": "r",
    "model.delete": "d", "model.undo": "z", "model.create": "C", "model.edit": "e",
    "model.quantize": "%", "model.import": "I",
    "memory.show": "t", "memory.load": "w", "memory.unload": "x", "memory.unload_all": "X",
    "storage.show": "b", "jobs.show": "J", "cloud.show": "L", "clipboard.copy": "y",
    "hosts.show": "H", "model.compare": "=", "model.notes": "m",
    "app.refresh": "R", "app.quit": "q", "app.keys": "?", "app.palette": ": ctrl+p",
}  # fmt: skip
"""The keys as the design fixes them."""
every_action = pytest.mark.parametrize("action", ACTIONS, ids=[action.id for action in ACTIONS])


def keys_of(action: Action) -> list[str]:
    return [key for key in action.keys.split(",") if key]


def test_ids_are_unique() -> None:
    assert [id_ for id_, times in Counter(a.id for a in ACTIONS).items() if times > 1] == []


every_region = pytest.mark.parametrize("place", Place.EVERYWHERE.regions)


@every_region
def test_no_two_actions_want_the_same_key_in_one_place(place: Place) -> None:
    here = [action for action in ACTIONS if place in action.place.regions]
    times = Counter(key for action in here for key in keys_of(action))
    assert [key for key, count in times.items() if count > 1] == []


def test_no_action_takes_a_key_that_moves() -> None:
    moving = {key for binding in ScrollingWidget.BINDINGS for key in binding.key.split(",")}  # type: ignore[union-attr]
    taken = {key for action in ACTIONS for key in keys_of(action)}
    assert moving & taken == set()


@every_action
def test_ids_are_dotted_lower_case_words(action: Action) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z0-9_]+", action.id)


@every_action
def test_keys_that_belong_to_terminals_are_left_alone(action: Action) -> None:
    assert NEVER_BOUND.isdisjoint(keys_of(action))
    assert not any(key.startswith("alt+") for key in keys_of(action))


@every_action
def test_help_is_one_sentence(action: Action) -> None:
    assert action.help.endswith(".")
    assert action.help[0].isupper()
    assert "\n" not in action.help


@every_action
def test_labels_are_a_few_small_words(action: Action) -> None:
    assert 0 < len(action.label) <= 16
    assert action.label == action.label.lower() or "Modelfile" in action.label


@pytest.mark.parametrize("id_", DESIGN)
def test_it_has_the_key_the_design_gives_it(id_: str) -> None:
    assert " ".join(Keymap().shown(BY_ID[id_])) == DESIGN[id_]


def test_every_action_with_a_single_letter_is_in_the_design() -> None:
    own = {"details.metadata", "details.find", "details.find_next", "details.find_previous"}
    tables = (
        Place.STORAGE, Place.RUNNING, Place.JOBS, Place.UPDATES, Place.COMPARE, Place.CLOUD,
        Place.FIT, Place.HUB, Place.LIBRARY, Place.DISCOVER,
    )  # fmt: skip
    main = [a for a in ACTIONS if a.place not in tables]
    single = {a.id for a in main if any(len(key) == 1 for key in keys_of(a))}
    assert single - set(DESIGN) - own <= {"app.demo"}


@every_region
def test_the_footer_has_an_order_without_ties(place: Place) -> None:
    always = [a for a in ACTIONS if a.footer and a.footer_while is None]
    order = [a.footer for a in always if place in a.place.regions]
    assert len(order) == len(set(order))


def test_the_readme_shows_the_keys_as_they_are() -> None:
    assert readme.written() == readme.key_table(), "run python -m tests.readme"
