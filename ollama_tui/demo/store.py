"""The state of the embedded server: its models folder in memory, and all it knows besides."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from ollama_tui.demo.http import Fault, encode
from ollama_tui.demo.manifest import (
    CONFIG,
    IMAGE,
    BlobFile,
    ImageLayer,
    ImageManifest,
    Kind,
    ManifestFile,
    ManifestList,
    NoCompatible,
    Tree,
    blob_of,
    decoded,
    manifest_file,
)
from ollama_tui.demo.release import Release
from ollama_tui.domain.names import (
    DEFAULT_HOST,
    DEFAULT_NAMESPACE,
    DEFAULT_TAG,
    Name,
    digest_reference,
)

if TYPE_CHECKING:
    from ollama_tui.demo.running import Runner
    from ollama_tui.demo.transfer import DemoRegistry, Download

FOLDER = "/root/.ollama/models"
_LONG_AGO = datetime.fromtimestamp(0, UTC)

Part = Literal["host", "namespace", "model", "tag"]
PARTS: tuple[Part, ...] = ("host", "namespace", "model", "tag")


def path_of(digest: str) -> str:
    """Return the path of a blob on the server."""
    return f"{FOLDER}/blobs/{digest.replace(':', '-')}"


def missing_file(path: str) -> Fault:
    """Return the error of opening a file that is not there."""
    return Fault(f"open {path}: no such file or directory")


@dataclass(slots=True)
class Store:
    """All blobs and manifests of a server.

    Since 0.40 a name may stand in two trees. `entries` has what the server goes by: the newer one
    where there are both. It alone keeps blobs from being removed.
    """

    blobs: dict[str, BlobFile] = field(default_factory=dict)
    entries: dict[Name, ManifestFile] = field(default_factory=dict)
    hidden: dict[Name, ManifestFile] = field(default_factory=dict)
    """Files of `manifests` whose names are in `manifests-v2` too: what older servers see."""
    release: Release = field(default_factory=Release)

    def copy(self) -> Store:
        """Return a store of its own with the same content."""
        return Store(dict(self.blobs), dict(self.entries), dict(self.hidden), self.release)

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

    # ---- finding

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
        """Return what a request for a name in any case finds, None when there is no such model."""
        if (digest := self.digest_meant(name)) is not None:
            blob = self.blobs.get(digest)
            if blob is None:
                return None
            users = [entry for entry in self.entries.values() if digest in self.named_by(entry)]
            modified = max((entry.modified for entry in users), default=_LONG_AGO)
            return manifest_file(blob.head or b"", modified, "manifests-v2")
        name = self.installed(name)
        entry = self.entries.get(name)
        if entry is not None and self.is_dangling(entry):
            return self.hidden.get(name) if self.release.falls_back else None
        return entry

    def is_dangling(self, entry: ManifestFile) -> bool:
        """Whether it is a link to a blob that is gone."""
        return entry.is_link and f"sha256:{entry.digest}" not in self.blobs

    def digest_meant(self, name: Name) -> str | None:
        """Return the digest that `name` is read as since 0.40, None for an ordinary name."""
        if (name.host, name.namespace, name.tag) != (DEFAULT_HOST, DEFAULT_NAMESPACE, DEFAULT_TAG):
            return None
        return self.whole_digest(name.model)

    def whole_digest(self, text: str) -> str | None:
        """Return the digest that `text` is read as since 0.40, None when it is none.

        Fewer than 64 digits count when a blob's digest begins with them.
        """
        digits = digest_reference(text) if self.release.has_lists else None
        if digits is None or len(digits) == 64:
            return digits and f"sha256:{digits}"
        return next((d for d in self.blobs if d.startswith(f"sha256:{digits}")), None)

    def children(self, entry: ManifestFile) -> tuple[ManifestFile, ...]:
        """Return what of an entry can run here: itself, or of a list what is here, in its order.

        Raises Fault when it cannot be read.
        """
        content = entry.content
        if isinstance(content, ImageManifest):
            return (entry,)
        found: list[ManifestFile] = []
        for child in content.children:
            if (blob := self.blobs.get(child.digest)) is not None:
                made = manifest_file(blob.head or b"", entry.modified, entry.tree)
                named = replace(made.manifest, runner=child.runner, format=child.format)
                found.append(replace(made, parsed=named))
        return tuple(found)

    def selected(self, entry: ManifestFile, runner: str = "") -> ManifestFile:
        """Return what runs for `runner`, or when none is asked for; raises Fault."""
        content = entry.content
        if isinstance(content, ImageManifest):
            config = self.blobs.get(content.config.digest)
            if runner and content.runner_with(config.json if config else {}) != runner:
                raise NoCompatible(runner)
            return entry
        here = self.children(entry)
        listed = tuple(c for c in content.children if c.digest in self.blobs)
        digest = ManifestList(listed).chosen(runner).digest.removeprefix("sha256:")
        return next(child for child in here if child.digest == digest)

    # ---- writing and removing

    def write(
        self,
        name: Name,
        content: ImageManifest | ManifestList | bytes,
        modified: datetime,
        anchor: ImageManifest | None = None,
    ) -> None:
        """Let `name` refer to a manifest, whatever it was before; bytes may be cut ones.

        `anchor` is what an older server is to find under that name.
        """
        if isinstance(content, ImageManifest):
            content = content.encoded() + b"\n"
        tree: Tree = "manifests-v2" if self.release.has_lists else "manifests"
        entry = manifest_file(content, modified, tree)
        if entry.is_link:
            self.put(blob_of(entry.raw))
        self.entries[name] = entry
        self.hidden.pop(name, None)
        if anchor is not None and self.release.leaves_anchors:
            self.hidden[name] = manifest_file(anchor.encoded(), modified)

    def write_older(self, name: Name, content: ImageManifest | bytes, modified: datetime) -> None:
        """Let `name` refer to a manifest as servers before 0.40 write it."""
        if isinstance(content, ImageManifest):
            content = content.encoded() + b"\n"
        self.entries[name] = manifest_file(content, modified)

    def replace(
        self,
        name: Name,
        content: ImageManifest | ManifestList | bytes,
        modified: datetime,
        anchor: ImageManifest | None = None,
        needed: Iterable[str] = (),
    ) -> bool:
        """Write a manifest and remove what only the old one used.

        Returns whether the old one had blobs that are not `needed` for the new one.
        """
        name = self.installed(name)
        old = self.get(name)
        unused = self.named_by(old) & self.blobs.keys() - set(needed) if old else frozenset()
        self.write(name, content, modified, anchor)
        self.drop(unused)
        return bool(unused)

    def remove(self, name: Name, now: datetime | None = None) -> None:
        """Remove a model and the blobs nothing else uses.

        A list from which one manifest is taken is written anew at `now`. Raises Fault when what is
        removed cannot be read.
        """
        if (digest := self.digest_meant(name)) is not None:
            self._remove_digest(digest, now)
            return
        entry = self.get(name) or self.entries[name]
        unused = {f"sha256:{entry.digest}", *self._blobs_of(entry.content)}
        self.entries.pop(name, None)
        self.hidden.pop(name, None)
        self.drop(unused)

    def _remove_digest(self, digest: str, now: datetime | None) -> None:
        """Take a manifest out of every list, and remove every name that refers to it alone."""
        content = decoded(self.open(digest).head or b"")
        unused = {digest, *self._blobs_of(content)}
        for name, entry in list(self.entries.items()):
            if entry.parsed is None or self.is_dangling(entry):
                continue
            if isinstance(entry.parsed, ManifestList):
                kept = tuple(c for c in entry.parsed.children if c.digest != digest)
                if len(kept) == len(entry.parsed.children):
                    continue
                unused.add(f"sha256:{entry.digest}")
                if kept:
                    self.write(name, ManifestList(kept), now or entry.modified)
                else:
                    del self.entries[name]
                    self.hidden.pop(name, None)
            elif f"sha256:{entry.digest}" == digest:
                del self.entries[name]
                if name in self.hidden:  # an older file comes to light
                    self.entries[name] = self.hidden.pop(name)
        self.drop(unused)

    def named_by(self, entry: ManifestFile) -> frozenset[str]:
        """Return the digests of all that an entry keeps, its own manifest among them."""
        if entry.parsed is None or self.is_dangling(entry):
            return frozenset()
        return frozenset((f"sha256:{entry.digest}", *self._blobs_of(entry.parsed)))

    def _blobs_of(self, content: ImageManifest | ManifestList) -> Iterable[str]:
        if isinstance(content, ImageManifest):
            yield from (layer.digest for layer in content.everything)
            return
        for child in content.children:
            yield child.digest
            if (blob := self.blobs.get(child.digest)) is not None:
                yield from self._blobs_of(decoded(blob.head or b""))

    def drop(self, candidates: Iterable[str]) -> None:
        """Remove those blobs of `candidates` that no entry names."""
        gone = self.blobs.keys() & set(candidates)
        for entry in self.entries.values():
            if not gone:
                return
            gone -= self.named_by(entry)
        for digest in gone:
            del self.blobs[digest]


@dataclass(slots=True)
class DemoServer:
    """A server: its store, what it has loaded, what it is downloading, and its surroundings."""

    store: Store
    registry: DemoRegistry
    pace: Callable[[float], Awaitable[object]] = asyncio.sleep
    """Waits that many seconds; the only way time passes."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    account: str | None = "studio"
    """The signed-in user, None when signed out."""
    cloud_disabled: bool = False
    internet: bool = True
    """Whether registries and ollama.com can be reached."""
    disk_size: int = 256_000_000_000
    disk_used: int = 39_000_000_000
    """Bytes of the disk that are taken by others."""
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
    ram: int = 64_000_000_000
    """Bytes of main memory."""
    runners: list[Runner] = field(default_factory=list)
    downloads: dict[str, Download] = field(default_factory=dict)
    """Running downloads by digest."""
    partials: dict[str, int] = field(default_factory=dict)
    """Bytes there are of unfinished downloads, by digest."""
    listings: dict[Name, tuple[ManifestFile, tuple[bytes, ...]]] = field(default_factory=dict)
    """Encoded rows of tags by name, good for as long as its manifest file is the same."""

    @property
    def release(self) -> Release:
        """How the server behaves."""
        return self.store.release

    @property
    def version(self) -> str:
        """What the server calls itself."""
        return self.release.version

    @property
    def free(self) -> int:
        """Bytes that the disk has left."""
        if self.disk_free is not None:
            return self.disk_free
        mine = sum(blob.size for blob in self.store.blobs.values()) + sum(self.partials.values())
        return max(0, self.disk_size - self.disk_used - mine)

    def take_disk(self, amount: int) -> bool:
        """Use up `amount` bytes of the disk; False when they are not there."""
        if self.disk_free is None:
            return True
        self.disk_free -= amount
        return self.disk_free >= 0
