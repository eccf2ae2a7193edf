"""What models take on the server's disk, and what deleting some of them frees.

Where the server's store could be read, amounts are measured. Elsewhere they are estimated from the
API: see `estimate`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from ollama_tui.domain import names
from ollama_tui.domain.model import Model
from ollama_tui.domain.storage.contents import (
    Contents,
    OtherFile,
    PartialDownload,
    StoredBlob,
    StoredEntry,
)
from ollama_tui.domain.storage.deletion import Removal, removal
from ollama_tui.domain.storage.estimate import StoragePart, estimated_parts
from ollama_tui.domain.storage.upgrade import (
    Backup,
    KeptOriginal,
    backups_of,
    hidden_entries,
    kept_originals,
    lone_backups,
)
from ollama_tui.formatting import inert, plural, size

T = TypeVar("T")
SAME_TIME = 2.0
"""Seconds by which file systems may round a time."""
INSIGNIFICANT_BYTES = 1_000_000
"""Sharing of smaller blobs (licenses, templates) is not reported; that of weights always is."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Bytes, and whether they are estimated."""

    bytes: int
    estimated: bool = False

    def __str__(self) -> str:
        return f"about {size(self.bytes)}" if self.estimated else size(self.bytes)


@dataclass(frozen=True, slots=True)
class SharedData:
    """Data that the same names share; it is freed when the last of them is deleted."""

    names: tuple[str, ...]
    amount: Amount
    digest: str
    """Of the biggest blob among it, or of the manifest that the names have in common."""
    is_significant: bool = True
    """Whether it is more than licenses and templates."""


