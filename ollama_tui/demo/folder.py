"""The embedded server's store as files, for whoever measures it: a folder of its own until exit.

Layout: `manifest/paths.go` of Ollama. Weights are holes in files of their real length, which take
no room on the disk; unfinished downloads are left out, since a hole would tell nothing of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from ollama_tui.demo.manifest import BlobFile, ManifestFile
from ollama_tui.demo.store import Store
from ollama_tui.domain.storage.contents import entry_path

Wanted = tuple[str, ManifestFile | BlobFile]


def layout(store: Store) -> Iterator[Wanted]:
    """Yield what files a store has: paths below its folder, and what each is."""
    for digest, blob in dict(store.blobs).items():
        yield f"blobs/{digest.replace(':', '-')}", blob
    for name, entry in (*dict(store.entries).items(), *dict(store.hidden).items()):
        yield entry_path(name, v2=entry.is_link), entry


@dataclass
class StoreFolder:
    """Keeps a folder equal to a store."""

    root: Path
    _written: dict[str, Wanted] = field(default_factory=dict, repr=False)
    _one_at_a_time: Lock = field(default_factory=Lock, repr=False)

    def update(self, store: Store) -> None:
        """Write what is new and remove what is gone; raises OSError. Callable from any thread."""
        with self._one_at_a_time:
            for tree in ("manifests", "blobs"):
                (self.root / tree).mkdir(parents=True, exist_ok=True)
            wanted = {path: (path, thing) for path, thing in layout(store)}
            for path in self._written.keys() - wanted.keys():
                (self.root / path).unlink(missing_ok=True)
                del self._written[path]
            for path, (_, thing) in wanted.items():
                known = self._written.get(path)
                if known is None or known[1] is not thing:
                    self._write(self.root / path, thing)
                    self._written[path] = (path, thing)

    def _write(self, path: Path, thing: ManifestFile | BlobFile) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if isinstance(thing, BlobFile):
            path.write_bytes((thing.head or b"")[: thing.size])
            os.truncate(path, thing.size)
            return
        moment = thing.modified.timestamp()
        if thing.is_link:
            path.symlink_to(f"../../../../blobs/sha256-{thing.digest}")
            if os.utime in os.supports_follow_symlinks:
                os.utime(path, (moment, moment), follow_symlinks=False)
        else:
            path.write_bytes(thing.raw)
            os.utime(path, (moment, moment))


class TemporaryStore:
    """A store's folder that is removed at exit, or when it is closed."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="ollama-tui-demo-", ignore_cleanup_errors=True)
        self._store = StoreFolder(Path(self._folder.name))

    def updated(self, store: Store) -> Path:
        """Return the folder, with what the store has now; raises OSError."""
        self._store.update(store)
        return self._store.root

    def close(self) -> None:
        """Remove the folder."""
        self._folder.cleanup()
