"""The files of a model store: those in the trees of names, the blobs, and what is left over.

Paths are relative to the store and have `/` between their parts, whatever the machine.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ollama_tui.domain.storage.contents import OtherFile, PartialDownload, StoredBlob

DEPTH = 4
"""Folders below a tree: host, namespace, model; then the tag's file."""
BLOCK = 512
"""Bytes in which `st_blocks` counts, whatever the file system's own blocks are."""
BLOB_NAME = re.compile(r"sha256[-:]([0-9a-f]{64})")

_ANY_CASE = re.compile(r"sha256[-:][0-9a-fA-F]{64}")
_PARTIAL = re.compile(r"sha256[-:]([0-9a-f]{64})(?:-partial(?:-\d+)?|\.tmp)")
_METADATA = re.compile(r"sha256-([0-9a-f]{64})\.json")

Inode = tuple[int, int]
"""Device and inode of a file: what its names have in common."""


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file or link in a tree, at the depth of a tag."""

    path: str
    """Below the store."""
    info: os.stat_result
    """Of the file or link itself."""
    is_outside: bool
    """Whether the folders that lead to it are links that leave the tree."""


def tree_files(root: Path, tree: str, unseen: list[str]) -> Iterator[TreeFile]:
    """Yield what is exactly `DEPTH` levels below `tree` and no folder, as the server finds it.

    Folders may be links. What we may not look at is added to `unseen`. Raises OSError when the tree
    itself cannot be listed.
    """
    with os.scandir(root / tree) as entries:
        level = sorted((f"{tree}/{entry.name}", entry.is_symlink()) for entry in entries)
    for _ in range(DEPTH - 1):
        level = [inside for path, linked in level for inside in _listed(root, path, linked, unseen)]
    top = os.path.realpath(root / tree)
    for path, linked in level:
        full = f"{root}/{path}"
        try:
            info = os.lstat(full)
        except OSError:
            unseen.append(path)
            continue
        if not stat.S_ISDIR(info.st_mode):
            away = linked and not os.path.realpath(os.path.dirname(full)).startswith(top + os.sep)
            yield TreeFile(path, info, away)


def _listed(root: Path, path: str, linked: bool, unseen: list[str]) -> list[tuple[str, bool]]:
    """Return the paths in a folder, and whether links lead to them; none for what is no folder."""
    try:
        with os.scandir(f"{root}/{path}") as entries:
            # What is a link in the end is for its reader: only folders on the way count here.
            return sorted(
                (f"{path}/{entry.name}", linked or (entry.is_symlink() and entry.is_dir()))
                for entry in entries
            )
    except (NotADirectoryError, FileNotFoundError):
        return []
    except OSError:
        unseen.append(path)
        return []


def _regular(folder: Path, unseen: list[str]) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
    """Yield the files in a folder, links followed; raises OSError when it cannot be listed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                info = os.stat(entry.path)
            except FileNotFoundError:
                continue
            except OSError:
                unseen.append(entry.path)
                continue
            if stat.S_ISREG(info.st_mode):
                yield entry, info


def blob_files(
    root: Path, other_names: Mapping[Inode, int], unseen: list[str]
) -> tuple[dict[str, StoredBlob], tuple[PartialDownload, ...], tuple[OtherFile, ...]]:
    """Return blobs, partial downloads, and other files that a start of the server removes.

    `other_names` says how many further names files have elsewhere in the store. Raises OSError when
    `blobs` cannot be listed.
    """
    blobs: dict[str, StoredBlob] = {}
    partials: dict[str, PartialDownload] = {}
    metadata, others = _metadata(root, unseen), []
    for entry, info in _regular(root / "blobs", unseen):
        if whole := BLOB_NAME.fullmatch(entry.name):
            elsewhere = info.st_nlink - other_names.get((info.st_dev, info.st_ino), 0)
            linked = entry.is_symlink() or elsewhere > 1
            about = metadata.pop(whole[1], None)
            size = about.size if about else 0
            blobs[whole[1]] = StoredBlob(whole[1], info.st_size, info.st_mtime, linked, size)
        elif part := _PARTIAL.fullmatch(entry.name):
            partials[part[1]] = _added(partials.get(part[1]), part[1], entry.name, info)
        elif not _ANY_CASE.fullmatch(entry.name):
            others.append(OtherFile(f"blobs/{entry.name}", info.st_size, info.st_mtime))
    ordered = sorted(partials.values(), key=lambda one: (-one.size, one.digest))
    return blobs, tuple(ordered), (*others, *metadata.values())


def _metadata(root: Path, unseen: list[str]) -> dict[str, OtherFile]:
    """Return the files about blobs that servers since 0.40 write, by the digest of the blob."""
    try:
        files = list(_regular(root / "metadata", unseen))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError:
        unseen.append(str(root / "metadata"))
        return {}
    found = [(_METADATA.fullmatch(entry.name), entry.name, info) for entry, info in files]
    return {
        match[1]: OtherFile(f"metadata/{name}", info.st_size, info.st_mtime)
        for match, name, info in found
        if match
    }


def _added(
    before: PartialDownload | None, digest: str, name: str, info: os.stat_result
) -> PartialDownload:
    """Add one more file to a partial download: the data, or the notes on one of its pieces."""
    size, path = info.st_blocks * BLOCK, f"blobs/{name}"
    if before is None:
        return PartialDownload(digest, size, info.st_mtime, (path,))
    touched = max(before.touched, info.st_mtime)
    return PartialDownload(digest, before.size + size, touched, (*before.paths, path))