@dataclass(frozen=True)
class Usage:
    """What a list of models takes; names that are not in it count as nothing."""

    models: tuple[Model, ...]
    contents: Contents | None = None
    """The server's store, if it could be read; without it amounts are estimated."""

    @property
    def exact(self) -> bool:
        """Whether amounts are right to the byte: every manifest of the store could be read."""
        return self.contents is not None and not self.contents.unseen

    @property
    def source(self) -> str:
        """Where this is from, as a sentence."""
        if self.contents is None:
            return "Estimated from what the server reports: its files cannot be read from here."
        root = inert(self.contents.root)
        if self.contents.unseen:
            some = plural(self.contents.unseen, "file or folder", "files or folders")
            return f"Read in {root}, but {some} there may not be read, so amounts are rough."
        return f"Measured in {root}."

    @cached_property
    def total(self) -> int:
        """Bytes of all models as the server counts them: shared ones every time."""
        return sum([max(0, model.size) for model in self.models if not model.is_cloud])

    def count(self) -> None:
        """Find out what the other methods look up: with many models it takes a while."""
        _ = self.total, self.unique, self._shares, self._by_manifest, self._manifests

    @cached_property
    def unknown(self) -> tuple[str, ...]:
        """Names of models that may share what is not known yet; none when the store was read."""
        if self.contents is not None:
            return ()
        return tuple([m.name for m in self.models if m.facts is None and not m.is_cloud])

    @cached_property
    def unique(self) -> Amount:
        """Bytes the models take, shared ones once."""
        used = sum(part.size for part in self._parts)
        return Amount(used, self._estimates(used))

    @cached_property
    def shared(self) -> tuple[SharedData, ...]:
        """What is shared, all that the same names share as one, the biggest first."""
        by_users: dict[frozenset[str], list[StoragePart]] = {}
        for part in self._parts:
            if len(part.users) > 1 and part.size:
                by_users.setdefault(part.users, []).append(part)
        groups = [
            SharedData(
                tuple(sorted(users)),
                Amount(sum(p.size for p in parts), any(p.estimated for p in parts)),
                max(parts, key=lambda part: (part.size, part.digest)).digest,
                any(part.is_significant for part in parts),
            )
            for users, parts in by_users.items()
        ]
        return tuple(sorted(groups, key=lambda group: (-group.amount.bytes, group.names)))

    @cached_property
    def shared_by_models(self) -> int:
        """Bytes that more than one model uses; what a model shares with its backup is its own."""
        return sum(part.size for part in self._parts if _is_of_several(part))

    @property
    def orphans(self) -> tuple[StoredBlob, ...] | None:
        """Blobs that no model uses, the biggest first; None when that cannot be known.

        A manifest that cannot be read may name any of them.
        """
        if self.contents is None or self.contents.unseen or self.contents.has_damage:
            return None
        return self.contents.orphans

    @property
    def partials(self) -> tuple[PartialDownload, ...] | None:
        """Unfinished downloads, the biggest first; None when that cannot be known."""
        return self.contents.partials if self.contents else None

    @property
    def others(self) -> tuple[OtherFile, ...]:
        """Files that are neither blobs nor downloads, and that a start of the server removes."""
        return self.contents.others if self.contents else ()

    @property
    def obstacles(self) -> Mapping[str, str]:
        """Why a starting server removes nothing: half a sentence by the path at fault."""
        return self.contents.obstacles if self.contents else {}

    @property
    def unprotected(self) -> Mapping[str, str]:
        """Names whose data nothing keeps although they can still be used, by digest of the blob."""
        return self.contents.unprotected if self.contents else {}

    @cached_property
    def originals(self) -> tuple[KeptOriginal, ...]:
        """Originals kept beside converted weights; those that other models are, are left out."""
        found = kept_originals(self.contents) if self.contents else ()
        return tuple(original for original in found if not original.takes)

    @cached_property
    def originals_freed(self) -> Amount:
        """What deleting all of `originals` frees together."""
        return self.freed((), [original.digest for original in self.originals])

    @cached_property
    def lone_backups(self) -> tuple[Backup, ...]:
        """Backups of converted models that were deleted."""
        return lone_backups(self.contents) if self.contents else ()

    def backups_of(self, names: Collection[str]) -> tuple[Backup, ...]:
        """Return the backups that keep data of the models called `names` when those are deleted."""
        return backups_of(self.contents, names) if self.contents else ()

    @cached_property
    def unlisted(self) -> tuple[str, ...]:
        """Names that the server finds and does not list, as something of them is missing."""
        if self.contents is None:
            return ()
        listed = self.contents.listed().keys() | {model.name for model in self.models}
        return tuple(
            name
            for name in self.contents.counted
            if name not in listed
            and (entry := self.contents.entry(name)) is not None
            and entry.manifests
            and not entry.is_shadow
            and name not in self.unprotected.values()
        )

    @cached_property
    def hidden(self) -> tuple[StoredEntry, ...]:
        """Entries that nothing finds because a newer one of their name is something else."""
        return hidden_entries(self.contents) if self.contents else ()

    @property
    def free(self) -> int | None:
        """Bytes left on the disk of the store; None when that cannot be known."""
        return self.contents.free if self.contents else None

    @property
    def capacity(self) -> int | None:
        """Bytes of the disk of the store; None when that cannot be known."""
        return self.contents.capacity if self.contents else None

    def freed(self, names: Collection[str], digests: Collection[str] = ()) -> Amount:
        """Return what deleting the models called `names` gives back: what only they use.

        `digests` are those of single manifests that are deleted under whatever names they are.
        """
        if self.contents is not None:
            return Amount(removal(self.contents, names, digests).freed, bool(self.contents.unseen))
        chosen = frozenset(names)
        keys = {key for name in chosen for key in self._manifests.get(name, ())}
        gone = {key for key in keys if chosen.issuperset(self._names[key])} | {*digests}
        parts = {p for key in gone for p in self._by_manifest.get(key, ())}
        freed = sum(part.size for part in parts if gone.issuperset(part.manifests))
        return Amount(freed, any(p.estimated for p in parts) or self._estimates(freed))

    def removal(self, names: Collection[str], digests: Collection[str] = ()) -> Removal | None:
        """Return the names and files that such a deletion removes; None when it is an estimate."""
        return None if self.contents is None else removal(self.contents, names, digests)

    def significantly_shared(self, name: str) -> int:
        """Return the bytes that a model shares with others, licenses and templates aside."""
        return sum(p.size for p in self._parts_of((name,)) if p.is_significant and len(p.users) > 1)

    def shared_only_by(self, names: Collection[str]) -> int:
        """Return the bytes that only the models called `names` share: gone when all of them are."""
        parts = self._parts_of(names)
        return sum(p.size for p in parts if p.users.issubset(names) and _is_of_several(p))

    def taken_by(self, names: Collection[str]) -> int:
        """Return the bytes that the models called `names` take together, shared weights once.

        A single model takes what the list says, without an original that an upgrade has kept, and
        one in the cloud takes nothing. It is asked for with every letter of a filter, so small
        parts that many models have, such as licenses, are not looked for: each counts them.
        """
        own, shared = self._shares
        taken = {part for name in shared.keys() & names for part in shared[name]}
        return sum([own[n] for n in own.keys() & names]) + sum([part.size for part in taken])

    @cached_property
    def _shares(self) -> tuple[dict[str, int], dict[str, list[StoragePart]]]:
        """By name: the bytes of what is its own or small, and what else it shares."""
        own: dict[str, int] = {}
        shared: dict[str, list[StoragePart]] = {}
        for model in self.models:
            own[model.name] = own.get(model.name, 0) + (0 if model.is_cloud else model.size)
        for name, size_listed in own.items():
            parts = self._by_name.get(name, ())
            large = [p for p in parts if p.is_significant and _is_of_several(p)]
            if large:
                shared[name] = large
                own[name] = max(0, size_listed - sum(p.size for p in large))
        return own, shared

    def shared_by(self, names: Collection[str]) -> Amount:
        """Return the bytes that all of the models called `names` use."""
        parts = [part for part in self._parts_of(names) if part.users.issuperset(names)]
        return Amount(sum(part.size for part in parts), any(part.estimated for part in parts))

    def kept_for(self, names: Collection[str]) -> tuple[str, ...]:
        """Return the models that stay and keep data of `names` from being freed."""
        users = (part.users for part in self._parts_of(names) if part.is_significant)
        return tuple(sorted(frozenset[str]().union(*users).difference(names)))

    def _parts_of(self, names: Collection[str]) -> frozenset[StoragePart]:
        return frozenset().union(*(self._by_name.get(name, ()) for name in names))

    @cached_property
    def _by_name(self) -> dict[str, tuple[StoragePart, ...]]:
        return _grouped((name, part) for part in self._parts for name in part.users)

    @cached_property
    def _by_manifest(self) -> dict[str, tuple[StoragePart, ...]]:
        return _grouped((key, part) for part in self._parts for key in part.manifests)

    @cached_property
    def _names(self) -> dict[str, tuple[str, ...]]:
        """The names of each manifest, by `details_key`."""
        return _grouped((m.details_key, m.name) for m in self.models if not m.is_cloud)

    @cached_property
    def _manifests(self) -> dict[str, tuple[str, ...]]:
        """The manifests of each name: `_names` the other way round."""
        return _grouped((name, key) for key, users in self._names.items() for name in users)

    @cached_property
    def _parts(self) -> tuple[StoragePart, ...]:
        return tuple(
            estimated_parts(self.models) if self.contents is None else _measured(self.contents)
        )

    def _estimates(self, amount: int) -> bool:
        """Whether `amount` may be wrong by the small things that models share."""
        if self.contents is not None:
            return bool(self.contents.unseen)
        return bool(amount) and (len(self._parts) > 1 or bool(self.unknown))


