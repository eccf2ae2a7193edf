"""What the models take on the disk, and what deleting some of them frees, from the API alone.

A server tells the whole size of each model and, in its details, the digests of the big blobs, but
not their sizes. Names with one manifest digest are one thing. Of the others, those that share a
blob are laid over each other: the smallest tells how big the shared part is, the rest is theirs.
Of weights beside a projector or an adapter, types and shapes of the tensors tell the size.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ollama_tui.domain.model import Model


@dataclass(frozen=True, slots=True)
class Amount:
    """Bytes, and whether they are only about right."""

    bytes: int
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Models that share a blob; the part they share counts once."""

    digest: str
    models: tuple[Model, ...]
    shared: Amount


@dataclass(slots=True)
class _Manifest:
    """One content, under one name or several."""

    models: list[Model]
    blobs: tuple[str, ...]
    size: int
    is_known: bool
    """Whether we know what it may share: not so for details never seen, and safetensors."""
    own: int = 0
    """Bytes that no other manifest uses, as far as we can tell."""


@dataclass(slots=True)
class _Blob:
    size: int
    users: list[_Manifest]


@dataclass(slots=True)
class _Store:
    manifests: list[_Manifest]
    blobs: dict[str, _Blob]

    @property
    def is_known(self) -> bool:
        return all(manifest.is_known for manifest in self.manifests)


def total(models: Iterable[Model]) -> int:
    """Return the bytes of all models as the server counts them: shared ones every time."""
    return sum(max(0, model.size) for model in models if not model.is_cloud)


def unknown(models: Iterable[Model]) -> int:
    """Return of how many models nobody has learned yet which blobs they are made of."""
    return sum(model.facts is None and not model.is_cloud for model in models)


def unique(models: Iterable[Model]) -> Amount:
    """Return the bytes really used by all models: shared ones once."""
    store = _store(models)
    used = sum(m.own for m in store.manifests) + sum(b.size for b in store.blobs.values())
    shares = any(len(blob.users) > 1 for blob in store.blobs.values())
    return Amount(used, shares or not store.is_known)


def freed(models: Iterable[Model], chosen: Collection[str]) -> Amount:
    """Return the bytes that deleting the models named in `chosen` frees."""
    store = _store(models)
    gone = {id(m): m for m in store.manifests if all(n.name in chosen for n in m.models)}
    touched = {digest for manifest in gone.values() if manifest.size for digest in manifest.blobs}
    blobs = [store.blobs[digest] for digest in touched]
    alone = [blob for blob in blobs if all(id(user) in gone for user in blob.users)]
    size = sum(manifest.own for manifest in gone.values()) + sum(blob.size for blob in alone)
    unsure = any(manifest.size for manifest in gone.values()) and not store.is_known
    return Amount(size, unsure or len(alone) < len(blobs))


def alone(models: Iterable[Model]) -> dict[str, Amount]:
    """Return for each name what deleting it alone frees: `freed` for all of them at once."""
    store = _store(models)
    return {
        model.name: _alone(manifest, store)
        for manifest in store.manifests
        for model in manifest.models
    }


def _alone(manifest: _Manifest, store: _Store) -> Amount:
    if len(manifest.models) > 1 or not manifest.size:
        return Amount(0)
    blobs = [store.blobs[digest] for digest in manifest.blobs]
    own = [blob.size for blob in blobs if len(blob.users) == 1]
    return Amount(manifest.own + sum(own), len(own) < len(blobs) or not store.is_known)


def kept_for(models: Iterable[Model], chosen: Collection[str]) -> tuple[str, ...]:
    """Return the names of models that stay and keep data of those in `chosen` from being freed."""
    store = _store(models)
    touched = [m for m in store.manifests if any(n.name in chosen for n in m.models)]
    shared = {blob for manifest in touched for blob in manifest.blobs}
    ids = set(map(id, touched))
    return tuple(
        model.name
        for manifest in store.manifests
        if id(manifest) in ids or not shared.isdisjoint(manifest.blobs)
        for model in manifest.models
        if model.name not in chosen
    )


def groups(models: Iterable[Model]) -> tuple[Group, ...]:
    """Return the blobs and whole contents that several models share, the biggest first."""
    store = _store(models)
    found = [
        Group(digest, tuple(m for u in blob.users for m in u.models), Amount(blob.size, True))
        for digest, blob in store.blobs.items()
        if len(blob.users) > 1 and blob.size
    ]
    found += [
        Group(m.models[0].digest, tuple(m.models), Amount(m.size))
        for m in store.manifests
        if len(m.models) > 1 and m.size and not any(len(store.blobs[b].users) > 1 for b in m.blobs)
    ]
    return tuple(sorted(found, key=lambda g: (-g.shared.bytes, g.models[0].name, g.digest)))


def _store(models: Iterable[Model]) -> _Store:
    """Lay the models over each other, the smallest first: it tells the sizes of its blobs."""
    by_digest: dict[str, list[Model]] = {}
    for model in models:
        by_digest.setdefault(model.listed.digest or f"name:{model.name}", []).append(model)
    manifests = sorted(map(_manifest, by_digest.values()), key=lambda m: (m.size, m.models[0].name))
    blobs: dict[str, _Blob] = {}
    for manifest in manifests:
        _lay(manifest, blobs)
    return _Store(manifests, blobs)


def _manifest(models: list[Model]) -> _Manifest:
    first = models[0]
    blobs = first.facts.blobs if first.facts else ()
    is_cloud = first.is_cloud
    return _Manifest(
        models, blobs, 0 if is_cloud else max(0, first.size), is_known=is_cloud or bool(blobs)
    )


def _lay(manifest: _Manifest, blobs: dict[str, _Blob]) -> None:
    """Give what the manifest adds to its blobs not seen before, or else to itself alone."""
    rest = max(0, manifest.size - sum(blobs[d].size for d in manifest.blobs if d in blobs))
    fresh = [digest for digest in manifest.blobs if digest not in blobs]
    for number, digest in enumerate(fresh, 1):
        size = _share(manifest, digest, rest) if number < len(fresh) else rest
        blobs[digest] = _Blob(size, [])
        rest -= size
    manifest.own = rest
    for digest in manifest.blobs:
        blobs[digest].users.append(manifest)


def _share(manifest: _Manifest, digest: str, rest: int) -> int:
    """Return what a blob takes of the bytes it shares with further ones: all that is not known."""
    facts = manifest.models[0].facts
    if facts and facts.weight_bytes and digest == facts.weights:
        return min(rest, facts.weight_bytes)
    return rest
