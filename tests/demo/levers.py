"""The embedded Ollama with levers for tests: what it was asked, failures on demand, outages."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from ssl import SSLError
from typing import Any, Literal

import httpx

from ollama_tui import demo
from ollama_tui.api.clock import utc_now
from ollama_tui.demo.http import Fault, encode, text_answer
from ollama_tui.demo.manifest import ImageLayer
from ollama_tui.demo.models import furnish, publish
from ollama_tui.demo.release import VERSION, release_of
from ollama_tui.demo.server import BLOBS, DemoTransport, is_cloud, is_registry
from ollama_tui.demo.store import DemoServer, Store
from ollama_tui.demo.transfer import TICK, DemoRegistry, Download
from ollama_tui.domain.names import Name, is_shadow, parse
from tests.demo import crowd

BlobHost = Literal["up", "stalled", "down", "lost"]
Stage = Literal["manifest", "blob", "push"]

DEADLINE = 30.0
"""Seconds until the server gives up on a blob that is not where it should be."""
PATIENCE = 63.0
"""Seconds (1 + 2 + 4 + … + 32) until the server gives up on a blob host that is gone."""
LARGE = 1_000_000
"""Bytes from which on a blob is held; configs and templates are not."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as the server got it; `body` is its JSON, None when it has none."""

    method: str
    path: str
    body: Any


@dataclass(slots=True)
class Planned:
    """An answer to give instead of the real one."""

    status: int
    body: str | Mapping[str, Any]
    times: int


@dataclass(slots=True)
class FaultyRegistry(DemoRegistry):
    """Registries that refuse, stall, fail, and send the wrong bytes when told to."""

    plain_hosts: set[str] = field(default_factory=set)
    """Hosts that speak HTTP without TLS."""
    refusals: dict[tuple[Stage, str], str] = field(default_factory=dict)
    """Error texts for a stage of a model, by `Name.key`."""
    damaged: set[str] = field(default_factory=set)
    """Digests that arrive with wrong bytes."""
    blob_host: BlobHost = "up"
    """How downloads fare: they move, stand still, fail after a minute, or find nothing."""
    holds_at: float = 1.0
    """The part of each large blob at which its download stands still."""
    sent: dict[str, int] = field(default_factory=dict)
    """Bytes that were sent to the server, by digest."""
    waited: dict[str, float] = field(default_factory=dict)
    """Seconds since the host of a blob went away, by digest."""

    def refuse(self, name: str, words: str, *, stage: Stage = "manifest") -> None:
        """Answer with an error from now on, e.g. `412: needs a newer version`."""
        self.refusals[stage, parse(name).key] = words

    def manifest(self, server: DemoServer, name: Name, *, insecure: bool) -> bytes:
        path = f"manifests/{name.tag}"
        words = self.unreachable(server, name, "Get", path, insecure=insecure)
        if words := words or self.refusals.get(("manifest", name.key)):
            raise Fault(f"pull model manifest: {words}")
        raw = DemoRegistry.manifest(self, server, name, insecure=insecure)
        if words := self.refusals.get(("blob", name.key)):
            raise Fault(words)
        return raw

    def send(self, server: DemoServer, download: Download, amount: int) -> None:
        if self.blob_host == "up":
            digest, before = download.blob.digest, download.completed
            self.waited.pop(digest, None)
            if self.holds_at < 1 and download.blob.size > LARGE:
                amount = min(amount, max(0, int(self.holds_at * download.blob.size) - before))
            DemoRegistry.send(self, server, download, amount)
            self.sent[digest] = self.sent.get(digest, 0) + download.completed - before
        elif self.blob_host != "stalled":
            digest = download.blob.digest
            waited = self.waited[digest] = self.waited.get(digest, 0.0) + TICK
            if self.blob_host == "lost" and waited > DEADLINE:
                download.failure = Fault("context deadline exceeded")
            elif waited > PATIENCE:
                url = f"https://blobs.example/{digest.replace(':', '/')}/data"
                reason = f'Get "{url}": dial tcp 192.0.2.7:443: connect: connection refused'
                download.failure = Fault(f"max retries exceeded: {reason}")

    def sent_digest(self, layer: ImageLayer) -> str:
        return f"sha256:{layer.digest[:6:-1]}" if layer.digest in self.damaged else layer.digest

    def unreachable(
        self, server: DemoServer, name: Name, verb: str, path: str, *, insecure: bool
    ) -> str | None:
        if name.host in self.plain_hosts and not insecure:
            url = f"https://{name.host}/v2/{name.namespace}/{name.model}/{path}"
            return f'{verb} "{url}": http: server gave HTTP response to HTTPS client'
        if name.host not in self.plain_hosts and (
            problem := DemoRegistry.unreachable(self, server, name, verb, path, insecure=insecure)
        ):
            return problem
        return self.refusals.get(("push", name.key)) if verb == "Head" else None

    def connect(self, request: httpx.Request) -> None:
        if request.url.netloc.decode() not in self.plain_hosts:
            DemoRegistry.connect(self, request)
        elif request.url.scheme == "https":
            reason = SSLError("[SSL: WRONG_VERSION_NUMBER] wrong version number")
            raise httpx.ConnectError(str(reason), request=request) from reason


