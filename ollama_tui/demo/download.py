"""Blobs on their way from a registry: shared by those who want them, kept in part afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from ollama_tui.demo.faults import Fault
from ollama_tui.demo.respond import Events
from ollama_tui.demo.state import BlobHost, Server
from ollama_tui.demo.store import Blob, Layer, path_of

TICK = 0.06
"""Seconds between two events of a stream."""
DEADLINE = 30.0
"""Seconds until the server gives up on a blob that is not where it should be."""
PATIENCE = 63.0
"""Seconds (1 + 2 + 4 + … + 32) until the server gives up on a blob host that is gone."""


@dataclass(slots=True, eq=False)
class Download:
    """One blob on its way. Its first client moves it forward, the others watch."""

    blob: Blob
    completed: int
    clients: list[object] = field(default_factory=list)
    failure: Fault | None = None
    waited: float = 0.0
    lost: bool = False
    """Whether the server died, and with it the record of what had arrived."""
    _random: Random = field(default_factory=Random)

    def __post_init__(self) -> None:
        self._random.seed(self.blob.digest)

    @property
    def done(self) -> bool:
        """Whether all bytes are here."""
        return self.completed >= self.blob.size

    def take_back(self, amount: int) -> None:
        """Lose bytes already counted, as when a connection is reset."""
        self.completed = max(0, self.completed - amount)

    def advance(self, server: Server) -> None:
        """Take in what arrives within one tick."""
        if server.blob_host == "up":
            self._receive(server, int(server.rate * TICK * self._random.uniform(0.9, 1.1)))
        elif server.blob_host != "stalled":
            self._wait(server.blob_host)
        if self.done:
            server.store.put(self.blob)

    def _receive(self, server: Server, amount: int) -> None:
        self.waited = 0.0
        amount = min(amount, self.blob.size - self.completed)
        if server.take_disk(amount):
            self.completed += amount
            return
        path = path_of(self.blob.digest)
        self.failure = Fault(f"write {path}-partial: no space left on device")

    def _wait(self, host: BlobHost) -> None:
        self.waited += TICK
        if host == "lost" and self.waited > DEADLINE:
            self.failure = Fault("context deadline exceeded")
        elif self.waited > PATIENCE:
            url = f"https://blobs.example/{self.blob.digest.replace(':', '/')}/data"
            reason = f'Get "{url}": dial tcp 192.0.2.7:443: connect: connection refused'
            self.failure = Fault(f"max retries exceeded: {reason}")


async def fetch(server: Server, layer: Layer, blob: Blob) -> Events:
    """Yield the events of one layer until its blob is in the store; closing it lets go of it."""
    if layer.digest in server.store.blobs:
        yield progress("pulling", layer, layer.size)
        return
    download = _join(server, blob)
    me = object()
    download.clients.append(me)
    try:
        while not download.done:
            await server.pace(TICK)
            _move(server, download, me)
            if not download.done:
                yield progress("pulling", layer, download.completed)
    finally:
        _leave(server, download, me)


def _join(server: Server, blob: Blob) -> Download:
    running = server.downloads.get(blob.digest)
    if running is None:
        kept = server.partials.pop(blob.digest, 0)
        running = server.downloads[blob.digest] = Download(blob, kept)
    return running


def _move(server: Server, download: Download, me: object) -> None:
    if download.clients[0] is me and not download.done:
        download.advance(server)
    if download.failure is not None:
        raise download.failure


def _leave(server: Server, download: Download, me: object) -> None:
    download.clients.remove(me)
    if download.clients:
        return
    del server.downloads[download.blob.digest]
    if not download.done and not download.lost:
        server.partials[download.blob.digest] = download.completed


def progress(verb: str, layer: Layer, completed: int) -> dict[str, Any]:
    """Return a progress event; `completed` is left out while it is 0."""
    short = layer.digest.removeprefix("sha256:")[:12]
    event = {"status": f"{verb} {short}", "digest": layer.digest, "total": layer.size}
    return {**event, "completed": completed} if completed else event
