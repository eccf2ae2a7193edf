"""What lies behind the server: ollama.com, which knows cloud models, and the errors without it."""

from __future__ import annotations

import httpx

from ollama_tui.demo.faults import Fault
from ollama_tui.demo.respond import STREAMED_JSON, answer, text
from ollama_tui.demo.state import Server
from ollama_tui.demo.weights import Shape, parameter_size

SHAPES = {
    "gpt-oss:20b": Shape("gptoss", 20_900_000_000, "MXFP4", 131072, 2880, 24, 64, 8, 2880, 201088),
    "gpt-oss:120b": Shape("gptoss", 116_800_000_000, "MXFP4", 131072, 2880, 36, 64, 8, 2880),
    "qwen3-coder:480b": Shape("qwen3moe", 480_200_000_000, "BF16", 262144, 6144, 62, 96, 8, 8192),
    "deepseek-v3.1:671b": Shape("deepseek2", 671_000_000_000, "BF16", 163840, 7168, 61, 128, 1),
}
"""Cloud models by their name without the suffix."""


def lookup_failure(verb: str, url: str, host: str) -> str:
    """Return the error text of a request to a host that cannot be resolved."""
    reason = f"lookup {host} on 127.0.0.53:53: read udp 127.0.0.1:47828->127.0.0.53:53"
    return f'{verb} "{url}": dial tcp: {reason}: read: connection refused'


def cloud_unreachable(path: str) -> str:
    """Return the error text of a request passed on to ollama.com without a network."""
    return lookup_failure("Post", f"https://ollama.com:443{path}?ts=1795375372", "ollama.com")


def cloud_show(server: Server, base: str) -> httpx.Response:
    """Answer show for a cloud model, as ollama.com does through the server."""
    if server.cloud_disabled:
        raise Fault("ollama cloud is disabled: remote model details are unavailable", 403)
    if not server.internet:
        raise Fault(cloud_unreachable("/api/show"), 502)
    if server.account is None:
        return answer({"error": "unauthorized"}, 401, STREAMED_JSON)
    shape = SHAPES.get(base.lower())
    if shape is None:
        return answer({"error": f"model '{base}' not found"}, 404, STREAMED_JSON)
    return answer(_details(shape), content_type=STREAMED_JSON)


def catalogue() -> httpx.Response:
    """Answer `GET https://ollama.com/api/tags`: names without a suffix, and no sizes to pull."""
    models = [
        {"name": name, "model": name, "modified_at": "2026-06-30T18:00:00Z", **_listed(shape)}
        for name, shape in SHAPES.items()
    ]
    return answer({"models": models})


def _listed(shape: Shape) -> dict[str, object]:
    known = _details(shape)
    return {"details": known["details"], "capabilities": known["capabilities"]}


def direct(server: Server, path: str, model: str) -> httpx.Response:
    """Answer what a client asks ollama.com itself: the catalogue, and details of one entry."""
    if path == "/api/tags":
        return catalogue()
    if path == "/api/show":
        return cloud_show(server, model)
    return text("404 page not found", 404)


def _details(shape: Shape) -> dict[str, object]:
    info = {
        "general.architecture": shape.arch,
        "general.parameter_count": shape.parameters,
        f"{shape.arch}.context_length": shape.context,
        f"{shape.arch}.embedding_length": shape.embedding,
    }
    details = {
        "parent_model": "",
        "format": "",
        "family": shape.arch,
        "families": [shape.arch],
        "parameter_size": parameter_size(shape.parameters),
        "quantization_level": shape.file_type,
    }
    can = ["completion", "tools", "thinking"]
    moment = "2026-06-30T18:00:00Z"
    return {"details": details, "model_info": info, "capabilities": can, "modified_at": moment}
