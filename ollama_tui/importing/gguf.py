"""GGUF headers: metadata and tensors of a model file, read without touching its weights.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from math import prod
from pathlib import Path
from typing import BinaryIO, Literal

from ollama_tui.domain.quantization import BLOCKS
from ollama_tui.formatting import inert, size
from ollama_tui.importing.local_file import BadFile, label, too_short, unreadable, wrong_content

MAGIC = b"GGUF"
UNKNOWN = "unknown"
"""Ollama's word for a quantization it does not know."""
MOST_KEPT = 32 * 1024 * 1024
"""Bytes of text read from one header; real ones have well under one megabyte."""
MOST_ITEMS = 2**23
"""Strings and tensors read in one header; the largest vocabularies have half a million."""
MOST_DIMENSIONS = 4
DEEPEST = 4
MOST_ALWAYS_KEPT = 4096
"""Items of an array of numbers that is always kept: there may be one for each layer."""
_BUFFER = 1024 * 1024

SCALARS = {
    0: ("uint8", "B"),
    1: ("int8", "b"),
    2: ("uint16", "H"),
    3: ("int16", "h"),
    4: ("uint32", "I"),
    5: ("int32", "i"),
    6: ("float32", "f"),
    7: ("bool", "B"),
    10: ("uint64", "Q"),
    11: ("int64", "q"),
    12: ("float64", "d"),
}
"""Metadata values of a fixed size: name and `struct` format."""
STRING, ARRAY = 8, 9
_ITEMS = {STRING: "string", ARRAY: "array", **{n: name for n, (name, _) in SCALARS.items()}}

_TENSOR_TYPE_NAMES = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    6: "Q5_0",
    7: "Q5_1",
    8: "Q8_0",
    9: "Q8_1",
    10: "Q2_K",
    11: "Q3_K",
    12: "Q4_K",
    13: "Q5_K",
    14: "Q6_K",
    15: "Q8_K",
    16: "IQ2_XXS",
    17: "IQ2_XS",
    18: "IQ3_XXS",
    19: "IQ1_S",
    20: "IQ4_NL",
    21: "IQ3_S",
    22: "IQ2_S",
    23: "IQ4_XS",
    24: "I8",
    25: "I16",
    26: "I32",
    27: "I64",
    28: "F64",
    29: "IQ1_M",
    30: "BF16",
    34: "TQ1_0",
    35: "TQ2_0",
    39: "MXFP4",
    40: "NVFP4",
    41: "Q1_0",
}
TENSOR_TYPES = {number: (name, *BLOCKS[name]) for number, name in _TENSOR_TYPE_NAMES.items()}
"""Tensor types: name, and the weights and bytes of one block."""

FILE_TYPES = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    19: "IQ2_XXS",
    20: "IQ2_XS",
    21: "Q2_K_S",
    22: "IQ3_XS",
    23: "IQ3_XXS",
    24: "IQ1_S",
    25: "IQ4_NL",
    26: "IQ3_S",
    27: "IQ3_M",
    28: "IQ2_S",
    29: "IQ2_M",
    30: "IQ4_XS",
    31: "IQ1_M",
    32: "BF16",
    36: "TQ1_0",
    37: "TQ2_0",
    38: "MXFP4_MOE",
    39: "NVFP4",
    40: "Q1_0",
}
"""Values of `general.file_type`, as Ollama names them."""


@dataclass(frozen=True, slots=True)
class Array:
    """An array of the metadata; of strings or many numbers, items are skipped unless asked for."""

    kind: str
    """Type of the items: `string`, `array`, `uint32` …"""
    count: int
    items: tuple[Value, ...] = ()


