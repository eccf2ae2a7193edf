"""The server's models folder, in memory: blobs by digest, manifests by name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from ollama_tui.demo.faults import Fault
from ollama_tui.demo.gojson import encode
from ollama_tui.demo.weights import Weights
from ollama_tui.domain.names import Name

FOLDER = "/root/.ollama/models"
IMAGE = "application/vnd.ollama.image."
CONFIG = "application/vnd.docker.container.image.v1+json"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

Kind = Literal[
    "model", "projector", "adapter", "draft", "template", "system", "license", "params", "messages"
]
Part = Literal["host", "namespace", "model", "tag"]
PARTS: tuple[Part, ...] = ("host", "namespace", "model", "tag")


@dataclass(frozen=True, slots=True)
class Blob:
    """One file of the blobs folder: small ones hold their bytes, big ones only what they are."""

    digest: str
    """`sha256:` and 64 hex digits."""
    size: int
    head: bytes | None = None
    """All bytes of a small file, the first ones of an uploaded big one."""
    weights: Weights | None = None

    @property
    def text(self) -> str:
        """The content of a text layer."""
        return (self.head or b"").decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        """The content of a JSON layer."""
        return json.loads(self.text)


def digest_of(data: bytes) -> str:
    """Return `sha256:<64 hex>` of `data`."""
    return f"sha256:{sha256(data).hexdigest()}"


def path_of(digest: str) -> str:
    """Return where the server keeps the blob of `digest`."""
    return f"{FOLDER}/blobs/{digest.replace(':', '-')}"


def blob_of(data: bytes) -> Blob:
    """Return the blob of these bytes."""
    return Blob(digest_of(data), len(data), data)


def missing_file(path: str) -> Fault:
    """Return the error of opening a file that is not there."""
    return Fault(f"open {path}: no such file or directory")


@dataclass(frozen=True, slots=True)
class Layer:
    """One line of a manifest: which blob, of what kind, and from which model it was taken."""

    media_type: str
    digest: str
    size: int
    source: str = ""

    @property
    def kind(self) -> str:
        """`model`, `template`, `system`, … : the end of the media type."""
        return self.media_type.removeprefix(IMAGE)

    def to_json(self) -> dict[str, Any]:
        """Return the layer as a manifest holds it."""
        known = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        return {**known, "from": self.source} if self.source else known

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Layer:
        """Return the layer a manifest holds."""
        return cls(data["mediaType"], data["digest"], data["size"], data.get("from", ""))


@dataclass(frozen=True, slots=True)
class Manifest:
    """A config and layers: all there is to a model."""

    config: Layer
    layers: tuple[Layer, ...]

    @property
    def everything(self) -> tuple[Layer, ...]:
        """Layers in order, the config last."""
        return (*self.layers, self.config)

    @property
    def size(self) -> int:
        """Bytes of all layers and the config."""
        return sum(layer.size for layer in self.everything)

    def of(self, kind: Kind) -> tuple[Layer, ...]:
        """Return the layers of one kind, in order."""
        return tuple(layer for layer in self.layers if layer.kind == kind)

    def encoded(self) -> bytes:
        """Return the manifest file."""
        layers = [layer.to_json() for layer in self.layers]
        head = {"schemaVersion": 2, "mediaType": MANIFEST, "config": self.config.to_json()}
        return encode({**head, "layers": layers}) + b"\n"

    @classmethod
    def decoded(cls, raw: bytes) -> Manifest:
        """Return the manifest in a file; raises Fault for a cut one."""
        try:
            data = json.loads(raw)
        except json.JSONDecodeError:
            raise Fault("unexpected EOF") from None
        layers = tuple(Layer.from_json(layer) for layer in data["layers"])
        return cls(Layer.from_json(data["config"]), layers)


@dataclass(frozen=True, slots=True)
class Entry:
    """A manifest file: its bytes, what they say (None when cut), and its time."""

    raw: bytes
    digest: str
    """SHA-256 of the file, 64 hex digits without prefix."""
    modified: datetime
    parsed: Manifest | None

    @property
    def manifest(self) -> Manifest:
        """What the file says; raises Fault when it cannot be read."""
        if self.parsed is None:
            raise Fault("unexpected EOF")
        return self.parsed


def entry_of(raw: bytes, modified: datetime) -> Entry:
    """Return the entry of a manifest file."""
    try:
        parsed: Manifest | None = Manifest.decoded(raw)
    except Fault:
        parsed = None
    return Entry(raw, sha256(raw).hexdigest(), modified, parsed)


@dataclass(slots=True)
class Store:
    """All blobs and manifests of a server."""

    blobs: dict[str, Blob] = field(default_factory=dict)
    entries: dict[Name, Entry] = field(default_factory=dict)

    def put(self, blob: Blob) -> Blob:
        """Keep a blob; one that is there already stays as it is."""
        return self.blobs.setdefault(blob.digest, blob)

    def layer(self, kind: Kind, data: bytes | Blob, source: str = "") -> Layer:
        """Keep a blob and return a layer of it."""
        blob = self.put(data if isinstance(data, Blob) else blob_of(data))
        return Layer(IMAGE + kind, blob.digest, blob.size, source)

    def config(self, values: Mapping[str, Any]) -> Layer:
        """Keep a config and return its layer."""
        blob = self.put(blob_of(encode(values)))
        return Layer(CONFIG, blob.digest, blob.size)

    def open(self, digest: str) -> Blob:
        """Return the blob of `digest`; raises Fault as the server does for a missing file."""
        try:
            return self.blobs[digest]
        except KeyError:
            raise missing_file(path_of(digest)) from None

    def installed(self, name: Name) -> Name:
        """Return `name` with every part spelled as in an installed model, where case differs."""
        if name in self.entries:
            return name
        return replace(name, **{part: self._spelling(part, getattr(name, part)) for part in PARTS})

    def _spelling(self, part: Part, text: str) -> str:
        lowered = text.lower()
        spellings = (getattr(name, part) for name in self.entries)
        return next((known for known in spellings if known.lower() == lowered), text)

    def get(self, name: Name) -> Entry | None:
        """Return the entry of a name in any case, None when there is no such model."""
        return self.entries.get(self.installed(name))

    def write(self, name: Name, manifest: Manifest | bytes, modified: datetime) -> Entry:
        """Write the manifest file of `name`, whatever it was before."""
        if isinstance(manifest, bytes):
            entry = entry_of(manifest, modified)
        else:
            raw = manifest.encoded()
            entry = Entry(raw, sha256(raw).hexdigest(), modified, manifest)
        self.entries[name] = entry
        return entry

    def remove(self, name: Name) -> None:
        """Remove a model and the blobs nothing else uses; raises Fault when it cannot be read."""
        manifest = self.entries[name].manifest
        del self.entries[name]
        self.prune(layer.digest for layer in manifest.everything)

    def prune(self, digests: Iterable[str]) -> list[str]:
        """Drop those of `digests` that no manifest names, and return what was dropped."""
        used = self.used()
        gone = [digest for digest in set(digests) - used if digest in self.blobs]
        for digest in gone:
            del self.blobs[digest]
        return gone

    def used(self) -> set[str]:
        """Return the digests that readable manifests name."""
        readable = (entry.parsed for entry in self.entries.values() if entry.parsed is not None)
        return {layer.digest for manifest in readable for layer in manifest.everything}
