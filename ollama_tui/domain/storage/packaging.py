"""What a server adds to a manifest when it stores it, and what it was without that.

A manifest written on this machine differs from the same model in a registry by bytes that are
nobody's content: a newline at its end, the runner that a conversion notes in it, the manifests that
are named as layers so that an older server keeps them. A digest of a whole file is therefore no
proof of a difference; one of `origins` is a proof of being equal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
"""Media type of the manifest of one model for one runner."""
LIST_TYPE = "application/vnd.ollama.manifest.list.v2+json"
"""Media type of a list of such manifests, one a runner; since Ollama 0.40."""
MANIFEST_TYPES = (MANIFEST_TYPE, LIST_TYPE)
"""Media types of layers that are no part of a model, but manifests an older server must keep."""

_RUNNER_KEYS = ("runner", "format")
_LAYER_KEYS = {"mediaType": "", "digest": "", "size": 0, "from": "", "name": ""}
_ESCAPES = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}


def origins(content: bytes) -> frozenset[str]:
    """Return the digests, 64 hex digits each, that a stored manifest may have in a registry.

    Those are the SHA-256 of `content` without a newline at its end, which a server that makes a
    manifest writes and a push leaves out, and of `content` with what a server added undone: the
    manifests an anchor names as layers, and the runner and format of a conversion. Never raises:
    what is no manifest has only the first.
    """
    content = content.removesuffix(b"\n")
    found = {content}
    try:
        manifest = json.loads(content)
        layers = manifest.get("layers") if isinstance(manifest, dict) else None
        if isinstance(layers, list):
            manifest["layers"] = [layer for layer in layers if not _is_manifest(layer)]
            bare = {key: value for key, value in manifest.items() if key not in _RUNNER_KEYS}
            found |= {go_json(manifest), go_json(bare)}
    except (ValueError, RecursionError):
        pass
    return frozenset(sha256(each).hexdigest() for each in found)


def embedded_digest(child: Mapping[str, object]) -> str:
    """Return the digest, 64 hex digits, by which a server knows a manifest embedded in a list.

    That is the SHA-256 of what the server would write of it, whatever the order of its keys.
    """
    return sha256(embedded_content(child)).hexdigest()


def embedded_content(child: Mapping[str, object]) -> bytes:
    """Return what a server writes of a manifest that is embedded in a list."""
    layers = child.get("layers")
    version, kind = child.get("schemaVersion"), child.get("mediaType")
    written = {
        "schemaVersion": version if isinstance(version, int) else 0,
        "mediaType": kind if isinstance(kind, str) else "",
        "config": _layer(child.get("config")),
        "layers": [_layer(each) for each in layers] if isinstance(layers, list) else None,
    }
    for key in _RUNNER_KEYS:
        if isinstance(value := child.get(key), str) and value:
            written[key] = value
    return go_json(written)


def go_json(value: object) -> bytes:
    """Return decoded JSON as `encoding/json` of Go writes it, in the order of its keys.

    No spaces and no newline; `<`, `>`, `&` and the two line separators of Unicode are escaped, and
    half a surrogate pair becomes U+FFFD.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _is_manifest(layer: object) -> bool:
    return isinstance(layer, dict) and layer.get("mediaType") in MANIFEST_TYPES


def _layer(given: object) -> dict[str, object]:
    """Return what a server writes of a layer: `from` and `name` only if they are not empty."""
    layer = given if isinstance(given, dict) else {}
    known = {
        key: layer[key] if isinstance(layer.get(key), type(empty)) else empty
        for key, empty in _LAYER_KEYS.items()
    }
    return {key: value for key, value in known.items() if value or key not in ("from", "name")}
