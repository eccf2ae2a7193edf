"""Which call of the client a recorded request belongs to, and a transport that answers it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import msgspec

from ollama_tui.api.client import Events, Ollama
from ollama_tui.api.errors import OllamaError
from ollama_tui.api.replies import Progress
from ollama_tui.api.requests import CreateRequest
from tests.recordings import Trace

_READS = {
    "/api/tags": "list",
    "/api/tags/": "list",
    "/api/nope": "status",
    "/api/ps": "running",
    "/api/version": "version",
    "/api/status": "status",
    "/api/me": "me",
    "/api/signout": "sign_out",
    "/api/experimental/model-recommendations": "recommendations",
}

DIFFERENT_REQUESTS = {
    "unknown-route": "an older server answers so to an endpoint it lacks",
    "unknown-route-post": "an older server answers so to an endpoint it lacks",
    "wrong-method-delete": "a proxy that drops DELETE answers like this",
    "wrong-method-show": "a method refused on the way looks like this",
    "wrong-method-tags": "a method refused on the way looks like this",
    "trailing-slash": "any redirect looks like this",
    "show-parameters-again": "says verbose: false, which is the default",
    "me-unauthenticated": "was sent with an empty body",
    "signout-unauthenticated": "was sent with an empty body",
    "generate-missing-model": "had a prompt; the answer to a load is the same",
    "generate-remote-limit": "had a prompt; the answer to a load is the same",
    "generate-remote-no-cloud": "had a prompt; the answer to a load is the same",
    "generate-remote-signed-out": "had a prompt; the answer to a load is the same",
    "load-remote-offline": "had a prompt; the answer to a load is the same",
    "load-embed": "had an input; the client loads with an empty one",
    "embed-missing-model": "had an input; the client loads with an empty one",
    "embed-with-completion-model": "had an input; the client loads with an empty one",
    "blob-post-disk-full": "77 MB were sent, and are not recorded",
    "create-remote": "names a remote host, which the client does not offer",
    "create-remote-bare": "names a remote host, which the client does not offer",
    "create-remote-bad-host": "names a remote host, which the client does not offer",
    "create-license-string": "sent the license as a text; the client sends a list",
    "create-bad-license-type": "sent a number as license",
    "create-parameters-not-object": "sent a list as parameters",
    "create-files-empty-map": "sent an empty map of files, which the client leaves out",
    "v2-generate-list-runner-ggml": "had a prompt; the answer to a load is the same",
    "v2-generate-list-runner-mlx": "had a prompt; the answer to a load is the same",
    "v2-generate-triggers-migration": "had a prompt; the answer to a load is the same",
    "v2-generate-unload-list": "did not say stream: false, which the client does",
    "v2-generate-unload-list-ggml": "did not say stream: false, which the client does",
    "v2-blob-post": "its 497,536 bytes are not recorded",
    "v2-show-all-manifests-and-runner": "asked for both, which the client cannot",
}
"""Replayed for their answer only, and why."""
_FRAMING = {"content-length", "transfer-encoding", "connection"}


class RecordedBody(httpx.AsyncByteStream):
    """The chunks of a trace; knows whether the client closed it."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self.closed = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._trace.chunks:
            yield chunk
        if self._trace.client_left:
            await asyncio.Event().wait()
        if self._trace.was_cut:
            raise httpx.RemoteProtocolError("peer closed connection")

    async def aclose(self) -> None:
        self.closed.set()


class Recorded(httpx.AsyncBaseTransport):
    """Answers every request with one trace and keeps what was asked."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self.body = RecordedBody(trace)
        self.request: httpx.Request | None = None
        self.sent = b""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.request = request
        self.sent = await request.aread()
        headers = self._trace.response["headers"].items()
        return httpx.Response(
            self._trace.response["status"],
            headers=[(key, value) for key, value in headers if key.lower() not in _FRAMING],
            stream=self.body,
        )


async def perform(client: Ollama, trace: Trace, folder: Path) -> Any:
    """Make the call that `trace` recorded; streams come back as a list of events."""
    body, path = trace.body, trace.path
    if path in _READS:
        return await getattr(client, _READS[path])()
    if path == "/api/copy":
        return await client.copy(**body)
    if path == "/api/delete":
        return await client.delete(body["model"])
    if path == "/api/show":
        if body.get("all_manifests"):
            return await client.show_all(body["model"])
        ask = client.show_verbose if body.get("verbose") else client.show
        return await ask(body.get("model", "x"), runner=body.get("runner", ""))
    if path in ("/api/generate", "/api/embed"):
        return await _load(client, trace)
    if path.startswith("/api/blobs/"):
        return await _blob(client, trace, folder)
    return await collect(_events(client, path, body), limit=_limit(trace))


async def outcome(trace: Trace, folder: Path) -> tuple[Any, OllamaError | None, Recorded]:
    """Return the reply, the error and the transport of a replay."""
    transport = Recorded(trace)
    async with Ollama("http://127.0.0.1:11434", transport=transport) as client:
        try:
            return await perform(client, trace, folder), None, transport
        except OllamaError as error:
            return None, error, transport


async def collect(events: Events, *, limit: int | None = None) -> list[Progress]:
    """Read a stream to its end, or leave after `limit` events."""
    seen: list[Progress] = []
    async with aclosing(events) as stream:
        async for event in stream:
            seen.append(event)
            if len(seen) == limit:
                break
    return seen


def _limit(trace: Trace) -> int | None:
    return len(trace.chunks) if trace.client_left else None


def _events(client: Ollama, path: str, body: dict[str, Any]) -> Events:
    stream = body.pop("stream", True)
    if path == "/api/create":
        return client.create(_create_request(body), stream=stream)
    insecure = body.get("insecure", False)
    if path == "/api/push":
        return client.push(body["model"], insecure=insecure, stream=stream)
    runner = body.get("runner", "")
    return client.pull(body["model"], insecure=insecure, stream=stream, runner=runner)


def _create_request(body: dict[str, Any]) -> CreateRequest:
    """Build the request a client could have made; badly typed fields cannot be made."""
    fields = {key: value for key, value in body.items() if _is_sendable(key, value)}
    return msgspec.convert(fields, CreateRequest)


def _is_sendable(key: str, value: Any) -> bool:
    wanted = {"license": list, "parameters": dict}
    return key not in wanted or isinstance(value, wanted[key])


async def _load(client: Ollama, trace: Trace) -> Any:
    body, embedding = trace.body, trace.path == "/api/embed"
    keep_alive = None if "prompt" in body else body.get("keep_alive")
    model, runner = body["model"], body.get("runner", "")
    if keep_alive == 0 and not embedding:
        return await client.unload(model, runner=runner)
    return await client.load(model, keep_alive=keep_alive, embedding=embedding, runner=runner)


async def _blob(client: Ollama, trace: Trace, folder: Path) -> Any:
    digest = trace.path.rpartition("/")[2]
    if trace.method == "HEAD":
        return await client.blob_exists(digest)
    file = folder / "blob"
    file.write_bytes(trace.request.get("body_text", "").encode())
    return await client.upload_blob(digest, file)
