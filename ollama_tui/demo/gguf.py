"""GGUF headers of made-up weights, as far as somebody reads them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from math import prod
from typing import Any

from ollama_tui.demo.weights import GeneratedArray, WeightsFile
from ollama_tui.importing.gguf import ARRAY, MAGIC, SCALARS, STRING, TENSOR_TYPES

_VERSION, _ALIGNMENT = 3, 32
_CODES = {name: (number, code) for number, (name, code) in SCALARS.items()}
_NUMBERS = {name: number for number, (name, _, _) in TENSOR_TYPES.items()}
_CHUNK = 1000
"""Items of an array that are made at a time."""


def beginning(weights: WeightsFile, size: int) -> bytes:
    """Return the first `size` bytes of a file of such weights: its header, then zeros."""
    found = bytearray()
    for chunk in _header(weights):
        found += chunk
        if len(found) >= size:
            break
    return bytes(found[:size]).ljust(size, b"\0")


def _header(weights: WeightsFile) -> Iterator[bytes]:
    tensors = weights.tensors()
    yield MAGIC + struct.pack("<IQQ", _VERSION, len(tensors), len(weights.metadata))
    for key, value in weights.metadata.items():
        yield _text(key)
        yield from _value(value)
    at = 0
    for tensor in tensors:
        shape = tensor["shape"]
        sides = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        kind, block, taken = TENSOR_TYPES[_NUMBERS[tensor["type"]]]
        yield _text(tensor["name"]) + sides + struct.pack("<IQ", _NUMBERS[kind], at)
        at += prod(shape) // block * taken
        at += -at % _ALIGNMENT


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _kind(value: Any) -> tuple[int, str]:
    """Return the number of the type of a value, and its code for `struct`; none of a text."""
    if isinstance(value, str):
        return STRING, ""
    if isinstance(value, bool):
        return _CODES["bool"]
    if isinstance(value, float):
        return _CODES["float32"]
    return _CODES["uint32" if 0 <= value < 2**32 else "int64"]


def _packed(value: Any, code: str) -> bytes:
    return struct.pack(f"<{code}", value) if code else _text(value)


def _value(value: Any) -> Iterator[bytes]:
    if isinstance(value, GeneratedArray | list):
        count = value.length if isinstance(value, GeneratedArray) else len(value)
        item = value.item if isinstance(value, GeneratedArray) else value.__getitem__
        kind, code = _kind(item(0)) if count else _CODES["uint32"]
        yield struct.pack("<IIQ", ARRAY, kind, count)
        for start in range(0, count, _CHUNK):
            numbers = range(start, min(start + _CHUNK, count))
            yield b"".join(_packed(item(number), code) for number in numbers)
    else:
        kind, code = _kind(value)
        yield struct.pack("<I", kind) + _packed(value, code)
