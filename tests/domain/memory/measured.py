"""What llama.cpp b11739 allocates, measured for the dimensions of real models.

The program was given their metadata and asked what it needs, on the CPU, with flash attention;
nothing was loaded. `measured.json` has a model a line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from ollama_tui.domain.memory.metadata import shape_from
from ollama_tui.domain.memory.shape import MemoryShape


class Value(msgspec.Struct, array_like=True, frozen=True):
    """What was asked for and what was allocated."""

    context: int
    """Tokens of each sequence."""
    batch: int
    """The micro-batch, in tokens."""
    parallel: int
    """Sequences."""
    kv_type: str
    cache: int
    """Bytes of the KV cache and of recurrent state."""
    compute: int
    """Bytes of the compute buffer, where logits of all tokens of a micro-batch are asked for."""


class Measured(msgspec.Struct, frozen=True):
    """One model."""

    name: str
    architecture: str
    metadata: dict[str, Any]
    """Without the architecture before each key; only what memory depends on."""
    values: list[Value]

    def shape(self) -> MemoryShape:
        """Return its shape, by metadata only."""
        info = {f"{self.architecture}.{key}": value for key, value in self.metadata.items()}
        shape = shape_from({"general.architecture": self.architecture, **info}, ())
        assert shape is not None
        return shape

    def value(self, context: int) -> Value:
        """Return what was measured for one sequence and a context, in f16."""
        wanted = (context, 1, "f16")
        return next(v for v in self.values if (v.context, v.parallel, v.kv_type) == wanted)


MEASURED = msgspec.json.decode(
    Path(__file__).with_name("measured.json").read_bytes(), type=list[Measured]
)
