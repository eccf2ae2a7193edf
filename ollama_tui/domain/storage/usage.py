"""What models take on the server's disk, and what deleting some of them frees.

Where the server's store could be read, amounts are measured. Elsewhere they are estimated from the
API, which tells the size of each model and, in its details, the digests of the big blobs, but not
their sizes. Names with the same manifest digest are one model. Of models that share a blob, the
smallest bounds the blob's size; what the others are larger by is theirs alone. Weights beside a
projector or an adapter get the size that types and shapes of their tensors give. Licenses and
templates that models share cannot be told apart, so only a single model's size is exact.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ollama_tui.domain.model import Model
from ollama_tui.domain.storage.contents import Contents, PartialDownload, StoredBlob
from ollama_tui.formatting import inert, plural, size

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
class StoragePart:
    """Bytes that are freed together: a blob, or what a model has besides its shared blobs."""

    digest: str
    """Of the blob or the manifest."""
    size: int
    users: frozenset[str]
    """Names of the models that need it."""
    is_significant: bool = True
    """Whether sharing it is worth reporting."""
    estimated: bool = False


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
            return "Estimated from what the server tells: its files cannot be read from here."
        root = inert(self.contents.root)
        if self.contents.unseen:
            some = plural(self.contents.unseen, "file or folder", "files or folders")
            return f"Read in {root}, but {some} there may not be read, so amounts are rough."
        return f"Measured in {root}."

    @cached_property
    def total(self) -> int:
        """Bytes of all models as the server counts them: shared ones every time."""
        return sum([max(0, model.size) for model in self.models if not model.is_cloud])

    @property
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

    @property
    def orphans(self) -> tuple[StoredBlob, ...] | None:
        """Blobs that no model uses, the biggest first; None when that cannot be known.

        A manifest that cannot be read may name any of them.
        """
        if self.contents is None or self.contents.damaged or self.contents.unseen:
            return None
        return self.contents.orphans

    @property
    def partials(self) -> tuple[PartialDownload, ...] | None:
        """Unfinished downloads, the biggest first; None when that cannot be known."""
        return self.contents.partials if self.contents else None

    @property
    def damaged(self) -> tuple[str, ...]:
        """Paths of manifests that no server can read."""
        return self.contents.damaged if self.contents else ()

    @property
    def free(self) -> int | None:
        """Bytes left on the disk of the store; None when that cannot be known."""
        return self.contents.free if self.contents else None

    def freed(self, names: Collection[str]) -> Amount:
        """Return what deleting the models called `names` gives back: what only they use."""
        chosen = frozenset(names)
        parts = self._parts_of(chosen)
        freed = sum(part.size for part in parts if part.users <= chosen)
        return Amount(freed, any(p.estimated for p in parts) or self._estimates(freed))

    def significantly_shared(self, name: str) -> int:
        """Return the bytes that a model shares with others, licenses and templates aside."""
        return sum(p.size for p in self._parts_of((name,)) if p.is_significant and len(p.users) > 1)

    def kept_for(self, names: Collection[str]) -> tuple[str, ...]:
        """Return the models that stay and keep data of `names` from being freed."""
        users = (part.users for part in self._parts_of(names) if part.is_significant)
        return tuple(sorted(frozenset[str]().union(*users).difference(names)))

    def _parts_of(self, names: Collection[str]) -> frozenset[StoragePart]:
        return frozenset().union(*(self._by_name.get(name, ()) for name in names))

    @cached_property
    def _by_name(self) -> dict[str, list[StoragePart]]:
        by_name: dict[str, list[StoragePart]] = {}
        for part in self._parts:
            for name in part.users:
                by_name.setdefault(name, []).append(part)
        return by_name

    @cached_property
    def _parts(self) -> tuple[StoragePart, ...]:
        return tuple(_estimated(self.models) if self.contents is None else _measured(self.contents))

    def _estimates(self, amount: int) -> bool:
        """Whether `amount` may be wrong by the small things that models share."""
        if self.contents is not None:
            return bool(self.contents.unseen)
        return bool(amount) and (len(self._parts) > 1 or bool(self.unknown))


def _measured(contents: Contents) -> Iterator[StoragePart]:
    """Yield a part for each blob that a manifest names."""
    weights = frozenset[str]().union(*(manifest.weights for manifest in contents.manifests))
    rough = bool(contents.unseen)
    for digest, users in contents.users.items():
        frees = contents.blobs[digest].frees if digest in contents.blobs else 0
        yield StoragePart(
            digest, frees, users, digest in weights or frees >= INSIGNIFICANT_BYTES, rough
        )


@dataclass(slots=True)
class _Content:
    """What one manifest digest stands for, under one name or several."""

    models: list[Model]
    blobs: tuple[str, ...]
    size: int


def _estimated(models: Iterable[Model]) -> Iterator[StoragePart]:
    """Yield what each manifest has for itself, and the blobs that several share."""
    sizes: dict[str, int] = {}
    users: dict[str, list[_Content]] = {}
    by_digest: dict[str, list[Model]] = {}
    for model in models:
        if not model.is_cloud:
            by_digest.setdefault(model.details_key, []).append(model)
    contents = [
        _Content(same, same[0].facts.blobs if same[0].facts else (), max(0, same[0].size))
        for same in by_digest.values()
    ]
    # The smallest first, as it bounds the sizes of its blobs.
    contents.sort(key=lambda content: (content.size, content.models[0].name))
    rests = [_assign_blob_sizes(content, sizes) for content in contents]
    for content in contents:
        for digest in content.blobs:
            users.setdefault(digest, []).append(content)
    for content, rest in zip(contents, rests, strict=True):
        own = [digest for digest in content.blobs if len(users[digest]) == 1]
        size = rest + sum(sizes[digest] for digest in own)
        names = frozenset(model.name for model in content.models)
        shares = len(own) < len(content.blobs)
        yield StoragePart(content.models[0].digest, size, names, estimated=bool(size and shares))
    for digest, using in users.items():
        if len(using) > 1:
            names = frozenset(model.name for content in using for model in content.models)
            yield StoragePart(digest, sizes[digest], names, estimated=sizes[digest] > 0)


def _assign_blob_sizes(content: _Content, sizes: dict[str, int]) -> int:
    """Add the sizes of blobs seen for the first time; return the bytes that belong to no blob.

    Of models that share a blob the smallest bounds its size, so they come in that order.
    """
    rest = max(0, content.size - sum(sizes.get(digest, 0) for digest in content.blobs))
    fresh = [digest for digest in content.blobs if digest not in sizes]
    facts = content.models[0].facts
    for number, digest in enumerate(fresh, 1):
        takes = rest  # where no size is known, the first blob takes it all
        if number < len(fresh) and facts and facts.weight_bytes and digest == facts.weights:
            takes = min(rest, facts.weight_bytes)
        sizes[digest] = takes
        rest -= takes
    return rest


def belongs(contents: Contents, models: Sequence[Model]) -> bool:
    """Whether `contents` is the store behind this list: every name, digest and time is there.

    An empty list proves nothing. Times tell a store from its copy at the end of a tunnel.
    """
    stored = {manifest.name: manifest for manifest in contents.manifests}
    for model in models:
        manifest, modified = stored.get(model.name), model.listed.modified_at
        if manifest is None or manifest.digest != model.digest:
            return False
        if modified is not None and abs(modified.timestamp() - manifest.modified) > SAME_TIME:
            return False
    return bool(models)
