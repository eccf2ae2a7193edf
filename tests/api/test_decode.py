"""One bad field or entry never costs the others; what is not Ollama's is reported as such."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.decode import (
    decode,
    listed_models,
    recommendations,
    running_models,
    shown,
    shown_manifests,
    version,
)
from ollama_tui.api.errors import NotOllama
from ollama_tui.api.replies import (
    Account,
    CloudStatus,
    ListedModel,
    ManifestSummary,
    Message,
    ModelDetails,
    Show,
    Status,
    Thinking,
)
from tests.api.verbose import verbose_show
from tests.effort import calls

GOOD = {
    "name": "m:latest",
    "model": "m:latest",
    "size": 12,
    "digest": "ab" * 32,
    "details": {"family": "llama", "families": ["llama"], "context_length": 4096},
    "capabilities": ["completion"],
    "modified_at": "2026-08-20T09:15:02Z",
}
KOLKATA = timezone(timedelta(hours=5, minutes=30))


def listed(**changes: Any) -> ListedModel:
    """Decode one model with some fields changed, between two good ones."""
    body = {"models": [GOOD, GOOD | changes, GOOD], "extra": 1}
    models = listed_models(json.dumps(body).encode())
    assert models[0] == models[2]
    return models[1]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("size", "12", 12),
        ("size", 12.0, 12),
        ("size", None, 0),
        ("size", -1, 0),
        ("size", 12.5, 0),
        ("size", 10**400, 0),
        ("size", [1], 0),
        ("size", True, 0),
        ("capabilities", None, None),
        ("capabilities", "tools", None),
        ("capabilities", ["tools", None, 5, "vision"], ["tools", "vision"]),
        ("details", None, ModelDetails()),
        ("details", "x", ModelDetails()),
        ("details", {"families": None, "family": 5, "format": "gguf"}, ModelDetails(format="gguf")),
        ("digest", 5, ""),
        ("remote_host", {}, ""),
        ("modified_at", "", None),
        ("modified_at", None, None),
        ("modified_at", "yesterday", None),
        ("modified_at", '2026-08-20T09:15:02Z"', None),
        ("modified_at", "2026-08-20T09:15:02Z\n", None),
        ("modified_at", "２026-08-20T09:15:02Z", None),
        ("modified_at", "2026-08-20T09:15:02", None),
        ("modified_at", "0001-01-01T00:00:00Z", None),
        ("modified_at", "0001-01-01T00:00:00+05:30", None),
        ("modified_at", "9999-12-31T23:59:59-12:00", None),
        (
            "modified_at",
            "2026-08-20T09:15:02.123456789+05:30",
            datetime(2026, 8, 20, 9, 15, 2, 123457, KOLKATA),
        ),
        ("modified_at", "2319-01-01T00:00:00Z", datetime(2319, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_bad_field_has_its_default_and_the_others_stay(
    field: str, value: Any, expected: Any
) -> None:
    model = listed(**{field: value})
    assert getattr(model, field) == expected
    for other in {"name", "size", "digest", "details", "capabilities", "modified_at"} - {field}:
        assert getattr(model, other) == getattr(listed(), other)


def test_times_stay_as_the_server_wrote_them_to_the_nanosecond() -> None:
    text = "2026-08-20T09:15:02.123456789+05:30"
    assert listed(modified_at=text).modified_text == text
    assert shown(json.dumps({"modified_at": text}).encode(), Show).modified_text == text
    [running] = running_models(json.dumps({"models": [{"name": "m", "expires_at": text}]}).encode())
    assert running.expires_text == text


def test_entries_without_any_name_are_left_out() -> None:
    entries = [GOOD, GOOD | {"name": ""}, {"size": 5}, None, 7, [], {"name": None, "model": None}]
    models = listed_models(json.dumps({"models": entries}).encode())
    assert [model.name for model in models] == ["m:latest", "m:latest"]


@pytest.mark.parametrize("body", [b'{"models":null}', b'{"models":[]}'])
def test_no_models_are_none(body: bytes) -> None:
    assert running_models(body) == ()


def test_invalid_utf8_and_half_surrogates_lose_one_character() -> None:
    body = b'{"models":[{"name":"a\xffb"},{"name":"\\ud800c"},{"name":"\\ud83d\\udc4d"}]}'
    assert [model.name for model in listed_models(body)] == ["a\ufffdb", "\ufffdc", "👍"]


def test_show_survives_bad_parts() -> None:
    body = {
        "details": None,
        "license": None,
        "messages": [{"role": "user", "content": "hi"}, "x", {"role": 5, "content": "c"}],
        "model_info": {"general.architecture": "llama", "tokens": None, "n": 1e6},
        "tensors": None,
        "projector_info": [],
        "modified_at": "0001-01-01T00:00:00Z",
    }
    show = shown(json.dumps(body).encode(), Show)
    assert show.messages == [Message("user", "hi"), Message("", "c")]
    assert show.model_info == {"general.architecture": "llama", "tokens": None, "n": 1e6}
    assert (show.tensors, show.projector_info, show.modified_at) == ([], {}, None)


def test_what_0_40_adds_to_show_is_read_and_may_be_bad() -> None:
    summary = {"digest": "sha256:" + "ab" * 32, "runner": "ggml", "format": "gguf"}
    body = {
        "thinking": {"values": ["low", True, 5, "x" * 2000], "default": "low"},
        "template_source": "gguf_chat_template",
        "manifests": [summary | {"selected": True}, 7, {"runner": 1, "selected": "yes"}],
    }
    show = shown(json.dumps(body).encode(), Show)
    assert show.thinking is not None
    assert show.thinking.values[:2] == ["low", True]
    assert len(show.thinking.values) == 3
    assert len(str(show.thinking.values[2])) == 1024
    assert show.thinking.default == "low"
    assert show.template_source == "gguf_chat_template"
    assert show.manifests == [ManifestSummary(**summary, selected=True), ManifestSummary()]


@pytest.mark.parametrize("default", [True, False, None, "medium"])
def test_thinking_may_be_a_switch_or_levels(default: str | bool | None) -> None:
    body = {"thinking": {"values": [True, False], "default": default}}
    assert shown(json.dumps(body).encode(), Show).thinking == Thinking([True, False], default)
    assert shown(b'{"thinking": null}', Show).thinking is None


def test_a_server_that_knows_no_lists_shows_its_only_manifest() -> None:
    body = b'{"modelfile": "FROM x", "license": "MIT", "details": {"runner": "ggml"}}'
    found = shown_manifests(body)
    assert [(one.modelfile, one.runner) for one in found.manifests] == [("FROM x", "ggml")]
    assert found.license == "MIT"


@pytest.mark.parametrize("body", [b"{}", b'{"manifests": null}', b'{"manifests": []}'])
def test_no_manifests_are_none(body: bytes) -> None:
    assert shown_manifests(body).manifests == []


def test_verbose_metadata_stays_json_text() -> None:
    body = {"model_info": {"tokens": ["a", "b"], "n": 5}, "details": None}
    info = verbose_show([json.dumps(body).encode()]).model_info
    assert info == {"tokens": '["a", "b"]', "n": "5"}
    assert msgspec.json.decode(info["tokens"]) == ["a", "b"]


def test_other_replies_are_lenient_too() -> None:
    assert decode(b'{"cloud":null}', Status) == Status()
    assert decode(b'{"cloud":{"disabled":"true","source":5}}', Status) == Status(CloudStatus(True))
    assert decode(b'{"name":"alice","plan":null}', Account) == Account(name="alice")
    assert [r.model for r in recommendations(b'{"recommendations":[{"model":"m"},{},null]}')] == [
        "m"
    ]
    assert recommendations(b"{}") == ()


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "an empty answer"),
        (b" \n", "an empty answer"),
        (b"Ollama is running", '"Ollama is running"'),
        (b"[]", '"[]"'),
        (b"null", '"null"'),
        (b'{"models":[', "JSON of another kind"),
        (b'{"data":[]}', "JSON of another kind"),
        (b"<html><body>hi", "an HTML page"),
        (
            b"\n<!doctype html><head><TITLE lang=en>Sign in &amp; \x1b[31m\npay</title>",
            'an HTML page titled "Sign in & \ufffd[31m pay"',
        ),
        (b"\x1b]0;evil\x07" + b"x" * 99, '"\ufffd]0;evil\ufffd' + "x" * 30 + '…"'),
        (b'{"x":' + b"[" * 100_000, "JSON of another kind"),
    ],
)
def test_what_is_not_ollamas_is_named(body: bytes, found: str) -> None:
    for read in (listed_models, running_models, version):
        with pytest.raises(NotOllama) as caught:
            read(body)
        title = f"The server does not answer like Ollama: it sent {found}."
        assert caught.value.title == title


def test_ten_thousand_models_take_the_fast_path() -> None:
    zero = GOOD | {"modified_at": "0001-01-01T00:00:00Z"}
    fast = json.dumps({"models": [GOOD | {"name": f"m{i}"} for i in range(9_999)] + [zero]})
    slow = json.dumps({"models": [GOOD | {"name": f"m{i}", "size": "?"} for i in range(10_000)]})
    assert len(listed_models(fast.encode())) == len(listed_models(slow.encode())) == 10_000
    assert calls(lambda: listed_models(fast.encode())) * 5 < calls(
        lambda: listed_models(slow.encode())
    )


def test_equal_details_are_one_object() -> None:
    other = GOOD | {"details": {"family": "phi"}, "capabilities": None}
    one, two, three = listed_models(json.dumps({"models": [GOOD, GOOD, other]}).encode())
    assert one.details is two.details
    assert one.capabilities is two.capabilities
    assert one.model is one.name
    assert three.details == ModelDetails(family="phi")
    assert three.capabilities is None


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "remote_model"]), anything))
def test_a_model_of_any_junk_never_hides_its_neighbours(junk: dict[str, Any]) -> None:
    body = json.dumps({"models": [GOOD, junk, GOOD]}).encode()
    models = listed_models(body)
    assert models[0] == models[-1] == listed()


@given(st.lists(st.dictionaries(st.sampled_from([*GOOD, "remote_model"]), anything), max_size=3))
def test_a_model_is_what_its_bytes_alone_would_be(entries: list[dict[str, Any]]) -> None:
    entries = [GOOD, *[GOOD | entry for entry in entries]]
    together = listed_models(json.dumps({"models": entries}).encode())
    alone = [model for e in entries for model in decode_one(json.dumps(e).encode())]
    assert list(together) == alone


def decode_one(entry: bytes) -> list[ListedModel]:
    """Decode an entry without looking at others; none where it has no name."""
    try:
        model = decode(entry, ListedModel)
    except NotOllama:
        return []
    named = msgspec.structs.replace(model, name=model.name or model.model)
    return [named] if named.name else []


@given(st.binary(max_size=200))
def test_any_bytes_at_all_decode_or_are_not_ollama(body: bytes) -> None:
    with suppress(NotOllama):
        listed_models(body)
