"""Every recorded exchange, driven through the client: what it asked, what it understood."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ollama_tui.api import errors
from ollama_tui.api.errors import Refused
from ollama_tui.api.replies import Loaded, VerboseShow
from tests.api.left_out import LEFT_OUT, RECORDED
from tests.api.replay import DIFFERENT_REQUESTS, outcome
from tests.recordings import NAMES, NAMES_040, NAMES_PREVIEW, recorded

HERE = Path(__file__).parent


def table(name: str) -> dict[str, list[str]]:
    """Read a table of the form `trace | column | column`."""
    rows = [line.split(" | ") for line in (HERE / name).read_text("utf-8").splitlines()]
    return {row[0]: row[1:] for row in rows}


REFUSALS = table("refusals.txt")
STREAMS = table("streams.txt")
LISTS = table("lists.txt")
VALUES: dict[str, Any] = {
    "blob-head-200": True,
    "blob-head-404": False,
    "version": "0.33.0-rc2",
    "embed-empty-input": Loaded("embedder", "load"),
    "load-embed": Loaded("embedder", "load"),
    "unload-embedding-via-embed": Loaded("embedder", "unload"),
    "v2-version": "0.40.0-pr16590",
    "v2-generate-list-runner-ggml": Loaded("127.0.0.1:5010/library/micro:1b", "length"),
    "v2-generate-triggers-migration": Loaded("tiny-oss", "length"),
    "r040-copy-partial-list": (
        "Warning: discarded ggml (not pulled locally); copy contains llamacpp"
    ),
}
NO_REPLY = ("blob-post", "delete-", "signout-")
COPIES = ("copy",)
OBJECTS = ("show", "status", "me-", "load-", "unload", "generate-unload")
RECORDINGS = (*NAMES, *NAMES_PREVIEW, *NAMES_040)
REPLAYED = tuple(name for name in RECORDINGS if name not in LEFT_OUT)


def is_of(kinds: tuple[str, ...], name: str) -> bool:
    """Whether the exchange is of such a kind, and understood without a refusal."""
    bare = name.removeprefix("v2-").removeprefix("r040-")
    return bare.startswith(kinds) and name not in REFUSALS and name not in VALUES


def test_every_recorded_exchange_is_replayed_or_left_out_for_a_reason() -> None:
    assert not set(NAMES) & set(LEFT_OUT)
    assert len({*RECORDINGS, *LEFT_OUT}) == RECORDED
    assert all(LEFT_OUT.values())


def test_every_replayed_exchange_has_exactly_one_expectation() -> None:
    expected = [*REFUSALS, *STREAMS, *LISTS, *VALUES]
    expected += [name for name in REPLAYED if is_of((*OBJECTS, *NO_REPLY, *COPIES), name)]
    assert sorted(expected) == sorted(REPLAYED)


@pytest.mark.parametrize("name", [n for n in REPLAYED if n not in DIFFERENT_REQUESTS])
async def test_the_client_asks_as_the_recorder_did(name: str, tmp_path: Path) -> None:
    trace = recorded(name)
    _, _, transport = await outcome(trace, tmp_path)
    assert transport.request is not None
    asked = (transport.request.method, transport.request.url.raw_path.decode())
    assert asked == (trace.method, trace.path)
    if "body_text" in trace.request:
        assert transport.sent == trace.request["body_text"].encode()
    else:
        assert json.loads(transport.sent or b"{}") == trace.body


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_says_what_did_not_happen_and_what_to_do(name: str, tmp_path: Path) -> None:
    kind, title, hint = REFUSALS[name]
    _, error, transport = await outcome(recorded(name), tmp_path)
    assert error is not None
    assert (type(error).__name__, error.title, error.hint) == (kind, title, hint)
    assert transport.body.closed.is_set()


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_keeps_the_servers_words_and_status(name: str, tmp_path: Path) -> None:
    trace = recorded(name)
    _, error, _ = await outcome(trace, tmp_path)
    if not isinstance(error, Refused):
        assert isinstance(error, (errors.Interrupted, errors.NotOllama))
        return
    assert error.status == trace.response["status"]
    last = trace.chunks[-1]
    if last.startswith(b"{") and "<html>" not in json.loads(last)["error"]:
        said = " ".join(json.loads(last)["error"].split())
        assert error.server_text == said


@pytest.mark.parametrize("name", REFUSALS)
def test_a_title_is_one_short_sentence_without_server_paths(name: str) -> None:
    kind, title, hint = REFUSALS[name]
    assert len(title) <= 120
    assert title.endswith(".")
    assert not hint or hint.endswith(".")
    assert "/root" not in title
    assert "sha256-" not in title
    assert issubclass(getattr(errors, kind), errors.OllamaError)


async def test_a_sign_in_link_is_kept(tmp_path: Path) -> None:
    for name in ("me-signed-out", "generate-remote-signed-out"):
        _, error, _ = await outcome(recorded(name), tmp_path)
        assert isinstance(error, errors.Unauthorized)
        assert error.signin_url == ("https://ollama.com/connect?name=myhost&key=PUBLIC_KEY_REMOVED")


@pytest.mark.parametrize("name", STREAMS)
async def test_a_stream_is_read_to_its_end_and_closed(name: str, tmp_path: Path) -> None:
    count, digests, status = STREAMS[name]
    trace = recorded(name)
    events, error, transport = await asyncio.wait_for(outcome(trace, tmp_path), 10)
    assert error is None
    assert len(events) == int(count)
    assert len({event.digest for event in events} - {""}) == int(digests)
    assert events[-1].status == status
    lines = b"".join(trace.chunks).split(b"\n")
    raw = [json.loads(line) for line in lines if line]
    assert [agrees(event, fields) for event, fields in zip(events, raw, strict=True)]
    assert transport.body.closed.is_set()


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_holds_every_entry_with_every_field(name: str, tmp_path: Path) -> None:
    trace = recorded(name)
    entries, _, _ = await outcome(trace, tmp_path)
    raw = next(iter(trace.answer.values()))
    assert len(entries) == int(LISTS[name][0]) == len(raw)
    for entry, fields in zip(entries, raw, strict=True):
        assert agrees(entry, fields)


@pytest.mark.parametrize("name", VALUES)
async def test_a_plain_answer_becomes_a_value(name: str, tmp_path: Path) -> None:
    reply, _, _ = await outcome(recorded(name), tmp_path)
    assert reply == VALUES[name]


@pytest.mark.parametrize("name", [n for n in REPLAYED if is_of(OBJECTS, n)])
async def test_an_object_is_understood_field_by_field(name: str, tmp_path: Path) -> None:
    trace = recorded(name)
    reply, _, _ = await outcome(trace, tmp_path)
    assert agrees(reply, trace.answer)


@pytest.mark.parametrize("name", [n for n in REPLAYED if is_of(NO_REPLY, n)])
async def test_an_empty_answer_is_success(name: str, tmp_path: Path) -> None:
    reply, error, transport = await outcome(recorded(name), tmp_path)
    assert (reply, error) == (None, None)
    assert transport.body.closed.is_set()


@pytest.mark.parametrize("name", [n for n in REPLAYED if is_of(COPIES, n)])
async def test_a_copy_of_all_there_is_comes_without_a_warning(name: str, tmp_path: Path) -> None:
    reply, error, transport = await outcome(recorded(name), tmp_path)
    assert (reply, error) == ("", None)
    assert transport.body.closed.is_set()


def agrees(reply: msgspec.Struct, raw: dict[str, Any]) -> bool:
    """Assert that every field says what the JSON says, and has its default where that is silent."""
    for field in msgspec.structs.fields(type(reply)):
        value = getattr(reply, field.name)
        if isinstance(reply, VerboseShow) and field.name.endswith("_info"):
            value = {key: json.loads(text) for key, text in value.items()}
        if (name := field.encode_name) in raw:
            assert same(value, raw[name]), name
            if not isinstance(reply, VerboseShow):
                assert same(getattr(reply, name, value), raw[name]), name
        else:
            assert value == default_of(field), field.name
    return True


def same(value: Any, raw: Any) -> bool:
    """Whether a decoded value and its JSON mean the same."""
    match value:
        case msgspec.Struct():
            return agrees(value, raw)
        case datetime():
            return abs(value - datetime.fromisoformat(raw)) <= timedelta(microseconds=1)
        case list() | tuple():
            return len(value) == len(raw) and all(map(same, value, raw))
        case dict():
            return value.keys() == raw.keys() and all(same(value[key], raw[key]) for key in raw)
        case _:
            return bool(value == raw)


def default_of(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default
