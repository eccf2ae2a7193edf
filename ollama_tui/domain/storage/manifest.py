"""Manifests as a store keeps them: one that can run, or a list of several for as many runners.

Read as the server reads them: `manifest/manifest.go` of Ollama. A list names its children by their
digest, or holds them whole. An anchor, which a newer server leaves for an older one, names the
manifests of the newer one as if they were layers, so that the older server keeps them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ollama_tui.domain.storage.packaging import (
    LIST_TYPE,
    MANIFEST_TYPES,
    embedded_content,
    go_json,
    origins,
)

IMAGE_TYPE = "application/vnd.ollama.image."
"""What the media types of all layers begin with."""
WEIGHT_TYPES = frozenset(
    IMAGE_TYPE + kind for kind in ("model", "tensor", "projector", "adapter", "draft")
)
"""Media types of weights and of what is loaded beside them."""
TENSOR_TYPE = IMAGE_TYPE + "tensor"
LLAMACPP, GGML, MLX = "llamacpp", "ggml", "mlx"
PREFERRED = (LLAMACPP, GGML, MLX)
"""Runners in the order in which a server chooses among the children that it has."""
PREFERRED_ON_APPLE = (MLX, LLAMACPP, GGML)
"""The same on Apple silicon."""

_DIGEST = re.compile(r"sha256[-:]([0-9a-f]{64})")


class ManifestError(ValueError):
    """What was read is no manifest; the message is half a sentence."""


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """What can run: weights, texts and config, for one runner."""

    digest: str
    """SHA-256 of its content, 64 hex digits."""
    blobs: frozenset[str] = frozenset()
    """Digests of its layers and of its config; those of other manifests are in `keeps`."""
    weights: frozenset[str] = frozenset()
    """Those of them that are weights, projectors, adapters or draft models."""
    keeps: frozenset[str] = frozenset()
    """Digests of the manifests that an anchor names as layers."""
    config: str = ""
    """Digest of its config, which is one of `blobs`."""
    size: int = 0
    """Bytes of all layers and the config, as the server lists them."""
    runner: str = ""
    """The runner it names, else the one that its format implies."""
    format: str = ""
    """`gguf` or `safetensors`; empty where it does not say."""
    origins: frozenset[str] = frozenset()
    """Digests that its content may have had in a registry."""
    lacks_digest: bool = False
    """Whether its config, or one of its layers, has no valid digest."""


@dataclass(frozen=True, slots=True)
class ListedChild:
    """One entry of a manifest list."""

    digest: str
    runner: str
    text: bytes
    """The entry itself, as Go writes it."""
    embedded: StoredManifest | None = None
    """The manifest, where the list holds it whole."""


@dataclass(frozen=True, slots=True)
class ManifestList:
    """Several manifests under one name, one for each runner."""

    digest: str
    children: tuple[ListedChild, ...]
    schema: int = 2

    def without(self, digests: Collection[str]) -> bytes:
        """Return the list as the server writes it anew without the children of `digests`."""
        kept = b",".join(child.text for child in self.children if child.digest not in digests)
        head = b'{"schemaVersion":%d,"mediaType":"%s","manifests":['
        return head % (self.schema, LIST_TYPE.encode()) + kept + b"]}"


def parse(content: bytes) -> StoredManifest | ManifestList:
    """Return what the content of a manifest blob or file says; raises ManifestError.

    As in Go, null stands for nothing; what follows the JSON object is ignored, as servers before
    0.40 do.
    """
    try:
        value, _ = json.JSONDecoder().raw_decode(content.decode("utf-8", "replace").lstrip())
    except (ValueError, RecursionError) as error:
        raise ManifestError("it is not JSON") from error
    if not isinstance(value, dict):
        raise ManifestError("it is not a JSON object")
    digest = sha256(content).hexdigest()
    if value.get("mediaType") != LIST_TYPE:
        return _manifest(value, digest, content)
    children = value.get("manifests") or []
    if not isinstance(children, list):
        raise ManifestError("its list of manifests is not a list")
    schema = value.get("schemaVersion")
    return ManifestList(
        digest, tuple(map(_child, children)), schema if isinstance(schema, int) else 2
    )


def _child(value: object) -> ListedChild:
    if not isinstance(value, dict):
        raise ManifestError("an entry of its list is not an object")
    if value.get("mediaType") == LIST_TYPE:
        raise ManifestError("it is a list inside a list")
    runner = _runner(value.get("runner"))
    reference = _match(value)
    if reference and not value.get("layers") and not _part(value.get("config")).get("digest"):
        keys = ("mediaType", "digest", "runner", "format")
        named = {**value, "digest": f"sha256:{reference}"}
        entry = {key: named[key] for key in keys if key in named and named[key] not in ("", None)}
        return ListedChild(reference, runner, go_json({"mediaType": ""} | entry))
    text = embedded_content(value)
    digest = sha256(text).hexdigest()
    return ListedChild(digest, runner, text, _manifest(value, digest, text))


def _manifest(value: dict[str, Any], digest: str, content: bytes) -> StoredManifest:
    parts = [*_layers(value), _part(value.get("config"))]
    found = [(part, blob) for part in parts if (blob := _match(part))]
    types = {blob: str(part.get("mediaType", "")) for part, blob in found}
    keeps = frozenset(blob for blob, kind in types.items() if kind in MANIFEST_TYPES)
    tensors = TENSOR_TYPE in types.values()
    # As most are; the other digests take as long as all the rest here.
    is_packed = bool(keeps or value.get("runner") or value.get("format") or content[-1:] == b"\n")
    return StoredManifest(
        digest=digest,
        blobs=frozenset(types) - keeps,
        weights=frozenset(blob for blob, kind in types.items() if kind in WEIGHT_TYPES),
        keeps=keeps,
        config=_match(parts[-1]),
        size=sum(size for part, _ in found if isinstance(size := part.get("size"), int)),
        runner=_runner(value.get("runner")) or (MLX if tensors else GGML),
        format=str(value.get("format") or ""),
        origins=origins(content) if is_packed else frozenset((digest,)),
        lacks_digest=len(found) < len(parts),
    )


def _layers(value: dict[str, Any]) -> list[Any]:
    layers = value.get("layers") or []
    if not isinstance(layers, list):
        raise ManifestError("its layers are not a list")
    return [_part(layer) for layer in layers]


def _part(value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ManifestError("a layer is not an object")
    return value


def _match(part: dict[str, Any]) -> str:
    """Return the digest that a part names, as 64 hex digits; empty when it names none."""
    digest = part.get("digest") or ""
    if not isinstance(digest, str):
        raise ManifestError("a digest is not a text")
    match = _DIGEST.fullmatch(digest)
    return match[1] if match else ""


def _runner(value: object) -> str:
    return value.strip().lower() if isinstance(value, str) else ""


def selected(
    manifests: Sequence[StoredManifest], preferred: Sequence[str] = PREFERRED
) -> StoredManifest | None:
    """Return the one of a list's children here that the server runs when no runner is asked for."""
    if len(manifests) == 1:
        return manifests[0]
    by_runner = {manifest.runner: manifest for manifest in reversed(manifests)}
    return next((by_runner[runner] for runner in preferred if runner in by_runner), None)
