"""The header reader: agrees with the reference writer, and never trusts a file."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.importing.gguf import MOST_KEPT, Array, Header, read_header
from ollama_tui.importing.local_file import BadFile
from tests.importing.making import ADAPTER, MODEL, PROJECTOR, Plain, gguf, tensor, text, value

START = b"GGUF" + struct.pack("<I", 3)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gguf") / "m.gguf"


def read(scratch: Path, data: bytes) -> Header:
    scratch.write_bytes(data)
    return read_header(scratch)


def header(tensors: int = 0, pairs: int = 0) -> bytes:
    return START + struct.pack("<QQ", tensors, pairs)


def test_a_header_says_what_the_model_is(scratch: Path) -> None:
    found = read(scratch, gguf(MODEL, [(64, 32), (64,)]))
    assert (found.architecture, found.text("general.name"), found.kind) == (
        "qwen3",
        "Tiny Qwen",
        "model",
    )
    assert (found.quantization, found.context_length) == ("F16", 40960)
    assert found.parameters == 64 * 32 + 64
    assert [(t.name, t.shape, t.type, t.bytes) for t in found.tensors] == [
        ("blk.0.weight", (64, 32), "F16", 4096),
        ("blk.1.weight", (64,), "F16", 128),
    ]
    assert found.metadata["tokenizer.ggml.tokens"] == Array("string", 3)


def test_version_2_is_read_too(scratch: Path) -> None:
    data = gguf()
    assert read(scratch, data[:4] + struct.pack("<I", 2) + data[8:]).architecture == "qwen3"


KINDS: list[tuple[dict[str, Plain], str]] = [
    (MODEL, "model"),
    ({}, "model"),
    (PROJECTOR, "projector"),
    ({"general.architecture": "clip"}, "projector"),
    ({"general.type": "mmproj"}, "projector"),
    (ADAPTER, "adapter"),
    ({"adapter.type": "lora"}, "adapter"),
    ({"general.type": "adapter"}, "adapter"),
]


@pytest.mark.parametrize(("metadata", "kind"), KINDS)
def test_the_metadata_tells_models_from_projectors_and_adapters(
    metadata: dict[str, Plain], kind: str, scratch: Path
) -> None:
    assert read(scratch, gguf(metadata)).kind == kind


@pytest.mark.parametrize(
    ("metadata", "word"),
    [
        ({"general.file_type": 15}, "Q4_K_M"),
        ({"general.file_type": 38}, "MXFP4_MOE"),
        ({"general.file_type": 999}, "unknown"),
        ({"general.file_type": "F16"}, "unknown"),
        ({"general.file_type": True}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_quantization_is_named_as_ollama_names_it(
    metadata: dict[str, Plain], word: str, scratch: Path
) -> None:
    assert read(scratch, gguf(metadata)).quantization == word


BAD = [
    (b"", "is not a GGUF file."),
    (b"GGU", "is not a GGUF file."),
    (b"PK\x03\x04", "is not a GGUF file."),
    (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
    (b"\n<!DOCTYPE html><html>", "is a web page"),
    (b"GGUF", "is cut off inside its metadata"),
    (b"GGUF" + struct.pack(">I", 3) + bytes(16), "big-endian"),
    (b"GGUF" + struct.pack("<I", 1) + bytes(16), "GGUF version 1;"),
    (b"GGUF" + struct.pack("<I", 4) + bytes(16), "GGUF version 4;"),
    (header(2**63, 0), "is cut off"),
    (header(0, 2**63), "is cut off"),
    (header(0, 1) + struct.pack("<Q", 2**63), "is cut off"),
    (header(0, 1) + text("k") + struct.pack("<I", 13) + bytes(8), "unknown type 13"),
    (header(0, 1) + text("k") + struct.pack("<IIQ", 9, 4, 2**62), "is cut off"),
    (header(0, 1) + text("k") + struct.pack("<IIQ", 9, 8, 2**62), "is cut off"),
    (header(0, 1) + text("k") + struct.pack("<IIQ", 9, 77, 0), "array of the unknown type 77"),
    (
        header(0, 1) + text("k") + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 9 + bytes(64),
        "array of the unknown type 9",
    ),
    (header(0, 2) + (text("k") + value("v")) * 2, "has k twice"),
    (header(1) + text("w") + struct.pack("<I", 5) + bytes(99), "5 dimensions"),
    (header(0, 1) + text("general.alignment") + value(0), "alignment"),
    (header(0, 1) + text("general.alignment") + value("x"), "alignment"),
    (header(1) + tensor("w", [1000], 0), "ends too early, 2.0 KB of 2.1 KB are missing"),
    (header(1) + tensor("w", [2**64 - 1] * 4, 2**64 - 1), "ends too early"),
    (gguf()[:-1], "ends too early, 1 B of 4.4 KB are missing"),
]


@pytest.mark.parametrize(("data", "words"), BAD, ids=[words for _, words in BAD])
def test_a_broken_file_is_a_sentence(data: bytes, words: str, scratch: Path) -> None:
    with pytest.raises(BadFile) as caught:
        read(scratch, data)
    assert str(caught.value).startswith("m.gguf ")
    assert words in str(caught.value)


def test_every_cut_of_a_file_is_refused(scratch: Path) -> None:
    data = gguf(MODEL, [(4, 4)])
    for end in range(len(data)):
        with pytest.raises(BadFile):
            read(scratch, data[:end])


@given(st.data())
def test_damage_anywhere_is_a_bad_file_or_harmless(scratch: Path, data: st.DataObject) -> None:
    whole = bytearray(gguf(MODEL, [(4, 4), (4,)]))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.sampled_from([0, 1, 8, 9, 127, 255]))
    _read_or_refuse(scratch, bytes(whole))


@given(st.binary(max_size=400))
def test_any_bytes_are_a_bad_file_or_harmless(scratch: Path, tail: bytes) -> None:
    _read_or_refuse(scratch, START + tail)
    _read_or_refuse(scratch, tail)


def _read_or_refuse(scratch: Path, data: bytes) -> None:
    try:
        found = read(scratch, data)
    except BadFile:
        return
    assert found.parameters >= 0
    assert isinstance(found.architecture, str)


@pytest.mark.parametrize(
    "claim",
    [
        struct.pack("<QQ", 2**30, 0),
        struct.pack("<QQ", 0, 2**30),
        struct.pack("<QQ", 0, 1) + struct.pack("<Q", 2**31),
        struct.pack("<QQ", 0, 1) + text("k") + struct.pack("<IQ", 8, 2**31),
        struct.pack("<QQ", 0, 1) + text("k") + struct.pack("<IIQ", 9, 8, 2**28),
        struct.pack("<QQ", 0, 1) + text("k") + struct.pack("<IIQ", 9, 9, 2**27),
    ],
)
def test_absurd_claims_in_a_file_large_enough_take_no_memory(claim: bytes, scratch: Path) -> None:
    with scratch.open("wb") as file:
        file.write(START + claim)
        file.truncate(2**36)
    tracemalloc.start()
    try:
        with pytest.raises(BadFile, match="is damaged"):
            read_header(scratch)
        assert tracemalloc.get_traced_memory()[1] < MOST_KEPT
    finally:
        tracemalloc.stop()


def test_a_large_vocabulary_is_passed_over(scratch: Path) -> None:
    tokens = [f"token {number}" for number in range(60_000)]
    scratch.write_bytes(gguf({**MODEL, "tokenizer.ggml.tokens": tokens}))
    del tokens
    tracemalloc.start()
    found = read_header(scratch)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.metadata["tokenizer.ggml.tokens"] == Array("string", 60_000)
    assert peak < 3 * 1024 * 1024


def test_weights_are_not_read(scratch: Path) -> None:
    with scratch.open("wb") as file:
        file.write(header(1) + tensor("w", [2**20, 2**16], 0))
        file.truncate(2**38)
    tracemalloc.start()
    found = read_header(scratch)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.parameters == 2**36
    assert peak < 3 * 1024 * 1024


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"gone\.gguf does not exist\."):
        read_header(tmp_path / "gone.gguf")


def test_hostile_names_are_inert_in_sentences(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[2J\u202e.gguf"
    path.write_bytes(b"no")
    with pytest.raises(BadFile, match="a\ufffd"):
        read_header(path)
