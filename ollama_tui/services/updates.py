"""What registries say of the installed models: asked when a person asks, never by itself.

updates = Updates(registry, ollama, library.facts.show)
await updates.check(library.snapshot.models)
"""

from __future__ import annotations

import asyncio
import platform
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ollama_tui.api.clock import utc_now
from ollama_tui.api.errors import Interrupted, NotFound, OllamaError, Refused, Unreachable
from ollama_tui.api.replies import Manifest, Show
from ollama_tui.domain import comparison, names
from ollama_tui.domain import updates as upstream
from ollama_tui.domain.comparison import Installed, InstalledLayers, RegistryContent
from ollama_tui.domain.model import Model, ModelKey
from ollama_tui.domain.names import SHADOW
from ollama_tui.domain.published import PublishedModel
from ollama_tui.domain.storage.contents import Contents
from ollama_tui.domain.storage.manifest import GGML, LLAMACPP
from ollama_tui.domain.updates import Offer, OfferKind, UpdateStatus, Upstream
from ollama_tui.formatting import inert
from ollama_tui.services.cache import Cache
from ollama_tui.services.observable import Observable

if TYPE_CHECKING:
    import httpx

    from ollama_tui.api.client import Ollama
    from ollama_tui.api.registry import Registry
    from ollama_tui.config.settings import Settings
    from ollama_tui.domain.memory.published import Published
    from ollama_tui.services.published_memory import PublishedMemory
    from ollama_tui.services.storage import Storage

CONCURRENT_MODELS = 4
"""How many models are asked about at a time."""
CONCURRENT_BLOBS = 8
"""How many blobs of a model are looked up at a time."""
GOOD_FOR = timedelta(days=1)
"""How long an answer is shown without asking again."""

