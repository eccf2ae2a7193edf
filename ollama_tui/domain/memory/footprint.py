"""What a model takes in memory: weights, KV cache, recurrent state and compute buffer.

The formulas follow llama.cpp, which runs the GGUF models of Ollama since 0.30: src/llama-kv-cache
and src/llama-memory-recurrent for the caches, measured for the compute buffer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

from ollama_tui.domain.memory.architectures import ONE_SEQUENCE, WITHOUT_FLASH_ATTENTION
from ollama_tui.domain.memory.shape import Basis, MemoryShape

KV_TYPES: Mapping[str, tuple[int, int]] = MappingProxyType({
    "f16": (1, 2),
    "bf16": (1, 2),
    "f32": (1, 4),
    "q8_0": (32, 34),
    "q5_1": (32, 24),
    "q5_0": (32, 22),
    "q4_1": (32, 20),
    "q4_0": (32, 18),
    "iq4_nl": (32, 18),
})  # fmt: skip
"""How many elements of a KV cache take how many bytes, by what OLLAMA_KV_CACHE_TYPE is set to."""
USUAL_KV_TYPE = "f16"

_CELLS = 256
"""The cells of a cache are a multiple of this."""
MICRO_BATCHES = ((32768, 2048), (4096, 1024), (0, 512))
"""The micro-batch, in tokens, that Ollama takes above a number of tokens of context."""
SMALLEST_BATCH = MICRO_BATCHES[-1][1]
LARGEST_OF_SMALLEST_BATCH = MICRO_BATCHES[-2][0]
"""The largest context, in tokens, for which that is taken."""
LARGEST_CONTEXT = 2**31
"""Tokens; nothing is computed for more."""
_COMPUTE_MARGIN = 1.049
"""A compute buffer was up to 4.8 % above the formula in all cases of tests/domain/memory."""


@dataclass(frozen=True, slots=True)
class Load:
    """How a model is loaded."""

    context: int
    """Tokens of each request."""
    parallel: int = 1
    """Requests at a time."""
    kv_type: str = USUAL_KV_TYPE
    """A key of `KV_TYPES`."""
    batch: int = 0
    """The micro-batch in tokens; 0 for what Ollama takes for the context."""
    flash_attention: bool = True


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a model takes, in bytes."""

    weights: int
    projector: int
    kv_cache: int
    recurrent: int
    compute: int
    """An upper bound."""
    on_cpu: int
    """The part of the weights that is not on a GPU even where all layers are."""
    load: Load
    """How it is loaded, the micro-batch included."""
    kv_basis: Basis
    """How sure `kv_cache` is."""

    @property
    def total(self) -> int:
        """All of it, on GPUs and in main memory."""
        return self.weights + self.projector + self.kv_cache + self.recurrent + self.compute

    @property
    def gpu(self) -> int:
        """What of it is on GPUs where all layers are there."""
        return self.total - self.on_cpu


def sequences(shape: MemoryShape, parallel: int) -> int:
    """Return how many requests at a time the server runs of such a model, of those asked for.

    Ollama's scheduler (server/sched.go) sets it to 1 for architectures whose state cannot be split.
    """
    return 1 if shape.architecture.startswith(ONE_SEQUENCE) else max(1, parallel)


def usual_batch(context: int) -> int:
    """Return the micro-batch in tokens that Ollama takes for a context, where memory allows."""
    for above, batch in MICRO_BATCHES:
        if context > above:
            return batch
    return SMALLEST_BATCH


def footprint(shape: MemoryShape, load: Load) -> Footprint:
    """Return what a model takes when it is loaded so.

    Raises KeyError for a KV type that is none, and ValueError for a context that is none.
    """
    if not 0 < load.context <= LARGEST_CONTEXT:
        raise ValueError(f"{load.context} tokens are no context.")
    load = replace(
        load,
        parallel=sequences(shape, load.parallel),
        batch=load.batch or usual_batch(load.context),
    )
    elements, taken = KV_TYPES[load.kv_type]
    cells = _padded(load.context)
    sliding = min(cells, _padded(min(load.context, shape.window + load.batch)))
    kv = sum(
        group.layers
        * (sliding if group.slides else cells)
        * (group.keys + group.values)
        * taken
        // elements
        for group in shape.layers
    )
    return Footprint(
        weights=shape.weights,
        projector=shape.projector,
        kv_cache=kv * load.parallel,
        recurrent=shape.recurrent * load.parallel,
        compute=_compute(shape, load, cells, sliding),
        on_cpu=shape.on_cpu,
        load=load,
        kv_basis=shape.basis,
    )


class Totals(NamedTuple):
    """All that a model takes, in bytes."""

    total: int
    gpu: int
    """What of it is on GPUs where all layers are there."""


def totals(shape: MemoryShape, context: int, batch: int) -> Totals:
    """Return the totals of `footprint` for one request, without its parts."""
    cells = _padded(context)
    sliding = min(cells, _padded(min(context, shape.window + batch)))
    cache, full, slides = 0, 0, 0
    for layers, keys, values, is_sliding in shape.layers:
        if is_sliding:
            cache, slides = cache + layers * sliding * (keys + values), sliding
        else:
            cache, full = cache + layers * cells * (keys + values), cells
    has_scores = shape.architecture in WITHOUT_FLASH_ATTENTION
    scores = shape.heads * batch * cells * 4 if has_scores else 0
    compute = _buffer(shape, min(batch, cells), full + slides, scores)
    total = shape.weights + shape.projector + 2 * cache + shape.recurrent + compute
    return Totals(total, total - shape.on_cpu)


def _buffer(shape: MemoryShape, tokens: int, columns: int, scores: int = 0) -> int:
    """Return an upper bound of the compute buffer in bytes, `scores` of which are of all heads.

    Logits and the widest step of a layer are not there at the same time.
    """
    kept = 5 * shape.embedding + shape.inputs + max(shape.vocabulary, shape.widest)
    needed = tokens * (4 * kept + 2 * columns) + scores
    return int(needed * _COMPUTE_MARGIN) + 1


def batch_matters(shape: MemoryShape, context: int) -> bool:
    """Whether the KV cache of a context depends on the micro-batch."""
    if not any(group.slides for group in shape.layers):
        return False
    return usual_batch(context) != SMALLEST_BATCH and shape.window + SMALLEST_BATCH < context


def _padded(tokens: int) -> int:
    return -(-tokens // _CELLS) * _CELLS


def _compute(shape: MemoryShape, load: Load, cells: int, sliding: int) -> int:
    """Return an upper bound of the compute buffer, in bytes."""
    masks = {group.slides for group in shape.layers}
    columns = (cells if False in masks else 0) + (sliding if True in masks else 0)
    has_scores = not load.flash_attention or shape.architecture in WITHOUT_FLASH_ATTENTION
    scores = shape.heads * load.batch * cells * 4 if has_scores else 0
    return _buffer(shape, min(load.batch, cells * load.parallel), columns, scores)
