"""The memory of a model as a server knows it."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from ollama_tui.domain.memory.available import AvailableMemory
from ollama_tui.domain.memory.fit import Need, need
from ollama_tui.domain.memory.shape import MemoryShape, decoded, quantized
from ollama_tui.domain.memory.words import judgement
from ollama_tui.domain.model import Model
from ollama_tui.domain.quantization import QuantizeTarget


def shape_of_model(model: Model) -> MemoryShape | None:
    """Return what is known of the memory of a model, its projectors included; None if nothing is.

    A server names no projectors' sizes: they are what the GGUF of the model leaves of its size.
    Where it names no tensors, all of that size counts as weights.
    """
    facts = model.facts
    if facts is None or model.is_cloud:
        return None
    return _completed(facts.memory, model.size, facts.weight_bytes)


def _completed(shape: MemoryShape | None, size: int, weight_bytes: int) -> MemoryShape | None:
    if shape is None:
        return None
    if not shape.weights:
        return msgspec.structs.replace(shape, weights=size)
    if not weight_bytes:
        return shape
    return msgspec.structs.replace(shape, projector=max(0, size - weight_bytes))


def need_of(model: Model) -> Need | None:
    """Return what a model takes on its server; None if nothing is known of it."""
    return need_with(model, model.server_memory)


def need_with(model: Model, available: AvailableMemory | None) -> Need | None:
    """Return what a model takes with this memory; None if nothing is known of it."""
    facts = model.facts
    if facts is None or not facts.memory_text or model.is_cloud:
        return None
    return computed(facts.memory_text, model.size, facts.weight_bytes, available)


@lru_cache(maxsize=16_384)
def computed(
    text: str, size: int, weight_bytes: int, available: AvailableMemory | None
) -> Need | None:
    """Return what a model with this shape and size takes; it is computed once."""
    shape = _completed(decoded.__wrapped__(text), size, weight_bytes)
    return need(shape, available) if shape is not None else None


def fits_as(model: Model, target: QuantizeTarget, available: AvailableMemory | None) -> str:
    """Return whether a model fits once it is quantized; empty when nobody knows."""
    shape = shape_of_model(model)
    if shape is None or not model.size:
        return ""
    return judgement(need(quantized(shape, target.bytes / model.size), available).fits, available)
