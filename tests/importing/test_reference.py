"""What we read is what the reference package writes, and our names are its names."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_tui.importing import gguf as reader
from ollama_tui.importing.gguf import Array, read_header

KEYS = st.from_regex(r"[a-z]{1,8}\.[a-z_]{1,12}", fullmatch=True)
SCALARS: dict[gguf.GGUFValueType, st.SearchStrategy[Any]] = {
    gguf.GGUFValueType.UINT8: st.integers(0, 2**8 - 1),
    gguf.GGUFValueType.INT8: st.integers(-(2**7), 2**7 - 1),
    gguf.GGUFValueType.UINT16: st.integers(0, 2**16 - 1),
    gguf.GGUFValueType.INT16: st.integers(-(2**15), 2**15 - 1),
    gguf.GGUFValueType.UINT32: st.integers(0, 2**32 - 1),
    gguf.GGUFValueType.INT32: st.integers(-(2**31), 2**31 - 1),
    gguf.GGUFValueType.UINT64: st.integers(0, 2**64 - 1),
    gguf.GGUFValueType.INT64: st.integers(-(2**63), 2**63 - 1),
    gguf.GGUFValueType.FLOAT32: st.floats(width=32, allow_nan=False),
    gguf.GGUFValueType.FLOAT64: st.floats(allow_nan=False),
    gguf.GGUFValueType.BOOL: st.booleans(),
    gguf.GGUFValueType.STRING: st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
}
VALUES = st.sampled_from(list(SCALARS)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.just(None), SCALARS[kind])
)
ARRAYS = st.sampled_from(list(SCALARS)).flatmap(
    lambda kind: st.tuples(
        st.just(gguf.GGUFValueType.ARRAY),
        st.just(kind),
        st.lists(SCALARS[kind], min_size=1, max_size=5),
    )
)
TYPES = [kind for kind in gguf.GGMLQuantizationType if kind.value in reader.TENSOR_TYPES]
TENSORS = st.tuples(
    st.sampled_from(TYPES), st.lists(st.integers(1, 4), min_size=0, max_size=3), st.integers(1, 3)
)


def write(path: Path, pairs: dict[str, Any], tensors: list[Any]) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    for key, (kind, sub_type, value) in pairs.items():
        writer.add_key_value(key, value, kind, sub_type=sub_type)
    for number, (kind, outer, blocks) in enumerate(tensors):
        _, block_bytes = gguf.GGML_QUANT_SIZES[kind]
        raw = np.zeros((*outer, blocks * block_bytes), dtype=np.uint8)
        writer.add_tensor(f"t.{number}", raw, raw_shape=raw.shape, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def said(field: gguf.ReaderField) -> Any:
    if field.types[0] is not gguf.GGUFValueType.ARRAY:
        return field.contents()
    kind = field.types[-1].name.lower()
    items = () if kind == "string" else tuple(field.contents())
    return Array(kind, len(field.data), items)


@settings(deadline=None, max_examples=60)
@given(
    pairs=st.dictionaries(KEYS.filter(lambda key: key != "general.alignment"), VALUES | ARRAYS),
    tensors=st.lists(TENSORS, min_size=1, max_size=4),
)
def test_both_readers_agree_on_keys_values_and_tensors(
    pairs: dict[str, Any], tensors: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "reference.gguf"
    pairs.pop("general.architecture", None)
    write(path, pairs, tensors)
    theirs, ours = gguf.GGUFReader(path), read_header(path)
    fields = {k: f for k, f in theirs.fields.items() if not k.startswith("GGUF.")}
    assert ours.metadata == {key: said(field) for key, field in fields.items()}
    assert [(t.name, t.shape, t.type, t.bytes, prod(t.shape)) for t in ours.tensors] == [
        (t.name, tuple(map(int, t.shape)), t.tensor_type.name, int(t.n_bytes), int(t.n_elements))
        for t in theirs.tensors
    ]
    assert ours.parameters == sum(int(t.n_elements) for t in theirs.tensors)


def test_tensor_types_are_those_of_the_reference() -> None:
    reference = {
        kind.value: (kind.name, *gguf.GGML_QUANT_SIZES[kind]) for kind in gguf.GGMLQuantizationType
    }
    assert {n: reference[n] for n in reader.TENSOR_TYPES if n in reference} == {
        n: reader.TENSOR_TYPES[n] for n in reader.TENSOR_TYPES if n in reference
    }


def test_file_types_are_those_of_the_reference() -> None:
    for kind in gguf.LlamaFileType:
        word = kind.name.removeprefix("MOSTLY_").removeprefix("ALL_")
        if kind.value in reader.FILE_TYPES:
            assert reader.FILE_TYPES[kind.value] == word


def test_value_types_are_those_of_the_reference() -> None:
    names = {kind.value: kind.name.lower() for kind in gguf.GGUFValueType}
    ours = {number: name for number, (name, _) in reader.SCALARS.items()}
    assert ours | {reader.STRING: "string", reader.ARRAY: "array"} == names
