"""The beginning of a file: what its first bytes tell, and that they are never trusted."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.domain.memory.shape import Basis, LayerGroup
from ollama_tui.importing.gguf import Array, parse_beginning
from ollama_tui.importing.local_file import BadFile
from ollama_tui.importing.memory import LARGEST_VOCABULARY, says_enough, shape_of_beginning
from tests.importing.making import Plain, gguf_head, text, value

LENGTH = 8_000_000_000
QWEN: dict[str, Plain] = {
    "general.architecture": "qwen3",
    "qwen3.block_count": 36,
    "qwen3.context_length": 40960,
    "qwen3.embedding_length": 4096,
    "qwen3.attention.head_count": 32,
    "qwen3.attention.head_count_kv": 8,
    "qwen3.attention.key_length": 128,
    "qwen3.attention.value_length": 128,
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.tokens": ["token"] * 2000,
}
HEAD = gguf_head(QWEN, ((64, 32),))
START = b"GGUF" + struct.pack("<I", 3)
KEYS_AT = START + struct.pack("<QQ", 100, 40)


def keys(data: bytes) -> list[str]:
    return list(parse_beginning(data, LENGTH, "It").metadata)


def test_the_keys_before_the_cut_are_read_and_an_array_by_its_length() -> None:
    found = parse_beginning(HEAD[:1000], LENGTH, "It")
    assert list(found.metadata) == list(QWEN)
    assert found.metadata["tokenizer.ggml.tokens"] == Array("string", 2000)
    assert not found.is_whole
    assert says_enough(found)


def test_a_short_beginning_does_not_say_enough() -> None:
    found = parse_beginning(HEAD[:200], LENGTH, "It")
    assert list(found.metadata)[:1] == ["general.architecture"]
    assert not says_enough(found)


def test_all_of_the_metadata_says_enough_whatever_is_missing() -> None:
    plain = gguf_head({"general.architecture": "qwen3"}, ((64, 32),))
    assert says_enough(parse_beginning(plain, LENGTH, "It"))


def test_what_it_takes_is_a_bound_of_the_whole_file() -> None:
    shape = shape_of_beginning(parse_beginning(HEAD[:1000], LENGTH, "It"), 5_000_000_000, 7)
    assert shape is not None
    assert (shape.weights, shape.projector, shape.on_cpu) == (5_000_000_000, 7, 0)
    assert shape.layers == (LayerGroup(36, 1024, 1024),)
    assert (shape.vocabulary, shape.context_length) == (2000, 40960)
    assert shape.basis is Basis.BOUND


def test_without_the_list_of_tokens_the_largest_vocabulary_counts() -> None:
    shape = shape_of_beginning(parse_beginning(HEAD[:400], LENGTH, "It"), 1, 0)
    assert shape is not None
    assert shape.vocabulary == LARGEST_VOCABULARY


def test_of_an_architecture_that_nobody_checked_it_is_an_estimate() -> None:
    new = {key.replace("qwen3", "novel"): each for key, each in QWEN.items()}
    head = gguf_head(new | {"general.architecture": "novel"}, ())
    shape = shape_of_beginning(parse_beginning(head, LENGTH, "It"), 1, 0)
    assert shape is not None
    assert shape.basis is Basis.ESTIMATE


def test_a_value_for_each_layer_is_kept() -> None:
    heads = struct.pack("<IIQ4I", 9, 4, 4, 8, 8, 0, 8)
    found = parse_beginning(KEYS_AT + text("x.heads") + heads + text("cut"), LENGTH, "It")
    assert found.metadata["x.heads"] == Array("uint32", 4, (8, 8, 0, 8))


@pytest.mark.parametrize(
    "array",
    [
        struct.pack("<IIQ", 9, 4, 5000) + bytes(20_000),  # too many to be of layers
        struct.pack("<IIQ", 9, 4, 2**30),
        struct.pack("<IIQ", 9, 8, 300_000) + text("token") * 9,
        struct.pack("<IIQ", 9, 9, 1000) + struct.pack("<IQ", 4, 1) * 3,
    ],
)
def test_of_a_huge_array_only_its_length_is_kept(array: bytes) -> None:
    found = parse_beginning(KEYS_AT + text("x.huge") + array, LENGTH, "It")
    kept = found.metadata["x.huge"]
    assert isinstance(kept, Array)
    assert kept.items == ()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"GG", b"GGML" + bytes(100), b"<!DOCTYPE html><html>",
        b"GGUF" + struct.pack("<I", 9) + bytes(100),
        KEYS_AT + text("x.key") + struct.pack("<I", 99),
        KEYS_AT + (text("x.key") + value(1)) * 2,
        START + struct.pack("<QQ", 2**40, 2**40) + bytes(100),
    ],
)  # fmt: skip
def test_what_is_no_header_tells_nothing(data: bytes) -> None:
    try:
        found = parse_beginning(data, LENGTH, "It")
    except BadFile:
        return
    assert shape_of_beginning(found, 1, 0) is None


@given(st.integers(0, len(HEAD)))
def test_wherever_it_is_cut_the_keys_are_those_before_the_cut(end: int) -> None:
    if end < 4:
        return
    found = keys(HEAD[:end])
    assert found == list(QWEN)[: len(found)]


@given(st.binary(max_size=300), st.integers(0, 2**63 - 1))
def test_noise_never_raises_anything_but_that_it_is_bad(noise: bytes, length: int) -> None:
    for data in (noise, HEAD[:300] + noise, KEYS_AT + noise):
        with suppress(BadFile):
            shape_of_beginning(parse_beginning(data, length, "It"), 1, 0)


@given(st.integers(0, 600), st.binary(min_size=1, max_size=8))
def test_no_damaged_byte_is_trusted(at: int, damage: bytes) -> None:
    data = HEAD[:at] + damage + HEAD[at + len(damage) : 1000]
    try:
        found = parse_beginning(data, LENGTH, "It")
    except BadFile:
        return
    shape_of_beginning(found, 1, 0)
