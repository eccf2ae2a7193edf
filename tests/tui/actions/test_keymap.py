"""The keys after the `[keys]` of a config file, as values."""

from __future__ import annotations

import pytest

from ollama_tui.config.settings import Settings
from ollama_tui.tui.actions import ACTIONS, BY_ID
from ollama_tui.tui.actions.keymap import Keymap, keymap_from


def with_keys(**keys: str) -> Keymap:
    """Return the keymap for ids whose dots are spelled as underscores here."""
    return keymap_from(
        Settings(keys={id_.replace("__", "."): k for id_, k in keys.items()}), ACTIONS
    )


def sentences(keys: Keymap) -> list[str]:
    return [problem.sentence.removeprefix("config.toml: ") for problem in keys.problems]


def shown(keys: Keymap, id_: str) -> str:
    return " ".join(keys.shown(BY_ID[id_]))


def test_without_keys_of_ones_own_each_action_has_its_usual_ones() -> None:
    assert with_keys() == Keymap()
    assert shown(Keymap(), "app.palette") == ": ctrl+p"


def test_the_keys_of_full_screen_tables_are_known() -> None:
    keys = with_keys(
        storage__mark="W", storage__read="r", jobs__retry="t", cloud__pull="P", running__keep="k"
    )
    assert shown(keys, "mark.toggle") == "W", "It is the same everywhere now."
    assert shown(keys, "storage.read") == "r"
    assert sentences(keys) == ["k is the key of both move.up and running.keep. move.up keeps it."]


def test_an_id_that_nothing_has_is_named() -> None:
    assert sentences(with_keys(model__pul="x", move__sideways="y")) == [
        "there is no action “model.pul” to give a key to.",
        "there is no action “move.sideways” to give a key to.",
    ]


def test_a_key_given_twice_stays_with_the_first() -> None:
    keys = with_keys(model__copy="W", model__delete="W")
    assert (shown(keys, "model.copy"), shown(keys, "model.delete")) == ("W", "d")
    assert sentences(keys) == [
        "W is the key of both model.copy and model.delete. model.copy keeps it."
    ]


def test_a_usual_key_stays_with_whoever_has_it_unless_that_gets_others() -> None:
    keys = with_keys(model__push="d")
    assert (shown(keys, "model.push"), shown(keys, "model.delete")) == ("P", "d")
    assert sentences(keys) == [
        "d is the key of both model.delete and model.push. model.delete keeps it."
    ]
    swapped = with_keys(model__push="p", model__pull="P")
    assert (shown(swapped, "model.push"), shown(swapped, "model.pull")) == ("p", "P")
    assert not swapped.problems


def test_who_is_left_without_a_key_has_none() -> None:
    keys = with_keys(model__rename="c", model__copy="c")
    assert (shown(keys, "model.rename"), shown(keys, "model.copy")) == ("c", "")
    assert sentences(keys) == [
        "c is the key of both model.rename and model.copy. model.rename keeps it."
    ]
    assert keys.for_textual() == {"model.rename": "c", "model.copy": "no-key.model.copy"}


def test_one_key_can_mean_different_things_in_different_regions() -> None:
    keys = with_keys(model__pull="n", storage__delete="p")
    assert (shown(keys, "model.pull"), shown(keys, "storage.delete")) == ("n", "p")
    assert not keys.problems


@pytest.mark.parametrize(
    ("old", "new"),
    [("sort__1", "sort.name"), ("sort__4", "sort.size"), ("sort__9", "sort.family")],
)
def test_ids_of_columns_by_their_number_are_understood(old: str, new: str) -> None:
    keys = with_keys(**{old: "f4"})
    assert shown(keys, new) == "f4"
    assert not keys.problems
