"""The client: one method per endpoint of an Ollama server, named as Ollama names it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import httpx
import msgspec

from ollama_tui.api import decode, requests
from ollama_tui.api.clock import MACHINE, Clock
from ollama_tui.api.errors import Interrupted, NotFound
from ollama_tui.api.http import WORK_TIMEOUTS, HttpClient, body_chunks
from ollama_tui.api.ndjson import EventReader, parse_event, single_event
from ollama_tui.api.replies import (
    Account,
    ListedModel,
    Loaded,
    Progress,
    Recommendation,
    RunningModel,
    Show,
    ShowManifests,
    Status,
    VerboseShow,
)
from ollama_tui.api.requests import Call, CreateRequest
from ollama_tui.api.sendfile import open_body

_BLOB = {"Content-Type": "application/octet-stream"}

KeepAlive = str | int | float | None
"""Seconds, or a Go duration such as `5m`; below 0 is forever, None the server's default."""

Events = AsyncGenerator[Progress, None]
"""Progress of a job at the server. Close it (`contextlib.aclosing`) to leave early: that closes
the connection, and with it the server stops the transfer."""


class Ollama:
    """A client of one Ollama server; use it as an async context manager.

    Every method raises only OllamaError, besides CancelledError: Unreachable without a connection,
    Interrupted (or Silent) when one breaks, NotOllama when something else answers, and a Refused
    for an error of the server; see `ollama_tui.api.errors`. After `aclose` every method raises
    OllamaError. Redirects are not followed; proxies of the environment are used except for
    loopback hosts.

    `api_key` goes to https://ollama.com only. A caller who knows that it was issued for the host of
    `host_url` passes `send_key=True`; even then it is sent over https or to loopback only.

    With `read_only` every method that would change the server's models, its memory or its account
    raises ReadOnly before anything is sent: create, pull, push, copy, delete, upload_blob, load,
    unload and sign_out.
    """

    def __init__(
        self,
        host_url: str,
        *,
        api_key: str | None = None,
        send_key: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = MACHINE,
        read_only: bool = False,
    ) -> None:
        self._http = HttpClient(
            host_url,
            api_key=api_key,
            send_key=send_key,
            transport=transport,
            clock=clock,
            read_only=read_only,
        )
        self._listed: tuple[bytes, tuple[ListedModel, ...]] | None = None
        """The hash of the last list's bytes, and the list: an answer that says the same, as nearly
        every one does, need not be decoded, which stops everything else for 10 ms for 10,000."""

    @property
    def read_only(self) -> bool:
        """Whether what would change the server is refused; may be set: the next request obeys."""
        return self._http.read_only

    @read_only.setter
    def read_only(self, read_only: bool) -> None:
        self._http.read_only = read_only

    async def __aenter__(self) -> Ollama:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections, which ends what is under way; may be called again."""
        await self._http.aclose()

    async def list(self) -> tuple[ListedModel, ...]:
        """Return the installed models, newest first as the server sorts them; sizes in bytes.

        https://docs.ollama.com/api/tags
        """
        body = await self._http.reply(Call(requests.LIST))
        seal = blake2b(body).digest()
        if self._listed is None or self._listed[0] != seal:
            self._listed = seal, decode.listed_models(body)
        return self._listed[1]

    async def running(self) -> tuple[RunningModel, ...]:
        """Return the models in memory, the one that stays longest first; sizes in bytes.

        https://docs.ollama.com/api/ps
        """
        return decode.running_models(await self._http.reply(Call(requests.RUNNING)))

    async def version(self) -> str:
        """Return the server's version as it is sent, such as `0.33.0-rc2`; not made inert.

        https://docs.ollama.com/api-reference/get-version
        """
        return decode.version(await self._http.reply(Call(requests.VERSION)))

    async def status(self) -> Status:
        """Return whether cloud features are disabled.

        Raises Unsupported before v0.16.2. The endpoint `/api/status` is not documented.
        """
        return decode.decode(await self._http.reply(Call(requests.STATUS)), Status)

    async def show(self, model: str, *, runner: str = "") -> Show:
        """Return what the server knows of a model, without the arrays of its metadata.

        `runner` chooses among several manifests of one name, since v0.40; `model` may be a digest
        since then, as for `delete`, also after a runner and a colon. Raises NotFound for a model it
        does not have, Unauthorized or Forbidden for one in the cloud.
        https://docs.ollama.com/api-reference/show-model-details
        """
        body = _named(model, runner)
        return decode.shown(await self._http.reply(Call(requests.SHOW, model), body), Show)

    async def show_verbose(
        self, model: str, *, runner: str = "", convert: Callable[[str], str] = str
    ) -> VerboseShow:
        """Return all metadata of a model, its values as JSON text: several megabytes.

        `convert` is given that text, a long array in parts, before these are put together.
        Raises as `show` does. https://docs.ollama.com/api-reference/show-model-details
        """
        body = _named(model, runner) | {"verbose": True}
        from ollama_tui.api.metadata import PAUSE, MetadataReader  # few ever ask for it

        reader = MetadataReader(convert)
        await self._http.read(Call(requests.SHOW, model), body, reader.feed, pause=PAUSE)
        return reader.finish()

    async def show_all(self, model: str) -> ShowManifests:
        """Return what the server knows of each manifest of a name that it has, one a runner.

        Raises as `show` does. Servers before v0.40 have one manifest a name, and send that.
        https://docs.ollama.com/api-reference/show-model-details
        """
        body = {"model": model, "all_manifests": True}
        return decode.shown_manifests(await self._http.reply(Call(requests.SHOW, model), body))

    def create(self, request: CreateRequest, *, stream: bool = True) -> Events:
        """Create a model, replacing one of that name; return its progress in bytes.

        Files must have been uploaded before. Raises InvalidRequest for a template, file or
        quantization the server cannot use; without `stream` there is one event, at the end.
        https://docs.ollama.com/api/create
        """
        body = dict(msgspec.to_builtins(request))
        return self._events(Call(requests.CREATE, request.model), body, stream)

    def pull(
        self, model: str, *, insecure: bool = False, stream: bool = True, runner: str = ""
    ) -> Events:
        """Pull a model; return its progress in bytes, one layer after the other.

        `insecure` lets the server talk plain HTTP to the registry. `runner` chooses among the
        manifests of a list, since v0.40; what was pulled for other runners stays, and servers
        before ignore it. Raises NotFound for a model that the registry does not have, or not for
        that runner; without `stream` there is one event, at the end.
        https://docs.ollama.com/api/pull
        """
        return self._transfer(requests.PULL, _named(model, runner), insecure, stream)

    def push(self, model: str, *, insecure: bool = False, stream: bool = True) -> Events:
        """Push a model to the registry in its name; return its progress in bytes.

        `insecure` lets the server talk plain HTTP to the registry. Raises Unauthorized where the
        server's account may not write; without `stream` there is one event, at the end.
        https://docs.ollama.com/api/push
        """
        return self._transfer(requests.PUSH, {"model": model}, insecure, stream)

    async def copy(self, source: str, destination: str) -> str:
        """Copy a model under a second name, replacing a model of that name; takes no disk space.

        Return the server's warning when the copy is not all of the source, as it is sent, not made
        inert: since v0.40 manifests of a list that were not pulled are left out. It is empty when
        there is none. `source` may also be a digest, as for `delete`. Raises NotFound without the
        source, InvalidRequest for a name that is not valid. https://docs.ollama.com/api/copy
        """
        status = await self._command(
            Call(requests.COPY, source), {"source": source, "destination": destination}
        )
        return "" if status == "success" else status

    async def delete(self, model: str) -> None:
        """Delete a model and the layers no other model uses; it stays loaded if it was.

        Since v0.40 `model` may be the digest of a manifest, `sha256-` and 64 hex digits, or the
        first 12 or more of them: that takes it out of every list, and deletes every other name
        that has it. Raises NotFound for a model that the server does not have.
        https://docs.ollama.com/api/delete
        """
        await self._command(Call(requests.DELETE, model), {"model": model})

    async def blob_exists(self, digest: str) -> bool:
        """Return whether the server has the blob `sha256:…`, of any model or upload.

        Raises InvalidRequest for a malformed digest. The endpoint `/api/blobs` is not documented
        on docs.ollama.com.
        """
        try:
            await self._http.reply(Call(requests.HEAD_BLOB, digest))
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
        """Upload a file as the blob `sha256:…`; `sent` is called with the bytes sent so far.

        With `size`, the bytes that were hashed, a file that has changed since is not sent at all.
        Ask `blob_exists` first: a server that has the blob answers without reading it. Raises
        InvalidRequest when the bytes are not those of the digest, OllamaError when the file cannot
        be read or changes. The endpoint `/api/blobs` is not documented on docs.ollama.com.
        """
        try:
            async with open_body(path, size) as file:
                call = Call(requests.UPLOAD, digest)
                _status(await self._http.upload(call, file, _BLOB, sent), call)
        except Interrupted:
            # A server that has the blob answers early and closes: that answer may get lost.
            if not await self.blob_exists(digest):
                raise

    async def load(
        self,
        model: str,
        *,
        keep_alive: KeepAlive = None,
        embedding: bool = False,
        runner: str = "",
    ) -> Loaded:
        """Load a model into memory, or change how long it stays; takes up to minutes.

        Embedding models need `embedding=True`; `runner` is as for `show`. Raises ServerFailed when
        it does not fit.
        https://docs.ollama.com/api/generate and https://docs.ollama.com/api/embed
        """
        body = _named(model, runner)
        if keep_alive is not None:
            body["keep_alive"] = keep_alive
        if embedding:
            reply = await self._load(requests.EMBED, body | {"input": ""})
            done = "unload" if keep_alive == 0 else "load"
            return msgspec.structs.replace(reply, done_reason=done)
        return await self._load(requests.LOAD, body | {"stream": False})

    async def unload(self, model: str, *, runner: str = "") -> Loaded:
        """Unload a model of any kind; no error when it was not loaded.

        Without `runner` only the manifest that the server prefers is unloaded. A request under way
        is finished first. https://docs.ollama.com/api/generate
        """
        body = _named(model, runner) | {"keep_alive": 0, "stream": False}
        return await self._load(requests.UNLOAD, body)

    async def me(self) -> Account:
        """Return the account the server is signed in to.

        Raises Unauthorized when it is not, with the address to sign in at, and Busy when it cannot
        reach ollama.com. The endpoint `/api/me` is not documented.
        """
        return decode.decode(await self._http.reply(Call(requests.ME)), Account)

    async def sign_out(self) -> None:
        """Disconnect the server from its account.

        Raises Unauthorized when there is none. The endpoint `/api/signout` is not documented.
        """
        await self._command(Call(requests.SIGN_OUT), None)

    async def recommendations(self) -> tuple[Recommendation, ...]:
        """Return the models Ollama recommends; memory in bytes, context in tokens.

        Raises Unsupported before v0.22.1. The endpoint is experimental and not documented.
        """
        return decode.recommendations(await self._http.reply(Call(requests.RECOMMENDATIONS)))

    async def _command(self, call: Call, body: Mapping[str, Any] | None) -> str:
        """Send a call whose answer is empty or a status; return that."""
        return _status(await self._http.reply(call, body), call)

    async def _load(self, endpoint: requests.Endpoint, body: Mapping[str, Any]) -> Loaded:
        call = Call(endpoint, body["model"])
        reply = await self._http.reply(call, body, timeouts=WORK_TIMEOUTS)
        parse_event(reply, call)
        return decode.decode(reply, Loaded)

    def _transfer(
        self, endpoint: requests.Endpoint, body: Mapping[str, Any], insecure: bool, stream: bool
    ) -> Events:
        body = {**body, "insecure": True} if insecure else body
        return self._events(Call(endpoint, body["model"]), body, stream)

    async def _events(self, call: Call, body: Mapping[str, Any], stream: bool) -> Events:
        if not stream:
            reply = await self._http.reply(call, {**body, "stream": False}, timeouts=WORK_TIMEOUTS)
            yield single_event(reply, call)
            return
        reader = EventReader(call)
        async with self._http.stream(call, body) as response:
            async for chunk in body_chunks(response):
                for event in reader.feed(chunk):
                    yield event
            for event in reader.finish():
                yield event


def _status(reply: decode.Body, call: Call) -> str:
    """Return the status of an answer that may be empty; any other is an error, or not Ollama's."""
    return parse_event(reply, call).status if reply.strip() not in (b"", b"null") else ""


def _named(model: str, runner: str) -> dict[str, Any]:
    """Return the part of a body that says which model is meant."""
    return {"model": model, "runner": runner} if runner else {"model": model}
