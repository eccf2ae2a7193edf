"""Whether a model fits the memory there is, and up to which context."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from ollama_tui.domain.memory.available import AvailableMemory, default_context
from ollama_tui.domain.memory.footprint import (
    LARGEST_OF_SMALLEST_BATCH,
    MICRO_BATCHES,
    SMALLEST_BATCH,
    Footprint,
    Load,
    Totals,
    batch_matters,
    footprint,
    totals,
    usual_batch,
)
from ollama_tui.domain.memory.shape import Basis, MemoryShape

STEP = 256
"""Tokens between two contexts that take different memory."""
CONTEXTS = (4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288, 1048576)
"""Contexts that are told of, as far as a model has been trained with them."""


class Fits(StrEnum):
    """How much of a model is on GPUs."""

    GPU = "gpu"
    """All of it."""
    PARTLY = "partly"
    """Not all of it, and the rest is in main memory: it runs, but slower."""
    NO = "no"
    """It needs more than there is."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A model against the memory there is."""

    footprint: Footprint
    fits: Fits | None
    """None when it is not known how much memory there is."""
    basis: Basis
    """How sure the KV cache is."""


def server_context(shape: MemoryShape, available: AvailableMemory | None) -> int:
    """Return the tokens that a server loads a model with when nobody asks for a number.

    Its own `num_ctx` counts, else what the server takes by its memory; never more than it was
    trained with.
    """
    return _within(shape, shape.num_ctx or default_context(available))


def _within(shape: MemoryShape, context: int) -> int:
    return min(context, shape.context_length) if shape.context_length else context


class Need(NamedTuple):
    """What a model takes as its server would load it, in short: for lists of thousands."""

    total: int
    """Bytes."""
    fits: Fits | None


@lru_cache(maxsize=8)
def _limits(available: AvailableMemory | None) -> tuple[int, int]:
    """Return the bytes of the GPUs that can be used, and the default context without a model."""
    usable = available.usable if available is not None and available.gpu_bytes else -1
    return usable, default_context(available)


def need(shape: MemoryShape, available: AvailableMemory | None) -> Need:
    """Return the same as `fit` at the context of `server_context`, in a fraction of its time."""
    usable, usual = _limits(available)
    context = _within(shape, shape.num_ctx or usual)
    taken = totals(shape, context, usual_batch(context))
    if available is None:
        return Need(taken.total, None)
    if taken.gpu <= usable:
        return Need(taken.total, Fits.GPU)
    if context > LARGEST_OF_SMALLEST_BATCH:
        least = totals(shape, context, SMALLEST_BATCH)
        if least.gpu <= usable:
            return Need(least.total, Fits.GPU)
    return Need(taken.total, verdict(taken, available))


def fit(shape: MemoryShape, load: Load, available: AvailableMemory | None) -> Fit:
    """Return how a model fits when it is loaded so.

    Where no micro-batch is asked for, it is the largest that Ollama takes and with which all of it
    is on a GPU. Raises as `footprint` does.
    """
    taken = footprint(shape, load)
    fits = verdict(taken, available)
    if load.batch:
        return Fit(taken, fits, taken.kv_basis)
    basis = taken.kv_basis
    if basis is Basis.EXACT and batch_matters(shape, load.context):
        basis = Basis.BOUND
    if fits in (Fits.PARTLY, Fits.NO):
        for _, batch in MICRO_BATCHES:
            if batch < taken.load.batch:
                smaller = footprint(shape, replace(load, batch=batch))
                if verdict(smaller, available) is Fits.GPU:
                    weaker = Basis.ESTIMATE if basis is Basis.BOUND else basis
                    return Fit(smaller, Fits.GPU, weaker)
    return Fit(taken, fits, basis)


def verdict(taken: Footprint | Totals, available: AvailableMemory | None) -> Fits | None:
    """Return whether so much is there; None where that is not known."""
    if available is None:
        return None
    if available.gpu_bytes and taken.gpu <= available.usable:
        return Fits.GPU
    if available.at_least:
        return None
    if available.ram is None:
        return Fits.PARTLY if available.gpu_bytes else None
    shared = any(device.integrated for device in available.devices)
    everything = available.ram if shared else available.ram + available.usable
    return Fits.PARTLY if taken.total <= everything else Fits.NO


def largest_context(
    shape: MemoryShape, load: Load, available: AvailableMemory | None
) -> int | None:
    """Return the most tokens, up to those trained with, with which all of it is on GPUs.

    The context of `load` does not count. 0 when not even the least fits; None when the memory or
    the context is not known.
    """
    if available is None or not available.gpu_bytes or not shape.context_length:
        return None

    def fits(context: int) -> bool:
        return fit(shape, replace(load, context=context), available).fits is Fits.GPU

    most = shape.context_length
    if fits(most):
        return most
    below, above = 0, -(-most // STEP)
    while above - below > 1:
        middle = (below + above) // 2
        if fits(middle * STEP):
            below = middle
        else:
            above = middle
    return below * STEP


def contexts(shape: MemoryShape, *more: int) -> tuple[int, ...]:
    """Return contexts to compare: the usual ones, the model's own, and `more`, in order."""
    most = shape.context_length
    usual = [tokens for tokens in CONTEXTS if not most or tokens <= most]
    return tuple(sorted({*usual, *([most] if most else ()), *(each for each in more if each)}))


@dataclass(frozen=True, slots=True)
class Room:
    """What has to be unloaded so that a model fits beside what stays."""

    missing: int
    """Bytes that are missing with everything loaded; 0 when it fits."""
    unload: tuple[str, ...]
    """Names of models, fewest first; empty also where not even all of them are enough."""
    enough: bool
    """Whether it fits once they are unloaded."""


def room_for(
    taken: Footprint, available: AvailableMemory, running: Iterable[tuple[str, int]]
) -> Room:
    """Return what to unload; `running` are names and the bytes of GPU memory that each takes.

    The largest go first, so that there are as few as possible.
    """
    used: Sequence[tuple[str, int]] = sorted(running, key=lambda each: (-each[1], each[0]))
    missing = taken.gpu + sum(size for _, size in used) - available.usable
    if missing <= 0:
        return Room(0, (), True)
    names: list[str] = []
    freed = 0
    for name, size in used:
        if freed >= missing or not size:
            break
        names.append(name)
        freed += size
    enough = freed >= missing
    return Room(missing, tuple(names) if enough else (), enough)
