"""Manifests and lists of manifests as registries send them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from ollama_tui.api.decode import is_page
from ollama_tui.api.errors import NotOllama
from ollama_tui.api.replies import Layer, ListedManifest, Manifest, ShortText

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
LIST_TYPE = "application/vnd.ollama.manifest.list.v2+json"
"""Media types, as in `domain.storage.packaging`, which is not for this layer to import."""
DIGEST = re.compile(r"(?:sha256[:-])?([0-9a-f]{64})")
"""A digest as registries write it, with or without the name of the hash."""
MAX_CHILDREN = 100
"""Manifests of a list: there is one a runner, and each may take a request."""
_BLOB = re.compile(r"sha256:[0-9a-f]{64}")


def decoded(body: bytes, where: str) -> Manifest:
    """Return the manifest in a body from `where`; raises NotOllama when it is something else."""
    with _refusing_what_is_no_manifest(body, where):
        manifest = msgspec.json.decode(body, type=Manifest)
    if not all(_BLOB.fullmatch(layer.digest) for layer in manifest.everything):
        raise NotOllama(f"{where} sent a manifest with an invalid digest.")
    return manifest


class _ListBody(msgspec.Struct, rename={"media_type": "mediaType"}):
    """The part of a body that tells a list from a manifest."""

    media_type: str | None = None
    manifests: tuple[msgspec.Raw, ...] | None = None


class _ListEntry(msgspec.Struct, rename={"media_type": "mediaType"}):
    """One manifest of a list: its digest, or all of it."""

    media_type: str | None = None
    digest: str | None = None
    runner: ShortText | None = None
    config: Layer | None = None
    layers: tuple[Layer, ...] | None = None


def children(body: bytes, where: str) -> tuple[ListedManifest, ...] | None:
    """Return the manifests of the list in a body from `where`; None when it is no list.

    As a server does, it refuses a list in a list and passes over what is no manifest. Raises
    NotOllama.
    """
    with _refusing_what_is_no_manifest(body, where):
        found = msgspec.json.decode(body, type=_ListBody)
    if found.media_type != LIST_TYPE:
        return None
    if len(found.manifests or ()) > MAX_CHILDREN:
        raise NotOllama(f"{where} sent a list of more than {MAX_CHILDREN} manifests.")
    listed = []
    for raw in found.manifests or ():
        with _refusing_what_is_no_manifest(body, where):
            entry = msgspec.json.decode(raw, type=_ListEntry)
        if entry.media_type == LIST_TYPE:
            raise NotOllama(f"{where} sent a list of manifests within a list.")
        if entry.media_type not in (None, "", MANIFEST_TYPE):
            continue
        runner = (entry.runner or "").strip().lower()
        if entry.config is not None or entry.layers:
            content = bytes(raw)
            manifest = decoded(content, where)
            listed.append(ListedManifest("", runner, manifest, content))
        elif match := DIGEST.fullmatch((entry.digest or "").lower()):
            listed.append(ListedManifest(match[1], runner))
        else:
            raise NotOllama(f"{where} sent a list with an invalid digest.")
    return tuple(listed)


@contextmanager
def _refusing_what_is_no_manifest(body: bytes, where: str) -> Iterator[None]:
    try:
        yield
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        found = "an HTML page" if is_page(body[:1024].decode("utf-8", "replace")) else "no manifest"
        raise NotOllama(f"{where} is not a registry: it sent {found}.") from error
