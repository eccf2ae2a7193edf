"""Quantization: what types of weights take, and what a server can make of a model."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from ollama_tui.api.replies import Tensor
from ollama_tui.formatting import inert, size

if TYPE_CHECKING:
    from ollama_tui.domain.model import Model

BLOCKS = {
    "F32": (1, 4),
    "F16": (1, 2),
    "Q4_0": (32, 18),
    "Q4_1": (32, 20),
    "Q5_0": (32, 22),
    "Q5_1": (32, 24),
    "Q8_0": (32, 34),
    "Q8_1": (32, 40),
    "Q2_K": (256, 84),
    "Q3_K": (256, 110),
    "Q4_K": (256, 144),
    "Q5_K": (256, 176),
    "Q6_K": (256, 210),
    "Q8_K": (256, 292),
    "IQ2_XXS": (256, 66),
    "IQ2_XS": (256, 74),
    "IQ3_XXS": (256, 98),
    "IQ1_S": (256, 50),
    "IQ4_NL": (32, 18),
    "IQ3_S": (256, 110),
    "IQ2_S": (256, 82),
    "IQ4_XS": (256, 136),
    "I8": (1, 1),
    "I16": (1, 2),
    "I32": (1, 4),
    "I64": (1, 8),
    "F64": (1, 8),
    "IQ1_M": (256, 56),
    "BF16": (1, 2),
    "TQ1_0": (256, 54),
    "TQ2_0": (256, 66),
    "MXFP4": (32, 17),
    "NVFP4": (64, 36),
    "Q1_0": (128, 18),
}
"""How many weights of a type take how many bytes."""

_SOURCES = ("F16", "BF16", "F32")
"""The only types a server quantizes."""

_BITS = {
    **{kind: 8 * BLOCKS[kind][1] / BLOCKS[kind][0] for kind in ("F32", "F16", "BF16", "Q8_0")},
    "Q4_K_M": 4.9,
    "Q4_K_S": 4.7,
}
"""Bits a weight takes, on average over a model of usual shape."""

_OFFERED = {
    "F16": "half precision, for GPUs without BF16",
    "Q8_0": "almost as good as the original",
    "Q4_K_M": "the usual choice: a third of the size",
    "Q4_K_S": "a little smaller and a little worse",
}
"""What is offered, the largest first, and what each is good for."""

_STORED = re.compile(r"(?<![a-z0-9])(?:b?f16|fp16|f32|fp32)(?![a-z0-9])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class QuantizeTarget:
    """A type to quantize to."""

    type: str
    bytes: int
    """About what the model is going to take."""
    help: str


def quantize_targets(base: Model | None) -> tuple[QuantizeTarget, ...]:
    """Return what `base` can be quantized to, the largest first; nothing when it cannot be."""
    if base is None or quantize_problem(base) is not None:
        return ()
    source = base.listed.details.quantization_level.upper()
    return tuple(
        QuantizeTarget(kind, int(base.size * _BITS[kind] / _BITS[source]), help)
        for kind, help in _OFFERED.items()
        if kind != source and _BITS[kind] <= _BITS[source]
    )


def quantize_problem(base: Model | None) -> str | None:
    """Return why a server would not quantize `base`, as a sentence; None when it would."""
    if base is None:
        return "Only a model that is on the server can be quantized."
    if base.is_cloud:
        return f"The weights of {base.label} are in the cloud."
    if base.is_answered_in_cloud:
        return f"{base.label} has a cloud tag, which the server takes for a model of ollama.com."
    if base.listed.details.format == "safetensors":
        return f"{base.label} is a safetensors model, which the server leaves as it is."
    if base.listed.details.quantization_level.upper() in _SOURCES:
        return None
    now = inert(base.listed.details.quantization_level)
    if not now or now.lower() == "unknown":
        return (
            f"It is not known how {base.label} is stored: only F16, BF16 and F32 can be quantized."
        )
    return f"{base.label} is {now} already: only F16, BF16 and F32 can be quantized."


def free_space_clause(needed: int, free: int | None) -> str:
    """Return a clause on the server's disk for new weights; empty when nobody knows it."""
    if free is None:
        return ""
    return f"; {'only ' if free < needed else ''}{size(free)} free on the server's disk"


def quantized_name(name: str, kind: str) -> str:
    """Return a name for `name` quantized to `kind`: `m:8b-fp16` becomes `m:8b-q8_0`."""
    model, _, tag = name.rpartition(":")
    if _STORED.search(tag):
        return f"{model}:{_STORED.sub(kind.lower(), tag)}"
    return f"{model}:{kind.lower()}" if tag == "latest" else f"{name}-{kind.lower()}"


_ALIGNMENT = 32
"""Bytes that each tensor is padded to."""
_PER_TOKEN = 36
"""Bytes of metadata for each token of the vocabulary: its text, score, type and merges."""
_VOCABULARY = "token_embd.weight"
_ABSURD = 2**50
"""No dimension and no file is as large: more is a server's nonsense."""


def file_size(tensors: Iterable[Tensor]) -> int:
    """Return about how many bytes a file of these takes; 0 when a type is not known."""
    total = 0
    for tensor in tensors:
        if tensor.type not in BLOCKS or not all(0 < length < _ABSURD for length in tensor.shape):
            return 0
        weights, taken = BLOCKS[tensor.type]
        total += -(-prod(tensor.shape) // weights) * taken
        total += -total % _ALIGNMENT
        if tensor.name == _VOCABULARY:
            total += tensor.shape[-1] * _PER_TOKEN if tensor.shape else 0
    return min(total, _ABSURD)
