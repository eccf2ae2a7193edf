"""What the memory of a model depends on, small enough to remember for every model."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import msgspec


class Basis(StrEnum):
    """How sure a figure is."""

    EXACT = "exact"
    """What llama.cpp allocates, to the byte."""
    BOUND = "bound"
    """At least what is allocated."""
    ESTIMATE = "estimate"
    """May be more or less than that: nobody has checked how this architecture is run."""


class LayerGroup(NamedTuple):
    """Layers whose KV caches are alike."""

    layers: int
    """How many they are."""
    keys: int
    """Elements of one token's keys in one layer, of all its heads."""
    values: int
    slides: bool = False
    """Whether they look back over a sliding window only, and keep no more than that."""


class MemoryShape(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The dimensions that decide what a model takes in memory.

    The formulas are those of llama.cpp, which runs all GGUF models of Ollama.
    """

    architecture: str
    """`general.architecture`, raw."""
    weights: int
    """Bytes of all tensors; experts and, where it is in the same file, the projector included.

    0 where the type of one is not known.
    """
    on_cpu: int = 0
    """Bytes of them that stay in main memory even where all layers are on a GPU."""
    projector: int = 0
    """Bytes of projectors in files of their own, and of adapters."""
    layers: tuple[LayerGroup, ...] = ()
    window: int = 0
    """Tokens that sliding layers look back over."""
    recurrent: int = 0
    """Bytes of recurrent state for each sequence: it does not grow with the context."""
    vocabulary: int = 0
    """Tokens."""
    embedding: int = 0
    """Elements of the embedding."""
    heads: int = 0
    """Attention heads; what is allocated for them without flash attention."""
    context_length: int = 0
    """Tokens that it was trained with; 0 when unknown."""
    num_ctx: int = 0
    """Its own parameter `num_ctx`; 0 where it has none, so that the server's default counts."""
    basis: Basis = Basis.ESTIMATE
    """Of its KV cache, where the micro-batch is known."""
    needs_verbose: bool = False
    """Whether an array of the metadata that was left out would tell more."""
    widest: int = 0
    """Elements that the widest step within a layer keeps of a token, besides its embeddings."""
    inputs: int = 0
    """Elements of a token that are kept from the input on until all layers are through."""


def encoded(shape: MemoryShape | None) -> str:
    """Return a shape as a short text; empty for none.

    A fifth of what its numbers take as objects: of 10,000 models that is 12 MB.
    """
    return msgspec.json.encode(shape).decode() if shape is not None else ""


@lru_cache(maxsize=1024)
def decoded(text: str) -> MemoryShape | None:
    """Return the shape that a text is of; None for any other text."""
    try:
        return msgspec.json.decode(text, type=MemoryShape)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return None


def quantized(shape: MemoryShape, part: float) -> MemoryShape:
    """Return a shape whose weights take so much of what they do now.

    Which tensors keep their type is not known, so that it is an estimate.
    """
    return msgspec.structs.replace(
        shape,
        weights=int(shape.weights * part),
        on_cpu=int(shape.on_cpu * part),
        basis=Basis.ESTIMATE,
    )
