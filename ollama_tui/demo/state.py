"""All a server knows and is: the state that the endpoints read and change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from ollama_tui.demo.store import Entry, Store

if TYPE_CHECKING:
    from ollama_tui.demo.download import Download
    from ollama_tui.demo.registry import Registry
    from ollama_tui.demo.running import Runner
    from ollama_tui.domain.names import Name

VERSION = "0.33.0-rc2"
BlobHost = Literal["up", "stalled", "down", "lost"]


@dataclass(slots=True)
class Server:
    """A server's store, runners, transfers and surroundings."""

    store: Store
    registry: Registry
    pace: Callable[[float], Awaitable[object]]
    """Waits that many seconds; the only way time passes."""
    now: Callable[[], datetime]
    version: str = VERSION
    account: str | None = "studio"
    """The signed-in user, None when signed out."""
    cloud_disabled: bool = False
    internet: bool = True
    """Whether the server (not the client) can reach registries and ollama.com."""
    blob_host: BlobHost = "up"
    """How downloads of blobs fare."""
    disk_free: int | None = None
    """Bytes left for downloads and uploads; None for plenty."""
    rate: int = 80_000_000
    """Bytes a second of downloads."""
    upload_rate: int = 40_000_000
    quantize_rate: int = 400_000_000
    load_rate: int = 2_000_000_000
    hash_rate: int = 1_000_000_000
    quantize_prints: bool = True
    """Whether the quantizing program reports its progress where the server sees it."""
    vram: int = 12_000_000_000
    """Bytes of GPU memory."""
    runners: list[Runner] = field(default_factory=list)
    downloads: dict[str, Download] = field(default_factory=dict)
    """Running downloads by digest."""
    partials: dict[str, int] = field(default_factory=dict)
    """Bytes kept of unfinished downloads, by digest."""
    listings: dict[Name, tuple[Entry, bytes]] = field(default_factory=dict)
    """Encoded entries of tags, each good for as long as its manifest file is the same."""
    hostile: dict[str, Name] = field(default_factory=dict)
    """Names no grammar allows, by how the list shows them."""

    def since(self, *release: int) -> bool:
        """Whether this server is of `release` or later."""
        head = self.version.partition("-")[0]
        return tuple(int(part) for part in head.split(".")) >= release

    def take_disk(self, amount: int) -> bool:
        """Use up `amount` bytes of the disk; False when they are not there."""
        if self.disk_free is None:
            return True
        self.disk_free -= amount
        return self.disk_free >= 0
