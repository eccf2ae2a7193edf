"""Models in memory: load, list and unload them through generate, embed and ps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from ollama_tui.api.replies import Tensor
from ollama_tui.demo import describe
from ollama_tui.demo.describe import Image, timestamp
from ollama_tui.demo.endpoints import (
    SIGNIN_URL,
    cloud_unreachable,
    image_of,
    meant_name,
    runner_of,
    source_of,
)
from ollama_tui.demo.http import (
    NDJSON,
    Fault,
    Fields,
    IncomingRequest,
    answer,
    fields,
    model_of,
)
from ollama_tui.demo.store import DemoServer
from ollama_tui.domain.memory.available import KEPT_FREE
from ollama_tui.domain.memory.footprint import Load, footprint
from ollama_tui.domain.memory.metadata import shape_from

FOREVER = timedelta(microseconds=(2**63 - 1) // 1000)
"""The longest time Go can count, some 292 years."""
DEFAULT_LIFETIME = timedelta(minutes=5)
DEFAULT_CONTEXT = 4096
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PIECE = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")
_NUMBERS = {
    "integer": "num_ctx num_batch num_gpu main_gpu num_thread num_keep seed num_predict top_k "
    "repeat_last_n draft_num_predict",
    "float32": "top_p min_p typical_p temperature repeat_penalty presence_penalty "
    "frequency_penalty",
    "boolean": "use_mmap",
    "array": "stop",
}
_TYPES = {name: kind for kind, listed in _NUMBERS.items() for name in listed.split()}


@dataclass(frozen=True, slots=True)
class Runner:
    """A loaded model."""

    name: str
    weights: str
    """Digest of the weights: names of the same weights share a runner."""
    digest: str
    details: Mapping[str, Any]
    size: int
    size_vram: int
    context: int
    expires: datetime
    program: str = ""
    """What runs it, `llamacpp` or `mlx`; empty on servers that do not say."""

    def to_json(self) -> dict[str, Any]:
        """Return the entry of ps."""
        return {
            "name": self.name,
            "model": self.name,
            "size": self.size,
            "digest": self.digest,
            "details": {**self.details, "parent_model": ""},
            "expires_at": timestamp(self.expires),
            "size_vram": self.size_vram,
            "context_length": self.context,
            **describe.named(self.program),
        }


async def ps(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Answer the loaded models, the longest remaining lifetime first."""
    _expire(server)
    ordered = sorted(server.runners, key=lambda runner: runner.expires, reverse=True)
    return answer({"models": [runner.to_json() for runner in ordered]})


def _expire(server: DemoServer) -> None:
    moment = server.now()
    server.runners[:] = [runner for runner in server.runners if runner.expires > moment]


