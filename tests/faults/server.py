"""An Ollama of the demo in a process of its own that keeps its disk when it is killed.

    python -m tests.faults.server LEDGER --port 11500

The ledger is its disk: each piece of a blob that was fetched and each model that was installed is
one line, written at once, so that after `kill -9` the next one goes on where this one was, as a
real server does with its partial files. The ledger also tells a test what was fetched twice.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ollama_tui.api.clock import utc_now
from ollama_tui.demo.http import encode
from ollama_tui.demo.manifest import CONFIG, IMAGE, BlobFile, ImageLayer, ImageManifest, blob_of
from ollama_tui.demo.store import DemoServer, Store
from ollama_tui.demo.transfer import Download
from ollama_tui.domain.names import Name, parse
from tests.demo.levers import Demo, FaultyRegistry
from tests.serving import serve

MODELS = 3000
"""Models in its registry, `soak/m0` and so on."""
RATE = 40_000_000
"""Bytes a second of each download."""


@dataclass
class Ledger:
    """What is on the disk of a server, and how often each byte of it was fetched."""

    path: Path
    fetched: dict[str, int] = field(default_factory=dict)
    """Bytes that are there, by digest."""
    transferred: int = 0
    """Bytes that came over the network."""
    again: int = 0
    """Bytes of those that were there already."""
    installed: list[str] = field(default_factory=list)
    """Models in the order in which they were written; one that was written twice is there twice."""

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """Return what a ledger says; it may be written to at the same time."""
        ledger = cls(path)
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        for line in lines:
            match line.decode().split():
                case ["fetched", digest, start, end] if line.endswith(b"\n"):
                    ledger._note(digest, int(start), int(end))
                case ["installed", name] if line.endswith(b"\n"):
                    ledger.installed.append(name)
        return ledger

    def _note(self, digest: str, start: int, end: int) -> None:
        there = self.fetched.get(digest, 0)
        self.transferred += end - start
        self.again += max(0, min(there, end) - start)
        self.fetched[digest] = max(there, end)

    def write(self, *words: object) -> None:
        """Add a line: in one piece, and to the kernel, which outlives this process."""
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, (" ".join(map(str, words)) + "\n").encode())
        finally:
            os.close(file)


@dataclass(slots=True)
class LedgerRegistry(FaultyRegistry):
    """Registries whose bytes are counted."""

    ledger: Ledger | None = None

    def send(self, server: DemoServer, download: Download, amount: int) -> None:
        before = download.completed
        FaultyRegistry.send(self, server, download, amount)
        if self.ledger is not None and download.completed > before:
            self.ledger.write("fetched", download.blob.digest, before, download.completed)


@dataclass(slots=True)
class LedgerStore(Store):
    """A store that says what is installed."""

    ledger: Ledger | None = None

    def replace(
        self,
        name: Name,
        content: object,
        modified: object,
        anchor: object = None,
        needed: Iterable[str] = (),
    ) -> bool:
        unused = Store.replace(self, name, content, modified, anchor, needed)  # type: ignore[arg-type]
        if self.ledger is not None:
            self.ledger.write("installed", name.display)
        return unused


def published(number: int) -> tuple[Name, ImageManifest, dict[str, BlobFile]]:
    """Return the model of that number, the same in each process: some 20 to 100 MB."""
    seed = sha256(f"model {number}".encode()).digest()
    config = blob_of(encode({"model_format": "gguf", "model_family": "soak", "number": number}))
    sizes = (20_000_000 + seed[0] * 300_000, 1_000 + seed[1], 11_000)
    blobs = [
        BlobFile(f"sha256:{sha256(seed + bytes([at])).hexdigest()}", size)
        for at, size in enumerate(sizes)
    ]
    kinds = ("model", "template", "license")
    layers = tuple(
        ImageLayer(IMAGE + kind, blob.digest, blob.size)
        for kind, blob in zip(kinds, blobs, strict=True)
    )
    manifest = ImageManifest(ImageLayer(CONFIG, config.digest, config.size), layers)
    return parse(f"soak/m{number}"), manifest, {b.digest: b for b in (*blobs, config)}


def restored(path: Path, *, models: int = MODELS, rate: int = RATE) -> Demo:
    """Return the server that has this disk."""
    ledger = Ledger.read(path)
    store, registry = LedgerStore(), LedgerRegistry(ledger=ledger)
    for number in range(models):
        registry.publish(*published(number), utc_now())
    for name in dict.fromkeys(ledger.installed):
        manifest = ImageManifest.decoded(registry.models[parse(name).key].raw)
        for layer in manifest.everything:
            store.put(registry.blobs[layer.digest])
        store.write(parse(name), manifest, utc_now())
    demo = Demo(store=store, registry=registry)
    for digest, there in ledger.fetched.items():
        if there >= registry.blobs[digest].size:
            store.put(registry.blobs[digest])
        else:
            demo.server.partials[digest] = there
    store.ledger = ledger
    demo.server.rate = rate
    return demo


async def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description="Serve an Ollama that survives being killed.")
    parser.add_argument("ledger", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--models", type=int, default=MODELS)
    parser.add_argument("--rate", type=int, default=RATE)
    given = parser.parse_args()
    demo = restored(given.ledger, models=given.models, rate=given.rate)
    async with serve(demo.transport(), given.port) as url:
        print(url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
