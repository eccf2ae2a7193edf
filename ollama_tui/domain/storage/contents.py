"""What is in a server's model store: manifests, blobs and partial downloads, as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

IMAGE_TYPE = "application/vnd.ollama.image."
"""What the media types of all layers begin with."""
WEIGHT_TYPES = frozenset(
    IMAGE_TYPE + kind for kind in ("model", "tensor", "projector", "adapter", "draft")
)
"""Media types of weights and of what is loaded beside them."""
GRACE = 3600.0
"""Seconds for which a starting server leaves unused blobs and partial downloads alone."""


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """One file of content, named by its digest."""

    digest: str
    """64 hex digits."""
    size: int
    """Bytes in the file."""
    touched: float
    """Time of the last change, in Unix seconds."""
    linked: bool = False
    """Whether the bytes have another name outside the store, so that removing this frees none."""

    @property
    def frees(self) -> int:
        """Bytes that removing the file gives back."""
        return 0 if self.linked else self.size


@dataclass(frozen=True, slots=True)
class PartialDownload:
    """A download that was not finished."""

    digest: str
    """Of the blob it is to become, 64 hex digits."""
    size: int
    """Bytes it takes on the disk, which is less than the file's length."""
    touched: float
    """Time of the last change, in Unix seconds."""

    @property
    def frees(self) -> int:
        """Bytes that removing its files gives back."""
        return self.size


Leftover = StoredBlob | PartialDownload


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """What one name refers to."""

    name: str
    """As the server prints it."""
    digest: str
    """SHA-256 of the file, 64 hex digits."""
    modified: float
    """Time of the file, in Unix seconds: what the server lists as `modified_at`."""
    blobs: frozenset[str]
    """Digests of all layers and the config."""
    weights: frozenset[str] = frozenset()
    """Those of them that are weights, projectors, adapters or draft models."""


@dataclass(frozen=True)
class Contents:
    """A whole store as it was read."""

    root: str
    """The folder that holds `manifests` and `blobs`."""
    manifests: tuple[StoredManifest, ...] = ()
    blobs: Mapping[str, StoredBlob] = field(default_factory=dict)
    """By digest."""
    partials: tuple[PartialDownload, ...] = ()
    damaged: tuple[str, ...] = ()
    """Paths, below `manifests`, of files that are no manifest, which no server can read."""
    unseen: int = 0
    """How many files and folders this program may not read, although the server may."""
    free: int | None = None
    """Bytes left on the file system; None when it does not say."""

    @cached_property
    def users(self) -> Mapping[str, frozenset[str]]:
        """Names that use each blob, by digest; blobs that none uses are left out."""
        users: dict[str, set[str]] = {}
        for manifest in self.manifests:
            for digest in manifest.blobs:
                users.setdefault(digest, set()).add(manifest.name)
        return {digest: frozenset(names) for digest, names in users.items()}

    @cached_property
    def orphans(self) -> tuple[StoredBlob, ...]:
        """Blobs that no readable manifest names, the biggest first."""
        loose = [blob for digest, blob in self.blobs.items() if digest not in self.users]
        return tuple(sorted(loose, key=lambda blob: (-blob.size, blob.digest)))


def size_of(leftovers: Iterable[Leftover]) -> int:
    """Return the bytes that removing `leftovers` gives back."""
    return sum(leftover.frees for leftover in leftovers)


def removable_at_restart(leftovers: Iterable[Leftover], now: float) -> tuple[Leftover, ...]:
    """Return those old enough for a starting server to remove; `now` in Unix seconds."""
    return tuple(leftover for leftover in leftovers if now - leftover.touched > GRACE)
