"""What notes and tags may hold, whose they are, and how they come out of an export."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.domain.columns import LOCK_CELLS, Listing, extents
from ollama_tui.domain.model import Model, models_from
from ollama_tui.domain.names import comparison_key
from ollama_tui.domain.notes import (
    LONGEST_TAG,
    MOST_TAGS,
    NOTHING,
    UNREADABLE,
    KnownNotes,
    Note,
    TagChange,
    as_json,
    described,
    exported,
    locked_among,
    note_problem,
    tag_change_in,
    tags_in,
    tags_in_use,
    tags_problem,
)
from ollama_tui.formatting import inert
from tests.domain.models import a_model


def noted(name: str, note: Note) -> Model:
    return Model(a_model(name).listed, note=note)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("", ()),
        (" , ;", ()),
        ("coding, de fast", ("coding", "de", "fast")),
        ("Coding;CODING #coding", ("coding",)),
        ("sql\tgerman\nfast", ("sql", "german", "fast")),
        ("größe", ("größe",)),
        ("a-b a_b 24gb", ("a-b", "a_b", "24gb")),
    ],
)
def test_tags_are_read_as_they_are_typed(text: str, tags: tuple[str, ...]) -> None:
    assert tags_in(text) == tags


@given(st.text())
def test_tags_read_once_are_read_the_same_again(text: str) -> None:
    tags = tags_in(text)
    assert len(set(tags)) == len(tags)
    if tags_problem(tags) is None:
        assert tags_in(", ".join(tags)) == tags
        assert all(tag.isprintable() and not any(map(str.isspace, tag)) for tag in tags)


@pytest.mark.parametrize(
    ("tags", "problem"),
    [
        (("coding",), None),
        (("x" * LONGEST_TAG,), None),
        (("x" * (LONGEST_TAG + 1),), f"is longer than {LONGEST_TAG} characters."),
        (("\x1b[2j",), "cannot be a tag: use letters, digits and signs such as - and _."),
        (("-old",), "“-old” cannot be a tag"),
        (("!old",), "“!old” cannot be a tag"),
        (('a"b',), "cannot be a tag"),
        (("a b",), "cannot be a tag"),
        (tuple(f"t{n}" for n in range(MOST_TAGS + 1)), "A model can have 20 tags at most."),
    ],
)
def test_what_cannot_be_a_tag_is_said(tags: tuple[str, ...], problem: str | None) -> None:
    said = tags_problem(tags)
    assert said is None if problem is None else (problem in (said or ""))
    assert (said or "").isprintable()


def test_a_long_note_is_refused_with_both_figures() -> None:
    assert note_problem("x" * 2000) is None
    assert note_problem("x" * 2001) == "A note can have 2,000 characters at most; this has 2,001."


def test_tags_are_added_and_taken_off_in_one_line() -> None:
    change = tag_change_in("sql, -old fast")
    assert change == TagChange(("sql", "fast"), ("old",))
    assert change.applied_to(("de", "old", "fast")) == ("de", "fast", "sql")


def test_notes_are_of_a_name_however_it_is_spelled() -> None:
    known = KnownNotes({comparison_key("qwen3:8b"): Note("a"), comparison_key("me/X"): Note("b")})
    listed = [a_model(name).listed for name in ("Qwen3:8B", "qwen3:4b", "me/x:latest", "x:latest")]
    assert known.by_name(listed) == {"Qwen3:8B": Note("a"), "me/x:latest": Note("b")}
    assert known.of("library/QWEN3:8b") == Note("a")
    assert known.of("qwen3:4b") == NOTHING


def test_while_nothing_can_be_read_every_model_counts_as_locked() -> None:
    known = KnownNotes(problem="notes.toml is not valid.")
    models = models_from(
        (a_model("a:1").listed,), (), {}, notes=known.by_name([a_model("a:1").listed])
    )
    assert known.of("b:1") == UNREADABLE
    assert locked_among(models) == models


def test_all_rows_of_a_name_have_its_note() -> None:
    rows = tuple(a_model("m:1", digest=digit * 64).listed for digit in "ab")
    models = models_from(rows, (), {}, notes={"m:1": Note("both")})
    assert [model.note for model in models] == [Note("both"), Note("both")]


def test_tags_in_use_come_by_number() -> None:
    models = [noted("a:1", Note(tags=("x", "y"))), noted("b:1", Note(tags=("y",))), a_model("c:1")]
    assert tags_in_use(models) == ("y", "x")


@given(st.text(max_size=50), st.lists(st.text(max_size=50), max_size=30), st.booleans())
def test_whatever_an_export_says_becomes_a_note_that_can_be_kept(
    text: str, tags: list[str], locked: bool
) -> None:
    note = exported(text, tags, locked)
    assert tags_problem(note.tags) is None
    assert note_problem(note.text) is None
    said = as_json(noted("m:1", note))
    assert exported(said["note"], said["tags"], said["locked"]) == note
    assert described(note) == inert(described(note))


def test_an_export_that_says_nothing_is_no_note() -> None:
    assert exported(None, None, None) == NOTHING


def test_a_list_sorted_by_tags_is_sorted_again_when_they_change() -> None:
    models = (noted("a:1", Note(tags=("x",))), noted("b:1", Note(tags=("y",))), a_model("c:1"))
    listing = Listing(models)
    assert [m.name for m in listing.sorted_by("tags", False)] == ["a:1", "b:1", "c:1"]
    changed = (models[0], Model(models[1].listed), Model(models[2].listed, note=Note(tags=("a",))))
    after = listing.updated(changed).sorted_by("tags", False)
    assert [m.name for m in after] == ["c:1", "a:1", "b:1"]


def test_a_locked_model_needs_room_for_its_sign() -> None:
    models = [a_model("long-name:1"), a_model("short:1")]
    locked = [noted("long-name:1", Note(locked=True)), models[1]]
    assert extents(locked).longest_name == extents(models).longest_name + LOCK_CELLS
