"""A server whose every word has megabytes, for `tests.serving`."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache

import httpx

MB = 1_000_000
SMALL = {"family": "llama", "parameter_size": "8B", "quantization_level": "Q4_K_M"}
LARGE = {"family": "x " * 2 * MB, "families": ["y"] * MB, "parameter_size": "1" * MB}


def _model(name: str, details: dict[str, object], **more: object) -> dict[str, object]:
    return {"name": name, "model": name, "size": 5, "digest": "", "details": details, **more}


@cache
def _listed() -> bytes:
    models = [
        _model("small:1b", dict(SMALL)),
        _model("a" * 5 * MB, dict(SMALL)),
        _model("a" * 5 * MB + "b", dict(SMALL)),
        _model("👍" * 2 * MB, dict(SMALL)),
        _model("words " * MB, dict(LARGE), capabilities=["z"] * MB),
    ]
    return json.dumps({"models": models}, ensure_ascii=False).encode()


@cache
def _shown() -> bytes:
    details = {
        "license": "\n" * 5 * MB,
        "template": "{{ x }} " * (MB // 4),
        "system": "x\n" * 3 * MB,
        "parameters": "stop x\n" * (MB // 2),
        "modelfile": "PARAMETER x 1\n" * (MB // 3),
        "model_info": {"k" * MB: "v", "general.text": "w " * 3 * MB, "n": [1.5] * MB},
        "messages": [{"role": "user", "content": "y\n" * 2 * MB}],
        "tensors": [{"name": "t", "type": "F32", "shape": [2**63 - 1] * 20}] * 1000,
        "details": dict(SMALL),
    }
    return json.dumps(details).encode()


@cache
def _pulled() -> bytes:
    line = json.dumps({"status": "pulling " + "s" * 7 * MB}).encode() + b"\n"
    return 5 * line + b'{"status":"success"}\n'


def answer(request: httpx.Request) -> httpx.Response:
    """Answer with far too much of everything."""
    bodies: dict[str, Callable[[], bytes]] = {
        "/api/tags": _listed,
        "/api/ps": lambda: b'{"models":[]}',
        "/api/version": lambda: b'{"version":"0.40.0"}',
        "/api/show": _shown,
        "/api/pull": _pulled,
    }
    make = bodies.get(request.url.path)
    return httpx.Response(404) if make is None else httpx.Response(200, content=make())
