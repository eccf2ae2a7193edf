"""Small model files, whole and wrong."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path

Plain = str | int | float | bool | Sequence[str]

MODEL: dict[str, Plain] = {
    "general.architecture": "qwen3",
    "general.name": "Tiny Qwen",
    "general.file_type": 1,
    "qwen3.context_length": 40960,
    "tokenizer.ggml.tokens": ["a", "b", "c"],
}
PROJECTOR: dict[str, Plain] = {"general.architecture": "clip", "general.type": "mmproj"}
ADAPTER: dict[str, Plain] = {
    "general.architecture": "llama",
    "general.type": "adapter",
    "adapter.type": "lora",
}
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "max_position_embeddings": 8192,
    "torch_dtype": "bfloat16",
    "model_type": "llama",
}


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def value(plain: Plain) -> bytes:
    if isinstance(plain, bool):
        return struct.pack("<IB", 7, plain)
    if isinstance(plain, str):
        return struct.pack("<I", 8) + text(plain)
    if isinstance(plain, int):
        return struct.pack("<II", 4, plain)
    if isinstance(plain, float):
        return struct.pack("<If", 6, plain)
    return struct.pack("<IIQ", 9, 8, len(plain)) + b"".join(map(text, plain))


def tensor(name: str, shape: Sequence[int], offset: int, kind: int = 1) -> bytes:
    sides = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return text(name) + sides + struct.pack("<IQ", kind, offset)


Shapes = Sequence[Sequence[int]] | Mapping[str, Sequence[int]]
"""Of tensors: `blk.0.weight`, `blk.1.weight` …, or of those named."""


def gguf(metadata: Mapping[str, Plain] = MODEL, shapes: Shapes = ((64, 32),)) -> bytes:
    """Return a GGUF file with F16 tensors of zeros."""
    sides = shapes.values() if isinstance(shapes, Mapping) else shapes
    return gguf_head(metadata, shapes) + bytes(sum(2 * prod(shape) for shape in sides))


def gguf_head(metadata: Mapping[str, Plain], shapes: Shapes) -> bytes:
    """Return the beginning of such a file, up to its weights."""
    if not isinstance(shapes, Mapping):
        shapes = {f"blk.{number}.weight": shape for number, shape in enumerate(shapes)}
    head = b"GGUF" + struct.pack("<IQQ", 3, len(shapes), len(metadata))
    head += b"".join(text(key) + value(plain) for key, plain in metadata.items())
    offset = 0
    for name, shape in shapes.items():
        head += tensor(name, shape, offset)
        offset += 2 * prod(shape)
    return head + bytes(-len(head) % 32)


def write_split(folder: Path, prefix: str, count: int) -> list[Path]:
    """Write a model in `count` files as llama.cpp splits them: metadata in the first only."""
    paths = []
    for number in range(count):
        split: dict[str, Plain] = {
            "split.no": number,
            "split.count": count,
            "split.tensors.count": count,
        }
        path = folder / f"{prefix}-{number + 1:05}-of-{count:05}.gguf"
        path.write_bytes(gguf({**(MODEL if number == 0 else {}), **split}))
        paths.append(path)
    return paths


def safetensors(kind: str = "BF16", shape: Sequence[int] = (4, 8)) -> bytes:
    """Return a safetensors file with one tensor of zeros, two bytes each."""
    size = 2 * prod(shape)
    tensors = {
        "__metadata__": {"format": "pt"},
        "w": {"dtype": kind, "shape": list(shape), "data_offsets": [0, size]},
    }
    header = json.dumps(tensors).encode()
    return struct.pack("<Q", len(header)) + header + bytes(size)


def write_folder(folder: Path, *, parts: int = 1) -> Path:
    """Write a safetensors model as it comes from a hub."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"model-{n + 1:05}-of-{parts:05}.safetensors" for n in range(parts)]
    for name in names if parts > 1 else ["model.safetensors"]:
        (folder / name).write_bytes(safetensors())
    (folder / "config.json").write_text(json.dumps(CONFIG))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_text("{}")
    (folder / "README.md").write_text("not sent")
    return folder
