"""A model store on disk → `Contents`: tolerant of what is damaged, honest about what is unseen."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ollama_tui.domain import names
from ollama_tui.domain.storage.contents import Blob, Contents, Manifest, Partial

LARGEST_MANIFEST = 16 * 1024 * 1024
"""Bytes; those of tensor models, the largest there are, have some hundred thousand."""
BLOCK = 512
"""Bytes in which `st_blocks` counts, whatever the file system's own blocks are."""
DEPTH = 4
"""Folders below `manifests`: host, namespace, model; then the tag's file."""

_BLOB = re.compile(r"sha256[-:]([0-9a-f]{64})")
_PARTIAL = re.compile(r"sha256[-:]([0-9a-f]{64})(?:-partial(?:-\d+)?|\.tmp)")
_DIGEST = re.compile(r"sha256[-:]([0-9a-f]{64})")


class Damaged(ValueError):  # noqa: N818 - read as a sentence: except Damaged
    """A file among the manifests that is none."""


_Stamp = tuple[int, int, int]
"""Inode, size and time of a file: while they stay, so does what is in it."""
_Found = dict[str, tuple[_Stamp, Manifest | None]]
"""Manifests by path; None for those that are damaged."""


@dataclass
class Reader:
    """Reads one store, and on later times only the manifests that changed since."""

    root: Path
    _known: _Found = field(default_factory=dict, repr=False)

    def read(self) -> Contents:
        """Return what is there now; raises OSError when the folders cannot be listed."""
        unseen: list[str] = []
        found = self._manifests(unseen)
        blobs, partials = _blobs(self.root / "blobs", unseen)
        self._known = found
        folder = self.root / "manifests"
        return Contents(
            root=str(self.root),
            manifests=tuple(m for _, m in found.values() if m is not None),
            blobs=blobs,
            partials=partials,
            damaged=tuple(os.path.relpath(p, folder) for p, (_, m) in found.items() if m is None),
            unseen=len(unseen),
            free=_free(self.root),
        )

    def _manifests(self, unseen: list[str]) -> _Found:
        folder = self.root / "manifests"
        found: _Found = {}
        for path, info in _files(folder, unseen):
            stamp = (info.st_ino, info.st_size, info.st_mtime_ns)
            known = self._known.get(path)
            try:
                if known is None or known[0] != stamp:
                    known = (stamp, _manifest(folder, path, info))
                found[path] = known
            except Damaged:
                found[path] = (stamp, None)
            except (FileNotFoundError, names.InvalidName):
                continue
            except OSError:
                unseen.append(path)
        return found


def _files(folder: Path, unseen: list[str]) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the files exactly `DEPTH` levels below `folder`, as the server finds them.

    Links are followed. Raises OSError when `folder` itself cannot be listed.
    """
    with os.scandir(folder) as entries:
        level = sorted(entry.path for entry in entries)
    for _ in range(DEPTH - 1):
        level = [path for parent in level for path in _listed(parent, unseen)]
    for path in level:
        info = _stat(path, unseen)
        if info is not None and stat.S_ISREG(info.st_mode):
            yield path, info


def _listed(folder: str, unseen: list[str]) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.path for entry in entries)
    except (NotADirectoryError, FileNotFoundError):
        return []
    except OSError:
        unseen.append(folder)
        return []


def _stat(path: str, unseen: list[str]) -> os.stat_result | None:
    """Return what `path` leads to; None when that is nothing, or nothing for us."""
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None
    except OSError:
        unseen.append(path)
        return None


def _manifest(folder: Path, path: str, info: os.stat_result) -> Manifest:
    """Read one manifest; raises Damaged, InvalidName for what the server ignores, OSError."""
    host, namespace, model, tag = Path(path).relative_to(folder).parts
    name = names.parse(f"{host}/{namespace}/{model}:{tag}")
    if info.st_size > LARGEST_MANIFEST:
        raise Damaged(path)
    data = Path(path).read_bytes()
    return Manifest(name.display, sha256(data).hexdigest(), info.st_mtime, digests(data))


def digests(manifest: bytes) -> frozenset[str]:
    """Return the digests (64 hex) that a manifest names; raises Damaged.

    As in Go, what follows the JSON object is ignored, and null stands for nothing.
    """
    try:
        value, _ = json.JSONDecoder().raw_decode(manifest.decode("utf-8", "replace").lstrip())
    except (ValueError, RecursionError) as error:
        raise Damaged("no JSON") from error
    if not isinstance(value, dict):
        raise Damaged("no object")
    parts = [value.get("config") or {}, *_layers(value)]
    named = (_DIGEST.fullmatch(_digest(part)) for part in parts)
    return frozenset(match[1] for match in named if match)


def _layers(manifest: dict[str, object]) -> list[object]:
    layers = manifest.get("layers") or []
    if not isinstance(layers, list):
        raise Damaged("layers")
    return layers


def _digest(part: object) -> str:
    digest = (part.get("digest") or "") if isinstance(part, dict) else None
    if not isinstance(digest, str):
        raise Damaged("digest")
    return digest


def _blobs(folder: Path, unseen: list[str]) -> tuple[dict[str, Blob], tuple[Partial, ...]]:
    """Return blobs and partial downloads; names that are neither are none of the store's."""
    blobs: dict[str, Blob] = {}
    partials: dict[str, Partial] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            whole, part = _BLOB.fullmatch(entry.name), _PARTIAL.fullmatch(entry.name)
            if not (whole or part):
                continue
            info = _stat(entry.path, unseen)
            if info is None or not stat.S_ISREG(info.st_mode):
                continue
            if whole:
                linked = entry.is_symlink() or info.st_nlink > 1
                blobs[whole[1]] = Blob(whole[1], info.st_size, info.st_mtime, linked)
            elif part:
                partials[part[1]] = _added(partials.get(part[1]), part[1], info)
    ordered = sorted(partials.values(), key=lambda one: (-one.size, one.digest))
    return blobs, tuple(ordered)


def _added(before: Partial | None, digest: str, info: os.stat_result) -> Partial:
    """Add one more file to a partial download: the data, or the notes on one of its pieces."""
    size = info.st_blocks * BLOCK
    if before is None:
        return Partial(digest, size, info.st_mtime)
    return Partial(digest, before.size + size, max(before.touched, info.st_mtime))


def _free(folder: Path) -> int | None:
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None
    return disk.f_bavail * disk.f_frsize
