"""What a GGUF file says of itself, read from its header without touching the weights."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO, Literal

from ollama_tui.formatting import inert, size
from ollama_tui.importing.errors import BadFile, impostor, label, too_short, unreadable
from ollama_tui.importing.ggml import ARRAY, FILES, SCALARS, STRING, TENSORS

MAGIC = b"GGUF"
UNKNOWN = "unknown"
"""What Ollama says of a quantization it has no name for."""
MOST_KEPT = 32 * 1024 * 1024
"""Bytes of text kept of one header; real ones have well under one megabyte."""
MOST_ITEMS = 2**23
"""Texts and tensors walked over in one header; the largest vocabularies have half a million."""
MOST_DIMENSIONS = 4
DEEPEST = 4
_BUFFER = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Array:
    """An array of the metadata; its items were passed over."""

    kind: str
    """Of its items: `string`, `array`, `uint32` …"""
    count: int


Value = str | int | float | bool | Array
Kind = Literal["model", "projector", "adapter"]


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor: where it is and what it is made of."""

    name: str
    shape: tuple[int, ...]
    """Fastest varying dimension first, as in the file."""
    type: str
    """`F16`, `Q4_K` …, or `type 99` for one we have no name for."""
    offset: int
    """Bytes from the beginning of the weights."""
    bytes: int
    """0 when the type is not known."""

    @property
    def elements(self) -> int:
        """How many weights it has."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Header:
    """Metadata and tensors of one file."""

    metadata: Mapping[str, Value]
    tensors: tuple[Tensor, ...]

    @property
    def architecture(self) -> str:
        """Value of `general.architecture`; empty when the file does not say."""
        return self.text("general.architecture")

    @property
    def name(self) -> str:
        """What its makers call it; may be empty."""
        return self.text("general.name")

    @property
    def kind(self) -> Kind:
        """What part of a model it is."""
        declared = self.text("general.type")
        if declared == "adapter" or "adapter.type" in self.metadata:
            return "adapter"
        return "projector" if declared == "mmproj" or self.architecture == "clip" else "model"

    @property
    def quantization(self) -> str:
        """`Q4_K_M`, `F16` …, as Ollama names it; `unknown` when the file does not say."""
        return FILES.get(self.number("general.file_type", -1), UNKNOWN)

    @property
    def context_length(self) -> int:
        """Trained context in tokens; 0 when the file does not say."""
        return max(0, self.number(f"{self.architecture}.context_length"))

    @property
    def parameters(self) -> int:
        """How many weights all tensors have."""
        return sum(tensor.elements for tensor in self.tensors)

    @property
    def split_count(self) -> int:
        """Of how many parts it is one; 1 for a file of its own."""
        return max(1, self.number("split.count"))

    def text(self, key: str) -> str:
        """Return a text of the metadata, empty when there is none."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str, default: int = 0) -> int:
        """Return a whole number of the metadata."""
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else default


def read_header(path: Path) -> Header:
    """Return what the file says of itself; raise BadFile when it is cut, damaged or no GGUF."""
    try:
        with path.open("rb", buffering=_BUFFER) as file:
            length = file.seek(0, 2)
            file.seek(0)
            return _Reader(file, length, label(path)).header()
    except OSError as error:
        raise unreadable(path, error) from error


