"""Recorded exchanges with a real server, and a transport that answers exactly as recorded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

FOLDER = Path(__file__).parents[1] / "traces"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))
_FRAMING = {"content-length", "transfer-encoding", "connection"}


class Trace:
    """One recorded exchange."""

    def __init__(self, name: str) -> None:
        self.name = name
        data = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        self.request: dict[str, Any] = data["request"]
        self.response: dict[str, Any] = data["response"]

    @property
    def method(self) -> str:
        return str(self.request["method"])

    @property
    def path(self) -> str:
        return str(self.request["path"])

    @property
    def body(self) -> dict[str, Any]:
        """The JSON the recorder sent."""
        return dict(self.request.get("body") or {})

    @property
    def client_left(self) -> bool:
        return bool(self.response.get("client_aborted"))

    @property
    def was_cut(self) -> bool:
        return bool(self.response.get("connection_closed_early"))

    @cached_property
    def chunks(self) -> tuple[bytes, ...]:
        """The body as it came, chunk by chunk."""
        if "chunks" in self.response:
            return tuple(chunk["text"].encode() for chunk in self.response["chunks"])
        return (self.response["body"].encode(),)

    @property
    def answer(self) -> Any:
        """The body as JSON, read independently of the client."""
        return json.loads(b"".join(self.chunks))


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