Value = str | int | float | bool | Array
Kind = Literal["model", "projector", "adapter"]


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor: where it is and what it is made of."""

    name: str
    shape: tuple[int, ...]
    """Fastest varying dimension first, as in the file."""
    type: str
    """`F16`, `Q4_K` …, or `type 99` for an unknown one."""
    offset: int
    """Bytes from the beginning of the weights."""
    bytes: int
    """0 when the type is not known."""


@dataclass(frozen=True, slots=True)
class Header:
    """Metadata and tensors of one file."""

    metadata: Mapping[str, Value]
    tensors: tuple[TensorInfo, ...]
    weights_at: int = 0
    """Bytes before the weights: header and padding."""

    @property
    def architecture(self) -> str:
        """Value of `general.architecture`; empty when there is none."""
        return self.text("general.architecture")

    @property
    def kind(self) -> Kind:
        """Which part of a model the file holds."""
        declared = self.text("general.type")
        if declared == "adapter" or "adapter.type" in self.metadata:
            return "adapter"
        return "projector" if declared == "mmproj" or self.architecture == "clip" else "model"

    @property
    def quantization(self) -> str:
        """`Q4_K_M`, `F16` …, as Ollama names it; `unknown` without a known type."""
        return FILE_TYPES.get(self.number("general.file_type", -1), UNKNOWN)

    @property
    def context_length(self) -> int:
        """Trained context in tokens; 0 when unknown."""
        return max(0, self.number(f"{self.architecture}.context_length"))

    @property
    def parameters(self) -> int:
        """Number of weights in all tensors."""
        return sum(prod(tensor.shape) for tensor in self.tensors)

    def text(self, key: str) -> str:
        """Return a string of the metadata; empty when there is none."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str, default: int = 0) -> int:
        """Return an integer of the metadata."""
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else default


def read_header(path: Path) -> Header:
    """Return the header of a whole file; raise BadFile when it is cut, damaged or no GGUF."""
    try:
        with path.open("rb", buffering=_BUFFER) as file:
            length = file.seek(0, 2)
            file.seek(0)
            header = parse_header(file, length, label(path))
    except OSError as error:
        raise unreadable(path, error) from error
    ends = (header.weights_at + tensor.offset + tensor.bytes for tensor in header.tensors)
    whole = max(ends, default=0)
    if whole > length:  # a partial download has a good header
        raise BadFile(f"{label(path)} {too_short(whole, length)}")
    return header


def parse_header(file: BinaryIO, length: int, name: str, *, keep_arrays: bool = False) -> Header:
    """Return the header at the beginning of `file`; whether the weights follow is not checked.

    `length` is that of the whole file in bytes, `name` its name in the sentences of BadFile, which
    is raised for a header that is cut off or damaged. OSError is the caller's.
    """
    return _HeaderReader(file, length, name, keep_arrays).header()


