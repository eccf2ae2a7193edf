"""The embedded Ollama: the state of a server, its routes, and a transport that leads to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from ollama_tui.demo import create, endpoints, running, transfer
from ollama_tui.demo.http import Fault, IncomingRequest, error_answer, no_content, text_answer
from ollama_tui.demo.store import DemoServer
from ollama_tui.demo.transfer import PUBLIC

if TYPE_CHECKING:
    from ollama_tui.demo.folder import TemporaryStore
    from ollama_tui.domain.memory.available import AvailableMemory

Endpoint = Callable[[DemoServer, IncomingRequest], Awaitable[httpx.Response]]

BLOBS = "/api/blobs/"
ROUTES: dict[str, dict[str, Endpoint]] = {
    "/": {"HEAD": endpoints.root, "GET": endpoints.root},
    "/api/version": {"HEAD": endpoints.version, "GET": endpoints.version},
    "/api/tags": {"HEAD": endpoints.tags, "GET": endpoints.tags},
    "/api/ps": {"GET": running.ps},
    "/api/status": {"GET": endpoints.status},
    "/api/show": {"POST": endpoints.show},
    "/api/copy": {"POST": endpoints.copy},
    "/api/delete": {"DELETE": endpoints.delete},
    "/api/create": {"POST": create.create},
    "/api/pull": {"POST": transfer.pull},
    "/api/push": {"POST": transfer.push},
    "/api/generate": {"POST": running.generate},
    "/api/embed": {"POST": running.embed},
    "/api/me": {"POST": endpoints.me},
    "/api/signout": {"POST": endpoints.signout},
    "/api/experimental/model-recommendations": {"GET": endpoints.recommendations},
    BLOBS: {"HEAD": endpoints.has_blob, "POST": endpoints.upload},
}
RELEASES: dict[str, tuple[int, ...]] = {
    "/api/me": (0, 12, 0),
    "/api/signout": (0, 12, 1),
    "/api/status": (0, 16, 2),
    "/api/experimental/model-recommendations": (0, 22, 1),
}
"""First release with an endpoint, where older servers lack it."""
CLOUD = "ollama.com"
HUB = "huggingface.co"
REGISTRIES = (*PUBLIC, CLOUD)


class Demo:
    """An Ollama server in this process, with some thirty models."""

    @cached_property
    def server(self) -> DemoServer:
        """The state of the server, made for the first request: start-up does not wait for it."""
        from ollama_tui.demo.models import furnished_server

        return furnished_server()

    def transport(self) -> httpx.AsyncBaseTransport:
        """Return a transport for `httpx.AsyncClient`; all of them lead to the same server."""
        return EmbeddedTransport(lambda: self.server)


class DemoTransport(httpx.AsyncBaseTransport):
    """Answers requests to the server, registries, ollama.com and Hugging Face; needs no network."""

    def __init__(self, server: Callable[[], DemoServer]) -> None:
        self._server = server

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request; raises httpx.ConnectError for hosts that cannot be reached."""
        server = self._server()
        if is_cloud(request):
            response = await _ask_cloud(server, request)
        elif is_hub(request):
            response = _ask_hub(server, request)
        elif is_registry(request):
            if not server.internet:
                raise httpx.ConnectError("Name or service not known", request=request)
            response = server.registry.serve(request, server.now())
        else:
            response = await _ask_server(server, request)
        if request.method == "HEAD":
            headers = {k: v for k, v in response.headers.items() if k != "transfer-encoding"}
            response = httpx.Response(response.status_code, headers=headers)
        response.request = request
        return response


class EmbeddedTransport(DemoTransport):
    """Also shows the server's store as a folder, which goes when the transport is closed."""

    def __init__(self, server: Callable[[], DemoServer]) -> None:
        super().__init__(server)
        self._folder: TemporaryStore | None = None

    def models_folder(self) -> Path:
        """Return the folder, with what the server has now; raises OSError."""
        from ollama_tui.demo.folder import TemporaryStore

        if self._folder is None:
            self._folder = TemporaryStore()
        return self._folder.updated(self._server().store)

    def disk(self) -> tuple[int, int]:
        """Return the bytes that are left on the server's disk, and those of all of it."""
        server = self._server()
        return server.free, server.disk_size

    def available_memory(self) -> AvailableMemory:
        """Return the memory of the server's machine, which has one GPU."""
        from ollama_tui.domain.memory.available import AvailableMemory, Device, MemorySource

        server = self._server()
        gpu = Device("Demo GPU", server.vram)
        return AvailableMemory(MemorySource.DEMO, (gpu,), server.ram, told_by="the demo")

    async def aclose(self) -> None:
        """Remove the folder: at once, since a program that is leaving may not wait for threads."""
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.close()


def is_hub(request: httpx.Request) -> bool:
    """Whether a client asks the API of Hugging Face, and not its registry."""
    return request.url.host == HUB and request.url.path.startswith("/api/")


def is_cloud(request: httpx.Request) -> bool:
    """Whether a client asks ollama.com itself, and not its registry."""
    return request.url.host == CLOUD and request.url.path.startswith("/api/")


def is_registry(request: httpx.Request) -> bool:
    """Whether a client asks a registry itself, as update checks do."""
    return request.url.host in REGISTRIES or request.url.path.startswith("/v2/")


async def _ask_cloud(server: DemoServer, request: httpx.Request) -> httpx.Response:
    if not server.internet:
        raise httpx.ConnectError("Name or service not known", request=request)
    try:
        return endpoints.ask_cloud(server, request.url.path, await request.aread())
    except Fault as fault:
        return error_answer(fault)


def _ask_hub(server: DemoServer, request: httpx.Request) -> httpx.Response:
    from ollama_tui.demo import huggingface  # only for who looks there

    if not server.internet:
        raise httpx.ConnectError("Name or service not known", request=request)
    return huggingface.serve(request, server.now())


async def _ask_server(server: DemoServer, request: httpx.Request) -> httpx.Response:
    origin = request.headers.get("origin", "")
    if origin and httpx.URL(origin).host not in ("localhost", "127.0.0.1", "::1"):
        return no_content(403)
    path, method = request.url.path, request.method
    is_blob = path.startswith(BLOBS) and path != BLOBS
    route = BLOBS if is_blob else path
    if route not in ROUTES or not server.release.since(*RELEASES.get(route, (0,))):
        return _no_route(path)
    if method not in ROUTES[route]:
        refused = text_answer("405 method not allowed", 405)
        refused.headers["allow"] = ", ".join(ROUTES[route])
        return refused
    data = b"" if is_blob else await request.aread()
    assert isinstance(request.stream, httpx.AsyncByteStream)
    try:
        return await ROUTES[route][method](
            server, IncomingRequest(method, path, data, request.stream)
        )
    except Fault as fault:
        return error_answer(fault)


def _no_route(path: str) -> httpx.Response:
    """Return 404, or the redirect of Go's router for a slash too many."""
    target = path.rstrip("/")
    if path in ROUTES or target not in ROUTES:
        return text_answer("404 page not found", 404)
    moved = f'<a href="{target}">Moved Permanently</a>.\n\n'
    answer = text_answer(moved, 301, "text/html; charset=utf-8")
    answer.headers["location"] = target
    return answer
