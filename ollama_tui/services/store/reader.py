"""Reads a model store: the entries of both trees, the manifests they refer to, and the blobs.

    contents = ModelStore(Path("/usr/share/ollama/.ollama/models")).read()

Manifest blobs are small and are verified: their content must have the digest that is their name.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from ollama_tui.domain import names
from ollama_tui.domain.storage.contents import Contents, StoredEntry
from ollama_tui.domain.storage.manifest import (
    ManifestError,
    ManifestList,
    StoredManifest,
    parse,
)
from ollama_tui.services.store.walk import BLOB_NAME, DEPTH, Inode, TreeFile, blob_files, tree_files

LARGEST_MANIFEST = 16 * 1024 * 1024
"""Bytes; those of tensor models, the largest there are, have some hundred thousand."""
TREES = ("manifests-v2", "manifests")
"""In the order in which a server since 0.40 looks for a name."""

Stamp = tuple[int, int, int, int]
"""Inode, size, time and mode of a file: while they stay the same, so does its content."""
_Known = tuple[tuple[Stamp, Stamp], StoredEntry]
"""Of the entry itself and of what it leads to, and what it was then."""


@dataclass
class ModelStore:
    """Reads one store; after the first time, only the manifests that have changed."""

    root: Path
    _entries: dict[str, _Known] = field(default_factory=dict, repr=False)
    """What was read of each entry, without the children of its list, by path."""
    _manifests: dict[str, tuple[Stamp, StoredManifest | ManifestList]] = field(
        default_factory=dict, repr=False
    )
    """What manifest blobs say, by digest."""
    _hard_links: Counter[Inode] = field(default_factory=Counter, repr=False)
    """How many entries are further names of a file."""

    def read(self) -> Contents:
        """Return what is there now.

        What may not be read is counted. Raises OSError when `blobs`, or both trees, cannot be
        listed.
        """
        unseen: list[str] = []
        strays: list[str] = []
        found = self._trees(unseen, strays)
        blobs, partials, others = blob_files(self.root, self._hard_links, unseen)
        free, capacity = disk_space(self.root / "blobs")
        return Contents(
            root=str(self.root),
            entries=tuple(found),
            blobs=blobs,
            partials=partials,
            others=others,
            strays=tuple(strays),
            unseen=len(unseen),
            free=free,
            capacity=capacity,
        )

    def _trees(self, unseen: list[str], strays: list[str]) -> list[StoredEntry]:
        """Return the entries of both trees; raises OSError when there is no tree at all."""
        before, self._entries = self._entries, {}
        self._hard_links = Counter()
        found: list[StoredEntry] = []
        missing: list[OSError] = []
        for tree in TREES:
            try:
                for file in tree_files(self.root, tree, unseen):
                    try:
                        entry = self._entry(file, before.get(file.path))
                    except names.InvalidName:
                        strays.append(file.path)
                    except OSError:
                        unseen.append(file.path)
                    else:
                        found += [entry] if entry else []
            except FileNotFoundError as error:
                missing.append(error)
        if len(missing) == len(TREES):
            raise missing[-1]
        return found

    def _entry(self, file: TreeFile, known: _Known | None) -> StoredEntry | None:
        """Return what a file or link refers to; None when it is neither.

        Raises InvalidName, and OSError for what we may not read.
        """
        is_link = stat.S_ISLNK(file.info.st_mode)
        try:
            target = os.stat(f"{self.root}/{file.path}") if is_link else file.info
        except FileNotFoundError:
            return _unread(file, dangling=True)
        if not stat.S_ISREG(target.st_mode):
            return None
        if not is_link:
            self._hard_links[target.st_dev, target.st_ino] += 1
        stamps = (_stamp(file.info), _stamp(target))
        try:
            if known is None or known[0] != stamps:
                known = (stamps, self._fresh(file, target))
            self._entries[file.path] = known
            return self._with_children(known[1])
        except ManifestError as error:
            return _unread(file, problem=str(error))

    def _fresh(self, file: TreeFile, target: os.stat_result) -> StoredEntry:
        """Read what an entry refers to, without the children of a list."""
        path = f"{self.root}/{file.path}"
        is_link = stat.S_ISLNK(file.info.st_mode)
        said = parse(_content(path, target))
        if is_link:
            refused = self._wrong_target(file, said.digest)
        else:
            refused = "links lead to it that leave its tree" if file.is_outside else ""
        manifest = said if isinstance(said, StoredManifest) else None
        return StoredEntry(
            name=_name(file.path),
            path=file.path,
            digest=said.digest,
            modified=file.info.st_mtime,
            touched=target.st_mtime,
            manifests=(manifest,) if manifest else (),
            list=said if isinstance(said, ManifestList) else None,
            frees=0 if is_link or target.st_nlink > 1 else target.st_size,
            refused=refused,
        )

    def _wrong_target(self, file: TreeFile, digest: str) -> str:
        """Return why a server since 0.40 does not follow a link; empty when it does."""
        path = f"{self.root}/{file.path}"
        if not file.is_outside and os.readlink(path) == f"../../../../blobs/sha256-{digest}":
            return ""  # as the server makes them; the rest takes a while
        target = os.path.realpath(path)
        match = BLOB_NAME.fullmatch(os.path.basename(target))
        if match is None:
            return "its link leads to no blob"
        blob = f"{self.root}/blobs/{match[0]}"
        if not os.path.exists(blob) or not os.path.samefile(target, blob):
            return "its link leaves the store"
        return "" if match[1] == digest else "its content is not that of its digest"

    def _with_children(self, entry: StoredEntry) -> StoredEntry:
        """Add the children of a list that are here; raises ManifestError for a damaged one."""
        if entry.list is None:
            return entry
        children: list[StoredManifest] = []
        for child in entry.list.children:
            here = child.embedded or self._blob_manifest(child.digest)
            if here is not None:
                children.append(replace(here, runner=child.runner or here.runner))
        return replace(entry, manifests=tuple(children))

    def _blob_manifest(self, digest: str) -> StoredManifest | None:
        """Return what a manifest blob says; None when it is not here. Raises ManifestError."""
        path = f"{self.root}/blobs/sha256-{digest}"
        try:
            info = os.stat(path)
        except FileNotFoundError:
            return None
        known = self._manifests.get(digest)
        if known is None or known[0] != _stamp(info):
            said = parse(_content(path, info))
            self._manifests[digest] = known = (_stamp(info), said)
        if known[1].digest != digest:
            raise ManifestError("the content of a manifest of its list is not that of its digest")
        if isinstance(known[1], ManifestList):
            raise ManifestError("it is a list inside a list")
        return known[1]


def _unread(file: TreeFile, *, dangling: bool = False, problem: str = "") -> StoredEntry:
    time = file.info.st_mtime
    name = _name(file.path)
    return StoredEntry(
        name, file.path, modified=time, touched=time, dangling=dangling, problem=problem
    )


def _name(path: str) -> str:
    """Return the name of an entry as the server prints it; raises InvalidName."""
    _, host, namespace, model, tag = path.split("/")
    host = host.replace("%3A", ":").replace("%3a", ":")
    name = names.parse(f"{host}/{namespace}/{model}:{tag}")
    if host.lower() in names.PUBLIC_HOSTS:
        name = replace(name, host=names.DEFAULT_HOST)
    return name.display


def name_of_entry(path: str) -> str | None:
    """Return the name whose entry is at `path`, below a store; None where none can be."""
    if path.partition("/")[0] not in TREES or path.count("/") != DEPTH:
        return None
    try:
        return _name(path)
    except names.InvalidName:
        return None


def _stamp(info: os.stat_result) -> Stamp:
    return (info.st_ino, info.st_size, info.st_mtime_ns, info.st_mode)


def _content(path: str, info: os.stat_result) -> bytes:
    if info.st_size > LARGEST_MANIFEST:
        raise ManifestError("it is too large for a manifest")
    return Path(path).read_bytes()


def contents_or_empty(root: Path) -> Contents:
    """Return what is in a store that may not be there yet; raises OSError.

    A folder with `blobs` and no tree is what a server makes that has no model.
    """
    here = [name for name in TREES if (root / name).exists()]
    folder = root.absolute() / "blobs"
    if here:
        return ModelStore(root).read()
    blobs = blob_files(root, {}, [])[0] if folder.exists() else {}
    above = next(path for path in (folder, *folder.parents) if path.is_dir())
    free, capacity = disk_space(above)
    return Contents(str(root), blobs=blobs, free=free, capacity=capacity)


def disk_space(folder: Path) -> tuple[int | None, int | None]:
    """Return what is left of the file system, and all of it but what is reserved for root."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None, None
    capacity = disk.f_blocks - disk.f_bfree + disk.f_bavail
    return disk.f_bavail * disk.f_frsize, capacity * disk.f_frsize
