"""What a safetensors file says of itself, read from its header without touching the weights."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod
from pathlib import Path

import msgspec

from ollama_tui.importing.errors import BadFile, impostor, label, too_short, unreadable

LARGEST_HEADER = 16 * 1024 * 1024
"""Bytes; the largest real ones are a few megabytes."""
_NOT_A_TENSOR = "__metadata__"


class _Entry(msgspec.Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Weights:
    """The tensors of one file, or of several."""

    parameters: int = 0
    tensors: int = 0
    types: tuple[tuple[str, int], ...] = ()
    """How many weights there are of each type."""

    @property
    def type(self) -> str:
        """What most weights are: `BF16`, `F8_E4M3` …; empty without weights."""
        return max(self.types, key=lambda pair: pair[1])[0] if self.types else ""

    def __add__(self, other: Weights) -> Weights:
        types = Counter(dict(self.types)) + Counter(dict(other.types))
        return Weights(
            self.parameters + other.parameters,
            self.tensors + other.tensors,
            tuple(types.items()),
        )


def read_weights(path: Path) -> Weights:
    """Return what the file holds; raise BadFile when it is cut, damaged or something else."""
    try:
        with path.open("rb") as file:
            length = file.seek(0, 2)
            file.seek(0)
            head = file.read(8)
            said = int.from_bytes(head, "little")
            if len(head) < 8 or said > LARGEST_HEADER or said < 2:
                raise _bad(path, impostor(head + file.read(56)) or "is not a safetensors file.")
            entries = _entries(path, file.read(said))
    except OSError as error:
        raise unreadable(path, error) from error
    whole = 8 + said + max((entry.data_offsets[1] for entry in entries), default=0)
    if whole > length:
        raise _bad(path, too_short(whole, length))
    return _summed(entries)


def _entries(path: Path, header: bytes) -> list[_Entry]:
    try:
        raw = msgspec.json.decode(header, type=dict[str, msgspec.Raw])
        return [
            msgspec.json.decode(entry, type=_Entry)
            for name, entry in raw.items()
            if name != _NOT_A_TENSOR
        ]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise _bad(path, "is damaged: its header cannot be read.") from None


def _summed(entries: list[_Entry]) -> Weights:
    types: Counter[str] = Counter()
    for entry in entries:
        types[entry.dtype] += prod(entry.shape)
    return Weights(sum(types.values()), len(entries), tuple(types.items()))


def _bad(path: Path, what: str) -> BadFile:
    return BadFile(f"{label(path)} {what}")
