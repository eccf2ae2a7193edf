"""What a server removes when models are deleted: by name, or one manifest by its digest.

`RemoveNamed` of Ollama's `manifest/manifest.go`: an entry and older ones of its name go, then the
blobs which the entry named and which no entry left keeps. A digest is taken out of every list, and
every name whose manifest has it goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from ollama_tui.domain.storage.contents import Contents, StoredEntry


@dataclass(frozen=True, slots=True)
class Removal:
    """What goes, and what is written in its place."""

    names: frozenset[str] = frozenset()
    """Names that are gone afterwards."""
    changed: frozenset[str] = frozenset()
    """Names that stay with fewer manifests."""
    paths: tuple[str, ...] = ()
    """Files and links that are removed, below the store, sorted."""
    removed: int = 0
    """Bytes of the files removed."""
    added: int = 0
    """Bytes of the lists written anew."""

    @property
    def freed(self) -> int:
        """Bytes that the disk has more afterwards."""
        return self.removed - self.added


def removal(contents: Contents, names: Collection[str], digests: Collection[str] = ()) -> Removal:
    """Return what deleting `names`, and then the manifests of `digests` (64 hex), removes.

    Names that the server does not find stay, and so does all of an entry that it cannot read.
    """
    found = {name: entry for name in names if (entry := contents.entry(name)) is not None}
    files = [entry for name in found for entry in _files_of(contents, name)]
    candidates = frozenset[str]().union(*(entry.blobs for entry in found.values()))
    if digests:
        return _with_digests(contents, found, files, candidates, frozenset(digests))
    gone = [d for d in candidates if contents.users.get(d, _NONE) <= found.keys()]
    return _removal(contents, gone, files, names=frozenset(found))


_NONE = frozenset[str]()


def _with_digests(
    contents: Contents,
    found: Mapping[str, StoredEntry],
    files: list[StoredEntry],
    candidates: frozenset[str],
    digests: frozenset[str],
) -> Removal:
    """Go through all entries as the server does: each may name one of the manifests."""
    kept: set[str] = set()
    gone, changed = set(found), set()
    loose = {*candidates, *digests}
    lists: dict[str, bytes] = {}
    for name, entry in contents.counted.items():
        if name in found or not contents.keeps(entry):
            continue
        loose.update(*(m.blobs for m in entry.manifests if m.digest in digests))
        if entry.list is not None and not digests.isdisjoint(entry.children):
            loose.add(entry.digest)
            files += [e for e in _files_of(contents, name) if not e.is_v2]
            if entry.children <= digests:
                gone.add(name)
                files += [e for e in _files_of(contents, name) if e.is_v2]
                continue
            changed.add(name)
            content = entry.list.without(digests)
            lists[sha256(content).hexdigest()] = content
            kept |= entry.children - digests
            kept.update(*(m.blobs for m in entry.manifests if m.digest not in digests))
        elif entry.digest in digests:
            files.append(entry)
            older = next((e for e in contents.entries_of(name) if e is not entry), None)
            kept |= contents.keeps(older) if older else _NONE
            (changed if older else gone).add(name)
        else:
            kept |= contents.keeps(entry)
    kept |= lists.keys()
    added = sum(len(text) for digest, text in lists.items() if digest not in contents.blobs)
    names, fewer = frozenset(gone), frozenset(changed)
    return _removal(contents, loose - kept, files, names=names, changed=fewer, added=added)


def _files_of(contents: Contents, name: str) -> list[StoredEntry]:
    """Return the files that a deletion by name removes: where the server looks for it."""
    return [entry for entry in contents.entries_of(name) if entry.is_found]


def _removal(
    contents: Contents,
    digests: Iterable[str],
    files: Sequence[StoredEntry],
    *,
    names: frozenset[str],
    changed: frozenset[str] = _NONE,
    added: int = 0,
) -> Removal:
    blobs = [contents.blobs[digest] for digest in digests if digest in contents.blobs]
    paths = [path for blob in blobs for path in blob.paths] + [entry.path for entry in files]
    removed = sum(blob.frees for blob in blobs) + sum(entry.frees for entry in files)
    return Removal(names, changed, tuple(sorted(paths)), removed, added)
