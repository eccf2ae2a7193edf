"""What there is to say of a model's memory beside the figures: orders, what to unload, reports."""

from __future__ import annotations

from collections.abc import Iterable

from ollama_tui.api.replies import RunningModel
from ollama_tui.domain.columns import BY_KEY
from ollama_tui.domain.memory.available import AvailableMemory
from ollama_tui.domain.memory.fit import room_for
from ollama_tui.domain.memory.footprint import LARGEST_CONTEXT, Footprint, Load, footprint
from ollama_tui.domain.memory.shape import MemoryShape
from ollama_tui.domain.model import Model
from ollama_tui.domain.orders import Order
from ollama_tui.formatting import context, inert, listing, size

ORDERS: tuple[Order[Model], ...] = tuple(
    Order(key, BY_KEY[key].title, BY_KEY[key].sort_key, BY_KEY[key].descending)
    for key in ("name", "fits", "memory", "size", "ctx")
)
"""Columns that models can be sorted by where it is about memory, in display order."""
_CLOSE = 0.01
"""Share up to which a reported figure is the same as a computed one."""
_NAMED = 3


def unload_advice(
    model: Model,
    taken: Footprint,
    available: AvailableMemory | None,
    running: Iterable[RunningModel],
) -> str:
    """Return what has to be unloaded so that all of a model is on GPUs, as a sentence.

    Empty where nothing has to be, where that would not help, and where the memory is not known.
    """
    others = [
        (inert(each.name), each.size_vram)
        for each in running
        if (each.name, each.digest) != (model.name, model.digest)
    ]
    if available is None or not available.gpu_bytes or model.is_loaded:
        return ""
    room = room_for(taken, available, others)
    if not room.unload:
        return ""
    more = len(room.unload) - _NAMED
    names = list(room.unload[:_NAMED]) + ([f"{more} more"] if more > 0 else [])
    return f"{size(room.missing)} more GPU memory is needed: unload {listing(names)} first."


def reported(shape: MemoryShape, running: RunningModel | None) -> str:
    """Return how what the server reports of a loaded model compares with what is computed.

    A sentence; empty when it reports nothing to compare with.
    """
    if running is None or not running.size or not 0 < running.context_length <= LARGEST_CONTEXT:
        return ""
    said = f"The server reports {size(running.size)} at {context(running.context_length)}"
    if running.size < shape.weights:
        return f"{said}: less than the weights alone, so that figure is wrong."
    computed = footprint(shape, Load(running.context_length)).total
    apart = running.size / computed - 1
    if abs(apart) < _CLOSE:
        return f"{said}, as computed."
    more = "more" if apart > 0 else "less"
    return f"{said}: {abs(apart):.0%} {more} than computed ({size(computed)})."
