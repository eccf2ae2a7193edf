"""The front door: requests come in over httpx, find their endpoint, and may be made to fail."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from ollama_tui.demo import changing, cloud, create, reading, running, transfer
from ollama_tui.demo.faults import Fault
from ollama_tui.demo.registry import PUBLIC
from ollama_tui.demo.requests import Call
from ollama_tui.demo.respond import nothing, refusal, text
from ollama_tui.demo.state import Server

Endpoint = Callable[[Server, Call], Awaitable[httpx.Response]]

BLOBS = "/api/blobs/"
ROUTES: dict[str, dict[str, Endpoint]] = {
    "/": {"HEAD": reading.root, "GET": reading.root},
    "/api/version": {"HEAD": reading.version, "GET": reading.version},
    "/api/tags": {"HEAD": reading.tags, "GET": reading.tags},
    "/api/ps": {"GET": running.ps},
    "/api/status": {"GET": reading.status},
    "/api/show": {"POST": reading.show},
    "/api/copy": {"POST": changing.copy},
    "/api/delete": {"DELETE": changing.delete},
    "/api/create": {"POST": create.create},
    "/api/pull": {"POST": transfer.pull},
    "/api/push": {"POST": transfer.push},
    "/api/generate": {"POST": running.generate},
    "/api/embed": {"POST": running.embed},
    "/api/me": {"POST": reading.me},
    "/api/signout": {"POST": reading.signout},
    "/api/experimental/model-recommendations": {"GET": reading.recommendations},
    BLOBS: {"HEAD": changing.has_blob, "POST": changing.upload},
}
RELEASES: dict[str, tuple[int, ...]] = {
    "/api/me": (0, 12, 0),
    "/api/signout": (0, 12, 1),
    "/api/status": (0, 16, 2),
    "/api/experimental/model-recommendations": (0, 22, 1),
}
"""First release with an endpoint, where older servers lack it."""
CLOUD = "ollama.com"
REGISTRIES = (*PUBLIC, CLOUD)


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as the server got it; `body` is its JSON, None when it has none."""

    method: str
    path: str
    body: Any


@dataclass(slots=True)
class Planned:
    """An answer somebody asked for instead of the real one."""

    status: int
    body: str | Mapping[str, Any]
    times: int


@dataclass(slots=True)
class Door:
    """What stands between a client and the server: a log, a switch, and planned failures."""

    server: Server
    requests: list[Seen] = field(default_factory=list)
    registry_requests: list[tuple[str, httpx.URL]] = field(default_factory=list)
    """Method and URL of what clients asked registries, answered or not."""
    online: bool = True
    planned: dict[str, deque[Planned]] = field(default_factory=dict)
    streams: set[Cuttable] = field(default_factory=set)

    async def enter(self, request: httpx.Request) -> httpx.Response:
        """Answer a request; raises httpx.ConnectError when the server is switched off."""
        if request.url.host == CLOUD and request.url.path.startswith("/api/"):
            return await self._cloud(request)
        if request.url.host in REGISTRIES or request.url.path.startswith("/v2/"):
            return self._registry(request)
        if not self.online:
            raise httpx.ConnectError("All connection attempts failed", request=request)
        if _is_foreign(request.headers.get("origin", "")):
            return nothing(403)
        call = await _call(request)
        self.requests.append(Seen(call.method, call.path, _json(call.data)))
        response = self._planned(call.path) or await self._answer(call)
        return self._outgoing(request, response)

    async def _cloud(self, request: httpx.Request) -> httpx.Response:
        if not self.server.internet:
            raise httpx.ConnectError("Name or service not known", request=request)
        call = await _call(request)
        asked = _json(call.data)
        model = asked.get("model", "") if isinstance(asked, dict) else ""
        try:
            response = cloud.direct(self.server, call.path, str(model))
        except Fault as fault:
            response = refusal(fault)
        return self._outgoing(request, response)

    def _registry(self, request: httpx.Request) -> httpx.Response:
        self.registry_requests.append((request.method, request.url))
        if not self.server.internet:
            raise httpx.ConnectError("Name or service not known", request=request)
        return self.server.registry.serve(request)

    def _planned(self, path: str) -> httpx.Response | None:
        queue = self.planned.get(path)
        if not queue:
            return None
        planned = queue[0]
        planned.times -= 1
        if planned.times <= 0:
            queue.popleft()
        return planned_answer(planned)

    async def _answer(self, call: Call) -> httpx.Response:
        endpoint = self._endpoint(call)
        if isinstance(endpoint, httpx.Response):
            return endpoint
        try:
            return await endpoint(self.server, call)
        except Fault as fault:
            return refusal(fault)

    def _endpoint(self, call: Call) -> Endpoint | httpx.Response:
        path = BLOBS if call.path.startswith(BLOBS) and call.path != BLOBS else call.path
        methods = ROUTES.get(path)
        if methods is None or not self.server.since(*RELEASES.get(path, (0,))):
            return self._no_route(call.path)
        if call.method in methods:
            return methods[call.method]
        refused = text("405 method not allowed", 405)
        refused.headers["allow"] = ", ".join(methods)
        return refused

    def _no_route(self, path: str) -> httpx.Response:
        if path in ROUTES or path.rstrip("/") not in ROUTES:
            return text("404 page not found", 404)
        target = path.rstrip("/")
        moved = f'<a href="{target}">Moved Permanently</a>.\n\n'
        answer = text(moved, 301, "text/html; charset=utf-8")
        answer.headers["location"] = target
        return answer

    def _outgoing(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if request.method == "HEAD":
            headers = {k: v for k, v in response.headers.items() if k != "transfer-encoding"}
            return httpx.Response(response.status_code, headers=headers)
        if response.headers.get("content-length") is None:
            response.stream = Cuttable(response.stream, self.streams)
        return response


class Cuttable(httpx.AsyncByteStream):
    """A streamed body that counts as open until closed, and that can be cut off."""

    def __init__(self, body: Any, opened: set[Cuttable]) -> None:
        self._body = body
        self._opened = opened
        self.cut = False
        opened.add(self)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._body:
            if self.cut:
                raise httpx.RemoteProtocolError(
                    "peer closed connection without sending complete message body "
                    "(incomplete chunked read)"
                )
            yield chunk

    async def aclose(self) -> None:
        """Close the body and count no more."""
        self._opened.discard(self)
        await self._body.aclose()


class Transport(httpx.AsyncBaseTransport):
    """Carries requests through the door, which is made for the first one, without any network."""

    def __init__(self, door: Callable[[], Door]) -> None:
        self._door = door

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        response = await self._door().enter(request)
        response.request = request
        return response


def planned_answer(planned: Planned) -> httpx.Response:
    """Return the answer somebody asked for: JSON for a mapping, else HTML or plain text."""
    if isinstance(planned.body, str):
        html = planned.body.lstrip().startswith("<")
        return text(planned.body, planned.status, "text/html" if html else "text/plain")
    return httpx.Response(planned.status, json=dict(planned.body))


def _is_foreign(origin: str) -> bool:
    host = httpx.URL(origin).host if origin else "localhost"
    return host not in ("localhost", "127.0.0.1", "::1")


async def _call(request: httpx.Request) -> Call:
    path = request.url.path
    assert isinstance(request.stream, httpx.AsyncByteStream)
    if path.startswith(BLOBS):
        return Call(request.method, path, b"", request.stream)
    return Call(request.method, path, await request.aread(), request.stream)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None
