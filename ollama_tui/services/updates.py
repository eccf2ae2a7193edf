"""What registries say of the installed models: asked when a person asks, never by itself.

updates = Updates(registry, ollama, library.facts.show)
await updates.check(library.snapshot.models)
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ollama_tui.api.clock import utc_now
from ollama_tui.api.errors import NotFound, OllamaError, Unreachable
from ollama_tui.api.replies import Manifest, Show
from ollama_tui.domain import names
from ollama_tui.domain import updates as upstream
from ollama_tui.domain.model import Model
from ollama_tui.domain.updates import (
    InstalledLayers,
    Offer,
    UpdateStatus,
    Upstream,
    installed_layers,
)
from ollama_tui.formatting import inert
from ollama_tui.services.cache import Cache
from ollama_tui.services.observable import Observable

if TYPE_CHECKING:
    import httpx

    from ollama_tui.api.client import Ollama
    from ollama_tui.api.registry import Registry
    from ollama_tui.config.settings import Settings

CONCURRENT_MODELS = 4
"""How many models are asked about at a time."""
CONCURRENT_BLOBS = 8
"""How many blobs of a model are looked up at a time."""
GOOD_FOR = timedelta(days=1)
"""How long an answer is shown without asking again."""

Details = Callable[[Model], Awaitable[Show]]


@dataclass(frozen=True, slots=True)
class Checking:
    """How far a check is."""

    done: int
    total: int


def registry_for(settings: Settings, transport: httpx.AsyncBaseTransport | None) -> Registry:
    """Return the client of registries, not connected yet, for a server with these settings."""
    from ollama_tui.api.registry import Registry

    server_is_local = settings.host.is_local or transport is not None
    return Registry(transport, plain=settings.insecure, server_is_local=server_is_local)


class Updates:
    """Asks registries about models and publishes what they say as `found`."""

    def __init__(
        self,
        registry: Registry,
        ollama: Ollama,
        details: Details,
        *,
        cache: Cache | None = None,
        host_url: str = "",
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._registry = registry
        self._ollama = ollama
        self._details = details
        self._cache = cache
        self._host_url = host_url
        self._now = now
        remembered = cache.upstreams(host_url) if cache else {}
        self.found: Observable[Mapping[str, Upstream]] = Observable(
            {n: found for n, found in remembered.items() if now() - found.checked_at < GOOD_FOR}
        )
        """The newest findings by model name."""
        self.progress: Observable[Checking | None] = Observable(None)
        """How far the check under way is; None while there is none."""

    @property
    def is_checking(self) -> bool:
        """Whether a check is under way."""
        return self.progress.value is not None

    async def check(self, models: Sequence[Model]) -> Mapping[str, Upstream]:
        """Ask about each of `models`, a few at a time; return all that is known then.

        Never raises for what a registry or the network does: that is what `reason` is for. A
        registry that cannot be reached is not tried again for the rest of them.
        """
        unreachable: dict[str, str] = {}
        todo = iter(models)
        self.progress.set(Checking(0, len(models)))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(CONCURRENT_MODELS):
                    group.create_task(self._work(todo, unreachable))
        finally:
            self.progress.set(None)
            if self._cache:  # what is unknown now may be known tomorrow
                found = self.found.value.items()
                known = {n: each for n, each in found if each.status is not UpdateStatus.UNKNOWN}
                self._cache.keep_upstreams(self._host_url, known)
        return self.found.value

    async def _work(self, todo: Iterator[Model], unreachable: dict[str, str]) -> None:
        for model in todo:
            found = await self._look(model, unreachable)
            self.found.set({**self.found.value, model.name: found})
            if (progress := self.progress.value) is not None:
                self.progress.set(replace(progress, done=progress.done + 1))

    async def _look(self, model: Model, unreachable: dict[str, str]) -> Upstream:
        if (reason := upstream.incomparable(model)) is not None:
            return upstream.unknown(model, reason, self._now())
        name = names.parse(model.name)
        if name.host in unreachable:
            return upstream.unknown(model, unreachable[name.host], self._now())
        try:
            newest = await self._registry.newest(name)
        except Unreachable as error:
            unreachable[name.host] = error.title
            return upstream.unknown(model, error.title, self._now())
        except OllamaError as error:
            return self._refused(model, error)
        if newest.digest == model.digest:
            return upstream.current(model, self._now())
        try:
            return await self._compare(model, name)
        except OllamaError as error:
            return self._refused(model, error)

    def _refused(self, model: Model, error: OllamaError) -> Upstream:
        reason = error.title
        if isinstance(error, NotFound):
            reason = upstream.NOT_THERE.format(upstream.registry_of(model))
        return upstream.unknown(model, reason, self._now())

    async def _compare(self, model: Model, name: names.Name) -> Upstream:
        """Compare layer by layer; raises OllamaError."""
        published = await self._registry.manifest(name)
        if published.digest == model.digest:
            return upstream.current(model, self._now())
        return upstream.compared(
            model,
            await self._mine(model),
            published.manifest,
            await self._present(published.manifest),
            newest=published.digest,
            pushed_at=published.pushed_at,
            now=self._now(),
            insecure=published.insecure,
        )

    async def _mine(self, model: Model) -> InstalledLayers | None:
        """Return what the server tells of a model's layers; None when it cannot show it."""
        try:
            return installed_layers(await self._details(model))
        except Unreachable:
            raise
        except OllamaError:
            return None

    async def _present(self, manifest: Manifest) -> frozenset[str]:
        """Return which blobs of `manifest` the server has; raises OllamaError."""
        digests = iter({layer.digest for layer in manifest.everything})
        present: set[str] = set()
        looking = [
            asyncio.ensure_future(self._look_up(digests, present)) for _ in range(CONCURRENT_BLOBS)
        ]
        try:
            await asyncio.gather(*looking)
        finally:
            for task in looking:
                task.cancel()
        return frozenset(present)

    async def _look_up(self, digests: Iterable[str], present: set[str]) -> None:
        for digest in digests:
            if await self._ollama.blob_exists(digest):
                present.add(digest)

    async def offer(self, given: str, insecure: bool, there: Model | None) -> Offer:
        """Return what pulling the name `given` would fetch.

        Never raises OllamaError: who cannot look can still pull.
        """
        try:
            name = names.parse(names.resolved(given))
            published = await self._registry.manifest(name, insecure=insecure)
            if published.insecure and not insecure:
                return Offer(upstream.ONLY_PLAIN.format(inert(name.host)[:60]))
            present = await self._present(published.manifest)
            mine = await self._mine(there) if there is not None else None
        except OllamaError as error:
            return Offer(error.title)
        return upstream.offered(published.manifest, present, there, mine, published.digest)

    async def speaks_plain_http(self, given: str) -> bool:
        """Return whether the registry of a name does.

        Never raises OllamaError: who cannot look can still push.
        """
        try:
            return await self._registry.speaks_plain_http(names.parse(given))
        except OllamaError:
            return False
