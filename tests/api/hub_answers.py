"""Answers of the Hugging Face Hub in the shapes that it documents, and a transport for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from ollama_tui.api.clock import Clock
from ollama_tui.api.errors import OllamaError
from ollama_tui.api.huggingface import DEFAULT_ENDPOINT, HuggingFace
from tests.clock import VirtualClock

HUB = "huggingface.co"
CODER = "quants/Coder-30B-GGUF"
SHA = "5f" * 32
TOKEN = "hf_recognisable4711"
LISTED: dict[str, Any] = {
    "_id": "66e0c9f4d4ae2a9d3c1f0a11",
    "id": CODER,
    "likes": 1204,
    "private": False,
    "downloads": 412908,
    "lastModified": "2026-08-01T10:20:30.000Z",
    "gated": False,
    "disabled": False,
    "pipeline_tag": "text-generation",
    "gguf": {
        "total": 30532122624,
        "architecture": "qwen3moe",
        "context_length": 262144,
        "chat_template": "{% for m in messages %}…",
        "bos_token": ",",
        "eos_token": "<|im_end|>",
    },
}


def listed(name: str, **changes: Any) -> dict[str, Any]:
    """Return a repository as a search lists it."""
    return {**LISTED, "id": name, **changes}


def lfs(path: str, size: int, sha256: str = SHA) -> dict[str, Any]:
    """Return a file of LFS as a repository lists it with `blobs=true`."""
    return {
        "rfilename": path,
        "size": size,
        "blobId": "e663c1e26c3e19799a7a7383ce2ea9de194fb115",
        "lfs": {"sha256": sha256, "size": size, "pointerSize": 136},
    }


def info(*siblings: Any, **changes: Any) -> dict[str, Any]:
    """Return what the Hub says of one repository."""
    about = {
        "modelId": CODER, "author": "quants", "sha": "4c" * 20, "library_name": "gguf",
        "tags": ["gguf", "text-generation"], "usedStorage": 1, "spaces": [],
    }  # fmt: skip
    return {**LISTED, **about, "siblings": list(siblings), **changes}


def refused(status: int, code: str = "", message: str = "", **headers: str) -> httpx.Response:
    """Return an error of the Hub with its headers."""
    sent = {"x-error-code": code, "x-error-message": message}
    sent = {key: value for key, value in sent.items() if value} | headers
    return httpx.Response(status, headers=sent, json={"error": message or "no"})


@dataclass(frozen=True)
class Sent:
    """A request: the origin it went to, what for, and the token that went with it."""

    origin: str
    path: str
    params: httpx.QueryParams
    authorization: str | None


class HubTransport(httpx.AsyncBaseTransport):
    """Answers each request with what `answer` returns, and remembers it."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.answer = answer
        self.sent: list[Sent] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        origin = f"{url.scheme}://{url.netloc.decode()}"
        self.sent.append(Sent(origin, url.path, url.params, request.headers.get("authorization")))
        response = self.answer(request)
        response.request = request
        return response


Answer = Callable[[httpx.Request], httpx.Response]


def a_hub(
    answer: Answer | httpx.Response | object, *, endpoint: str = DEFAULT_ENDPOINT, token: str = ""
) -> tuple[HuggingFace, HubTransport]:
    """Return a client over a transport that answers with a response, or with JSON."""

    def respond(request: httpx.Request) -> httpx.Response:
        if callable(answer):
            found: httpx.Response = answer(request)
            return found
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, json=answer)

    transport = HubTransport(respond)
    time = VirtualClock()
    clock = Clock(time.now, time.monotonic, time.sleep)
    hub = HuggingFace(endpoint, token=token or None, transport=transport, clock=clock)
    return hub, transport


async def failure_of(answer: object, *, files: str = "", **options: Any) -> OllamaError:
    """Return the error of a search, or of listing the files of a repository."""
    hub, _ = a_hub(answer, **options)
    with pytest.raises(OllamaError) as caught:
        await (hub.files(files) if files else hub.search(""))
    return caught.value
