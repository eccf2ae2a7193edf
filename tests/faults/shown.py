"""What the screens say of a reply: every text of it, made as the interface makes it.

A text that may be raw until it is drawn is made inert here as whoever draws it does; one that is
said to be inert is taken as it is. So nothing in what `said` yields may act on a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import singledispatch
from typing import Any

import msgspec

from ollama_tui.api.errors import OllamaError, Refused, Unauthorized
from ollama_tui.api.registry import Newest, Published
from ollama_tui.api.replies import (
    Account,
    Answers,
    ListedModel,
    Progress,
    Recommendation,
    RunningModel,
    Show,
    ShowManifests,
    VerboseShow,
)
from ollama_tui.domain import side_by_side
from ollama_tui.domain.cloud import account_status, catalogue, describe_account, entry_lines
from ollama_tui.domain.columns import COLUMNS
from ollama_tui.domain.details import Document, document, tabs, whole_values
from ollama_tui.domain.model import Model, facts_of, models_from
from ollama_tui.domain.running import rows_of
from ollama_tui.formatting import brief, clock, inert, inert_lines, rate, size, size_of
from ollama_tui.services.jobs.job import how_far, problem_of
from ollama_tui.services.jobs.tracker import TransferTracker
from tests.domain.models import NOW

_ACTS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ROWS = 150
"""Rows of a table and lines of a document that are made: a screen shows fewer."""


def acts(text: str) -> str:
    """Return what in one line of text could act on a terminal; empty for nothing."""
    return "".join(_ACTS.findall(text))


def _page(page: Document) -> Iterator[str]:
    """Yield the texts of a page of details."""
    if isinstance(page, str):
        yield from re.split("[\n\t]", inert_lines(page))[: 20 * _ROWS]
        return
    for line in page[:_ROWS]:
        yield from (inert(text) for text, _ in line)


@singledispatch
def said(value: object) -> Iterator[str]:
    """Yield the lines that are shown of a reply or an error; raises what the interface would."""
    yield from map(inert, _texts(msgspec.to_builtins(value)))


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in plain values."""
    match value:
        case str():
            yield value
        case dict():
            for key, each in value.items():
                yield key
                yield from _texts(each)
        case list() | tuple():
            for each in value[:_ROWS]:
                yield from _texts(each)


@said.register
def _(error: OllamaError) -> Iterator[str]:
    yield str(error)
    problem = problem_of(error)
    yield from (problem.title, problem.hint, problem.reason)
    if isinstance(error, Refused):
        yield error.server_text
    if isinstance(error, Unauthorized):
        yield error.signin_url or ""


@said.register
def _(text: str) -> Iterator[str]:
    yield inert(text)
    yield brief(text)


@said.register
def _(answer: tuple) -> Iterator[str]:  # type: ignore[type-arg]
    if isinstance(answer, Answers):
        yield from _models(answer.listed, answer.running)
        yield inert(answer.version)
    elif answer and isinstance(answer[0], ListedModel):
        yield from _models(answer, ())
    elif answer and isinstance(answer[0], RunningModel):
        yield from _models((ListedModel("m", digest="d"),), answer)
    elif answer and isinstance(answer[0], Recommendation):
        for entry in catalogue((), answer[:_ROWS], ()):
            for line in entry_lines(entry):
                yield from (inert(text) for text, _ in line)


def _models(listed: tuple[ListedModel, ...], running: tuple[RunningModel, ...]) -> Iterator[str]:
    models = models_from(listed[:_ROWS], running[:_ROWS], {})
    for model in models:
        yield model.label
        yield from (column.text(model, NOW) for column in COLUMNS)
        yield from _page(document("overview", model, None, now=NOW))
    for column in COLUMNS:
        keys = [key for model in models if (key := column.sort_key(model)) is not None]
        sorted(keys)
    for row in rows_of(running[:_ROWS], frozenset(), NOW, {}):
        yield from (row.name, row.left, inert(row.runner), size(row.size), str(row.gpu_share))


@said.register
def _(account: Account) -> Iterator[str]:
    status = account_status(account)
    yield describe_account(status)
    yield from (status.user, status.email, status.plan)


@said.register
def _(show: Show) -> Iterator[str]:
    facts = facts_of(show)
    model = Model(ListedModel("m", digest="d", details=show.details), facts)
    for tab in tabs(show):
        for width in (20, 100):
            yield from _page(document(tab.id, model, show, now=NOW, width=width))
    other = side_by_side.Side(Model(ListedModel("n")), Show())
    one = side_by_side.Side(model, show)
    side_by_side.weights(one, other)
    for field in side_by_side.fields(one, other)[:_ROWS]:
        yield from (inert(field.label), field.a, field.b)
    msgspec.json.encode(show)  # which the cache keeps


@said.register
def _(shows: ShowManifests) -> Iterator[str]:
    for show in shows.manifests[:5]:
        yield inert(show.runner)
        yield from said(show)


@said.register
def _(show: VerboseShow) -> Iterator[str]:
    values = whole_values(show)
    model = Model(ListedModel("m", digest="d", details=show.details))
    page = document(
        "metadata",
        model,
        Show(model_info=dict.fromkeys(values), tensors=show.tensors),
        now=NOW,
        arrays=values,
    )
    yield from _page(page)


@said.register
def _(events: list) -> Iterator[str]:  # type: ignore[type-arg]
    tracker = TransferTracker()
    for number, event in enumerate(events):
        if isinstance(event, Progress):
            tracker.take(event, number / 16)
            if number % 7 == 0 or number == len(events) - 1:
                progress = tracker.progress(number / 16)
                yield progress.phase
                yield how_far(progress)
                yield size_of(progress.completed, progress.total)
                yield rate(progress.rate)
                yield clock(progress.eta if progress.eta is not None else -1)
    yield from (inert(event.status) for event in events[-3:])


@said.register
def _(found: Newest | Published) -> Iterator[str]:
    yield found.digest
    yield str(found.pushed_at)
    if isinstance(found, Published):
        for child in found.children[:_ROWS]:
            yield child.digest
            yield inert(child.runner)
        if found.manifest:
            yield size_of(found.manifest.size, found.manifest.size)
