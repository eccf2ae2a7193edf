"""Pull and push: models on their way between the store and the registries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from random import Random
from socket import gaierror
from typing import Any

import httpx

from ollama_tui.demo.endpoints import lookup_failure, resolved_name, runner_of
from ollama_tui.demo.gguf import beginning
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
from ollama_tui.demo.manifest import (
    MANIFEST,
    MANIFEST_LIST,
    BlobFile,
    ImageLayer,
    ImageManifest,
    ListedManifest,
    ManifestFile,
    ManifestList,
    NoCompatible,
    blob_of,
    decoded,
)
from ollama_tui.demo.store import FOLDER, DemoServer, missing_file, path_of
from ollama_tui.domain import names
from ollama_tui.domain.names import DEFAULT_HOST, InvalidName, Name

PUBLIC = (DEFAULT_HOST, "hf.co", "huggingface.co")
TICK = 0.06
"""Seconds between two events of a stream."""
PART = 100_000_000
"""Bytes of one part of an upload; the count rests for a tick at its end."""
_FIELDS = {"model": "string", "name": "string", "insecure": "bool", "stream": "bool"}
_FIELDS |= {"runner": "string"}
_PATH = re.compile(r"/v2/([^/]+)/([^/]+)/(manifests|blobs)/([^/]+)")
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})", re.ASCII)
_LONGEST = 8 * 1024 * 1024
"""Bytes of weights that are made up for a range."""
_WHOLE_MODEL = "sha256:model"
"""What stands for a digest while the manifests of a list are fetched."""


@dataclass(frozen=True, slots=True)
class PushedManifest:
    """A manifest or list in a registry and when it was pushed."""

    raw: bytes
    pushed: datetime

    def for_client(self, blobs: Mapping[str, BlobFile], *, knows_lists: bool) -> bytes:
        """Return what a client gets: one that knows no lists, the manifest of one runner."""
        content = decoded(self.raw)
        if knows_lists or isinstance(content, ImageManifest):
            return self.raw
        return blobs[content.chosen().digest].head or b""


@dataclass(slots=True)
class DemoRegistry:
    """What is published on all hosts that a server can reach."""

    models: dict[str, PushedManifest] = field(default_factory=dict)
    """Manifests by `Name.key`."""
    blobs: dict[str, BlobFile] = field(default_factory=dict)

    def publish(
        self,
        name: Name,
        content: ImageManifest | ManifestList,
        blobs: Mapping[str, BlobFile],
        at: datetime,
    ) -> None:
        """Publish a manifest or a list, and its blobs, under `name`."""
        self.models[name.key] = PushedManifest(content.encoded(), at)
        for digest in _blobs_of(content, blobs):
            self.blobs[digest] = blobs[digest]

    def manifest(self, server: DemoServer, name: Name, *, insecure: bool) -> bytes:
        """Return a manifest's bytes; raises Fault as pull words it."""
        path = f"manifests/{name.tag}"
        if problem := self.unreachable(server, name, "Get", path, insecure=insecure):
            raise Fault(f"pull model manifest: {problem}")
        if (found := self.published(server.now(), name)) is None:
            raise Fault("pull model manifest: file does not exist")
        return found.for_client(self.blobs, knows_lists=server.release.has_lists)

    def published(self, now: datetime, name: Name) -> PushedManifest | None:
        """Return what is under a name; what Hugging Face has is made when it is asked for.

        Raises Fault for what Hugging Face does not serve.
        """
        if name.key not in self.models and name.host in PUBLIC and name.host != DEFAULT_HOST:
            from ollama_tui.demo.huggingface import served

            if (found := served(name)) is not None:
                self.publish(name, found.content, found.blobs, now - timedelta(days=found.age))
        return self.models.get(name.key)

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

    def serve(self, request: httpx.Request, now: datetime) -> httpx.Response:
        """Answer a request made to a registry directly: manifests and blobs, for update checks."""
        self.connect(request)
        host = request.url.netloc.decode()
        host = DEFAULT_HOST if host == "ollama.com" else host
        match = _PATH.fullmatch(request.url.path)
        if match is None or request.method not in ("GET", "HEAD"):
            return httpx.Response(404, json={"errors": [{"code": "MANIFEST_UNKNOWN"}]})
        namespace, model, kind, reference = match.groups()
        if kind == "blobs":
            return self._blob(reference, request.headers.get("range", ""))
        found = None
        try:
            with suppress(InvalidName):
                found = self.published(now, names.parse(f"{host}/{namespace}/{model}:{reference}"))
        except Fault as fault:
            status, _, body = fault.text.removeprefix("pull model manifest: ").partition(": ")
            return httpx.Response(int(status), content=body.encode())
        if found is None:
            return httpx.Response(404, json={"errors": [{"code": "MANIFEST_UNKNOWN"}]})
        knows_lists = MANIFEST_LIST in request.headers.get("accept", "")
        raw = found.for_client(self.blobs, knows_lists=knows_lists)
        is_list = isinstance(decoded(raw), ManifestList)
        headers = {"content-type": MANIFEST_LIST if is_list else MANIFEST}
        if host == DEFAULT_HOST:  # other registries send neither
            headers["ollama-content-digest"] = sha256(raw).hexdigest()
            headers["ollama-push-time"] = str(int(found.pushed.timestamp()))
        return httpx.Response(200, headers=headers, content=raw)

    def _blob(self, digest: str, asked: str) -> httpx.Response:
        """Answer with a blob, or a range of it; of big ones, there are only headers of weights."""
        blob, part = self.blobs.get(digest), _RANGE.fullmatch(asked)
        headers = {"content-type": "application/octet-stream", "docker-content-digest": digest}
        if blob is not None and blob.head is not None and len(blob.head) == blob.size:
            content = blob.head
        elif blob is not None and blob.weights is not None and part and int(part[2]) < _LONGEST:
            content = beginning(blob.weights, min(int(part[2]) + 1, blob.size))
        else:
            return httpx.Response(404, json={"errors": [{"code": "BLOB_UNKNOWN"}]})
        if part is None:
            return httpx.Response(200, headers=headers, content=content)
        first, last = int(part[1]), min(int(part[2]), blob.size - 1)
        if first > last:
            headers["content-range"] = f"bytes */{blob.size}"
            return httpx.Response(416, headers=headers)
        headers["content-range"] = f"bytes {first}-{last}/{blob.size}"
        return httpx.Response(206, headers=headers, content=content[first : last + 1])


