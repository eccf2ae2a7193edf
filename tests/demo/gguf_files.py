"""Small GGUF files, whole and cut, to upload."""

from __future__ import annotations

import struct
from collections.abc import Mapping


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: str | int | list[str]) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", 8) + _text(value)
    if isinstance(value, list):
        items = b"".join(map(_text, value))
        return struct.pack("<IIQ", 9, 8, len(value)) + items
    return struct.pack("<II", 4, value)


def gguf(metadata: Mapping[str, str | int | list[str]], tensors: Mapping[str, list[int]]) -> bytes:
    """Return a GGUF file with F16 tensors of zeros."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    head += b"".join(_text(key) + _value(value) for key, value in metadata.items())
    offset, data = 0, b""
    for name, shape in tensors.items():
        size = 2
        for side in shape:
            size *= side
        head += _text(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        head += struct.pack("<IQ", 1, offset)
        offset += size
        data += bytes(size)
    return head + bytes(-len(head) % 32) + data


def filled(
    length: int, metadata: Mapping[str, str | int], tensors: Mapping[str, list[int]]
) -> bytes:
    """Return a GGUF file whose tensors begin at `length`, a multiple of 32."""
    size = sum(2 * shape[0] * shape[1] for shape in tensors.values())
    bare = len(gguf({**metadata, "general.filler": ""}, tensors)) - size
    file = gguf({**metadata, "general.filler": "x" * (length - bare)}, tensors)
    assert len(file) - size == length
    return file
