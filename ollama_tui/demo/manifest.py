"""Manifests as values: layers and a config, or since 0.40 a list of manifests for several runners.

Layouts and media types are those of `manifest/manifest.go` of Ollama.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from ollama_tui.demo.http import Fault, encode
from ollama_tui.demo.weights import WeightsFile

IMAGE = "application/vnd.ollama.image."
CONFIG = "application/vnd.docker.container.image.v1+json"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
MANIFEST_LIST = "application/vnd.ollama.manifest.list.v2+json"
RUNNERS = ("llamacpp", "ggml", "mlx")
"""Runners in the order in which a server chooses among the manifests of a list."""
RUNNER_SPELLINGS = {
    **{runner: runner for runner in RUNNERS},
    **dict.fromkeys(("llama.cpp", "llama-cpp", "llama_cpp"), "llamacpp"),
    "mlxrunner": "mlx",
}
_IMPLIED = {"gguf": "ggml", "ggml": "ggml", "safetensors": "mlx"}
"""The runner of a manifest that names none, by the format in its config."""

Kind = Literal[
    "model",
    "tensor",
    "projector",
    "adapter",
    "draft",
    "template",
    "system",
    "license",
    "params",
    "messages",
]
Tree = Literal["manifests", "manifests-v2"]
"""Where the name of a manifest stands: servers before 0.40 know the first one only."""


class NoCompatible(Fault):
    """There is no manifest for a runner."""

    def __init__(self, *runners: str) -> None:
        super().__init__(f"no compatible manifest found for runners: {', '.join(runners)}")


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


def blob_of(data: bytes) -> BlobFile:
    """Return the blob of these bytes."""
    return BlobFile(digest_of(data), len(data), data)


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
    """A model that can run: its config, its layers, and since 0.40 the runner it is for."""

    config: ImageLayer
    layers: tuple[ImageLayer, ...]
    runner: str = ""
    format: str = ""

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

    def runner_with(self, config: Mapping[str, Any]) -> str:
        """Return the runner it names, else the one that its config implies; empty for neither."""
        return self.runner or _IMPLIED.get(str(config.get("model_format", "")), "")

    def anchoring(self, manifests: Iterable[BlobFile]) -> ImageManifest:
        """Return what an older server is to run, with the blobs it is to keep as further layers."""
        kept = (
            ImageLayer(
                MANIFEST_LIST if isinstance(decoded(blob.head or b""), ManifestList) else MANIFEST,
                blob.digest,
                blob.size,
            )
            for blob in manifests
        )
        return replace(self, layers=(*self.layers, *kept))

    def encoded(self) -> bytes:
        """Return the manifest as registries have it; in a file of an own model a newline follows.

        The server writes the one with `json.Marshal` and the other with an encoder.
        """
        layers = [layer.to_json() for layer in self.layers]
        head = {"schemaVersion": 2, "mediaType": MANIFEST, "config": self.config.to_json()}
        named = {"runner": self.runner, "format": self.format}
        return encode({**head, "layers": layers, **{k: v for k, v in named.items() if v}})

    @classmethod
    def decoded(cls, raw: bytes) -> ImageManifest:
        """Return the manifest in a file; raises Fault for a cut one and for a list."""
        content = decoded(raw)
        if isinstance(content, ManifestList):
            raise Fault("nested manifest lists are not supported")
        return content


@dataclass(frozen=True, slots=True)
class ListedManifest:
    """An entry of a manifest list."""

    digest: str
    """`sha256:` and 64 hex digits."""
    runner: str
    format: str

    def to_json(self) -> dict[str, str]:
        """Return the entry as a list holds it."""
        named = {"digest": self.digest, "runner": self.runner, "format": self.format}
        return {"mediaType": MANIFEST, **{key: value for key, value in named.items() if value}}


@dataclass(frozen=True, slots=True)
class ManifestList:
    """Several manifests under one name, one for each runner."""

    children: tuple[ListedManifest, ...]

    def chosen(self, runner: str = "") -> ListedManifest:
        """Return the entry for a runner, or else for the preferred one; raises Fault."""
        by_runner = {child.runner: child for child in reversed(self.children)}
        wanted = (runner,) if runner else RUNNERS
        for each in wanted:
            if each in by_runner:
                return by_runner[each]
        raise NoCompatible(*wanted)

    def encoded(self) -> bytes:
        """Return the list as stores and registries have it."""
        children = [child.to_json() for child in self.children]
        return encode({"schemaVersion": 2, "mediaType": MANIFEST_LIST, "manifests": children})


def decoded(raw: bytes) -> ImageManifest | ManifestList:
    """Return the manifest or list in a file; raises Fault for a cut one."""
    try:
        data = json.loads(raw)
    except ValueError:
        raise Fault("unexpected EOF") from None
    if data.get("mediaType") == MANIFEST_LIST:
        entries = data.get("manifests") or ()
        keys = ("digest", "runner", "format")
        return ManifestList(
            tuple(ListedManifest(*(child.get(key, "") for key in keys)) for child in entries)
        )
    layers = tuple(ImageLayer.from_json(layer) for layer in data["layers"])
    config = ImageLayer.from_json(data["config"])
    return ImageManifest(config, layers, data.get("runner", ""), data.get("format", ""))


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """What a name refers to: a file of `manifests`, or since 0.40 a link to a manifest blob."""

    raw: bytes
    digest: str
    """SHA-256 of the content, 64 hex digits without prefix: the name of the blob linked to."""
    modified: datetime
    parsed: ImageManifest | ManifestList | None
    """None when it cannot be read."""
    tree: Tree = "manifests"
    problem: str = "unexpected EOF"
    """Why it cannot be read, in the server's words."""

    @property
    def is_link(self) -> bool:
        """Whether it is a link to a manifest blob."""
        return self.tree == "manifests-v2"

    @property
    def content(self) -> ImageManifest | ManifestList:
        """The manifest or list; raises Fault when it cannot be read."""
        if self.parsed is None:
            raise Fault(self.problem)
        return self.parsed

    @property
    def manifest(self) -> ImageManifest:
        """The manifest; raises Fault when it cannot be read, TypeError for a list."""
        content = self.content
        if isinstance(content, ManifestList):
            raise TypeError("a list: choose one of its children")
        return content


def manifest_file(
    content: ImageManifest | ManifestList | bytes, modified: datetime, tree: Tree = "manifests"
) -> ManifestFile:
    """Return the file of a manifest; bytes may be cut ones."""
    parsed: ImageManifest | ManifestList | None
    if isinstance(content, bytes):
        raw = content
        try:
            parsed = decoded(raw)
        except Fault:
            parsed = None
    else:
        raw, parsed = content.encoded(), content
    return ManifestFile(raw, sha256(raw).hexdigest(), modified, parsed, tree)
