"""The embedded Ollama: a server's state behind an httpx transport, with levers to make it fail."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import httpx

from ollama_tui.demo.download import Download
from ollama_tui.demo.registry import Registry
from ollama_tui.demo.state import VERSION, BlobHost, Server
from ollama_tui.demo.store import Store
from ollama_tui.demo.transport import Door, Planned, Seen, Transport


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Demo:
    """An Ollama server in this process.

    `store` is what it has installed; left out, some thirty models. `pace` waits a number of
    seconds and is the only way time passes in transfers. `now` returns an aware datetime.
    """

    def __init__(
        self,
        *,
        store: Store | None = None,
        registry: Registry | None = None,
        pace: Callable[[float], Awaitable[object]] = asyncio.sleep,
        now: Callable[[], datetime] = _utc_now,
        version: str = VERSION,
    ) -> None:
        self._store = store
        self._registry = registry
        self._pace = pace
        self._now = now
        self._version = version

    @cached_property
    def server(self) -> Server:
        """The state of the server, made when first asked for."""
        from ollama_tui.demo import models

        furnished = self._store is None
        server = Server(
            store=self._store if self._store is not None else Store(),
            registry=self._registry if self._registry is not None else Registry(),
            pace=self._pace,
            now=self._now,
            version=self._version,
        )
        if self._registry is None:
            models.publish(server.registry, self._now())
        if furnished:
            models.furnish(server)
        return server

    @cached_property
    def _door(self) -> Door:
        return Door(self.server)

    def transport(self) -> httpx.AsyncBaseTransport:
        """Return a transport for `httpx.AsyncClient`; all of them lead to the same server."""
        return Transport(lambda: self._door)

    @property
    def requests(self) -> list[Seen]:
        """All requests so far, oldest first."""
        return self._door.requests

    @property
    def registry_requests(self) -> list[tuple[str, httpx.URL]]:
        """Method and URL of what clients asked registries themselves, oldest first."""
        return self._door.registry_requests

    @property
    def store(self) -> Store:
        """The installed models."""
        return self.server.store

    @property
    def registry(self) -> Registry:
        """What can be pulled."""
        return self.server.registry

    @property
    def downloads(self) -> dict[str, Download]:
        """Running downloads by digest."""
        return self.server.downloads

    @property
    def partials(self) -> dict[str, int]:
        """Bytes kept of unfinished downloads by digest."""
        return self.server.partials

    @property
    def open_streams(self) -> int:
        """Streamed answers that are neither finished nor closed."""
        return len(self._door.streams)

    @property
    def online(self) -> bool:
        """Whether the server accepts connections."""
        return self._door.online

    @online.setter
    def online(self, value: bool) -> None:
        self._door.online = value

    @property
    def registry_online(self) -> bool:
        """Whether the server reaches registries and ollama.com."""
        return self.server.internet

    @registry_online.setter
    def registry_online(self, value: bool) -> None:
        self.server.internet = value

    @property
    def account(self) -> str | None:
        """The signed-in user; None when signed out."""
        return self.server.account

    @account.setter
    def account(self, value: str | None) -> None:
        self.server.account = value

    @property
    def cloud_disabled(self) -> bool:
        """Whether cloud models are switched off."""
        return self.server.cloud_disabled

    @cloud_disabled.setter
    def cloud_disabled(self, value: bool) -> None:
        self.server.cloud_disabled = value

    @property
    def disk_free(self) -> int | None:
        """Bytes left for downloads and uploads; None for plenty."""
        return self.server.disk_free

    @disk_free.setter
    def disk_free(self, value: int | None) -> None:
        self.server.disk_free = value

    @property
    def blob_host(self) -> BlobHost:
        """How downloads fare: they move, stand still, fail after a minute, or find nothing."""
        return self.server.blob_host

    @blob_host.setter
    def blob_host(self, value: BlobHost) -> None:
        self.server.blob_host = value

    def fail(
        self, path: str, status: int, body: str | Mapping[str, Any], *, times: int = 1
    ) -> None:
        """Answer the next `times` requests for `path` with this instead."""
        self._door.planned.setdefault(path, deque()).append(Planned(status, body, times))

    def cut_streams(self) -> None:
        """Die mid-stream: open streams break, and what they had downloaded is lost."""
        for stream in self._door.streams:
            stream.cut = True
        for download in self.downloads.values():
            download.lost = True

    def take_back(self, amount: int) -> None:
        """Reset a connection: running downloads lose `amount` bytes."""
        for download in self.downloads.values():
            download.take_back(amount)

    def add(self, count: int) -> None:
        """Install `count` made-up models."""
        from ollama_tui.demo import crowd

        crowd.add(self.server, count)

    def add_hostile(self) -> None:
        """Install models as only a malicious server has them: control codes in every text."""
        from ollama_tui.demo import crowd

        crowd.add_hostile(self.server)
