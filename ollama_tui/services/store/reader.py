"""Reads a model store: the entries of both trees, the manifests they refer to, and the blobs.

    contents = ModelStore(Path("/usr/share/ollama/.ollama/models")).read()

Manifest blobs are small and are verified: their content must have the digest that is their name.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ollama_tui.domain import names
from ollama_tui.domain.storage.contents import (
    Contents,
    OtherFile,
    PartialDownload,
    StoredBlob,
    StoredEntry,
)
from ollama_tui.domain.storage.manifest import (
    ManifestError,
    ManifestList,
    StoredManifest,
    parse,
)

LARGEST_MANIFEST = 16 * 1024 * 1024
"""Bytes; those of tensor models, the largest there are, have some hundred thousand."""
BLOCK = 512
"""Bytes in which `st_blocks` counts, whatever the file system's own blocks are."""
DEPTH = 4
"""Folders below a tree: host, namespace, model; then the tag's file."""
TREES = ("manifests-v2", "manifests")
"""In the order in which a server since 0.40 looks for a name."""

_BLOB = re.compile(r"sha256[-:]([0-9a-f]{64})")
_ANY_CASE = re.compile(r"sha256[-:][0-9a-fA-F]{64}")
_PARTIAL = re.compile(r"sha256[-:]([0-9a-f]{64})(?:-partial(?:-\d+)?|\.tmp)")
_METADATA = re.compile(r"sha256-([0-9a-f]{64})\.json")

Stamp = tuple[int, int, int, int]
"""Inode, size, time and mode of a file: while they stay the same, so does its content."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file or link in a tree, at the depth of a tag."""

    path: str
    info: os.stat_result
    """Of the file or link itself."""
    outside: bool
    """Whether links lead to it that leave the tree."""


@dataclass
class ModelStore:
    """Reads one store; after the first time, only the manifests that have changed."""

    root: Path
    _entries: dict[str, tuple[tuple[Stamp, ...], StoredEntry]] = field(
        default_factory=dict, repr=False
    )
    _manifests: dict[str, tuple[Stamp, StoredManifest | ManifestList]] = field(
        default_factory=dict, repr=False
    )
    """What manifest blobs say, by digest."""
    _hard_links: Counter[tuple[int, int]] = field(default_factory=Counter, repr=False)
    """How many entries are further names of a file, by its device and inode."""

    def read(self) -> Contents:
        """Return what is there now.

        What may not be read is counted. Raises OSError when `blobs`, or both trees, cannot be
        listed.
        """
        unseen: list[str] = []
        strays: list[str] = []
        found = self._trees(unseen, strays)
        blobs, partials, others = _blobs(self.root, self._hard_links, unseen)
        return Contents(
            root=str(self.root),
            entries=tuple(found),
            blobs=blobs,
            partials=partials,
            others=others,
            strays=tuple(strays),
            unseen=len(unseen),
            free=_free(self.root),
        )

    def _trees(self, unseen: list[str], strays: list[str]) -> list[StoredEntry]:
        """Return the entries of both trees; raises OSError when there is no tree at all."""
        found: list[StoredEntry] = []
        missing: list[OSError] = []
        self._hard_links = Counter()
        for tree in TREES:
            try:
                files = list(_files(self.root / tree, unseen))
            except FileNotFoundError as error:
                missing.append(error)
                continue
            for file in files:
                try:
                    name = _name(os.path.relpath(file.path, self.root))
                except names.InvalidName:
                    strays.append(os.path.relpath(file.path, self.root))
                    continue
                if (entry := self._entry(file, name, unseen)) is not None:
                    found.append(entry)
        if len(missing) == len(TREES):
            raise missing[-1]
        known = {entry.path for entry in found}
        self._entries = {path: each for path, each in self._entries.items() if path in known}
        return found

    def _entry(self, file: _File, name: str, unseen: list[str]) -> StoredEntry | None:
        """Return what a file or link refers to; None when we may not read it, or it is neither."""
        path = os.path.relpath(file.path, self.root)
        entry = StoredEntry(name, path, modified=file.info.st_mtime, touched=file.info.st_mtime)
        try:
            target = os.stat(file.path)
        except FileNotFoundError:
            return replace(entry, dangling=True)
        except OSError:
            unseen.append(file.path)
            return None
        if not stat.S_ISREG(target.st_mode):
            return None
        if not stat.S_ISLNK(file.info.st_mode):
            self._hard_links[target.st_dev, target.st_ino] += 1
        return self._read_entry(file, replace(entry, touched=target.st_mtime), target, unseen)

    def _read_entry(
        self, file: _File, entry: StoredEntry, target: os.stat_result, unseen: list[str]
    ) -> StoredEntry | None:
        stamps = (_stamp(file.info), _stamp(target))
        known = self._entries.get(entry.path)
        try:
            if known is None or known[0] != stamps:
                self._entries[entry.path] = known = (stamps, self._fresh(file, entry, target))
            return self._with_children(known[1])
        except ManifestError as error:
            return replace(entry, problem=str(error))
        except OSError:
            unseen.append(file.path)
            return None

    def _fresh(self, file: _File, entry: StoredEntry, target: os.stat_result) -> StoredEntry:
        """Read what an entry refers to, without the children of a list."""
        is_link = stat.S_ISLNK(file.info.st_mode)
        said = parse(_content(file.path, target))
        if is_link:
            refused = self._wrong_target(file.path, said.digest)
        else:
            refused = "links lead to it that leave its tree" if file.outside else ""
        manifest = said if isinstance(said, StoredManifest) else None
        return replace(
            entry,
            digest=said.digest,
            manifests=(manifest,) if manifest else (),
            list=said if isinstance(said, ManifestList) else None,
            frees=0 if is_link or target.st_nlink > 1 else target.st_size,
            refused=refused,
        )

    def _wrong_target(self, path: str, digest: str) -> str:
        """Return why a server since 0.40 does not follow a link; empty when it does."""
        target = os.path.realpath(path)
        match = _BLOB.fullmatch(os.path.basename(target))
        if match is None:
            return "its link leads to no blob"
        blob = self.root / "blobs" / os.path.basename(target)
        if not blob.exists() or not os.path.samefile(target, blob):
            return "its link leaves the store"
        return "" if match[1] == digest else "its content is not that of its digest"

    def _with_children(self, entry: StoredEntry) -> StoredEntry:
        """Add the children of a list that are here; raises ManifestError for a damaged one."""
        if entry.list is None:
            return entry
        children = []
        for child in entry.list.children:
            here = child.embedded or self._blob_manifest(child.digest)
            if here is not None:
                children.append(replace(here, runner=child.runner or here.runner))
        return replace(entry, manifests=tuple(children))

    def _blob_manifest(self, digest: str) -> StoredManifest | None:
        """Return what a manifest blob says; None when it is not here. Raises ManifestError."""
        path = self.root / "blobs" / f"sha256-{digest}"
        try:
            info = os.stat(path)
        except FileNotFoundError:
            return None
        known = self._manifests.get(digest)
        if known is None or known[0] != _stamp(info):
            said = parse(_content(str(path), info))
            self._manifests[digest] = known = (_stamp(info), said)
        if known[1].digest != digest:
            raise ManifestError("the content of a manifest of its list is not that of its digest")
        if isinstance(known[1], ManifestList):
            raise ManifestError("it is a list in a list")
        return known[1]


