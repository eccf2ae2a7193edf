"""Pull and push: models on their way between the store and the registries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from random import Random
from socket import gaierror
from typing import Any

import httpx

from ollama_tui.demo.endpoints import lookup_failure, resolved_name
from ollama_tui.demo.http import (
    Events,
    Fault,
    Fields,
    IncomingRequest,
    events_or_last,
    fields,
    model_of,
    required_model,
)
from ollama_tui.demo.store import (
    FOLDER,
    MANIFEST,
    BlobFile,
    DemoServer,
    ImageLayer,
    ImageManifest,
    ManifestFile,
    missing_file,
    path_of,
)
from ollama_tui.domain import names
from ollama_tui.domain.names import DEFAULT_HOST, InvalidName, Name

PUBLIC = (DEFAULT_HOST, "hf.co", "huggingface.co")
TICK = 0.06
"""Seconds between two events of a stream."""
PART = 100_000_000
"""Bytes of one part of an upload; the count rests for a tick at its end."""
_FIELDS = {"model": "string", "name": "string", "insecure": "bool", "stream": "bool"}
_MANIFEST_PATH = re.compile(r"/v2/([^/]+)/([^/]+)/manifests/([^/]+)")


@dataclass(frozen=True, slots=True)
class PushedManifest:
    """A manifest in a registry and when it was pushed."""

    raw: bytes
    pushed: datetime


@dataclass(slots=True)
class DemoRegistry:
    """What is published on all hosts that a server can reach."""

    models: dict[str, PushedManifest] = field(default_factory=dict)
    """Manifests by `Name.key`."""
    blobs: dict[str, BlobFile] = field(default_factory=dict)

    def publish(
        self, name: Name, manifest: ImageManifest, blobs: Mapping[str, BlobFile], at: datetime
    ) -> None:
        """Publish a manifest and its blobs under `name`."""
        self.models[name.key] = PushedManifest(manifest.encoded(), at)
        for layer in manifest.everything:
            self.blobs[layer.digest] = blobs[layer.digest]

    def manifest(self, server: DemoServer, name: Name, *, insecure: bool) -> bytes:
        """Return a manifest's bytes; raises Fault as pull words it."""
        path = f"manifests/{name.tag}"
        if problem := self.unreachable(server, name, "Get", path, insecure=insecure):
            raise Fault(f"pull model manifest: {problem}")
        if name.key not in self.models:
            raise Fault("pull model manifest: file does not exist")
        return self.models[name.key].raw

    def send(self, server: DemoServer, download: Download, amount: int) -> None:
        """Send at most `amount` bytes of a blob, as far as there is room on the server's disk."""
        amount = min(amount, download.blob.size - download.completed)
        if server.take_disk(amount):
            download.completed += amount
            return
        path = path_of(download.blob.digest)
        download.failure = Fault(f"write {path}-partial: no space left on device")

    def sent_digest(self, layer: ImageLayer) -> str:
        """Return the digest of the bytes that were sent for a layer."""
        return layer.digest

    def unreachable(
        self, server: DemoServer, name: Name, verb: str, path: str, *, insecure: bool
    ) -> str | None:
        """Return why a request to the registry of `name` fails, None when it does not."""
        scheme = "http" if insecure else "https"
        url = f"{scheme}://{name.host}/v2/{name.namespace}/{name.model}/{path}"
        if name.host in PUBLIC:
            return None if server.internet else lookup_failure(verb, url, name.host)
        address, _, port = name.host.rpartition(":")
        if re.fullmatch(r"[\d.]+|localhost", address):
            reason = f" {address}:{port}: connect: connection refused"
        else:
            reason = f": lookup {address or name.host} on 127.0.0.53:53: no such host"
        return f'{verb} "{url}": dial tcp{reason}'

    def connect(self, request: httpx.Request) -> None:
        """Raise httpx.ConnectError when a client's own request finds nobody."""
        if request.url.netloc.decode() not in (*PUBLIC, "ollama.com"):
            unknown = gaierror(-2, "Name or service not known")
            raise httpx.ConnectError(str(unknown), request=request) from unknown

    def serve(self, request: httpx.Request) -> httpx.Response:
        """Answer a request made to a registry directly: manifests, for update checks."""
        self.connect(request)
        host = request.url.netloc.decode()
        host = DEFAULT_HOST if host == "ollama.com" else host
        found = None
        if match := _MANIFEST_PATH.fullmatch(request.url.path):
            namespace, model, tag = match.groups()
            try:
                found = self.models.get(names.parse(f"{host}/{namespace}/{model}:{tag}").key)
            except InvalidName:
                found = None
        if found is None or request.method not in ("GET", "HEAD"):
            return httpx.Response(404, json={"errors": [{"code": "MANIFEST_UNKNOWN"}]})
        headers = {"content-type": MANIFEST}
        if host == DEFAULT_HOST:  # other registries send neither
            headers["ollama-content-digest"] = sha256(found.raw).hexdigest()
            headers["ollama-push-time"] = str(int(found.pushed.timestamp()))
        return httpx.Response(200, headers=headers, content=found.raw)


@dataclass(slots=True, eq=False)
class Download:
    """One blob on its way. Its first client moves it forward, the others watch."""

    blob: BlobFile
    completed: int
    random: Random
    """Varies the rate, in the same way for the same blob."""
    clients: list[object] = field(default_factory=list)
    failure: Fault | None = None

    @property
    def done(self) -> bool:
        """Whether all bytes are here."""
        return self.completed >= self.blob.size