class Demo(demo.Demo):
    """An Ollama server in this process.

    `store` is what it has installed; left out, some thirty models, and it is of `version`: the
    latest, `BEFORE_LISTS`, or `PREVIEW` with a row for each manifest of a name. `pace` waits a
    number of seconds and is the only way time passes in transfers. `now` returns an aware
    datetime.
    """

    def __init__(
        self,
        *,
        store: Store | None = None,
        registry: FaultyRegistry | None = None,
        pace: Callable[[float], Awaitable[object]] = asyncio.sleep,
        now: Callable[[], datetime] = utc_now,
        version: str = VERSION,
    ) -> None:
        self._given = store, registry
        self._registry = registry if registry is not None else FaultyRegistry()
        self._surroundings = pace, now
        self._release = release_of(version)
        self.requests: list[Seen] = []
        """All requests so far, oldest first."""
        self.registry_requests: list[tuple[str, httpx.URL]] = []
        """Method and URL of what clients asked registries themselves, answered or not."""
        self.online = True
        """Whether the server accepts connections."""
        self.streams: set[Cuttable] = set()
        """Streamed answers that are neither finished nor closed."""
        self.planned: dict[str, deque[Planned]] = {}
        self.copy_warning = ""
        """What the server says of each copy, after it has made it."""
        self.hostile: dict[str, str] = {}
        """Names that no grammar allows, and the names under which the store has them."""

    @cached_property
    def server(self) -> DemoServer:
        """The state of the server, made when first asked for."""
        store, registry = self._given
        installed = store if store is not None else Store(release=self._release)
        server = DemoServer(installed, self._registry, *self._surroundings)
        if registry is None:
            publish(server.registry, server.now())
        if store is None:
            furnish(server)
        return server

    def transport(self) -> httpx.AsyncBaseTransport:
        return LeverTransport(self)

    # What it was asked, and what it has

    def seen(self, path: str) -> list[Seen]:
        """Return the requests for `path` so far."""
        return [request for request in self.requests if request.path == path]

    def bodies(self, path: str) -> list[Any]:
        """Return the bodies of those requests."""
        return [request.body for request in self.seen(path)]

    @property
    def open_streams(self) -> int:
        """How many streamed answers are neither finished nor closed."""
        return len(self.streams)

    @property
    def store(self) -> Store:
        """The installed models."""
        return self.server.store

    @property
    def names(self) -> set[str]:
        """The models installed, as the list names them; backups of converted ones are left out."""
        entries = self.store.entries.items()
        return {n.display for n, e in entries if not is_shadow(n.display, e.digest)}

    @property
    def registry(self) -> FaultyRegistry:
        """What can be pulled."""
        assert self.server.registry is self._registry
        return self._registry

    @property
    def downloads(self) -> dict[str, Download]:
        """Running downloads by digest."""
        return self.server.downloads

    @property
    def partials(self) -> dict[str, int]:
        """Bytes there are of unfinished downloads, by digest."""
        return self.server.partials

    # The levers

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
        """How downloads fare."""
        return self.registry.blob_host

    @blob_host.setter
    def blob_host(self, value: BlobHost) -> None:
        self.registry.blob_host = value

    def fail(
        self, path: str, status: int, body: str | Mapping[str, Any], *, times: int = 1
    ) -> None:
        """Answer the next `times` requests for `path` with this instead."""
        self.planned.setdefault(path, deque()).append(Planned(status, body, times))

    def fail_no_more(self) -> None:
        """Forget the failures planned."""
        self.planned.clear()

    def cut_streams(self) -> None:
        """Die mid-stream: open streams break, and what they had downloaded is lost."""
        for stream in self.streams:
            stream.cut = True
            stream.lost = tuple(self.downloads)

    def take_back(self, amount: int) -> None:
        """Reset a connection: running downloads lose `amount` bytes."""
        for download in self.downloads.values():
            download.completed = max(0, download.completed - amount)

    def add(self, count: int) -> None:
        """Install `count` made-up models."""
        crowd.add(self.server, count)

    def add_hostile(self) -> None:
        """Install models as only a malicious server has them: control codes in every text."""
        self.hostile = crowd.add_hostile(self.server)


