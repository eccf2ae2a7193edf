"""What the disk is spent on: measured in the server's store, or estimated from its API.

Both answer the same questions; `exact` says which of the two it is and `source` says it in words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from ollama_tui.domain.model import Model
from ollama_tui.domain.storage import estimate as space
from ollama_tui.domain.storage.contents import Blob, Contents, Manifest, Partial
from ollama_tui.domain.storage.estimate import Amount
from ollama_tui.formatting import inert, plural

GRACE = 3600.0
"""Seconds a server leaves loose blobs and partial downloads alone when it starts."""
SAME_TIME = 2.0
"""Seconds by which file systems may round a time."""

Leftover = Blob | Partial


@dataclass(frozen=True, slots=True)
class Shared:
    """Data that several names share; it is freed when the last of them goes."""

    names: tuple[str, ...]
    amount: Amount
    digest: str
    """Of the biggest blob among it, or of the manifest they have in common."""


class Usage(Protocol):
    """The answers; amounts of names that are not there count as nothing."""

    @property
    def exact(self) -> bool:
        """Whether amounts are right to the byte."""

    @property
    def source(self) -> str:
        """Where this is from, as a sentence."""

    @property
    def total(self) -> int:
        """Bytes of all models as the server counts them: shared ones every time."""

    @property
    def unique(self) -> Amount:
        """Bytes the models really take."""

    @property
    def unknown(self) -> int:
        """Models of which it is not known what they share."""

    @property
    def groups(self) -> tuple[Shared, ...]:
        """What is shared, the biggest first."""

    @property
    def orphans(self) -> tuple[Blob, ...] | None:
        """Blobs no model uses, the biggest first; None when that cannot be known."""

    @property
    def partials(self) -> tuple[Partial, ...] | None:
        """Unfinished downloads, the biggest first; None when that cannot be known."""

    @property
    def damaged(self) -> tuple[str, ...]:
        """Paths of manifests that no server can read."""

    @property
    def free(self) -> int | None:
        """Bytes left on the disk of the store; None when that cannot be known."""

    def freed(self, names: Collection[str]) -> Amount:
        """Return the bytes that deleting the models called `names` gives back."""

    def alone(self, name: str) -> Amount:
        """Return what one model alone costs, which deleting it gives back."""

    def kept_for(self, names: Collection[str]) -> tuple[str, ...]:
        """Return the models that stay and keep data of `names` from being freed."""


@dataclass(frozen=True)
class Estimated:
    """What the API tells, which is no more than sizes and the digests of big blobs."""

    models: tuple[Model, ...]
    exact = False
    orphans = None
    partials = None
    damaged: tuple[str, ...] = ()
    free = None
    source = "Estimated from what the server tells: its files cannot be read from here."

    @cached_property
    def total(self) -> int:
        """Bytes of all models as the server counts them."""
        return space.total(self.models)

    @cached_property
    def unique(self) -> Amount:
        """Bytes the models take, shared ones once."""
        return space.unique(self.models)

    @cached_property
    def unknown(self) -> int:
        """Models not looked into yet, and those that could not be."""
        return space.unknown(self.models)

    @cached_property
    def groups(self) -> tuple[Shared, ...]:
        """What is known to be shared."""
        return tuple(
            Shared(tuple(sorted(m.name for m in group.models)), group.shared, group.digest)
            for group in space.groups(self.models)
        )

    def freed(self, names: Collection[str]) -> Amount:
        """Return about what deleting `names` gives back."""
        return space.freed(self.models, names)

    def alone(self, name: str) -> Amount:
        """Return about what deleting one model gives back."""
        return self._alone.get(name, Amount(0))

    @cached_property
    def _alone(self) -> dict[str, Amount]:
        return space.alone(self.models)

    def kept_for(self, names: Collection[str]) -> tuple[str, ...]:
        """Return the models that keep data of `names`."""
        return space.kept_for(self.models, names)


@dataclass(frozen=True)
class Measured:
    """What was read in the server's own store, right to the byte."""

    models: tuple[Model, ...]
    contents: Contents
    unknown = 0

    @property
    def exact(self) -> bool:
        """Whether every manifest could be read that the server can read."""
        return not self.contents.unseen

    @property
    def source(self) -> str:
        """Where it was read, and what was not."""
        root = inert(self.contents.root)
        if not self.exact:
            some = plural(self.contents.unseen, "file or folder", "files or folders")
            return f"Read in {root}, but {some} there may not be read, so amounts are rough."
        return f"Measured in {root}."

    @cached_property
    def total(self) -> int:
        """Bytes of all models as the server counts them."""
        return space.total(self.models)

    @cached_property
    def unique(self) -> Amount:
        """Bytes of all blobs in use."""
        return self._amount(self.contents.users)

    @cached_property
    def groups(self) -> tuple[Shared, ...]:
        """What is shared, all that the same names share as one."""
        by_users: dict[frozenset[str], list[str]] = {}
        for digest, users in self.contents.users.items():
            if len(users) > 1:
                by_users.setdefault(users, []).append(digest)
        groups = [self._shared(users, digests) for users, digests in by_users.items()]
        found = [group for group in groups if group.amount.bytes]
        return tuple(sorted(found, key=lambda group: (-group.amount.bytes, group.names)))

    def _shared(self, users: frozenset[str], digests: list[str]) -> Shared:
        biggest = max(sorted(digests), key=self._size)
        return Shared(tuple(sorted(users)), self._amount(digests), biggest)

    @property
    def orphans(self) -> tuple[Blob, ...] | None:
        """Blobs no manifest names; None while some manifest is unreadable: it may name them."""
        known = not (self.contents.damaged or self.contents.unseen)
        return self.contents.orphans if known else None

    @property
    def partials(self) -> tuple[Partial, ...]:
        """Unfinished downloads."""
        return self.contents.partials

    @property
    def damaged(self) -> tuple[str, ...]:
        """Paths of manifests that are none."""
        return self.contents.damaged

    @property
    def free(self) -> int | None:
        """Bytes left on the disk."""
        return self.contents.free

    def freed(self, names: Collection[str]) -> Amount:
        """Return what deleting `names` gives back: blobs that only they use."""
        chosen = frozenset(names)
        return self._amount(
            digest for digest in self._blobs_of(chosen) if self.contents.users[digest] <= chosen
        )

    def alone(self, name: str) -> Amount:
        """Return what deleting one model gives back."""
        return self.freed((name,))

    def kept_for(self, names: Collection[str]) -> tuple[str, ...]:
        """Return the models that use data of `names`, small things aside."""
        chosen = frozenset(names)
        users = (self.contents.users[d] for d in self._blobs_of(chosen) if self._size(d) >= WORTH)
        return tuple(sorted(frozenset().union(*users) - chosen))

    def _blobs_of(self, names: frozenset[str]) -> frozenset[str]:
        found = (self._by_name[name].blobs for name in names if name in self._by_name)
        return frozenset().union(*found)

    @cached_property
    def _by_name(self) -> dict[str, Manifest]:
        return {manifest.name: manifest for manifest in self.contents.manifests}

    def _size(self, digest: str) -> int:
        blob = self.contents.blobs.get(digest)
        return blob.frees if blob else 0

    def _amount(self, digests: Iterable[str]) -> Amount:
        return Amount(sum(map(self._size, digests)), estimated=not self.exact)


WORTH = 1_000_000
"""Bytes below which sharing is not worth a word: licenses, templates, parameters."""


def belongs(contents: Contents, models: Sequence[Model]) -> bool:
    """Whether `contents` is the store behind this list: every name, digest and time is there.

    An empty list proves nothing. Times tell a store from its copy at the end of a tunnel.
    """
    stored = {manifest.name: manifest for manifest in contents.manifests}
    return bool(models) and all(
        (manifest := stored.get(model.name)) is not None and _is_of(manifest, model)
        for model in models
    )


def _is_of(manifest: Manifest, model: Model) -> bool:
    modified = model.listed.modified_at
    same_time = modified is None or abs(modified.timestamp() - manifest.modified) <= SAME_TIME
    return manifest.digest == model.digest and same_time


def size_of(leftovers: Iterable[Leftover]) -> int:
    """Return the bytes these take together."""
    return sum(one.frees if isinstance(one, Blob) else one.size for one in leftovers)


def settled(leftovers: Iterable[Leftover], now: float) -> tuple[Leftover, ...]:
    """Return those old enough for a starting server to remove; `now` in Unix seconds."""
    return tuple(one for one in leftovers if now - one.touched > GRACE)