Details = Callable[[Model], Awaitable[Show]]


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What is known of the server whose models are compared."""

    models: Callable[[], Iterable[Model]] = tuple
    """All its models as they are listed now."""
    contents: Callable[[], Contents | None] = lambda: None
    """Its store as it was read last; None where it cannot be read."""
    read_store: Callable[[], Awaitable[object]] | None = None
    """Reads the store for `contents`, if that was not done for these models."""
    on_apple_silicon: bool | None = None
    """Whether it runs on Apple silicon; None where only its models tell."""

    @classmethod
    def of(
        cls, storage: Storage, models: Callable[[], Sequence[Model]], on_apple_silicon: bool | None
    ) -> ServerFacts:
        """Return what `storage` and the list tell."""

        def contents() -> Contents | None:
            measured = storage.measured.value
            return measured.contents if measured else None

        return cls(models, contents, lambda: storage.usage(models()), on_apple_silicon)

    @property
    def runner_order(self) -> tuple[str, ...]:
        """The runners in the order in which it chooses from a list."""
        return comparison.runner_order(self.models(), on_apple_silicon=self.on_apple_silicon)

    def has_shadow(self, model: Model) -> bool:
        """Whether it lists the backup that proves that it has converted `model`."""
        name = SHADOW + model.digest
        return any(name in (other.backup, other.name) for other in self.models())


def on_apple_silicon(settings: Settings, transport: httpx.AsyncBaseTransport | None) -> bool | None:
    """Return whether the server is on this machine and that is of Apple silicon; else None."""
    if not settings.host.is_local or transport is not None:
        return None
    return sys.platform == "darwin" and platform.machine() == "arm64"


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


async def read_manifests(
    registry: Registry, name: names.Name, content: RegistryContent, digests: Iterable[str]
) -> RegistryContent:
    """Return `content` with the manifests of `digests` read; raises OllamaError."""
    manifests = dict(content.manifests)
    for digest in digests:
        if digest not in manifests:
            child = content.children[digest]
            manifests[digest] = await registry.child(name, child, insecure=content.insecure)
    return replace(content, manifests=manifests)


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
        server: ServerFacts | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._registry = registry
        self._ollama = ollama
        self._details = details
        self._cache = cache
        self._host_url = host_url
        self._server = server or ServerFacts()
        self._now = now
        self._memory: PublishedMemory | None = None
        self._pushed = cache.pushed(host_url) if cache else frozenset[str]()
        """Names that were pushed from here, by which a server compares names."""
        remembered = cache.upstreams(host_url) if cache else {}
        self.found: Observable[Mapping[ModelKey, Upstream]] = Observable(
            {n: found for n, found in remembered.items() if now() - found.checked_at < GOOD_FOR}
        )
        """The newest findings by name and digest of the model installed."""
        self.progress: Observable[Checking | None] = Observable(None)
        """How far the check under way is; None while there is none."""

    @property
    def is_checking(self) -> bool:
        """Whether a check is under way."""
        return self.progress.value is not None

    async def check(self, models: Sequence[Model]) -> Mapping[ModelKey, Upstream]:
        """Ask about each of `models`, a few at a time; return all that is known then.

        Never raises for what a registry or the network does: that is what `reason` is for. A
        registry that cannot be reached is not tried again for the rest of them.
        """
        unreachable: dict[str, str] = {}
        todo = iter(models)
        self.progress.set(Checking(0, len(models)))
        try:
            if self._server.read_store is not None:
                await self._server.read_store()
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
            self.found.set({**self.found.value, model.key: found})
            if (progress := self.progress.value) is not None:
                self.progress.set(replace(progress, done=progress.done + 1))

    def incomparable(self, model: Model) -> str | None:
        """Return why no registry need be asked about `model`, as a sentence; None when one must."""
        stored = self._stored(model)
        is_pulled = stored is not None and stored.is_pulled is True
        is_pushed = names.comparison_key(model.name) in self._pushed
        return upstream.incomparable(model, is_no_secret=is_pulled or is_pushed)

    def note_push(self, name: str) -> None:
        """Remember that a push tells a registry of `name`: it may be asked from now on."""
        self._pushed |= {names.comparison_key(name)}
        if self._cache:
            self._cache.keep_pushed(self._host_url, self._pushed)

    def _stored(self, model: Model) -> Installed | None:
        contents = self._server.contents()
        return comparison.installed_from_store(model, contents) if contents is not None else None

    async def _look(self, model: Model, unreachable: dict[str, str]) -> Upstream:
        if (reason := self.incomparable(model)) is not None:
            return upstream.unknown(model, reason, self._now())
        name = names.parse(model.name)
        if name.host in unreachable:
            return upstream.unknown(model, unreachable[name.host], self._now(), unreachable=True)
        stored = self._stored(model)
        here = stored or Installed(frozenset((model.digest,)))
        try:
            newest = await self._registry.newest(name)
        except Unreachable as error:
            unreachable[name.host] = error.title
            return upstream.unknown(model, error.title, self._now(), unreachable=True)
        except OllamaError as error:
            return self._refused(model, error)
        if comparison.is_same_by_digest(here, (newest.digest,)):
            return upstream.current(model, self._now())
        try:
            return await self._compare(model, name, stored)
        except OllamaError as error:
            return self._refused(model, error)

    def _refused(self, model: Model, error: OllamaError) -> Upstream:
        reason = error.title
        if isinstance(error, NotFound):
            reason = upstream.NOT_THERE.format(upstream.registry_of(model))
        is_unreachable = isinstance(error, Unreachable)
        return upstream.unknown(model, reason, self._now(), unreachable=is_unreachable)

    async def _compare(self, model: Model, name: names.Name, stored: Installed | None) -> Upstream:
        """Compare with all that its registry has; raises OllamaError."""
        published = await self._registry.manifest(name)
        content = comparison.content_of(published, self._server.runner_order)
        theirs = (content.digest, *content.children)
        here = stored or Installed(frozenset((model.digest,)))
        present: frozenset[str] = frozenset()
        if not comparison.is_same_by_digest(here, theirs):
            here = await self._installed(model, stored)
        if not comparison.is_same_by_digest(here, theirs):
            content = await read_manifests(
                self._registry, name, content, comparison.targets(here, content)
            )
            present = await self._present(content.manifests.values())
        return upstream.compared(model, here, content, present, now=self._now())

    async def _installed(self, model: Model, stored: Installed | None) -> Installed:
        """Return all that the store and the server tell of a model; raises Unreachable."""
        show = await self._shown(model)
        if stored is not None:
            return comparison.with_texts(stored, show) if show is not None else stored
        original = None
        if show is not None and show.details.runner == LLAMACPP:
            original = await self._show_for(model, GGML)
        return comparison.installed_from_show(
            model, show, original, has_shadow=self._server.has_shadow(model)
        )

    async def _shown(self, model: Model) -> Show | None:
        """Return the details of a model; None when the server cannot show it."""
        try:
            show = await self._details(model)
        except Unreachable:
            raise
        except OllamaError:
            return None
        if model.runner and show.details.runner not in ("", model.runner):
            return await self._show_for(model, model.runner)  # it has several of that name
        return show

    async def _show_for(self, model: Model, runner: str) -> Show | None:
        """Return the details of the manifest of that name for `runner`; None if none is there."""
        try:
            show = await self._ollama.show(model.name, runner=runner)
        except Refused:
            return None
        return show if show.details.runner == runner else None

    async def _present(self, manifests: Iterable[Manifest]) -> frozenset[str]:
        """Return which blobs of `manifests` the server has; raises OllamaError."""
        digests = iter({layer.digest for each in manifests for layer in each.everything})
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

    async def published(self, given: str) -> PublishedModel:
        """Return what its registry has under the name `given`; raises OllamaError, InvalidName."""
        name = names.parse(names.resolved(given))
        published = await self._registry.manifest(name)
        content = comparison.content_of(published, self._server.runner_order)
        if not content.chosen:
            raise NotFound(upstream.NOT_FOR_IT.format(upstream.host_label(name)))
        content = await read_manifests(self._registry, name, content, (content.chosen,))
        manifest = content.manifests[content.chosen]
        return PublishedModel(
            name.display,
            frozenset((published.digest, content.chosen)),
            manifest,
            await self._present((manifest,)),
            published.pushed_at,
        )

    async def offer(self, given: str, insecure: bool, there: Model | None) -> Offer:
        """Return what pulling the name `given` would fetch.

        Never raises OllamaError: who cannot look can still pull.
        """
        try:
            name = names.parse(names.resolved(given))
            published = await self._registry.manifest(name, insecure=insecure)
            if published.insecure and not insecure:
                reason = upstream.ONLY_PLAIN.format(inert(name.host)[:60])
                return Offer(OfferKind.UNKNOWN, reason)
            content = comparison.content_of(published, self._server.runner_order)
            if not content.chosen:
                reason = upstream.NOT_FOR_IT.format(upstream.host_label(name))
                return Offer(OfferKind.UNKNOWN, reason)
            content = await read_manifests(self._registry, name, content, (content.chosen,))
            manifest = content.manifests[content.chosen]
            present = await self._present((manifest,))
            mine = await self._mine(there) if there is not None else None
        except NotFound as error:
            return Offer(OfferKind.ABSENT, error.title)
        except OllamaError as error:
            unreachable = isinstance(error, Unreachable | Interrupted)
            return Offer(OfferKind.UNKNOWN, error.title, unreachable=unreachable)
        return upstream.offered(manifest, present, there, mine, content.chosen)

    async def _mine(self, model: Model) -> InstalledLayers | None:
        return (await self._installed(model, self._stored(model))).layers

    async def memory(self, given: str, insecure: bool, offer: Offer) -> Published | None:
        """Return what is known of the memory that an offer takes; None if nothing is.

        Never raises OllamaError: who cannot look has the sizes of the offer.
        """
        if self._memory is None:
            from ollama_tui.services.published_memory import PublishedMemory

            self._memory = PublishedMemory(self._registry)
        return await self._memory.of(names.parse(names.resolved(given)), insecure, offer)

    async def speaks_plain_http(self, given: str) -> bool:
        """Return whether the registry of a name does.

        Never raises OllamaError: who cannot look can still push.
        """
        try:
            return await self._registry.speaks_plain_http(names.parse(given))
        except OllamaError:
            return False