def _blobs_of(content: ImageManifest | ManifestList, blobs: Mapping[str, BlobFile]) -> list[str]:
    """Return the digests of all that goes with a manifest to its registry, in that order."""
    if isinstance(content, ImageManifest):
        return [layer.digest for layer in content.everything]
    found: list[str] = []
    for child in content.children:
        found += [child.digest, *_blobs_of(decoded(blobs[child.digest].head or b""), blobs)]
    return list(dict.fromkeys(found))


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
    runner = runner_of(server, body)
    return await events_or_last(pulling(server, name, bool(body.get("insecure")), runner), body)


async def pulling(server: DemoServer, name: Name, insecure: bool, runner: str = "") -> Events:
    """Yield the events of a pull; of a list, only the manifest for one runner is fetched."""
    yield {"status": "pulling manifest"}
    raw = server.registry.manifest(server, name, insecure=insecure)
    content = decoded(raw)
    if isinstance(content, ManifestList):
        child = content.chosen(runner)
        for event in _fetch_child(server, child):
            yield event
        kept = [child.digest]
        manifest = ImageManifest.decoded(server.store.open(child.digest).head or b"")
    elif runner and content.runner not in ("", runner):
        raise NoCompatible(runner)
    else:
        manifest, kept = content, []
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
    anchor = manifest.anchoring([blob_of(raw), *(server.store.open(digest) for digest in kept)])
    needed = [layer.digest for layer in manifest.everything]
    if server.store.replace(name, raw, server.now(), anchor, needed):
        yield {"status": "removing unused layers"}
    yield {"status": "success"}


def _fetch_child(server: DemoServer, child: ListedManifest) -> Iterator[dict[str, Any]]:
    """Fetch the manifest of a list's entry; yield what servers that report it say of it."""
    if child.digest in server.store.blobs:
        return
    blob = server.registry.blobs.get(child.digest)
    if blob is None:
        raise Fault("file does not exist")
    server.store.put(blob)
    if server.release.reports_children:
        told = {"status": "pulling model", "digest": _WHOLE_MODEL, "total": blob.size}
        yield told
        yield {**told, "completed": blob.size}


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
    layers = _pushed_layers(server, entry.content)
    path = f"blobs/{layers[0].digest}"
    insecure = bool(body.get("insecure"))
    if problem := server.registry.unreachable(server, name, "Head", path, insecure=insecure):
        raise Fault(problem)
    if name.host == DEFAULT_HOST and server.account is None:
        raise Fault('401: {"error":"unauthorized"}')
    if name.host == DEFAULT_HOST and name.namespace.lower() != str(server.account).lower():
        raise Fault("unauthorized: access denied")
    for layer in layers:
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
    server.registry.publish(name, entry.content, server.store.blobs, server.now())
    yield {"status": "success"}


def _pushed_layers(
    server: DemoServer, content: ImageManifest | ManifestList
) -> tuple[ImageLayer, ...]:
    """Return what a push sends before the manifest: of a list, its manifests too. Raises Fault."""
    if isinstance(content, ImageManifest):
        return content.everything
    found: dict[str, ImageLayer] = {}
    for child in content.children:
        blob = server.store.blobs.get(child.digest)
        if blob is None:
            raise Fault(server.release.not_here.format(child.runner, path=path_of(child.digest)))
        manifest = ImageLayer(MANIFEST, blob.digest, blob.size)
        for layer in (manifest, *ImageManifest.decoded(blob.head or b"").everything):
            found.setdefault(layer.digest, layer)
    return tuple(found.values())


def _local(server: DemoServer, text: str) -> tuple[Name, ManifestFile]:
    """Return an installed model; raises Fault as push words it."""
    try:
        name = server.store.installed(names.parse(text))
    except InvalidName:
        tagged = text if ":" in text.rpartition("/")[2] else f"{text}:latest"
        full = tagged if "/" in text else f"{DEFAULT_HOST}/library/{tagged}"
        raise Fault(f"unqualified name: {full}") from None
    entry = server.store.get(name)
    if entry is None:
        parts = f"{name.host}/{name.namespace}/{name.model}/{name.tag}"
        raise missing_file(f"{FOLDER}/manifests/{parts}")
    return name, entry
