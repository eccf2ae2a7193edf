"""Verbose metadata is what json says it is, however the answer is cut, and never half of it."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.errors import NotOllama
from ollama_tui.api.metadata import LEAST_CUT, SLICE, MetadataReader
from ollama_tui.api.replies import ModelDetails, Tensor
from tests.api.verbose import verbose_show

LONG = [f'token {n} "quoted" \\ [{{<|é👍|>}}],' for n in range(1000)]
SHOWN = {
    "license": 'a "text" with [ and { and \\',
    "model_info": {"a": LONG, "b": [1] * 9000, "n": 5, "flat": [1, 2], "nested": [[1, [2]], [3]]},
    "projector_info": {"clip": [-1.5e-7, True, None] * 2000},
    "tensors": [{"name": "t", "type": "F16", "shape": [4, 4]}],
    "details": {"family": "llama", "families": ["llama"]},
}

texts = st.text(st.sampled_from('ab"\\[]{},<>&\u2028é👍\n'), max_size=12)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
scalars = texts | numbers | st.booleans() | st.none()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)
infos = st.dictionaries(texts, values, max_size=4)


def as_go_writes(value: Any, *, ascii_only: bool = False) -> bytes:
    """Return JSON as Go's encoder does."""
    text = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode()


def pieces(body: bytes, ends: list[int]) -> Iterator[bytes]:
    """Yield `body` cut at these places, then the rest."""
    at = 0
    for end in sorted({end % (len(body) + 1) for end in ends}):
        yield body[at:end]
        at = end
    yield body[at:]


def loaded(info: dict[str, str]) -> dict[str, Any]:
    return {key: json.loads(value) for key, value in info.items()}


@pytest.mark.parametrize("size", [1, 2, 7, 1000, 10**9])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_everything_is_what_json_says(size: int, ascii_only: bool) -> None:
    body = as_go_writes(SHOWN, ascii_only=ascii_only)
    read = verbose_show(body[at : at + size] for at in range(0, len(body), size))
    assert loaded(read.model_info) == SHOWN["model_info"]
    assert loaded(read.projector_info) == SHOWN["projector_info"]
    assert read.tensors == [Tensor("t", "F16", [4, 4])]
    assert read.details == ModelDetails(family="llama", families=["llama"])


def test_each_value_is_the_text_that_was_sent_with_what_go_escapes_as_it_is() -> None:
    sent = r'["\u003c|im_end|\u003e","a \u0026 b","\\u003c","\\\u003e","\n","\u2028" , "é"]'
    shown = r'["<|im_end|>","a & b","\\u003c","\\>","\n","\u2028" , "é"]'
    many = sent[:-1] + "," + ",".join([sent[1:-1]] * 100) + "]"
    body = f'{{"model_info":{{"few":{sent},"many": {many} }}}}'.encode()
    for size in (1, 3, 50, len(body)):
        read = verbose_show(body[at : at + size] for at in range(0, len(body), size))
        assert read.model_info["few"] == shown
        assert read.model_info["many"] == shown[:-1] + "," + ",".join([shown[1:-1]] * 100) + "]"


@given(infos, infos, st.lists(st.integers(0, 10_000), max_size=20), st.booleans())
def test_any_metadata_in_any_chunks(
    model: dict[str, Any], projector: dict[str, Any], ends: list[int], ascii_only: bool
) -> None:
    sent = {"model_info": model | {"long": LONG}, "projector_info": projector, "license": "[{"}
    body = as_go_writes(sent, ascii_only=ascii_only)
    read = verbose_show(pieces(body, ends))
    assert loaded(read.model_info) == sent["model_info"]
    assert loaded(read.projector_info) == projector


@given(values, st.lists(st.integers(0, 100_000), max_size=20))
def test_long_arrays_of_anything(element: Any, ends: list[int]) -> None:
    array = [element] * (LEAST_CUT + 1)
    read = verbose_show(pieces(as_go_writes({"model_info": {"a": array, "b": 1}}), ends))
    assert loaded(read.model_info) == {"a": array, "b": 1}


@pytest.mark.parametrize(
    "broken",
    [
        '["a",]',
        '["a",,"b"]',
        '[,"a"]',
        '["a" "b"]',
        '["a":1]',
        "[1}",
        "[01]",
        '["\\x"]',
        '["a\x01"]',
        "[nul]",
        '["a"',
        '["a',
        "[[1]",
        "[}]",
    ],
)
@pytest.mark.parametrize("filler", ["1,", '"text",', "[1,2],"])
@pytest.mark.parametrize("size", [997, 10**9])
def test_what_json_refuses_is_not_ollamas(broken: str, filler: str, size: int) -> None:
    array = "[" + filler * LEAST_CUT + broken[1:]
    body = f'{{"model_info":{{"a":{array},"b":1}}}}'.encode()
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    with pytest.raises(NotOllama):
        verbose_show(body[at : at + size] for at in range(0, len(body), size))


@pytest.mark.parametrize("end", range(1, 60))
def test_half_an_answer_is_not_ollamas(end: int) -> None:
    body = as_go_writes(SHOWN)
    with pytest.raises(NotOllama):
        verbose_show([body[: -end * (len(body) // 60)]])


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_any_bytes_are_read_or_not_ollamas(body: bytes, ends: list[int]) -> None:
    for whole in (body, b'{"model_info":{"a":[' + body * 50 + b"1]}}"):
        try:
            read = verbose_show(pieces(whole, ends))
        except NotOllama:
            continue
        assert all(isinstance(value, str) for value in read.model_info.values())


def test_bytes_that_are_no_text_are_replaced_in_long_arrays_too() -> None:
    body = b'{"model_info":{"a":["' + b"x" * LEAST_CUT + b'","\xff","\\ud800"]}}'
    assert json.loads(verbose_show([body]).model_info["a"])[1:] == ["\ufffd", "\ufffd"]


def test_nobody_can_send_what_stands_for_an_array() -> None:
    body = as_go_writes({"model_info": {"a": LONG, "b": "0-0", "c": '"-0"'}})
    one, two = (verbose_show([body]).model_info for _ in range(2))
    assert one == two
    reader = MetadataReader()
    reader.feed(body)
    assert json.loads(reader.finish().model_info["b"]) == "0-0"


def test_a_vocabulary_is_looked_through_a_slice_at_a_time() -> None:
    tokens = [f"<|token {n}|>" for n in range(50_000)]
    body = as_go_writes({"model_info": {"tokens": tokens}})
    tracemalloc.start()
    read = verbose_show(body[at : at + SLICE] for at in range(0, len(body), SLICE))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert json.loads(read.model_info["tokens"]) == tokens
    assert peak < 4 * len(body)  # 50,000 objects would be more


def test_every_value_is_converted_a_long_one_in_parts() -> None:
    body = as_go_writes({"model_info": {"a": ["x"] * SLICE, "b": "y"}})
    given: list[str] = []

    def upper(text: str) -> str:
        given.append(text)
        return text.upper()

    read = verbose_show([body], upper)
    assert json.loads(read.model_info["a"]) == ["X"] * SLICE
    assert read.model_info["b"] == '"Y"'
    assert max(map(len, given)) <= SLICE
