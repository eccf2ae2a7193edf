"""What the palette finds, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import pytest

from ollama_tui.tui.actions import ACTIONS
from ollama_tui.tui.actions.action import ActionContext, ActionGroup, Place
from ollama_tui.tui.actions.keymap import KEY_NAMES, PLAIN_KEY_NAMES, Keymap
from ollama_tui.tui.palette import GROUPS, ActionRows, Found, found

WORDS = {
    "account.show": "account, sign in, sign out, login, log in, logout, whoami",
    "app.keys": "keys, help, shortcuts, hotkeys, bindings, legend",
    "app.palette": "palette, commands",
    "app.quit": "quit, exit, leave",
    "app.refresh": "refresh, reload",
    "app.theme": "theme, colour, color, colors, dark, light",
    "clipboard.copy": "copy text, clipboard, yank, curl, copy name",
    "cloud.show": "library, catalogue, catalog, browse",
    "details.open": "details, show, info, inspect, view, describe",
    "filter.clear": "clear filter, show all",
    "filter.open": "filter, search, find, grep",
    "filter.saved": "saved filters, presets",
    "hosts.show": "host, hosts, server, connect, switch server, remote",
    "jobs.show": "jobs, downloads, progress, queue, pause, resume, cancel",
    "mark.all": "mark all, select all",
    "mark.none": "unmark, unmark all, deselect, select none, clear marks",
    "mark.toggle": "mark, select",
    "memory.load": "load, start, preload",
    "memory.show": "running, ps, gpu, vram, memory, ram, loaded, processes",
    "memory.unload": "unload, stop, kill, free memory, release",
    "memory.unload_all": "unload all, stop all, kill all, free all",
    "model.change": "edit in a form, form, parameters",
    "model.compare": "compare, diff",
    "model.copy": "copy, alias, clone, duplicate, cp",
    "model.create": "create, new, new model, make, system prompt",
    "model.delete": "delete, del, rm, remove, uninstall, trash",
    "model.edit": "edit, modelfile, edit modelfile, editor, vim",
    "model.import": "import, import gguf, gguf, safetensors",
    "model.open": "open modelfile, from modelfile",
    "model.pull": "pull, download, install, get, add, fetch",
    "model.push": "push, upload, publish, share",
    "model.quantize": "quantize, quantise, quant, compress, shrink, smaller",
    "model.rename": "rename, mv, move",
    "model.save": "save modelfile, save, export",
    "model.undo": "undo, restore, recover, bring back",
    "sort.choose": "sort, order",
    "sort.reverse": "reverse",
    "sort.size": "by size, sort size, size, sort by size",
    "storage.show": "storage, disk, disk full, space, free, free space, du, df, cleanup, largest",
    "update.all": "update all, upgrade all",
    "update.check": "outdated, updates, new versions, check, check for updates",
    "update.this": "update, upgrade",
}
"""Words that somebody may type who knows other programs, by what they must find first."""
SHORTEST = [
    ("disk", "disk", "storage.show"),
    ("download", "dow", "model.pull"),
    ("alias", "ali", "model.copy"),
    ("rename", "ren", "model.rename"),
    ("stop", "stop", "memory.unload"),
    ("free memory", "free m", "memory.unload"),
    ("quit", "qui", "app.quit"),
    ("theme", "the", "app.theme"),
    ("update", "upd", "update.this"),
    ("import gguf", "imp", "model.import"),
]
"""Words, from which letters on they must find it, and what."""


def first(query: str, place: Place = Place.LIST) -> Found:
    return found(query, [action for action in ACTIONS if place in action.place.regions])[0]


@pytest.mark.parametrize(
    ("query", "id_"), [(word, id_) for id_, words in WORDS.items() for word in words.split(", ")]
)
def test_the_likeliest_comes_first(query: str, id_: str) -> None:
    assert first(query).id == id_


@pytest.mark.parametrize(("words", "shortest", "id_"), SHORTEST)
def test_it_does_so_from_the_first_letters_on(words: str, shortest: str, id_: str) -> None:
    typed = [words[:length] for length in range(len(shortest), len(words) + 1)]
    assert [first(query).id for query in typed] == [id_] * len(typed)


@pytest.mark.parametrize(
    ("place", "query", "id_"),
    [
        (Place.DETAILS, "search", "details.find"),
        (Place.STORAGE, "rm", "storage.delete"),
        (Place.STORAGE, "select", "mark.toggle"),
        (Place.RUNNING, "stop", "running.unload"),
        (Place.RUNNING, "free memory", "running.unload"),
        (Place.JOBS, "stop", "jobs.cancel"),
        (Place.JOBS, "resume", "jobs.retry"),
        (Place.CLOUD, "download", "cloud.pull"),
    ],
)
def test_other_places_have_other_words(place: Place, query: str, id_: str) -> None:
    assert first(query, place).id == id_


@pytest.mark.parametrize("query", ["  QUIT ", "Quit"])
def test_case_and_blanks_do_not_matter(query: str) -> None:
    assert first(query).id == "app.quit"


def test_a_sentence_counts_after_every_name() -> None:
    ids = [one.id for one in found("disk", ACTIONS)]
    assert ids.index("storage.show") < ids.index("model.copy"), "which takes no disk space"


def test_what_is_found_by_another_name_says_by_which() -> None:
    assert first("dow").synonym == "download"
    assert first("free mem").synonym == "free memory"
    assert first("pull").synonym == ""


@pytest.mark.parametrize(
    ("query", "id_"),
    [("rnm", "model.rename"), ("donwload", "model.pull"), ("delte", "model.delete")],
)
def test_abbreviations_and_typing_errors_find_what_is_meant(query: str, id_: str) -> None:
    assert first(query).id == id_


def test_nothing_typed_finds_all_in_their_order() -> None:
    assert [one.action for one in found("", ACTIONS)] == list(ACTIONS)


def test_what_no_action_is_called_like_finds_none() -> None:
    assert found("zzz", ACTIONS) == []


@pytest.mark.parametrize("names", [KEY_NAMES, PLAIN_KEY_NAMES])
def test_no_key_is_cut(names: Mapping[str, str]) -> None:
    keymap = Keymap(names=names)
    rows = ActionRows(cast(ActionContext, None), keymap, ACTIONS)
    (width,) = (column.width for column in rows.columns(76) if column.id == "keys")
    assert max(len(key) for action in ACTIONS for key in keymap.shown(action)[:1]) <= width


def test_each_group_of_actions_has_its_place() -> None:
    assert set(GROUPS) == set(ActionGroup)
