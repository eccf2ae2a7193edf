"""What is in a server's model store, as values: the entries of both trees, blobs, leftovers.

A server since 0.40 looks for a name in `manifests-v2` first, where an entry is a link to a manifest
blob, then in `manifests`; older ones know only the latter. `Contents.for_old_server` is the same
store as those see it. Which data an entry keeps: `RetainedBlobDigests` of Ollama's
`manifest/manifest.go`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ollama_tui.domain import names
from ollama_tui.domain.storage.manifest import (
    PREFERRED,
    ManifestList,
    StoredManifest,
    selected,
)

V2_HOST = "ollama.com"
"""How `manifests-v2` spells the host of the public registry."""
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
    metadata: int = 0
    """Bytes of the file of `metadata` about this blob, which goes with it."""

    @property
    def frees(self) -> int:
        """Bytes that removing the file gives back, and what goes with it."""
        return (0 if self.linked else self.size) + self.metadata

    @property
    def paths(self) -> tuple[str, ...]:
        """The files below the store that go together."""
        path = f"blobs/sha256-{self.digest}"
        about = f"metadata/sha256-{self.digest}.json"
        return (path, about) if self.metadata else (path,)


@dataclass(frozen=True, slots=True)
class PartialDownload:
    """A download that was not finished."""

    digest: str
    """Of the blob it is to become, 64 hex digits."""
    size: int
    """Bytes it takes on the disk, which is less than the file's length."""
    touched: float
    """Time of the last change, in Unix seconds."""
    paths: tuple[str, ...] = ()
    """Its files, below the store."""

    @property
    def frees(self) -> int:
        """Bytes that removing its files gives back."""
        return self.size


@dataclass(frozen=True, slots=True)
class OtherFile:
    """A file that is neither: among the blobs under another name, or about a blob that is gone."""

    path: str
    """Below the store."""
    size: int
    """Bytes in the file."""
    touched: float
    """Time of the last change, in Unix seconds."""

    @property
    def frees(self) -> int:
        """Bytes that removing it gives back."""
        return self.size

    @property
    def paths(self) -> tuple[str, ...]:
        """The file itself."""
        return (self.path,)


