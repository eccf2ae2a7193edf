"""The model store of a server on this machine: where it may be, and what is in it."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ollama_tui.domain import names
from ollama_tui.domain.storage.contents import (
    WEIGHT_TYPES,
    Contents,
    PartialDownload,
    StoredBlob,
    StoredManifest,
)

LARGEST_MANIFEST = 16 * 1024 * 1024
"""Bytes; those of tensor models, the largest there are, have some hundred thousand."""
BLOCK = 512
"""Bytes in which `st_blocks` counts, whatever the file system's own blocks are."""
DEPTH = 4
"""Folders below `manifests`: host, namespace, model; then the tag's file."""

USUAL = (Path("/usr/share/ollama/.ollama/models"), Path("/root/.ollama/models"))
"""The store of the Linux service, and that of the container image."""

_FILE_LINE = re.compile(r"(?:FROM|ADAPTER|DRAFT) (/.*)/blobs/sha256[-:][0-9a-f]{64}\s*")
_HEAD = ("#", "FROM ", "ADAPTER ", "DRAFT ")
_BLOB = re.compile(r"sha256[-:]([0-9a-f]{64})")
"""A digest in a manifest, and the name of its file."""
_PARTIAL = re.compile(r"sha256[-:]([0-9a-f]{64})(?:-partial(?:-\d+)?|\.tmp)")


_Stamp = tuple[int, int, int]
"""Inode, size and time of a file: while they stay the same, so does its content."""
_Found = dict[str, tuple[_Stamp, StoredManifest | None]]
"""Manifests by path; None for those that are damaged."""


class ManifestError(ValueError):
    """A file among the manifests is not a manifest."""


def roots(modelfiles: Iterable[str], environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders that may be a server's store, likeliest first, whether they exist or not.

    `modelfiles` are Modelfiles from show: their first lines name files of the store by absolute
    path.
    """
    found = [path for text in modelfiles for path in named_in(text)]
    if named := environ.get("OLLAMA_MODELS", "").strip().strip("\"'"):
        found.append(Path(named))
    if home := environ.get("HOME", ""):
        found.append(Path(home, ".ollama", "models"))
    return tuple(dict.fromkeys([*found, *USUAL]))


def named_in(modelfile: str) -> Iterator[Path]:
    """Yield the stores that the first lines of a Modelfile name; Windows paths are skipped."""
    for line in modelfile.split("\n"):
        if line.strip() and not line.startswith(_HEAD):
            return  # from here on a prompt may quote anything
        if (match := _FILE_LINE.fullmatch(line)) and "\0" not in match[1]:
            yield Path(match[1])


@dataclass
class ModelStore:
    """Reads one store; after the first time, only the manifests that have changed."""

    root: Path
    _known: _Found = field(default_factory=dict, repr=False)

    def read(self) -> Contents:
        """Return what is there now.

        Damaged manifests and what may not be read are counted. Raises OSError when `manifests` or
        `blobs` itself cannot be listed.
        """
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
            except ManifestError:
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


def _manifest(folder: Path, path: str, info: os.stat_result) -> StoredManifest:
    """Read one manifest; raises ManifestError, InvalidName for what the server ignores, OSError."""
    host, namespace, model, tag = Path(path).relative_to(folder).parts
    name = names.parse(f"{host}/{namespace}/{model}:{tag}")
    if info.st_size > LARGEST_MANIFEST:
        raise ManifestError(path)
    data = Path(path).read_bytes()
    layers = media_types(data)
    return StoredManifest(
        name.display,
        sha256(data).hexdigest(),
        info.st_mtime,
        frozenset(layers),
        frozenset(digest for digest, media_type in layers.items() if media_type in WEIGHT_TYPES),
    )


def media_types(manifest: bytes) -> dict[str, str]:
    """Return the media types that a manifest names, by digest (64 hex); raises ManifestError.

    As in Go, what follows the JSON object is ignored, and null stands for nothing.
    """
    try:
        value, _ = json.JSONDecoder().raw_decode(manifest.decode("utf-8", "replace").lstrip())
    except (ValueError, RecursionError) as error:
        raise ManifestError("no JSON") from error
    if not isinstance(value, dict):
        raise ManifestError("no object")
    layers = value.get("layers") or []
    if not isinstance(layers, list):
        raise ManifestError("layers")
    named = [
        (layer, _BLOB.fullmatch(_digest(layer))) for layer in (value.get("config") or {}, *layers)
    ]
    return {match[1]: str(part.get("mediaType", "")) for part, match in named if match}


def _digest(part: object) -> str:
    digest = (part.get("digest") or "") if isinstance(part, dict) else None
    if not isinstance(digest, str):
        raise ManifestError("digest")
    return digest


def _blobs(
    folder: Path, unseen: list[str]
) -> tuple[dict[str, StoredBlob], tuple[PartialDownload, ...]]:
    """Return blobs and partial downloads; files with other names are ignored."""
    blobs: dict[str, StoredBlob] = {}
    partials: dict[str, PartialDownload] = {}
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
                blobs[whole[1]] = StoredBlob(whole[1], info.st_size, info.st_mtime, linked)
            elif part:
                partials[part[1]] = _added(partials.get(part[1]), part[1], info)
    ordered = sorted(partials.values(), key=lambda one: (-one.size, one.digest))
    return blobs, tuple(ordered)


def _added(before: PartialDownload | None, digest: str, info: os.stat_result) -> PartialDownload:
    """Add one more file to a partial download: the data, or the notes on one of its pieces."""
    size = info.st_blocks * BLOCK
    if before is None:
        return PartialDownload(digest, size, info.st_mtime)
    return PartialDownload(digest, before.size + size, max(before.touched, info.st_mtime))


def _free(folder: Path) -> int | None:
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None
    return disk.f_bavail * disk.f_frsize
