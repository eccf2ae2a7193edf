"""What files of this machine take in memory: by their headers, all parts together."""

from __future__ import annotations

from pathlib import Path

from ollama_tui.api.requests import CreateRequest
from ollama_tui.domain.memory.shape import Basis
from ollama_tui.importing.inspect import source_of
from ollama_tui.importing.source import Source
from tests.importing.making import ADAPTER, PROJECTOR, Plain, gguf
from tests.importing.test_gguf_beginning import QWEN

F16: dict[str, Plain] = QWEN | {"general.file_type": 1}
TENSORS = {f"blk.{number}.attn_k.weight": (64, 64) for number in range(36)}
WEIGHTS = 36 * 64 * 64 * 2


def one(folder: Path) -> Source:
    path = folder / "model-F16.gguf"
    path.write_bytes(gguf(F16, TENSORS))
    return source_of(path)


def test_a_file_tells_it_to_the_byte(tmp_path: Path) -> None:
    shape = one(tmp_path).memory
    assert shape is not None
    assert (shape.weights, shape.projector, shape.basis) == (WEIGHTS, 0, Basis.EXACT)
    assert shape.context_length == 40960


def test_the_parts_of_a_split_file_count_together(tmp_path: Path) -> None:
    names = list(TENSORS)
    for number, part in enumerate((names[:20], names[20:])):
        split: dict[str, Plain] = {
            "split.no": number, "split.count": 2, "split.tensors.count": 36
        }  # fmt: skip
        path = tmp_path / f"m-{number + 1:05}-of-00002.gguf"
        metadata = (F16 if not number else {}) | split
        path.write_bytes(gguf(metadata, {name: TENSORS[name] for name in part}))
    shape = source_of(tmp_path / "m-00001-of-00002.gguf").memory
    assert shape is not None
    assert (shape.weights, shape.basis) == (WEIGHTS, Basis.EXACT)


def test_a_projector_beside_it_counts(tmp_path: Path) -> None:
    one(tmp_path)
    beside = tmp_path / "mmproj-F16.gguf"
    beside.write_bytes(gguf(PROJECTOR))
    shape = source_of(tmp_path / "model-F16.gguf", beside).memory
    assert shape is not None
    assert shape.projector == beside.stat().st_size


def test_an_adapter_and_a_file_without_layers_tell_nothing(tmp_path: Path) -> None:
    for name, metadata in (("a", ADAPTER), ("b", {"general.architecture": "qwen3"})):
        path = tmp_path / f"{name}.gguf"
        path.write_bytes(gguf(metadata))
        assert source_of(path).memory is None


def test_a_type_to_quantize_to_and_a_context_of_the_modelfile_count(tmp_path: Path) -> None:
    source = one(tmp_path)
    smaller = source.memory_as("Q8_0")
    assert smaller is not None
    assert WEIGHTS // 2 < smaller.weights < WEIGHTS * 0.6
    assert smaller.basis is Basis.ESTIMATE
    assert source.memory_as("") == source.memory
    asked = Source("GGUF", source.files, memory=source.memory, request=CreateRequest(
        model="", parameters={"num_ctx": 8192}
    ))  # fmt: skip
    shape = asked.memory_as("")
    assert shape is not None
    assert shape.num_ctx == 8192
