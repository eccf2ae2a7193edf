"""Weights on their way into a model: conversion, validation and quantization."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import aclosing
from hashlib import sha256
from typing import Any, Literal

from ollama_tui.demo.download import TICK
from ollama_tui.demo.draft import Draft
from ollama_tui.demo.faults import Fault
from ollama_tui.demo.gguf import GGUF
from ollama_tui.demo.respond import Events
from ollama_tui.demo.state import Server
from ollama_tui.demo.store import Blob, Layer, Store
from ollama_tui.demo.weights import BITS, Shape, Weights

DUMMY = "0" * 19
"""What the server sends as digest while it works on a whole model."""
UNQUANTIZED = ("F16", "BF16", "F32")
ALIASES = {"Q4_K": "Q4_K_M"}
ARCHITECTURES = {"Gemma3": "gemma3", "Mistral": "llama", "Qwen3": "qwen3", "Qwen2": "qwen2"}
ARCHITECTURES |= {"Phi3": "phi3", "Bert": "bert", "Llama": "llama"}


def file_kind(store: Store, files: Mapping[str, str]) -> Literal["safetensors", "gguf"]:
    """Return what the files are; raises Fault 400 when they are neither."""
    if any(path.endswith(".safetensors") for path in files):
        return "safetensors"
    if any(path.endswith(".gguf") for path in files):
        return "gguf"
    if files and all((store.open(d).head or b"").startswith(GGUF) for d in files.values()):
        return "gguf"
    raise Fault("unknown type", 400)


def convert(store: Store, files: Mapping[str, str]) -> Blob:
    """Return the GGUF made of a set of safetensors files; raises Fault when one is missing."""
    if "config.json" not in files:
        raise Fault("open config.json: no such file or directory")
    blobs = {path: store.open(digest) for path, digest in files.items()}
    size = sum(blob.size for path, blob in blobs.items() if path.endswith(".safetensors"))
    weights = _shape(blobs["config.json"], size).weights()
    digest = sha256("".join(sorted(files.values())).encode()).hexdigest()
    return Blob(f"sha256:{digest}", size, weights=weights)


def _shape(config: Blob, size: int) -> Shape:
    try:
        given: dict[str, Any] = config.json
    except json.JSONDecodeError as error:
        raise Fault(f"invalid config.json: {error.msg}") from None
    return Shape(
        _architecture(given),
        parameters=size // 2,
        file_type="F16",
        context=given.get("max_position_embeddings", 4096),
        embedding=given.get("hidden_size", 4096),
        blocks=given.get("num_hidden_layers", 32),
        heads=given.get("num_attention_heads", 32),
        kv_heads=given.get("num_key_value_heads") or given.get("num_attention_heads", 32),
        feed_forward=given.get("intermediate_size", 14336),
        vocab=given.get("vocab_size", 32000),
    )


def _architecture(config: Mapping[str, Any]) -> str:
    names = config.get("architectures") or [""]
    for prefix, arch in ARCHITECTURES.items():
        if names[0].startswith(prefix):
            return arch
    raise Fault(f'unsupported architecture "{names[0]}"' if names[0] else "unknown architecture")


async def finish_weights(server: Server, draft: Draft, quantize: str) -> Events:
    """Yield the events of validating uploaded weights and of quantizing."""
    wanted = ALIASES.get(quantize.upper(), quantize.upper())
    for layer in draft.of("model"):
        blob = _blob(draft, layer)
        weights = _weights(blob)
        if not draft.config.get("model_format") or not draft.config.get("model_family"):
            draft.describe(weights)
        if wanted and _must_quantize(weights, wanted):
            label = f"quantizing {weights.file_type} model to {wanted}"
            made = quantized(blob, weights, wanted)
        elif layer.digest in draft.unchecked:
            label, made = "validating GGUF model", rewritten(blob, weights)
        else:
            continue
        async with aclosing(_working(server, label, blob.size)) as events:
            async for event in events:
                yield event
        yield {"status": "verifying conversion"}
        await server.pace(made.size / server.hash_rate)
        draft.exchange(layer, made)
        draft.describe(_weights(made))


def _blob(draft: Draft, layer: Layer) -> Blob:
    return draft.store.open(layer.digest)


def _weights(blob: Blob) -> Weights:
    if blob.weights is None:
        raise Fault("supplied file was not in GGUF format")
    return blob.weights


def _must_quantize(weights: Weights, wanted: str) -> bool:
    if wanted not in BITS:
        supported = "supported types are F32, F16, Q4_K_S, Q4_K_M, Q8_0"
        raise Fault(f"unsupported quantization type {wanted} - {supported}")
    if weights.file_type not in UNQUANTIZED:
        raise Fault("quantization is only supported for F16, BF16 and F32 models")
    return weights.file_type != wanted


def quantized(blob: Blob, weights: Weights, wanted: str) -> Blob:
    """Return the weights in another type, smaller as the bits of the types say."""
    size = int(blob.size * BITS[wanted] / BITS[weights.file_type])
    return Blob(_derived(blob, wanted), size, weights=weights.quantized(wanted))


def rewritten(blob: Blob, weights: Weights) -> Blob:
    """Return the weights as the server stores uploaded ones: the same, in another file."""
    return Blob(_derived(blob, "copy"), blob.size, weights=weights)


def _derived(blob: Blob, how: str) -> str:
    return f"sha256:{sha256(f'{blob.digest} {how}'.encode()).hexdigest()}"


async def _working(server: Server, label: str, total: int) -> Events:
    if not server.quantize_prints:
        await server.pace(total / server.quantize_rate)
        return
    completed = 0
    while completed < total:
        await server.pace(TICK)
        completed = min(total, completed + int(server.quantize_rate * TICK))
        yield {"status": label, "digest": DUMMY, "total": total, "completed": completed}
