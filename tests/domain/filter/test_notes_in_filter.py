"""tag:, is:locked and unused: as tables, and what is not known of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from ollama_tui.domain.filter.completion import completion_in
from ollama_tui.domain.filter.fields import Scope
from ollama_tui.domain.filter.parser import parse
from ollama_tui.domain.model import Model
from ollama_tui.domain.notes import Note
from tests.domain.models import NOW, a_model


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def a_noted(name: str, *tags: str, locked: bool = False) -> Model:
    return msgspec.structs.replace(a_model(name), note=Note("", tags, locked))


MODELS = (
    a_noted("coder", "coding", "de"),
    a_noted("old", "code", locked=True),
    a_noted("größe", "größe"),
    a_model("plain"),
)


def names(text: str, models: tuple[Model, ...] = MODELS, since: datetime | None = None) -> str:
    scope = Scope(models, NOW, watched_since=since)
    query = parse(text)
    assert query.problems == ()
    return " ".join(model.name for model in query.select(models, scope))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("tag:coding", "coder"),
        ("tag:code", "old"),  # exactly that tag, although another begins with it
        ("tag:cod", "coder old"),
        ("tag:CODING", "coder"),
        ("tag:de,größe", "coder größe"),
        ("!tag:de", "old größe plain"),
        ("tag:nothing", ""),
        ("is:locked", "old"),
        ("!is:locked", "coder größe plain"),
    ],
)
def test_models_are_found_by_tag_and_lock(text: str, left: str) -> None:
    assert names(text) == left


def test_tags_in_use_are_offered() -> None:
    found = completion_in(Scope(MODELS, NOW), "tag:co", 6)
    assert set(found.choices) == {"coding", "code"}


def test_a_tag_that_no_model_has_is_a_problem_where_one_is_near() -> None:
    [problem] = parse("tag:codng").problems_among(Scope(MODELS, NOW))
    assert problem.sentence == "Did you mean tag:coding?"


def ran(days: float | None, made: float = 300, *, now: bool = False) -> Model:
    model = a_model("m", days=made, vram=1 if now else 0)
    at = days_ago(days) if days is not None else None
    return msgspec.structs.replace(model, last_run=at)


@pytest.mark.parametrize(
    ("model", "watched", "answer"),
    [
        (ran(100), 200, True),
        (ran(89), 200, False),
        (ran(100), 95, True),
        (ran(100, now=True), 200, False),
        (ran(None, now=True), 200, False),
        (ran(None), 91, True),
        (ran(None), 89, None),
        (ran(None), None, None),
        (ran(None, made=10), 200, None),  # it may have run under the digest it had before
    ],
)
def test_unused_is_known_where_it_was_watched_for_so_long(
    model: Model, watched: float | None, answer: bool | None
) -> None:
    since = days_ago(watched) if watched is not None else None
    assert (names("unused:90d", (model,), since) == "m") is (answer is True)
    assert (names("!unused:90d", (model,), since) == "m") is (answer is False)