def _grouped(pairs: Iterable[tuple[str, T]]) -> dict[str, tuple[T, ...]]:
    """Return the values of each key.

    Nearly every key has one: a tuple takes a quarter of what a list or a set does.
    """
    groups: dict[str, tuple[T, ...]] = {}
    several: dict[str, list[T]] = {}
    for key, value in pairs:
        if key not in groups:
            groups[key] = (value,)
        else:
            several.setdefault(key, list(groups[key])).append(value)
    for key, values in several.items():
        groups[key] = tuple(values)
    return groups


def _is_of_several(part: StoragePart) -> bool:
    """Whether more than one model uses it, and not only a model and its backup."""
    if len(part.users) < 2:
        return False
    return sum(not names.is_shadow(name, name.rpartition(":")[2]) for name in part.users) > 1


def _measured(contents: Contents) -> Iterator[StoragePart]:
    """Yield a part for each blob that an entry keeps, and one for the entry files of each name."""
    weights = frozenset[str]().union(*(entry.weights for entry in contents.entries))
    rough = bool(contents.unseen)
    for digest, users in contents.users.items():
        frees = contents.blobs[digest].frees if digest in contents.blobs else 0
        yield StoragePart(
            digest, frees, users, digest in weights or frees >= INSIGNIFICANT_BYTES, rough
        )
    for name in contents.counted:
        if files := sum(entry.frees for entry in contents.entries_of(name)):
            yield StoragePart(f"entries of {name}", files, frozenset((name,)), False, rough)


def store_of(contents: Contents, models: Sequence[Model]) -> Contents | None:
    """Return `contents` as the server behind this list sees it; None when it is another's.

    A server before 0.40 sees less of the same folder. Of the ways of seeing it that explain the
    list, the one in which least is there that is not listed is right.
    """
    ways = [way for way in (contents, contents.for_old_server) if belongs(way, models)]
    names = {model.name for model in models}
    return min(ways, key=lambda way: len(way.listed().keys() - names), default=None)


def belongs(contents: Contents, models: Sequence[Model]) -> bool:
    """Whether `contents` is the store behind this list: every name, digest and time is there.

    An empty list proves nothing. Times tell a store from its copy at the end of a tunnel: that of
    the entry itself, or of what it links to.
    """
    for model in models:
        entry, modified = contents.counted.get(model.name), model.listed.modified_at
        if entry is None or model.digest not in entry.digests:
            return False
        times = (entry.modified, entry.touched)
        if modified is not None and not any(
            abs(modified.timestamp() - time) <= SAME_TIME for time in times
        ):
            return False
    return bool(models)
