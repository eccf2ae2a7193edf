"""The memory of a model as a server knows it."""

from __future__ import annotations

import msgspec

from ollama_tui.domain.memory.available import AvailableMemory
from ollama_tui.domain.memory.fit import Need, need
from ollama_tui.domain.memory.shape import MemoryShape, quantized
from ollama_tui.domain.memory.words import judgement
from ollama_tui.domain.model import Model
from ollama_tui.domain.quantization import QuantizeTarget


def shape_of_model(model: Model) -> MemoryShape | None:
    """Return what is known of the memory of a model, its projectors included; None if nothing is.

    A server names no projectors' sizes: they are what the GGUF of the model leaves of its size.
    Where it names no tensors, all of that size counts as weights.
    """
    facts = model.facts
    if facts is None or facts.memory is None or model.is_cloud:
        return None
    shape = facts.memory
    if not shape.weights:
        return msgspec.structs.replace(shape, weights=model.size)
    if not facts.weight_bytes:
        return shape
    return msgspec.structs.replace(shape, projector=max(0, model.size - facts.weight_bytes))


def need_of(model: Model) -> Need | None:
    """Return what a model takes on its server; None if nothing is known of it."""
    shape = shape_of_model(model)
    return need(shape, model.server_memory) if shape is not None else None


def fits_as(model: Model, target: QuantizeTarget, available: AvailableMemory | None) -> str:
    """Return whether a model fits once it is quantized; empty when nobody knows."""
    shape = shape_of_model(model)
    if shape is None or not model.size:
        return ""
    return judgement(need(quantized(shape, target.bytes / model.size), available).fits, available)
