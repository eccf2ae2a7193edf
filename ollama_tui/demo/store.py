"""The state of the embedded server: its models folder in memory, and all it knows besides."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

from ollama_tui.demo.http import Fault, encode
from ollama_tui.demo.weights import WeightsFile
from ollama_tui.domain.names import Name

if TYPE_CHECKING:
    from ollama_tui.demo.running import Runner
    from ollama_tui.demo.transfer import DemoRegistry, Download

VERSION = "0.33.0-rc2"
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
class BlobFile:
    """A file of the blobs folder: of small ones all bytes, of big ones only a description."""

    digest: str
    """`sha256:` and 64 hex digits."""
    size: int
    head: bytes | None = None
    """All bytes of a small file, the first ones of an uploaded big one."""
    weights: WeightsFile | None = None

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
    """Return the path of a blob on the server."""
    return f"{FOLDER}/blobs/{digest.replace(':', '-')}"


def blob_of(data: bytes) -> BlobFile:
    """Return the blob of these bytes."""
    return BlobFile(digest_of(data), len(data), data)


def missing_file(path: str) -> Fault:
    """Return the error of opening a file that is not there."""
    return Fault(f"open {path}: no such file or directory")


@dataclass(frozen=True, slots=True)
class ImageLayer:
    """An entry of a manifest: which blob, of what kind, and from which model it was taken."""

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
    def from_json(cls, data: Mapping[str, Any]) -> ImageLayer:
        """Return the layer that a manifest holds."""
        return cls(data["mediaType"], data["digest"], data["size"], data.get("from", ""))


@dataclass(frozen=True, slots=True)
class ImageManifest:
    """A model: its config and its layers."""

    config: ImageLayer
    layers: tuple[ImageLayer, ...]

    @property
    def everything(self) -> tuple[ImageLayer, ...]:
        """Layers in order, the config last."""
        return (*self.layers, self.config)

    @property
    def size(self) -> int:
        """Bytes of all layers and the config."""
        return sum(layer.size for layer in self.everything)

    def of(self, kind: Kind) -> tuple[ImageLayer, ...]:
        """Return the layers of one kind, in order."""
        return tuple(layer for layer in self.layers if layer.kind == kind)

    def encoded(self) -> bytes:
        """Return the content of the manifest file."""
        layers = [layer.to_json() for layer in self.layers]
        head = {"schemaVersion": 2, "mediaType": MANIFEST, "config": self.config.to_json()}
        return encode({**head, "layers": layers}) + b"\n"

    @classmethod
    def decoded(cls, raw: bytes) -> ImageManifest:
        """Return the manifest in a file; raises Fault for a cut one."""
        try:
            data = json.loads(raw)
        except json.JSONDecodeError:
            raise Fault("unexpected EOF") from None
        layers = tuple(ImageLayer.from_json(layer) for layer in data["layers"])
        return cls(ImageLayer.from_json(data["config"]), layers)


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A manifest file: its bytes, its content (None when it is cut), and when it was written."""

    raw: bytes
    digest: str
    """SHA-256 of the file, 64 hex digits without prefix."""
    modified: datetime
    parsed: ImageManifest | None

    @property
    def manifest(self) -> ImageManifest:
        """The content; raises Fault when it is cut."""
        if self.parsed is None:
            raise Fault("unexpected EOF")
        return self.parsed


