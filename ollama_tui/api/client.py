"""The client: one method per endpoint of an Ollama server, named as Ollama names it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import msgspec

from ollama_tui.api import decode, requests
from ollama_tui.api.clock import MACHINE, Clock
from ollama_tui.api.errors import Interrupted, NotFound
from ollama_tui.api.http import PATIENT, HttpClient, body_chunks
from ollama_tui.api.ndjson import EventReader, parse_event, single_event
from ollama_tui.api.replies import (
    Account,
    ListedModel,
    Loaded,
    Progress,
    Recommendation,
    RunningModel,
    Show,
    Status,
    VerboseShow,
)
from ollama_tui.api.requests import Call, CreateRequest
from ollama_tui.api.sendfile import open_body

_BLOB = {"Content-Type": "application/octet-stream"}

KeepAlive = str | int | float | None
"""Seconds, or a Go duration such as `5m`; below 0 for ever, None for the server's default."""

Events = AsyncGenerator[Progress, None]
"""Progress of a job at the server. Close it (`contextlib.aclosing`) to leave early: that closes
the connection, and with it the server stops the transfer."""


class Ollama:
    """A client of one Ollama server; use it as an async context manager.

    Every method raises only OllamaError (and CancelledError). Redirects are not followed; proxies
    of the environment are used except for loopback hosts.

    `api_key` goes to https://ollama.com only. A caller who knows that it was made for the host of
    `host_url` says `send_key=True`; even then it is sent over https or to loopback only.
    """

    def __init__(
        self,
        host_url: str,
        *,
        api_key: str | None = None,
        send_key: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = MACHINE,
    ) -> None:
        self._http = HttpClient(
            host_url, api_key=api_key, send_key=send_key, transport=transport, clock=clock
        )

    async def __aenter__(self) -> Ollama:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def list(self) -> tuple[ListedModel, ...]:
        """Return the installed models, newest first as the server sorts them."""
        return decode.listed_models(await self._ask(requests.LIST))

    async def running(self) -> tuple[RunningModel, ...]:
        """Return the models in memory."""
        return decode.running_models(await self._ask(requests.RUNNING))

    async def version(self) -> str:
        """Return the server's version, raw."""
        return decode.version(await self._ask(requests.VERSION))

    async def status(self) -> Status:
        """Return whether cloud features are disabled; Unsupported before v0.16.2."""
        return decode.decode(await self._ask(requests.STATUS), Status)

    async def show(self, model: str) -> Show:
        """Return what the server knows of a model, without arrays of the metadata."""
        return decode.shown(await self._ask(requests.SHOW, model, {"model": model}), Show)

    async def show_verbose(self, model: str) -> VerboseShow:
        """Return all metadata of a model, its values as JSON text: several megabytes."""
        body = {"model": model, "verbose": True}
        return decode.shown(await self._ask(requests.SHOW, model, body), VerboseShow)

    def create(self, request: CreateRequest, *, stream: bool = True) -> Events:
        """Create a model; an existing one of that name is replaced."""
        return self._events(Call(requests.CREATE, request.model), _fields(request), stream)

    def pull(self, model: str, *, insecure: bool = False, stream: bool = True) -> Events:
        """Pull a model; `insecure` lets the server talk plain HTTP to the registry."""
        return self._events(Call(requests.PULL, model), _transfer(model, insecure), stream)

    def push(self, model: str, *, insecure: bool = False, stream: bool = True) -> Events:
        """Push a model; `insecure` lets the server talk plain HTTP to the registry."""
        return self._events(Call(requests.PUSH, model), _transfer(model, insecure), stream)

    async def copy(self, source: str, destination: str) -> None:
        """Copy a model; an existing destination is replaced."""
        body = {"source": source, "destination": destination}
        await self._tell(Call(requests.COPY, source), body)

    async def delete(self, model: str) -> None:
        """Delete a model and the layers no other model uses."""
        await self._tell(Call(requests.DELETE, model), {"model": model})

    async def blob_exists(self, digest: str) -> bool:
        """Whether the server has the blob `sha256:…`, of any model or upload."""
        try:
            await self._ask(requests.HEAD_BLOB, digest)
        except NotFound:
            return False
        return True

    async def upload_blob(
        self,
        digest: str,
        path: Path,
        *,
        size: int | None = None,
        sent: Callable[[int], None] | None = None,
    ) -> None:
        """Upload a file as the blob `sha256:…`; `sent` is told the bytes sent so far.

        With `size`, the bytes that were hashed, a file that has changed since is not sent at all.
        Ask `blob_exists` first: a server that has the blob answers without reading it.
        """
        call = Call(requests.UPLOAD, digest)
        try:
            async with open_body(path, size) as file:
                await self._http.upload(call, file, _BLOB, sent)
        except Interrupted:
            # Who has the blob answers early and closes; the answer may be lost with the connection.
            if not await self.blob_exists(digest):
                raise

    async def load(
        self, model: str, *, keep_alive: KeepAlive = None, embedding: bool = False
    ) -> Loaded:
        """Load a model into memory, or change how long it stays; takes up to minutes.

        Embedding models need `embedding=True`.
        """
        body: dict[str, Any] = {"model": model} | _keep(keep_alive)
        if embedding:
            body |= {"input": ""}
            reply = await self._load(requests.EMBED, body)
            done = "unload" if keep_alive == 0 else "load"
            return msgspec.structs.replace(reply, done_reason=done)
        return await self._load(requests.LOAD, body | {"stream": False})

    async def unload(self, model: str) -> Loaded:
        """Unload a model of any kind; also good when it was not loaded."""
        body = {"model": model, "keep_alive": 0, "stream": False}
        return await self._load(requests.UNLOAD, body)

    async def me(self) -> Account:
        """Return the account the server is signed in to; Unauthorized when it is not."""
        return decode.decode(await self._ask(requests.ME), Account)

    async def sign_out(self) -> None:
        """Disconnect the server from its account."""
        await self._tell(Call(requests.SIGN_OUT), None)

    async def recommendations(self) -> tuple[Recommendation, ...]:
        """Return the models Ollama recommends; Unsupported before v0.22.1."""
        return decode.recommendations(await self._ask(requests.RECOMMENDATIONS))

    async def _ask(
        self, endpoint: requests.Endpoint, model: str = "", body: Mapping[str, Any] | None = None
    ) -> bytes:
        return await self._http.reply(Call(endpoint, model), body)

    async def _tell(self, call: Call, body: Mapping[str, Any] | None) -> None:
        """Make a call that answers nothing; anything but JSON in the answer is not Ollama's."""
        reply = await self._http.reply(call, body)
        if reply.strip() not in (b"", b"null"):
            parse_event(reply, call)

    async def _load(self, endpoint: requests.Endpoint, body: Mapping[str, Any]) -> Loaded:
        call = Call(endpoint, body["model"])
        reply = await self._http.reply(call, body, patience=PATIENT)
        parse_event(reply, call)
        return decode.decode(reply, Loaded)

    async def _events(self, call: Call, body: Mapping[str, Any], stream: bool) -> Events:
        if not stream:
            reply = await self._http.reply(call, {**body, "stream": False}, patience=PATIENT)
            yield single_event(reply, call)
            return
        reader = EventReader(call)
        async with self._http.stream(call, body) as response:
            async for chunk in body_chunks(response):
                for event in reader.feed(chunk):
                    yield event
            for event in reader.finish():
                yield event


def _fields(request: CreateRequest) -> dict[str, Any]:
    return dict(msgspec.to_builtins(request))


def _transfer(model: str, insecure: bool) -> dict[str, Any]:
    return {"model": model, "insecure": True} if insecure else {"model": model}


def _keep(keep_alive: KeepAlive) -> dict[str, Any]:
    return {} if keep_alive is None else {"keep_alive": keep_alive}