class _Reader:
    """Goes once through a header; says what is wrong with it as BadFile."""

    def __init__(self, file: BinaryIO, length: int, name: str) -> None:
        self._file = file
        self._length = length
        self._name = name
        self._at = 0
        self._kept = 0
        self._items = 0

    def header(self) -> Header:
        self._check_beginning()
        tensor_count, pair_count = self._number("Q"), self._number("Q")
        self._walk_over(tensor_count, 24)
        metadata = self._metadata(pair_count)
        tensors = tuple(self._tensor() for _ in range(tensor_count))
        self._check_end(tensors, metadata.get("general.alignment", 32))
        return Header(metadata, tensors)

    def _check_beginning(self) -> None:
        head = self._file.read(64)
        self._file.seek(len(MAGIC))
        self._at = len(MAGIC)
        if not head.startswith(MAGIC):
            raise self._bad(impostor(head) or "is not a GGUF file.")
        version = self._number("I")
        if version & 0xFFFF == 0:
            raise self._bad("is a big-endian GGUF file, which Ollama does not read.")
        if version not in (2, 3):
            raise self._bad(f"has GGUF version {version}; only 2 and 3 are in use.")

    def _metadata(self, count: int) -> dict[str, Value]:
        self._walk_over(count, 13)
        found: dict[str, Value] = {}
        for _ in range(count):
            key = self._text()
            if key in found:
                raise self._damaged(f"its metadata has {inert(key)[:40]} twice")
            found[key] = self._value(self._number("I"))
        return found

    def _value(self, kind: int) -> Value:
        if kind == STRING:
            return self._text()
        if kind == ARRAY:
            return self._array(1)
        if kind not in SCALARS:
            raise self._damaged(f"its metadata has a value of the unknown type {kind}")
        name, code = SCALARS[kind]
        value = self._float(code) if code in "fd" else self._number(code)
        return bool(value) if name == "bool" else value

    def _array(self, depth: int) -> Array:
        kind, count = self._number("I"), self._number("Q")
        if kind in SCALARS:
            name, code = SCALARS[kind]
            self._skip(count * struct.calcsize(code))
            return Array(name, count)
        if kind == STRING:
            self._walk_over(count, 8)
            for _ in range(count):
                self._skip(self._number("Q"))
            return Array("string", count)
        if kind != ARRAY or depth == DEEPEST:
            raise self._damaged(f"its metadata has an array of the unknown type {kind}")
        self._walk_over(count, 12)
        for _ in range(count):
            self._array(depth + 1)
        return Array("array", count)

    def _tensor(self) -> Tensor:
        name, dimensions = self._text(), self._number("I")
        if dimensions > MOST_DIMENSIONS:
            raise self._damaged(f"a tensor has {dimensions:,} dimensions")
        shape = tuple(self._number("Q") for _ in range(dimensions))
        number, offset = self._number("I"), self._number("Q")
        kind, block, block_bytes = TENSORS.get(number, (f"type {number}", 1, 0))
        return Tensor(name, shape, kind, offset, prod(shape) * block_bytes // block)

    def _check_end(self, tensors: tuple[Tensor, ...], alignment: Value) -> None:
        """Check that the weights are all there: half a download has a perfect header."""
        if not isinstance(alignment, int) or alignment < 1:
            raise self._damaged("its alignment is not a number of bytes")
        start = -(-self._at // alignment) * alignment
        whole = max((start + tensor.offset + tensor.bytes for tensor in tensors), default=0)
        if whole > self._length:
            raise self._bad(too_short(whole, self._length))

    def _number(self, code: str) -> int:
        value: int
        (value,) = struct.unpack("<" + code, self._take(struct.calcsize(code)))
        return value

    def _float(self, code: str) -> float:
        value: float
        (value,) = struct.unpack("<" + code, self._take(struct.calcsize(code)))
        return value

    def _text(self) -> str:
        length = self._number("Q")
        self._kept += length
        if self._kept > MOST_KEPT and self._at + length <= self._length:
            raise self._damaged(f"its metadata has more than {size(MOST_KEPT)} of text")
        return self._take(length).decode("utf-8", "replace")

    def _walk_over(self, count: int, least: int) -> None:
        """Refuse what is too much to go through; `least` is the size of one item in bytes."""
        if count * least > self._length - self._at:
            raise self._cut_off()
        self._items += count
        if self._items > MOST_ITEMS:
            raise self._damaged(f"it claims to have {count:,} entries")

    def _take(self, count: int) -> bytes:
        if count > self._length - self._at:
            raise self._cut_off()
        self._at += count
        data = self._file.read(count)
        if len(data) < count:
            raise self._cut_off()
        return data

    def _skip(self, count: int) -> None:
        if count > self._length - self._at:
            raise self._cut_off()
        self._at += count
        self._file.seek(count, 1)

    def _bad(self, what: str) -> BadFile:
        return BadFile(f"{self._name} {what}")

    def _damaged(self, how: str) -> BadFile:
        return self._bad(f"is damaged: {how}.")

    def _cut_off(self) -> BadFile:
        return self._bad("is cut off inside its metadata: download or copy it again.")