async def generate(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Load a model, or unload it with keep_alive 0; this server writes no texts."""
    body = fields(
        request.data,
        "GenerateRequest",
        model="string",
        name="string",
        prompt="string",
        options="map[string]interface {}",
        stream="bool",
        keep_alive="any",
        runner="string",
    )
    lifetime = _lifetime(body)
    image = _image(server, body, "model '{}' not found")
    if image.remote:
        return _remote(server)
    empty = not body.get("prompt")
    if empty and lifetime == timedelta(0):
        _drop(server, image)
        return _done(server, body, "unload")
    if "completion" not in describe.capabilities(image):
        raise Fault(f'"{model_of(body)}" does not support generate', 400)
    await _load(server, image, body, lifetime)
    return _no_texts() if not empty else _done(server, body, "load")


async def embed(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Load or unload an embedding model; this server computes no embeddings."""
    body = fields(
        request.data,
        "EmbedRequest",
        model="string",
        input="any",
        options="map[string]interface {}",
        keep_alive="any",
        runner="string",
    )
    lifetime = _lifetime(body)
    image = _image(server, body, 'model "{}" not found, try pulling it first')
    await _load(server, image, body, lifetime)
    if lifetime == timedelta(0):
        _drop(server, image)
    if not body.get("input"):
        return answer({"model": model_of(body), "embeddings": []})
    if "embedding" not in describe.capabilities(image):
        raise Fault("This server does not support embeddings. Start it with `--embeddings`", 501)
    return _no_texts()


def _no_texts() -> httpx.Response:
    return answer({"error": "the demo server manages models and does not run them"}, 501)


def _image(server: DemoServer, body: Fields, missing: str) -> Image:
    asked = model_of(body)
    base, where = source_of(asked)
    if where == "cloud":
        _refuse_cloud(server)
    name = meant_name(server, base, missing.format(asked))
    image = image_of(server, name, runner_of(server, body))
    if image is None or not image.complete:
        raise Fault(missing.format(asked), 404)
    return image


def _refuse_cloud(server: DemoServer) -> None:
    if server.cloud_disabled:
        raise Fault("ollama cloud is disabled: remote model is unavailable", 403)
    if not server.internet:
        raise Fault(cloud_unreachable("/api/generate"), 500)


def _remote(server: DemoServer) -> httpx.Response:
    _refuse_cloud(server)
    if server.account is None:
        return answer({"error": "unauthorized", "signin_url": SIGNIN_URL}, 401, NDJSON)
    limit = {"StatusCode": 402, "Status": "402 Payment Required"}
    return answer({**limit, "error": "you have reached your usage limit"}, 402, NDJSON)


def _done(server: DemoServer, body: Fields, reason: str) -> httpx.Response:
    made = {"model": model_of(body), "created_at": timestamp(server.now()), "response": ""}
    return answer({**made, "done": True, "done_reason": reason})


def _drop(server: DemoServer, image: Image) -> None:
    weights = _weights_digest(image)
    server.runners[:] = [runner for runner in server.runners if runner.weights != weights]


def _weights_digest(image: Image) -> str:
    return "+".join(
        layer.digest for kind in ("model", "adapter") for layer in image.entry.manifest.of(kind)
    )


async def _load(server: DemoServer, image: Image, body: Fields, lifetime: timedelta) -> None:
    options = image.parameters | dict(body.get("options", {}))
    _check_options(options)
    _expire(server)
    wanted = loaded(server, image, options, server.now() + lifetime)
    for index, runner in enumerate(server.runners):
        if runner.weights == wanted.weights and runner.context == wanted.context:
            server.runners[index] = replace(runner, expires=wanted.expires)
            return
    _drop(server, image)
    server.runners.append(wanted)
    await server.pace(wanted.size / server.load_rate)


def loaded(
    server: DemoServer, image: Image, options: Mapping[str, Any], expires: datetime
) -> Runner:
    """Return the runner of a model, placed on the GPU as far as there is room."""
    trained = int(image.lengths.get("context_length", DEFAULT_CONTEXT))
    context = min(int(options.get("num_ctx", DEFAULT_CONTEXT)), trained)
    size = _memory_of(image, context)
    used = sum(runner.size_vram for runner in server.runners)
    room = max(0, server.vram - KEPT_FREE - used)
    return Runner(
        name=image.name.display,
        weights=_weights_digest(image),
        digest=image.entry.digest,
        details=describe.details(image),
        size=size,
        size_vram=min(size, room),
        context=context,
        expires=expires,
        program="llamacpp" if image.runner == "ggml" else image.runner,
    )


def _memory_of(image: Image, context: int) -> int:
    """Return the bytes that a model takes with a context, as llama.cpp would have it."""
    weights, whole = image.weights(), image.entry.manifest.size
    if weights is None:
        return whole
    tensors = [Tensor(**tensor) for tensor in weights.tensors()]
    shape = shape_from(weights.info(verbose=False), tensors)
    if shape is None or not shape.weights:
        return whole
    projectors = sum(layer.size for layer in image.entry.manifest.of("projector"))
    return footprint(shape, Load(max(1, context))).total + projectors


def _check_options(options: Mapping[str, Any]) -> None:
    """Raise Fault for an option of the wrong type."""
    for name, value in options.items():
        wanted = _TYPES.get(name)
        if wanted is None or value is None:
            continue
        if wanted == "boolean" or isinstance(value, bool):
            fits = wanted == "boolean" and isinstance(value, bool)
        else:
            fits = isinstance(value, list if wanted == "array" else int | float)
        if not fits:
            raise Fault(f'option "{name}" must be of type {wanted}')


def _lifetime(body: Fields) -> timedelta:
    value = body.get("keep_alive")
    if value is None:
        return DEFAULT_LIFETIME
    if isinstance(value, bool | list | dict):
        go_types = {bool: "bool", list: "[]interface {}"}
        name = go_types.get(type(value), "map[string]interface {}")
        raise Fault(f"Unsupported type: '{name}'", 400)
    seconds = _duration(value) if isinstance(value, str) else float(value)
    return FOREVER if seconds < 0 else min(FOREVER, timedelta(seconds=seconds))


def _duration(text: str) -> float:
    sign, rest = (-1.0, text[1:]) if text.startswith("-") else (1.0, text.removeprefix("+"))
    if rest == "0":
        return 0.0
    if re.fullmatch(r"\d+\.?\d*", rest):
        raise Fault(f'time: missing unit in duration "{text}"', 400)
    pieces = list(_PIECE.finditer(rest))
    if not rest or "".join(piece[0] for piece in pieces) != rest:
        raise Fault(f'time: invalid duration "{text}"', 400)
    return sign * sum(float(piece[1]) * _UNITS[piece[2]] for piece in pieces)
