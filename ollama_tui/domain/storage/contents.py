"""What lies in a model store on disk: manifests, blobs, partial downloads. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True, slots=True)
class Blob:
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
class Manifest:
    """What one name stands for."""

    name: str
    """As the server prints it."""
    digest: str
    """SHA-256 of the file, 64 hex digits."""
    modified: float
    """Time of the file, in Unix seconds: what the server lists as `modified_at`."""
    blobs: frozenset[str]
    """Digests of all layers and the config."""


@dataclass(frozen=True, slots=True)
class Partial:
    """A download that has not come to its end."""

    digest: str
    """Of what it is to become, 64 hex digits."""
    size: int
    """Bytes it takes on the disk, which is less than the file's length."""
    touched: float
    """Time of the last change, in Unix seconds."""


@dataclass(frozen=True)
class Contents:
    """A whole store as it was read."""

    root: str
    """The folder that holds `manifests` and `blobs`."""
    manifests: tuple[Manifest, ...] = ()
    blobs: Mapping[str, Blob] = field(default_factory=dict)
    """By digest."""
    partials: tuple[Partial, ...] = ()
    damaged: tuple[str, ...] = ()
    """Paths, below `manifests`, of files that are no manifest: the server cannot read them too."""
    unseen: int = 0
    """How many files and folders we may not read, although the server may."""
    free: int | None = None
    """Bytes left on the file system; None when it does not say."""

    @cached_property
    def users(self) -> Mapping[str, frozenset[str]]:
        """The names that use each blob that is used."""
        users: dict[str, set[str]] = {}
        for manifest in self.manifests:
            for digest in manifest.blobs:
                users.setdefault(digest, set()).add(manifest.name)
        return {digest: frozenset(names) for digest, names in users.items()}

    @cached_property
    def orphans(self) -> tuple[Blob, ...]:
        """The blobs that no readable manifest names, the biggest first."""
        loose = [blob for digest, blob in self.blobs.items() if digest not in self.users]
        return tuple(sorted(loose, key=lambda blob: (-blob.size, blob.digest)))
