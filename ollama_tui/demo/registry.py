"""The registries a server pulls from and pushes to: manifests by name, blobs by digest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from socket import gaierror
from ssl import SSLError
from typing import Literal

import httpx

from ollama_tui.demo.cloud import lookup_failure
from ollama_tui.demo.faults import Fault
from ollama_tui.demo.state import Server
from ollama_tui.demo.store import MANIFEST, Blob, Layer, Manifest
from ollama_tui.domain.names import DEFAULT_HOST, InvalidName, Name, parse

Stage = Literal["manifest", "blob", "push"]
PUBLIC = (DEFAULT_HOST, "hf.co", "huggingface.co")
_MANIFEST_PATH = re.compile(r"/v2/([^/]+)/([^/]+)/manifests/([^/]+)")


@dataclass(slots=True)
class Published:
    """A manifest in a registry and when it was pushed."""

    raw: bytes
    pushed: datetime


@dataclass(slots=True)
class Registry:
    """What is published on all hosts a server can reach."""

    models: dict[str, Published] = field(default_factory=dict)
    """Manifests by `Name.key`."""
    blobs: dict[str, Blob] = field(default_factory=dict)
    plain_hosts: set[str] = field(default_factory=set)
    """Hosts that speak HTTP without TLS."""
    refusals: dict[tuple[Stage, str], str] = field(default_factory=dict)
    """Error texts for a stage of a model, by `Name.key`."""
    damaged: set[str] = field(default_factory=set)
    """Digests that arrive with wrong bytes."""

    def publish(
        self, name: Name, manifest: Manifest, blobs: Mapping[str, Blob], at: datetime
    ) -> None:
        """Keep a manifest and its blobs under `name`."""
        self.models[name.key] = Published(manifest.encoded(), at)
        for layer in manifest.everything:
            self.blobs[layer.digest] = blobs[layer.digest]

    def refuse(self, name: str, words: str, *, stage: Stage = "manifest") -> None:
        """Answer with an error from now on, e.g. `412: needs a newer version`."""
        self.refusals[stage, parse(name).key] = words

    def blob(self, layer: Layer) -> Blob:
        """Return the blob of a layer; raises Fault when the registry has lost it."""
        try:
            return self.blobs[layer.digest]
        except KeyError:
            raise Fault("file does not exist") from None

    def manifest(self, server: Server, name: Name, *, insecure: bool) -> bytes:
        """Return a manifest's bytes; raises Fault as pull words it."""
        path = f"manifests/{name.tag}"
        if problem := self.unreachable(server, name, "Get", path, insecure=insecure):
            raise Fault(f"pull model manifest: {problem}")
        if words := self.refusals.get(("manifest", name.key)):
            raise Fault(f"pull model manifest: {words}")
        if name.key not in self.models:
            raise Fault("pull model manifest: file does not exist")
        return self.models[name.key].raw

    def unreachable(
        self, server: Server, name: Name, verb: str, path: str, *, insecure: bool
    ) -> str | None:
        """Return why a request to the registry of `name` fails, None when it does not."""
        scheme = "http" if insecure else "https"
        url = f"{scheme}://{name.host}/v2/{name.namespace}/{name.model}/{path}"
        if name.host in self.plain_hosts:
            wrong = "http: server gave HTTP response to HTTPS client"
            return None if insecure else f'{verb} "{url}": {wrong}'
        if name.host in PUBLIC:
            return None if server.internet else lookup_failure(verb, url, name.host)
        return f'{verb} "{url}": dial tcp{_no_route(name.host)}'

    def serve(self, request: httpx.Request) -> httpx.Response:
        """Answer a request made to a registry directly: manifests, for update checks.

        Raises httpx.ConnectError for a host that is not there or does not speak TLS.
        """
        match = _MANIFEST_PATH.fullmatch(request.url.path)
        host = request.url.netloc.decode()
        host = DEFAULT_HOST if host == "ollama.com" else host
        self._connect(request, host)
        published = self._published(host, *match.groups()) if match else None
        if published is None or request.method not in ("GET", "HEAD"):
            return httpx.Response(404, json={"errors": [{"code": "MANIFEST_UNKNOWN"}]})
        headers = {"content-type": MANIFEST} | (_stamp(published) if host == DEFAULT_HOST else {})
        body = published.raw if request.method == "GET" else b""
        return httpx.Response(200, headers=headers, content=body)

    def _connect(self, request: httpx.Request, host: str) -> None:
        """Raise httpx.ConnectError when nobody is there for `request`."""
        if host in self.plain_hosts and request.url.scheme == "https":
            reason = SSLError("[SSL: WRONG_VERSION_NUMBER] wrong version number")
            raise httpx.ConnectError(str(reason), request=request) from reason
        if host not in self.plain_hosts and host not in PUBLIC:
            unknown = gaierror(-2, "Name or service not known")
            raise httpx.ConnectError(str(unknown), request=request) from unknown

    def _published(self, host: str, namespace: str, model: str, tag: str) -> Published | None:
        try:
            return self.models.get(parse(f"{host}/{namespace}/{model}:{tag}").key)
        except InvalidName:
            return None


def _stamp(published: Published) -> dict[str, str]:
    """Return the headers that only Ollama's own registry sends."""
    return {
        "ollama-content-digest": sha256(published.raw).hexdigest(),
        "ollama-push-time": str(int(published.pushed.timestamp())),
    }


def _no_route(host: str) -> str:
    address, _, port = host.rpartition(":")
    if re.fullmatch(r"[\d.]+|localhost", address):
        return f" {address}:{port}: connect: connection refused"
    return f": lookup {address or host} on 127.0.0.53:53: no such host"