@dataclass(slots=True)
class Store:
    """All blobs and manifests of a server."""

    blobs: dict[str, BlobFile] = field(default_factory=dict)
    entries: dict[Name, ManifestFile] = field(default_factory=dict)

    def put(self, blob: BlobFile) -> BlobFile:
        """Add a blob; one that is there already stays as it is."""
        return self.blobs.setdefault(blob.digest, blob)

    def layer(self, kind: Kind, blob: BlobFile) -> ImageLayer:
        """Add a blob and return a layer of it."""
        blob = self.put(blob)
        return ImageLayer(IMAGE + kind, blob.digest, blob.size)

    def config(self, values: Mapping[str, Any]) -> ImageLayer:
        """Add a config and return its layer."""
        blob = self.put(blob_of(encode(values)))
        return ImageLayer(CONFIG, blob.digest, blob.size)

    def open(self, digest: str) -> BlobFile:
        """Return the blob of `digest`; raises Fault as the server does for a missing file."""
        try:
            return self.blobs[digest]
        except KeyError:
            raise missing_file(path_of(digest)) from None

    def installed(self, name: Name) -> Name:
        """Return `name` with every part spelled as in an installed model, where case differs."""
        if name in self.entries:
            return name
        spelled: dict[str, str] = {}
        for part in PARTS:
            text = getattr(name, part)
            known = (getattr(entry, part) for entry in self.entries)
            spelled[part] = next((k for k in known if k.lower() == text.lower()), text)
        return replace(name, **spelled)

    def get(self, name: Name) -> ManifestFile | None:
        """Return the manifest file of a name in any case, None when there is no such model."""
        return self.entries.get(self.installed(name))

    def write(self, name: Name, manifest: ImageManifest | bytes, modified: datetime) -> None:
        """Write the manifest file of `name`, whatever it was before; bytes may be a cut one."""
        parsed: ImageManifest | None = None
        if isinstance(manifest, ImageManifest):
            raw, parsed = manifest.encoded(), manifest
        else:
            raw = manifest
            with suppress(Fault):
                parsed = ImageManifest.decoded(raw)
        self.entries[name] = ManifestFile(raw, sha256(raw).hexdigest(), modified, parsed)

    def remove(self, name: Name) -> None:
        """Remove a model and the blobs nothing else uses; raises Fault when it cannot be read."""
        manifest = self.entries[name].manifest
        del self.entries[name]
        self.prune(manifest)

    def replace(self, name: Name, manifest: ImageManifest | bytes, modified: datetime) -> bool:
        """Write a manifest file; return whether blobs that only the old one used were dropped."""
        name = self.installed(name)
        old = self.entries.get(name)
        self.write(name, manifest, modified)
        return old is not None and old.parsed is not None and self.prune(old.parsed)

    def prune(self, manifest: ImageManifest) -> bool:
        """Drop the blobs of `manifest` that no other one names; return whether there were any."""
        readable = [entry.parsed for entry in self.entries.values() if entry.parsed is not None]
        used = {layer.digest for other in readable for layer in other.everything}
        gone = {layer.digest for layer in manifest.everything} - used
        gone &= self.blobs.keys()
        for digest in gone:
            del self.blobs[digest]
        return bool(gone)


@dataclass(slots=True)
class DemoServer:
    """A server: its store, what it has loaded, what it is downloading, and its surroundings."""

    store: Store
    registry: DemoRegistry
    pace: Callable[[float], Awaitable[object]] = asyncio.sleep
    """Waits that many seconds; the only way time passes."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    version: str = VERSION
    account: str | None = "studio"
    """The signed-in user, None when signed out."""
    cloud_disabled: bool = False
    internet: bool = True
    """Whether registries and ollama.com can be reached."""
    disk_free: int | None = None
    """Bytes left for downloads and uploads; None for plenty."""
    rate: int = 80_000_000
    """Bytes a second of downloads."""
    upload_rate: int = 40_000_000
    quantize_rate: int = 400_000_000
    load_rate: int = 2_000_000_000
    hash_rate: int = 1_000_000_000
    quantize_prints: bool = True
    """Whether the quantizing program reports its progress where the server sees it."""
    vram: int = 12_000_000_000
    """Bytes of GPU memory."""
    runners: list[Runner] = field(default_factory=list)
    downloads: dict[str, Download] = field(default_factory=dict)
    """Running downloads by digest."""
    partials: dict[str, int] = field(default_factory=dict)
    """Bytes there are of unfinished downloads, by digest."""
    listings: dict[Name, tuple[ManifestFile, bytes]] = field(default_factory=dict)
    """Encoded entries of tags, each good for as long as its manifest file is the same."""

    def since(self, *release: int) -> bool:
        """Whether this server is of `release` or later."""
        head = self.version.partition("-")[0]
        return tuple(int(part) for part in head.split(".")) >= release

    def take_disk(self, amount: int) -> bool:
        """Use up `amount` bytes of the disk; False when they are not there."""
        if self.disk_free is None:
            return True
        self.disk_free -= amount
        return self.disk_free >= 0