class _CutOff(BadFile):
    """What was read ends inside the header."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """The metadata in the first bytes of a file, up to the first key that they cut off."""

    metadata: Mapping[str, Value]
    is_whole: bool
    """Whether that is all of the metadata."""


def parse_beginning(data: bytes, length: int, name: str) -> Beginning:
    """Return the metadata in the first bytes of a file of `length` bytes.

    The array that is cut off is there without its items. Raises BadFile for what is no GGUF file,
    or damaged as far as it goes.
    """
    reader = _HeaderReader(BytesIO(data), length, name, keep_arrays=False)
    with suppress(_CutOff):
        reader.header()
    return Beginning(reader.metadata, reader.has_all_metadata)


class _HeaderReader:
    """Reads a header from front to back; raises BadFile."""

    def __init__(self, file: BinaryIO, length: int, name: str, keep_arrays: bool) -> None:
        self._file = file
        self._length = length
        self._name = name
        self._keep_arrays = keep_arrays
        self._at = 0
        self._kept = 0
        self._items = 0
        self.metadata: dict[str, Value] = {}
        """What has been read of it."""
        self.has_all_metadata = False

    def header(self) -> Header:
        head = self._file.read(64)
        self._file.seek(len(MAGIC))
        self._at = len(MAGIC)
        if not head.startswith(MAGIC):
            raise self._bad(wrong_content(head) or "is not a GGUF file.")
        version = self._number("I")
        if version & 0xFFFF == 0:
            raise self._bad("is a big-endian GGUF file, which Ollama does not read.")
        if version not in (2, 3):
            raise self._bad(f"has GGUF version {version}; only 2 and 3 are supported.")
        tensor_count, pair_count = self._number("Q"), self._number("Q")
        self._expect(tensor_count, 24)
        metadata = self._read_metadata(pair_count)
        self.has_all_metadata = True
        tensors = tuple(self._tensor() for _ in range(tensor_count))
        alignment = metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or alignment < 1:
            raise self._damaged("its alignment is not a number of bytes")
        return Header(metadata, tensors, -(-self._at // alignment) * alignment)

    def _read_metadata(self, count: int) -> dict[str, Value]:
        self._expect(count, 13)
        found = self.metadata
        for _ in range(count):
            key = self._text()
            if key in found:
                raise self._damaged(f"its metadata has {inert(key)[:40]} twice")
            kind = self._number("I")
            found[key] = self._array(1, key) if kind == ARRAY else self._item(kind)
        return found

    def _item(self, kind: int) -> str | int | float | bool:
        if kind == STRING:
            return self._text()
        if kind not in SCALARS:
            raise self._damaged(f"its metadata has a value of the unknown type {kind}")
        name, code = SCALARS[kind]
        (value,) = struct.unpack(f"<{code}", self._take(struct.calcsize(code)))
        return bool(value) if name == "bool" else value

    def _array(self, depth: int, key: str = "") -> Array:
        """Return an array; if it is cut off, the metadata has what is known of it by then."""
        kind, count = self._number("I"), self._number("Q")
        if key:
            self.metadata[key] = Array(_ITEMS.get(kind, ""), count)
        if kind in SCALARS:
            name, code = SCALARS[kind]
            if not self._keep_arrays and count > MOST_ALWAYS_KEPT:
                self._skip(count * struct.calcsize(code))
                return Array(name, count)
            values = self._take(count * struct.calcsize(code))
            return Array(name, count, struct.unpack(f"<{count}{code}", values))
        if kind == STRING:
            self._expect(count, 8)
            if self._keep_arrays:
                return Array("string", count, tuple(self._text() for _ in range(count)))
            for _ in range(count):
                self._skip(self._number("Q"))
            return Array("string", count)
        if kind != ARRAY or depth == DEEPEST:
            raise self._damaged(f"its metadata has an array of the unknown type {kind}")
        self._expect(count, 12)
        inner = tuple(self._array(depth + 1) for _ in range(count))
        return Array("array", count, inner if self._keep_arrays else ())

    def _tensor(self) -> TensorInfo:
        name, dimensions = self._text(), self._number("I")
        if dimensions > MOST_DIMENSIONS:
            raise self._damaged(f"a tensor has {dimensions:,} dimensions")
        shape = tuple(self._number("Q") for _ in range(dimensions))
        number, offset = self._number("I"), self._number("Q")
        kind, block, block_bytes = TENSOR_TYPES.get(number, (f"type {number}", 1, 0))
        return TensorInfo(name, shape, kind, offset, prod(shape) * block_bytes // block)

    def _number(self, code: str) -> int:
        value: int
        (value,) = struct.unpack(f"<{code}", self._take(struct.calcsize(code)))
        return value

    def _text(self) -> str:
        length = self._number("Q")
        self._kept += length
        if self._kept > MOST_KEPT and self._at + length <= self._length:
            raise self._damaged(f"its metadata has more than {size(MOST_KEPT)} of text")
        return self._take(length).decode("utf-8", "replace")

    def _expect(self, count: int, least: int) -> None:
        """Refuse more items than can be read; `least` is the smallest size of one in bytes."""
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
        return _CutOff(f"{self._name} is cut off inside its metadata: download or copy it again.")
