"""ollama.com in front of a demo server: one transport that tells who was sent what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.demo.levers import Demo

CLOUD = "ollama.com"
OFFERED: list[dict[str, Any]] = [
    {"name": "qwen3.5", "capabilities": ["completion", "vision"]},
    {"name": "gpt-oss:120b", "details": {"parameter_size": "116.8B", "family": "gptoss"}},
    {"name": "deepseek-v3.1:671b"},
]
DETAILS = {
    "details": {"family": "deepseek2", "parameter_size": "671.0B"},
    "model_info": {"general.architecture": "deepseek2", "deepseek2.context_length": 163840},
    "capabilities": ["completion", "thinking", "tools"],
}


@dataclass(frozen=True)
class Sent:
    """A request: where to, what for, and the key that went with it."""

    host: str
    path: str
    authorization: str | None


class OllamaCom(httpx.AsyncBaseTransport):
    """Answers for the API of ollama.com; the rest, its registry too, is the demo's."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo.transport()
        self.sent: list[Sent] = []
        self.refusal: Callable[[httpx.Request], httpx.Response] | None = None
        """What it answers instead, when it is not well disposed."""
        self.online = True

    def paths(self, host: str) -> list[str]:
        """Return what `host` was asked for, in order."""
        return [request.path for request in self.sent if request.host == host]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        key = request.headers.get("authorization")
        self.sent.append(Sent(request.url.host, request.url.path, key))
        if request.url.host != CLOUD or request.url.path.startswith("/v2/"):
            return await self._demo.handle_async_request(request)
        if not self.online:
            raise httpx.ConnectError("Name or service not known", request=request)
        if self.refusal is not None:
            return self.refusal(request)
        return httpx.Response(200, json=self._answer(request.url.path))

    def _answer(self, path: str) -> dict[str, Any]:
        answers: dict[str, dict[str, Any]] = {
            "/api/tags": {"models": OFFERED},
            "/api/show": DETAILS,
        }
        return answers[path]


def refusing(status: int, words: str = "no") -> Callable[[httpx.Request], httpx.Response]:
    """Return what answers every request with a status and an error text."""

    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json={"error": words})

    return refuse