Leftover = StoredBlob | PartialDownload | OtherFile


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One file or link of a tree: what a name refers to."""

    name: str
    """As the server prints it."""
    path: str
    """Below the store; the tree is its first part."""
    digest: str = ""
    """SHA-256 of what it refers to, 64 hex digits; empty when that cannot be read."""
    modified: float = 0.0
    """Time of the file or link itself, in Unix seconds."""
    touched: float = 0.0
    """Time of the file that a link leads to, else `modified`."""
    manifests: tuple[StoredManifest, ...] = ()
    """What can run and is here: a single one, or the children of a list in its order."""
    list: ManifestList | None = None
    """The list it refers to; None for a plain manifest."""
    frees: int = 0
    """Bytes that removing it gives back: none for a link."""
    problem: str = ""
    """Why no server can read it, as half a sentence."""
    refused: str = ""
    """Why servers since 0.40 do not read it, although older ones do."""
    dangling: bool = False
    """Whether it is a broken link."""

    @property
    def is_v2(self) -> bool:
        """Whether it is in the tree of the servers since 0.40."""
        return self.path.startswith("manifests-v2/")

    @property
    def children(self) -> frozenset[str]:
        """Digests of all children of its list, here or not; empty for a plain manifest."""
        return frozenset(child.digest for child in self.list.children) if self.list else frozenset()

    @property
    def is_shadow(self) -> bool:
        """Whether it is the backup of a converted model: its tag is the digest of its manifest."""
        return names.is_shadow(self.name, self.digest)

    @property
    def is_found(self) -> bool:
        """Whether a request for its name looks here: the newer tree has one spelling of the host.

        That of the older tree has two, since servers before 0.40 took them for two registries.
        """
        return not self.path.startswith("manifests-v2/registry.ollama.ai/")

    @property
    def is_anchor(self) -> bool:
        """Whether it names manifests of a newer server, so that an older one keeps them."""
        return any(manifest.keeps for manifest in self.manifests)

    @property
    def digests(self) -> frozenset[str]:
        """Digests under which a server may list it."""
        return frozenset(manifest.digest for manifest in self.manifests)

    def selected(self, preferred: Sequence[str] = PREFERRED) -> StoredManifest | None:
        """Return the manifest a server runs when no runner is asked for."""
        return selected(self.manifests, preferred)

    @property
    def blobs(self) -> frozenset[str]:
        """Digests of all that it keeps, its own manifest among them."""
        if self.problem or self.dangling:
            return frozenset()
        return frozenset().union(
            (self.digest,), self.children, *((m.digest,) for m in self.manifests), *self._layers
        )

    @property
    def _layers(self) -> Iterable[frozenset[str]]:
        for manifest in self.manifests:
            yield manifest.blobs
            yield manifest.keeps

    @property
    def weights(self) -> frozenset[str]:
        """Those of `blobs` that are weights, projectors, adapters or draft models."""
        return frozenset().union(*(manifest.weights for manifest in self.manifests))


@dataclass(frozen=True)
class Contents:
    """A whole store as it was read, seen as a server since 0.40 sees it unless it says otherwise.

    `entries` are all files and links of both trees in the server's order, so the first of a name is
    the one that counts.
    """

    root: str
    """The folder that holds the trees and `blobs`."""
    entries: tuple[StoredEntry, ...] = ()
    blobs: Mapping[str, StoredBlob] = field(default_factory=dict)
    """By digest."""
    partials: tuple[PartialDownload, ...] = ()
    others: tuple[OtherFile, ...] = ()
    """Files that a start of the server removes although they are no blobs and no downloads."""
    strays: tuple[str, ...] = ()
    """Paths of files in the trees whose place is no model's name."""
    unseen: int = 0
    """How many files and folders this program may not read, although the server may."""
    free: int | None = None
    """Bytes left on the file system; None when it does not say."""
    capacity: int | None = None
    """Bytes of the file system that a user can fill; None when it does not say."""
    is_old: bool = False
    """Whether this is how a server before 0.40 sees it."""

    @cached_property
    def for_old_server(self) -> Contents:
        """The same store as a server before 0.40 sees it: without `manifests-v2`.

        Such a server follows any link, keeps what the layers name, and nothing else.
        """
        entries = tuple(
            replace(entry, refused="", name=_old_name(entry))
            for entry in self.entries
            if not entry.is_v2
        )
        strays = tuple(path for path in self.strays if not path.startswith("manifests-v2/"))
        return replace(self, entries=entries, strays=strays, is_old=True)

    @cached_property
    def counted(self) -> Mapping[str, StoredEntry]:
        """The entry that the server finds for each name when it goes through its trees."""
        return {entry.name: entry for entry in reversed(self.entries)}

    @cached_property
    def hidden(self) -> tuple[StoredEntry, ...]:
        """Entries that keep nothing, because another one of the same name comes first."""
        counted = {id(entry) for entry in self.counted.values()}
        return tuple(entry for entry in self.entries if id(entry) not in counted)

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[StoredEntry, ...]]:
        by_name: dict[str, list[StoredEntry]] = {}
        for entry in self.entries:
            by_name.setdefault(entry.name, []).append(entry)
        return {name: tuple(entries) for name, entries in by_name.items()}

    def entries_of(self, name: str) -> tuple[StoredEntry, ...]:
        """Return all entries of a name: those that a deletion of it removes."""
        return self._by_name.get(name, ())

    def entry(self, name: str) -> StoredEntry | None:
        """Return what a request for `name` finds, or None.

        A dangling link lets it find an older entry, which going through the trees does not.
        """
        here = (e for e in self.entries_of(name) if e.is_found and not e.dangling)
        first = next(here, None)
        return None if first is None or self._unreadable(first) else first

    def _unreadable(self, entry: StoredEntry) -> str:
        """Return why the server cannot read an entry; empty when it can."""
        return entry.problem or ("" if self.is_old else entry.refused)

    def keeps(self, entry: StoredEntry) -> frozenset[str]:
        """Return the digests that an entry keeps from being removed."""
        if self._unreadable(entry):
            return frozenset()
        return entry.blobs - {entry.digest} if self.is_old else entry.blobs

    @cached_property
    def users(self) -> Mapping[str, frozenset[str]]:
        """Names that use each blob, by digest; blobs that none uses are left out."""
        users: dict[str, set[str]] = {}
        for name, entry in self.counted.items():
            for digest in self.keeps(entry):
                users.setdefault(digest, set()).add(name)
        return {digest: frozenset(names) for digest, names in users.items()}

    @cached_property
    def orphans(self) -> tuple[StoredBlob, ...]:
        """Blobs that no entry keeps and no request finds, the biggest first."""
        used = self.users.keys() | self.unprotected.keys()
        loose = [blob for digest, blob in self.blobs.items() if digest not in used]
        return tuple(sorted(loose, key=lambda blob: (-blob.size, blob.digest)))

    @cached_property
    def unprotected(self) -> Mapping[str, str]:
        """Blobs that nothing keeps although a request for a name still finds them.

        The names by digest: those of a dangling link, behind which an older entry is found.
        """
        found = {
            digest: name
            for name, counted in self.counted.items()
            if counted.dangling and (entry := self.entry(name)) is not None
            for digest in self.keeps(entry)
        }
        here = self.blobs.keys() - self.users.keys()
        return {digest: name for digest, name in found.items() if digest in here}

    @property
    def has_damage(self) -> bool:
        """Whether there is an entry that the server cannot read: nobody knows what it names."""
        return any(self._unreadable(entry) for entry in self.counted.values())

    @cached_property
    def obstacles(self) -> Mapping[str, str]:
        """Why a starting server removes nothing: half a sentence by the path at fault."""
        found = {
            entry.path: reason
            for entry in self.counted.values()
            if (reason := self._unreadable(entry) or _incomplete(entry))
        }
        return found | dict.fromkeys(self.strays, "it is not where a model's manifest belongs")

    def removed_at_start(self, now: float) -> tuple[Leftover, ...]:
        """Return what a server removes when it starts; `now` in Unix seconds."""
        if self.obstacles:
            return ()
        return removable_at_restart((*self.orphans, *self.partials, *self.others), now)

    def listed(self, preferred: Sequence[str] = PREFERRED) -> dict[str, StoredManifest]:
        """Return what a server lists by name: one row a name, the child it would run."""
        rows = {}
        for name, entry in self.counted.items():
            manifest = entry.selected(preferred)
            if manifest is None or self._unreadable(entry) or entry.is_shadow:
                continue
            if manifest.config in self.blobs and entry.is_found:
                rows[name] = manifest
        return rows


