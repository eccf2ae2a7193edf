"""A stream is the same stream wherever its bytes are split, and ends in success or an error."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ollama_tui.api import requests
from ollama_tui.api.errors import Interrupted, NotFound, NotOllama, OllamaError, ServerFailed
from ollama_tui.api.ndjson import MAX_LINE_BYTES, EventReader, single_event
from ollama_tui.api.replies import CUT_MARK, Progress
from ollama_tui.api.requests import Call

PULL = Call(requests.PULL, "qwen9")
CREATE = Call(requests.CREATE, "qwen9")
LAYER = Progress("pulling abc", "sha256:abc", 10, 3)
SUCCESS = b'{"status":"success"}\n'


def read(*chunks: bytes, call: Call = PULL) -> list[Progress]:
    reader = EventReader(call)
    seen = [event for chunk in chunks for event in reader.feed(chunk)]
    return seen + list(reader.finish())


def lines(events: list[Progress], newline: bytes = b"\n") -> bytes:
    return b"".join(json.dumps(as_json(event)).encode() + newline for event in events)


def as_json(event: Progress) -> dict[str, object]:
    fields = {"digest": event.digest, "total": event.total, "completed": event.completed}
    return {"status": event.status} | {key: value for key, value in fields.items() if value}


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


progress = st.builds(
    Progress,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(["", "sha256:abc", "0" * 19]),
    st.integers(0, 2**40),
    st.integers(0, 2**40),
)


@given(
    st.lists(progress, max_size=8),
    st.lists(st.integers(0), max_size=20),
    st.sampled_from([b"\n", b"\r\n", b"\n\n", b" \r\n\r\n"]),
)
def test_splitting_the_bytes_anywhere_changes_nothing(
    events: list[Progress], cuts: list[int], newline: bytes
) -> None:
    events = [*events, Progress("success")]
    assert read(*pieces(lines(events, newline), cuts)) == events


def test_every_single_split_of_a_multibyte_stream_is_harmless() -> None:
    events = [Progress("pulling é 模型 👍", "sha256:abc", 9, 1), Progress("success")]
    data = json.dumps(as_json(events[0]), ensure_ascii=False).encode() + b"\r\n" + SUCCESS
    for cut in range(len(data) + 1):
        assert read(data[:cut], data[cut:]) == events
    assert read(*(data[i : i + 1] for i in range(len(data)))) == events


@given(st.integers(0))
@example(0)
def test_a_stream_cut_anywhere_before_its_end_is_interrupted(cut: int) -> None:
    data = lines([LAYER, Progress("verifying sha256 digest")]) + SUCCESS.rstrip()
    with pytest.raises(Interrupted) as caught:
        read(data[: cut % len(data)])
    assert caught.value.title == "qwen9 was not pulled: the server's answer stopped before its end."


def test_success_counts_only_as_the_last_word() -> None:
    nested = SUCCESS + b'{"status":"using existing layer sha256:abc"}\n'
    with pytest.raises(Interrupted):
        read(nested)
    assert len(read(nested + SUCCESS)) == 3


@pytest.mark.parametrize("newline", [b"", b"\n"])
def test_the_success_of_the_pull_within_a_create_is_not_its_own(newline: bytes) -> None:
    pulled = lines([Progress("pulling manifest"), LAYER, Progress("writing manifest")]) + SUCCESS
    with pytest.raises(Interrupted, match="qwen9 was not created"):
        read(pulled.rstrip() + newline, call=CREATE)
    made = lines([Progress("using existing layer sha256:abc"), Progress("writing manifest")])
    assert len(read(pulled, made, SUCCESS, call=CREATE)) == 7
    assert len(read(pulled, SUCCESS, call=CREATE)) == 5
    assert len(read(pulled)) == 4


def test_the_last_line_needs_no_newline() -> None:
    assert read(SUCCESS.rstrip()) == [Progress("success")]
    with pytest.raises(NotFound):
        read(b'{"error":"pull model manifest: file does not exist"}')


def test_events_before_an_error_are_not_lost() -> None:
    reader = EventReader(PULL)
    events = reader.feed(lines([LAYER]) + b'{"error":"boom"}\n')
    assert next(events) == LAYER
    with pytest.raises(ServerFailed, match="qwen9 was not pulled: boom"):
        next(events)


@pytest.mark.parametrize(
    ("error", "title"),
    [
        ('{"message":"boom","type":"x"}', "qwen9 was not pulled: boom."),
        ('["boom"]', 'qwen9 was not pulled: ["boom"].'),
        ("7", "qwen9 was not pulled: 7."),
    ],
)
def test_an_error_may_have_any_shape(error: str, title: str) -> None:
    with pytest.raises(ServerFailed) as caught:
        read(f'{{"error":{error}}}\n'.encode())
    assert caught.value.title == title


@pytest.mark.parametrize("silence", [b'{"status":"x","error":null}\n', b'{"error":""}\n'])
def test_an_empty_error_is_none(silence: bytes) -> None:
    assert len(read(silence + SUCCESS)) == 2


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (b'{"status":"a","total":null,"completed":null}', Progress("a")),
        (b'{"status":"a","total":"12","completed":1.0}', Progress("a", "", 12, 1)),
        (b'{"status":5,"digest":"d","total":-4}', Progress("", "d")),
        (b'{"status":"a","new":{"b":[1]}}', Progress("a")),
        (b'{"status":"a\xff"}', Progress("a\ufffd")),
        (b'{"status":"\\ud800a\\ud83d\\udc4d\\\\ud800"}', Progress("\ufffda👍\\ud800")),
        (b"{}", Progress()),
    ],
)
def test_one_bad_field_does_not_lose_the_event(line: bytes, event: Progress) -> None:
    assert read(line + b"\n" + SUCCESS)[0] == event


@pytest.mark.parametrize(
    ("noise", "found"),
    [
        (b"[1]\n", '"[1]"'),
        (b"<!DOCTYPE html><title>Sign in</title>\n", 'an HTML page titled "Sign in"'),
        (b"<html>no newline", "an HTML page"),
        (b'{"status":\n', "JSON of another kind"),
        (b'{"a":' + b"[" * 100_000 + b"\n", "JSON of another kind"),
    ],
)
def test_noise_is_not_ollama(noise: bytes, found: str) -> None:
    with pytest.raises(NotOllama) as caught:
        read(noise)
    assert caught.value.title == f"The server does not answer like Ollama: it sent {found}."


def test_a_line_of_eight_megabytes_is_read_and_a_longer_one_is_not() -> None:
    frame = b'{"status":""}'
    longest = b'{"status":"' + b"x" * (MAX_LINE_BYTES - len(frame)) + b'"}'
    assert len(longest) == MAX_LINE_BYTES
    chunks = [longest[i : i + 65536] for i in range(0, len(longest), 65536)]
    [event, _] = read(*chunks, b"\n", SUCCESS)
    assert event.status == "x" * (1024 - len(CUT_MARK)) + CUT_MARK
    with pytest.raises(NotOllama, match="more than 8 MB"):
        read(*chunks, b"xx")


def test_an_answer_in_one_piece_must_be_success() -> None:
    assert single_event(b'{"status":"success"}', PULL) == Progress("success")
    with pytest.raises(NotOllama):
        single_event(b'{"status":"pulling manifest"}', PULL)


@given(st.binary(max_size=200))
def test_any_bytes_at_all_give_events_or_an_error_of_ours(data: bytes) -> None:
    with suppress(OllamaError):
        read(data)