def _name(path: str) -> str:
    """Return the name of an entry as the server prints it; raises InvalidName."""
    _, host, namespace, model, tag = path.split(os.sep)
    host = host.replace("%3A", ":").replace("%3a", ":")
    name = names.parse(f"{host}/{namespace}/{model}:{tag}")
    return (
        replace(name, host=names.DEFAULT_HOST).display
        if host.lower() in names.PUBLIC_HOSTS
        else name.display
    )


def _stamp(info: os.stat_result) -> Stamp:
    return (info.st_ino, info.st_size, info.st_mtime_ns, info.st_mode)


def _content(path: str, info: os.stat_result) -> bytes:
    if info.st_size > LARGEST_MANIFEST:
        raise ManifestError("it is too large for a manifest")
    return Path(path).read_bytes()


def _files(tree: Path, unseen: list[str]) -> Iterator[_File]:
    """Yield what is exactly `DEPTH` levels below `tree` and no folder, as the server finds it.

    Folders may be links. Raises OSError when `tree` itself cannot be listed.
    """
    with os.scandir(tree) as entries:
        level = sorted(entry.path for entry in entries)
    for _ in range(DEPTH - 1):
        level = [path for parent in level for path in _listed(parent, unseen)]
    inside: dict[str, bool] = {}
    root = os.path.realpath(tree)
    for path in level:
        try:
            info = os.lstat(path)
        except OSError:
            unseen.append(path)
            continue
        if not stat.S_ISDIR(info.st_mode):
            folder = os.path.dirname(path)
            if folder not in inside:
                inside[folder] = os.path.realpath(folder).startswith(root + os.sep)
            yield _File(path, info, not inside[folder])


def _listed(folder: str, unseen: list[str]) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.path for entry in entries)
    except (NotADirectoryError, FileNotFoundError):
        return []
    except OSError:
        unseen.append(folder)
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


def _blobs(
    root: Path, hard_links: Counter[tuple[int, int]], unseen: list[str]
) -> tuple[dict[str, StoredBlob], tuple[PartialDownload, ...], tuple[OtherFile, ...]]:
    """Return blobs, partial downloads, and other files that a start of the server removes."""
    blobs: dict[str, StoredBlob] = {}
    partials: dict[str, PartialDownload] = {}
    metadata, others = _metadata(root, unseen), []
    for entry, info in _regular(root / "blobs", unseen):
        if whole := _BLOB.fullmatch(entry.name):
            elsewhere = info.st_nlink - hard_links[info.st_dev, info.st_ino]
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


def _free(folder: Path) -> int | None:
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None
    return disk.f_bavail * disk.f_frsize
