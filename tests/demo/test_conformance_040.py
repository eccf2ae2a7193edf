"""The demo of 0.40 answers as the recorded servers did, and changes its store as they did.

The exchanges of a session follow each other as they were recorded, on one server.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import httpx
import pytest

from ollama_tui.demo.folder import layout
from ollama_tui.demo.store import Store
from tests.demo.comparing import comparable, normal_text, story
from tests.demo.sessions_040 import ASKED, NOT_COMPARED, PLAYED, SESSIONS, a_demo
from tests.recordings import NAMES_040, NAMES_PREVIEW, recorded


def test_every_exchange_is_compared_or_the_reason_is_given() -> None:
    assert {*PLAYED, *NOT_COMPARED} == {*NAMES_040, *NAMES_PREVIEW}
    assert not {*PLAYED} & {*NOT_COMPARED}
    assert all(NOT_COMPARED.values())


@pytest.mark.parametrize("title", SESSIONS)
async def test_a_session_goes_as_it_was_recorded(title: str) -> None:
    session = SESSIONS[title]
    demo = a_demo(session.version)
    async with httpx.AsyncClient(transport=demo.transport(), base_url="http://demo") as client:
        for step in session.steps:
            if callable(step):
                if (arranging := step(demo)) is not None:
                    await arranging
                continue
            before = paths(demo.store)
            body = dict(recorded(step).body)
            if step in ASKED:
                body["source" if "source" in body else "model"] = ASKED[step](demo)
            sent = json.dumps(body).encode() if body else b""
            trace = recorded(step)
            response = await client.request(trace.method, trace.path, content=sent)
            assert (step, response.status_code) == (step, trace.status), response.text
            compare(step, response.text)
            after = paths(demo.store)
            if "store" in trace.observed:
                gained, lost = changes(before, after)
                assert (step, gained) == (step, seen(step, "added"))
                assert (step, lost) == (step, seen(step, "removed"))


def compare(name: str, text: str) -> None:
    """Assert that a body says what was recorded; rows of one name are in the order of digests."""
    trace = recorded(name)
    if "chunks" in trace.response:
        assert (name, story(text)) == (name, story(trace.text))
    elif not trace.text:
        assert (name, text) == (name, "")
    elif trace.path == "/api/tags":
        ours, theirs = json.loads(text)["models"], trace.answer["models"]
        assert (name, [m for m, _ in rows(ours)]) == (name, [m for m, _ in rows(theirs)])
        assert (name, Counter(rows(ours))) == (name, Counter(rows(theirs)))
        by_row = dict(zip(rows(ours), ours, strict=True))
        for row, model in zip(rows(theirs), theirs, strict=True):
            said = {**by_row[row], "name": model["name"], "model": model["model"]}
            assert comparable(said, listed=True) == comparable(model, listed=True)
    else:
        assert (name, comparable(json.loads(text))) == (name, comparable(trace.answer))


def rows(models: list[Any]) -> list[tuple[str, str]]:
    """Return names and runners in the list's order; a backup's name is another one each time."""
    return [(normal_name(m["name"]), m["details"].get("runner", "")) for m in models]


def normal_name(name: str) -> str:
    return re.sub(r"^llamacpp:[0-9a-f]{64}$", "llamacpp:DIGEST", name)


def paths(store: Store) -> dict[str, str]:
    """Return the paths of a store's files, and for entries what they refer to."""
    return {path: thing.digest for path, thing in layout(store)}


def changes(before: dict[str, str], after: dict[str, str]) -> tuple[Counter[str], Counter[str]]:
    """Return which files came and went, without digests."""
    came, went = after.keys() - before.keys(), before.keys() - after.keys()
    return Counter(map(normal_path, came)), Counter(map(normal_path, went))


def seen(name: str, kind: str) -> Counter[str]:
    """Return which files the recorder saw come or go."""
    found = recorded(name).observed["store"][kind]
    return Counter(normal_path(path.partition(" -> ")[0]) for path in found)


def normal_path(path: str) -> str:
    return re.sub(r"[0-9a-f]{64}", "DIGEST", normal_text(path))
