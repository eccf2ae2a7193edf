"""The memory of a model as a server knows it."""

from __future__ import annotations

import msgspec

from ollama_tui.domain.memory.fit import Need, need
from ollama_tui.domain.memory.shape import MemoryShape
from ollama_tui.domain.model import Model


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
