"""Model stores in real folders, made of the few things a test cares about."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ollama_tui.api.replies import ListedModel
from ollama_tui.demo.folder import StoreFolder as WrittenStore
from ollama_tui.demo.store import Store
from ollama_tui.domain.model import Model
from ollama_tui.domain.storage.packaging import LIST_TYPE, MANIFEST_TYPE, go_json
from tests.domain.models import NOW

SECONDS = NOW.timestamp()
NOBODY = 65534


@dataclass
class StoreFolder:
    """A store; sizes are real, contents are holes."""

    root: Path

    def __post_init__(self) -> None:
        for folder in ("manifests", "blobs"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)

    def blob(self, digest: str, size: int, *, hours: float = 5) -> Path:
        """Write a blob of `size` bytes; `digest` is repeated to 64 digits."""
        path = self.root / "blobs" / f"sha256-{full(digest)}"
        path.touch()
        os.truncate(path, size)
        aged(path, hours)
        return path

    def manifest(self, path: str, *digests: str, config: str = "") -> Path:
        """Write a manifest below `manifests` and return its file."""
        layers = [{"mediaType": "m", "digest": f"sha256:{full(d)}", "size": 1} for d in digests]
        body = (
            {"schemaVersion": 2, "config": {"digest": f"sha256:{full(config)}"}} if config else {}
        )
        return self.raw(path, json.dumps({**body, "layers": layers}).encode())

    def model(self, name: str, *digests: str) -> Path:
        """Write the manifest of a library model."""
        model, _, tag = name.partition(":")
        return self.manifest(f"registry.ollama.ai/library/{model}/{tag or 'latest'}", *digests)

    def raw(self, path: str, data: bytes) -> Path:
        """Write any bytes as a manifest."""
        file = self.root / "manifests" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        aged(file, 24)
        return file

    def content(self, data: bytes) -> str:
        """Write a blob of this content and return its digest."""
        digest = sha256(data).hexdigest()
        path = self.root / "blobs" / f"sha256-{digest}"
        path.write_bytes(data)
        aged(path, 5)
        return digest

    def plain(self, *digests: str, runner: str = "", config: str = "c") -> bytes:
        """Return the content of a manifest of these weights."""
        layers = [
            {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{full(d)}",
             "size": 1}
            for d in digests
        ]  # fmt: skip
        body = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"digest": f"sha256:{full(config)}", "size": 1},
            "layers": layers,
        }
        return json.dumps(body | ({"runner": runner} if runner else {})).encode()

    def manifest_list(self, **digests: str) -> bytes:
        """Return the content of a list: the digests of its children by runner."""
        children = [
            {"mediaType": MANIFEST_TYPE, "digest": f"sha256:{digest}", "runner": runner}
            for runner, digest in digests.items()
        ]
        return go_json({"schemaVersion": 2, "mediaType": LIST_TYPE, "manifests": children})

    def v2(self, path: str, target: str, *, hard: bool = False) -> Path:
        """Write an entry of the newer tree that refers to the blob of a digest."""
        entry = self.root / "manifests-v2" / path
        entry.parent.mkdir(parents=True, exist_ok=True)
        if hard:
            os.link(self.root / "blobs" / f"sha256-{target}", entry)
        else:
            entry.symlink_to(f"../../../../blobs/sha256-{target}")
        return entry

    def partial(self, digest: str, data: bytes, *, apparent: int, hours: float = 5) -> None:
        """Write a sparse partial download with notes on one piece of it."""
        path = self.root / "blobs" / f"sha256-{full(digest)}-partial"
        path.write_bytes(data)
        os.truncate(path, apparent)
        aged(path, hours)
        piece = path.with_name(path.name + "-0")
        piece.write_text('{"N":0,"Offset":0,"Size":1,"Completed":0}')
        aged(piece, hours)


def full(digest: str) -> str:
    return (digest * 64)[:64]


def aged(path: Path, hours: float) -> None:
    os.utime(path, (SECONDS - hours * 3600,) * 2)


def listed(path: Path, name: str, size: int = 1, **changes: object) -> Model:
    """Return what a server lists for the manifest in `path`."""
    from datetime import UTC, datetime

    modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    digest = sha256(path.read_bytes()).hexdigest()
    fields = {
        "name": name,
        "size": size,
        "digest": digest,
        "modified_text": modified.isoformat(),
    } | changes
    return Model(ListedModel(**fields))  # type: ignore[arg-type]


def on_disk(store: Store, root: Path) -> StoreFolder:
    """Write what a demo server has installed as a real store with files of real lengths."""
    WrittenStore(root).update(store)
    return StoreFolder(root)


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Run without the rights of root, which may read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