async def pull(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Fetch a model from its registry."""
    body = fields(request.data, "PullRequest", **_FIELDS)
    name = resolved_name(model_of(body), "invalid model name")
    return await events_or_last(pulling(server, name, bool(body.get("insecure"))), body)


async def pulling(server: DemoServer, name: Name, insecure: bool) -> Events:
    """Yield the events of a pull."""
    yield {"status": "pulling manifest"}
    raw = server.registry.manifest(server, name, insecure=insecure)
    manifest = ImageManifest.decoded(raw)
    missing = [layer for layer in manifest.everything if layer.digest not in server.store.blobs]
    for layer in manifest.everything:
        async with aclosing(_fetch(server, layer)) as events:
            async for event in events:
                yield event
    yield {"status": "verifying sha256 digest"}
    await server.pace(sum(layer.size for layer in missing) / server.hash_rate)
    for layer in missing:
        got = server.registry.sent_digest(layer)
        if got != layer.digest:
            del server.store.blobs[layer.digest]
            problem = "digest mismatch, file must be downloaded again"
            raise Fault(f"{problem}: want {layer.digest}, got {got}")
    yield {"status": "writing manifest"}
    if server.store.replace(name, raw, server.now()):
        yield {"status": "removing unused layers"}
    yield {"status": "success"}


async def _fetch(server: DemoServer, layer: ImageLayer) -> Events:
    """Yield the events of one layer until its blob is in the store.

    Clients who want the same blob share one download. When the last of them leaves, what has
    arrived stays as a partial.
    """
    blob = server.registry.blobs.get(layer.digest)
    if blob is None:
        raise Fault("file does not exist")
    if layer.digest in server.store.blobs:
        yield _progress("pulling", layer, layer.size)
        return
    download = server.downloads.get(blob.digest)
    if download is None:
        arrived = server.partials.pop(blob.digest, 0)
        download = Download(blob, arrived, Random(blob.digest))
        server.downloads[blob.digest] = download
    me = object()
    download.clients.append(me)
    try:
        while True:
            await server.pace(TICK)
            if download.clients[0] is me and not download.done:
                amount = int(server.rate * TICK * download.random.uniform(0.9, 1.1))
                server.registry.send(server, download, amount)
            if download.failure is not None:
                raise download.failure
            if download.done:
                server.store.put(blob)
                return
            yield _progress("pulling", layer, download.completed)
    finally:
        download.clients.remove(me)
        if not download.clients:
            del server.downloads[blob.digest]
            if not download.done:
                server.partials[blob.digest] = download.completed


def _progress(verb: str, layer: ImageLayer, completed: int) -> dict[str, Any]:
    """Return a progress event; `completed` is left out while it is 0."""
    short = layer.digest.removeprefix("sha256:")[:12]
    event = {"status": f"{verb} {short}", "digest": layer.digest, "total": layer.size}
    return {**event, "completed": completed} if completed else event


async def push(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Send a model to its registry."""
    body = fields(request.data, "PushRequest", **_FIELDS)
    return await events_or_last(_pushing(server, required_model(body), body), body)


async def _pushing(server: DemoServer, text: str, body: Fields) -> Events:
    yield {"status": "retrieving manifest"}
    try:
        name, entry = _local(server, text)
    except Fault as fault:
        yield {"status": "couldn't retrieve manifest"}
        raise fault from None
    path = f"blobs/{entry.manifest.everything[0].digest}"
    insecure = bool(body.get("insecure"))
    if problem := server.registry.unreachable(server, name, "Head", path, insecure=insecure):
        raise Fault(problem)
    if name.host == DEFAULT_HOST and server.account is None:
        raise Fault('401: {"error":"unauthorized"}')
    if name.host == DEFAULT_HOST and name.namespace.lower() != str(server.account).lower():
        raise Fault("unauthorized: access denied")
    for layer in entry.manifest.everything:
        sent = layer.size if layer.digest in server.registry.blobs else 0
        while sent < layer.size:
            await server.pace(TICK)
            end_of_part = (sent // PART + 1) * PART
            sent = min(sent + int(server.upload_rate * TICK), end_of_part, layer.size)
            if sent < layer.size:
                yield _progress("pushing", layer, sent)
        server.registry.blobs[layer.digest] = server.store.open(layer.digest)
        yield _progress("pushing", layer, layer.size)
    yield {"status": "pushing manifest"}
    server.registry.publish(name, entry.manifest, server.store.blobs, server.now())
    yield {"status": "success"}


def _local(server: DemoServer, text: str) -> tuple[Name, ManifestFile]:
    """Return an installed model; raises Fault as push words it."""
    try:
        name = server.store.installed(names.parse(text))
    except InvalidName:
        tagged = text if ":" in text.rpartition("/")[2] else f"{text}:latest"
        full = tagged if "/" in text else f"{DEFAULT_HOST}/library/{tagged}"
        raise Fault(f"unqualified name: {full}") from None
    entry = server.store.entries.get(name)
    if entry is None:
        parts = f"{name.host}/{name.namespace}/{name.model}/{name.tag}"
        raise missing_file(f"{FOLDER}/manifests/{parts}")
    return name, entry