def entry_path(name: names.Name, *, v2: bool) -> str:
    """Return where the entry of a name is in `manifests-v2` or in `manifests`, below the store.

    Layout: `manifest/paths.go` of Ollama.
    """
    host = name.host
    if v2:
        host = (V2_HOST if host == names.DEFAULT_HOST else host).replace(":", "%3A")
    tree = "manifests-v2" if v2 else "manifests"
    return f"{tree}/{host}/{name.namespace}/{name.model}/{name.tag}"


def _old_name(entry: StoredEntry) -> str:
    """Return the name as a server before 0.40 prints it: `ollama.com` was another host for it."""
    foreign = entry.path.startswith("manifests/ollama.com/")
    if not foreign:
        return entry.name
    host, namespace, model, tag = entry.path.split("/")[1:]
    return f"{host}/{namespace}/{model}:{tag}"


def _incomplete(entry: StoredEntry) -> str:
    if entry.dangling:
        return "it is a broken link"
    return "" if entry.selected() else "no model of its list is here"


def size_of(leftovers: Iterable[Leftover]) -> int:
    """Return the bytes that removing `leftovers` gives back."""
    return sum(leftover.frees for leftover in leftovers)


def removable_at_restart(leftovers: Iterable[Leftover], now: float) -> tuple[Leftover, ...]:
    """Return those old enough for a starting server to remove; `now` in Unix seconds."""
    return tuple(leftover for leftover in leftovers if now - leftover.touched > GRACE)
