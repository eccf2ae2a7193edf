"""What a server can quantize, to what, and how large the result is going to be."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ollama_tui.domain.model import Model
from ollama_tui.formatting import inert, size

SOURCES = ("F16", "BF16", "F32")
"""The only types a server quantizes."""

BITS = {"F32": 32.0, "F16": 16.0, "BF16": 16.0, "Q8_0": 8.5, "Q4_K_M": 4.9, "Q4_K_S": 4.7}
"""Bits a weight takes, on average over a model of usual shape."""

_HELP = {
    "F16": "half precision, for GPUs without BF16",
    "Q8_0": "hardly worse than the original",
    "Q4_K_M": "the usual choice: a third of the size",
    "Q4_K_S": "a little smaller and a little worse",
}
"""What to choose from, the largest first."""


_STORED = re.compile(r"(?<![a-z0-9])(?:b?f16|fp16|f32|fp32)(?![a-z0-9])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class QuantizeTarget:
    """A type to quantize to."""

    type: str
    bytes: int
    """About what the model is going to take."""
    help: str


def targets(base: Model | None) -> tuple[QuantizeTarget, ...]:
    """Return what `base` can be quantized to, the largest first; nothing when it cannot be."""
    if base is None or why_not(base) is not None:
        return ()
    source = base.listed.details.quantization_level.upper()
    return tuple(
        QuantizeTarget(kind, int(base.size * BITS[kind] / BITS[source]), help)
        for kind, help in _HELP.items()
        if kind != source and BITS[kind] <= BITS[source]
    )


def why_not(base: Model | None) -> str | None:
    """Return why a server would not quantize `base`, as a sentence; None when it would."""
    if base is None:
        return "Only a model that is on the server can be quantized."
    if base.is_cloud:
        return f"The weights of {base.label} are in the cloud."
    if base.is_answered_in_cloud:
        return f"{base.label} has a cloud tag, which the server takes for a model of ollama.com."
    if base.listed.details.format == "safetensors":
        return f"{base.label} is a safetensors model, which the server leaves as it is."
    if base.listed.details.quantization_level.upper() in SOURCES:
        return None
    now = inert(base.listed.details.quantization_level)
    if not now or now.lower() == "unknown":
        return f"It is not known how {base.label} is stored: only F16, BF16 and F32 will do."
    return f"{base.label} is {now} already: only F16, BF16 and F32 can be quantized."


def room(needed: int, free: int | None) -> str:
    """Return a clause on the server's disk for new weights; empty when nobody knows it."""
    if free is None:
        return ""
    return f"; {'only ' if free < needed else ''}{size(free)} free on the server's disk"


def name_for(name: str, kind: str) -> str:
    """Return a name for `name` quantized to `kind`: `m:8b-fp16` becomes `m:8b-q8_0`."""
    model, _, tag = name.rpartition(":")
    if _STORED.search(tag):
        return f"{model}:{_STORED.sub(kind.lower(), tag)}"
    return f"{model}:{kind.lower()}" if tag == "latest" else f"{name}-{kind.lower()}"
