"""What an upgrade to 0.40 left in a store: originals beside converted weights, and backups.

A server that converts a model for llama.cpp keeps the original in a list beside what it has made,
the older entry of the name, and one more entry for what it has made, so that a server before 0.40
still has all of it. The first two are the way back; together they double what the model takes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ollama_tui.domain import names
from ollama_tui.domain.storage.contents import Contents, StoredEntry
from ollama_tui.domain.storage.deletion import removal
from ollama_tui.domain.storage.manifest import GGML, LLAMACPP


@dataclass(frozen=True, slots=True)
class KeptOriginal:
    """The manifest that a model had before its conversion, and that its name still has."""

    digest: str
    """64 hex digits; deleting it takes it out of the list of each of `names`."""
    names: tuple[str, ...]
    """The models it is the original of."""
    freed: int
    """Bytes that deleting it alone gives back."""
    takes: tuple[str, ...] = ()
    """Other models that have this very manifest, and that would be deleted with it."""


@dataclass(frozen=True, slots=True)
class Backup:
    """The entry under which a converting server keeps what it has made."""

    name: str
    """As servers list it, if they do: `llamacpp:` and the digest of its manifest."""
    digest: str
    """64 hex digits."""
    of: str = ""
    """The model whose weights it keeps; empty when that is gone."""

    @property
    def target(self) -> str:
        """The name to delete it by.

        In full: by the short one a server understands the manifest itself, under every name.
        """
        return names.parse(self.name).full


def kept_originals(contents: Contents) -> tuple[KeptOriginal, ...]:
    """Return the originals kept beside converted weights, what frees most first.

    Only where all three entries are there that a conversion leaves: others are lists that somebody
    has made, or pulled.
    """
    found: dict[str, list[str]] = {}
    for name, entry in contents.counted.items():
        by_runner = {manifest.runner: manifest for manifest in entry.manifests}
        original, converted = by_runner.get(GGML), by_runner.get(LLAMACPP)
        if entry.list is None or original is None or converted is None:
            continue
        anchors = [older for older in contents.entries_of(name) if not older.is_v2]
        if anchors and _backup(contents, converted.digest) is not None:
            found.setdefault(original.digest, []).append(name)
    originals = []
    for digest, users in found.items():
        gone = removal(contents, (), (digest,))
        takes = tuple(sorted(gone.names))
        originals.append(KeptOriginal(digest, tuple(sorted(users)), gone.freed, takes))
    return tuple(sorted(originals, key=lambda each: (-each.freed, each.names)))


def backups_of(contents: Contents, chosen: Collection[str]) -> tuple[Backup, ...]:
    """Return the backups that no model is left for once the models called `chosen` are deleted."""
    found = {
        backup.name: backup
        for name in chosen
        if (entry := contents.entry(name)) is not None and not entry.is_shadow
        for manifest in entry.manifests
        if (backup := _backup(contents, manifest.digest, name)) is not None
        and contents.users[manifest.digest] <= {*chosen, backup.name}
    }
    return tuple(found[name] for name in sorted(found))


def lone_backups(contents: Contents) -> tuple[Backup, ...]:
    """Return the backups whose models are gone."""
    return tuple(
        Backup(entry.name, entry.digest)
        for entry in _shadows(contents)
        if contents.users.get(entry.digest, frozenset()) <= {entry.name}
    )


def hidden_entries(contents: Contents) -> tuple[StoredEntry, ...]:
    """Return the entries that no request finds although the server keeps them.

    A newer one of their name is something else, or they are where the server does not look for
    names. The anchors of an upgrade are the same model once more, and are none of these.
    """
    found = [entry for entry in contents.counted.values() if not entry.is_found]
    for entry in contents.hidden:
        newer = contents.counted[entry.name]
        kept = frozenset[str]().union(*(manifest.keeps for manifest in entry.manifests))
        same = entry.digests & newer.digests or newer.digest in kept | entry.digests
        if not same and not newer.dangling and not _unpacked(entry) & _unpacked(newer):
            found.append(entry)
    return tuple(found)


def _unpacked(entry: StoredEntry) -> frozenset[str]:
    return frozenset().union(*(manifest.origins for manifest in entry.manifests))


def _shadows(contents: Contents) -> Iterator[StoredEntry]:
    return (entry for entry in contents.counted.values() if entry.is_shadow)


def _backup(contents: Contents, digest: str, of: str = "") -> Backup | None:
    entry = contents.counted.get(names.SHADOW + digest)
    return Backup(entry.name, digest, of) if entry is not None and entry.is_shadow else None