class LeverTransport(DemoTransport):
    """Stands between a client and the embedded server: a log, a switch, and planned failures."""

    def __init__(self, demo: Demo) -> None:
        super().__init__(lambda: demo.server)
        self._demo = demo

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        demo, path = self._demo, request.url.path
        if is_cloud(request):
            return self._cuttable(await super().handle_async_request(request))
        if is_registry(request):
            demo.registry_requests.append((request.method, request.url))
            return await super().handle_async_request(request)
        if not demo.online:
            raise httpx.ConnectError("All connection attempts failed", request=request)
        body = None if path.startswith(BLOBS) else _json(await request.aread())
        demo.requests.append(Seen(request.method, path, body))
        response = self._planned(path)
        if response is None:
            response = await super().handle_async_request(self._to_store(request, body))
            if path == "/api/copy" and demo.copy_warning and response.status_code == 200:
                response = httpx.Response(200, json={"status": demo.copy_warning})
        response = self._cuttable(await self._from_store(response))
        response.request = request
        return response

    def _planned(self, path: str) -> httpx.Response | None:
        queue = self._demo.planned.get(path)
        if not queue:
            return None
        planned = queue[0]
        planned.times -= 1
        if planned.times <= 0:
            queue.popleft()
        if not isinstance(planned.body, str):
            return httpx.Response(planned.status, json=dict(planned.body))
        html = planned.body.lstrip().startswith("<")
        return text_answer(planned.body, planned.status, "text/html" if html else "text/plain")

    def _to_store(self, request: httpx.Request, body: Any) -> httpx.Request:
        """Put the names of the store in the place of hostile ones."""
        if not self._demo.hostile or not isinstance(body, dict):
            return request
        renamed = {
            key: self._demo.hostile.get(value, value) if isinstance(value, str) else value
            for key, value in body.items()
        }
        return httpx.Request(request.method, request.url, json=renamed)

    async def _from_store(self, response: httpx.Response) -> httpx.Response:
        """Put hostile names in the place of those of the store."""
        if not self._demo.hostile or "content-length" not in response.headers:
            return response
        content = await response.aread()
        for hostile, name in self._demo.hostile.items():
            content = content.replace(name.encode(), encode(hostile)[1:-1])
        headers = {k: v for k, v in response.headers.items() if k != "content-length"}
        return httpx.Response(response.status_code, headers=headers, content=content)

    def _cuttable(self, response: httpx.Response) -> httpx.Response:
        if "content-length" not in response.headers:
            response.stream = Cuttable(response.stream, self._demo)
        return response


class Cuttable(httpx.AsyncByteStream):
    """A streamed body that counts as open until closed, and that can be cut off."""

    def __init__(self, body: Any, demo: Demo) -> None:
        self._body = body
        self._demo = demo
        self.cut = False
        self.lost: tuple[str, ...] = ()
        """Digests of which nothing is left once it is cut."""
        demo.streams.add(self)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._body:
            if self.cut:
                raise httpx.RemoteProtocolError(
                    "peer closed connection without sending complete message body "
                    "(incomplete chunked read)"
                )
            yield chunk

    async def aclose(self) -> None:
        self._demo.streams.discard(self)
        await self._body.aclose()
        for digest in self.lost:
            self._demo.partials.pop(digest, None)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None
