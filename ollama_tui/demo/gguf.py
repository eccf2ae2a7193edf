"""Reads what a GGUF file says of itself from its first bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from typing import Any

from ollama_tui.demo.weights import Tensor, Weights

GGUF = b"GGUF"
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"}
_SCALARS[12] = "d"
_STRING, _ARRAY = 8, 9
_TENSOR_TYPES = {0: "F32", 1: "F16", 2: "Q4_0", 8: "Q8_0", 12: "Q4_K", 14: "Q6_K", 30: "BF16"}
_BLOCKS = {"F32": (1, 4), "F16": (1, 2), "BF16": (1, 2), "Q4_0": (32, 18), "Q8_0": (32, 34)}
_BLOCKS |= {"Q4_K": (256, 144), "Q6_K": (256, 210)}
"""Weights and bytes of one block of each tensor type."""


class Malformed(Exception):  # noqa: N818 - named after the file it describes
    """The file is cut or broken; the message is the server's."""


@dataclass(slots=True)
class _Reader:
    data: bytes
    at: int = 8

    def scalar(self, code: str) -> Any:
        try:
            (value,) = struct.unpack_from(f"<{code}", self.data, self.at)
        except struct.error:
            raise Malformed("EOF") from None
        self.at += struct.calcsize(f"<{code}")
        return value

    def text(self) -> str:
        length = self.scalar("Q")
        if self.at + length > len(self.data):
            raise Malformed("EOF")
        self.at += length
        return self.data[self.at - length : self.at].decode("utf-8", "replace")

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY:
            return self.scalar(_SCALARS.get(kind, "B"))
        inner = self.scalar("I")
        return [self.value(inner) for _ in range(self.scalar("Q"))]


def read(head: bytes, size: int) -> Weights:
    """Return the weights described by a GGUF file's first bytes; raises Malformed."""
    reader = _Reader(head)
    count, pairs = reader.scalar("Q"), reader.scalar("Q")
    found = {reader.text(): reader.value(reader.scalar("I")) for _ in range(pairs)}
    listed = [_tensor(reader) for _ in range(count)]
    start = -(-reader.at // found.get("general.alignment", 32)) * found.get("general.alignment", 32)
    for tensor, offset in listed:
        end = start + offset + _bytes(tensor)
        if end > size:
            raise Malformed(
                f'tensor "{tensor["name"]}" offset+size ({end}) exceeds file size ({size})'
            )
    plain = [tensor for tensor, _ in listed]
    found.setdefault("general.parameter_count", sum(prod(t["shape"]) for t in plain))
    return Weights(found, lambda: list(plain))


def _tensor(reader: _Reader) -> tuple[Tensor, int]:
    name = reader.text()
    shape = [reader.scalar("Q") for _ in range(reader.scalar("I"))]
    number, offset = reader.scalar("I"), reader.scalar("Q")
    kind = _TENSOR_TYPES.get(number, f"type {number}")
    return {"name": name, "type": kind, "shape": shape}, offset


def _bytes(tensor: Tensor) -> int:
    weights, size = _BLOCKS.get(tensor["type"], (1, 0))
    return prod(tensor["shape"]) * size // weights
