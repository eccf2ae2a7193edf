"""What every verb works with: the settings, a client, the models and what is known of them."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from ollama_tui.api.errors import NotOllama, Refused
from ollama_tui.api.prefetch import Prefetch
from ollama_tui.api.replies import Answers, ListedModel, RunningModel, Show
from ollama_tui.config.settings import Settings
from ollama_tui.domain.model import Facts, Model
from ollama_tui.domain.snapshot import combine
from ollama_tui.services.cache import Cache

if TYPE_CHECKING:
    import httpx

    from ollama_tui.api.client import Ollama
    from ollama_tui.api.registry import Registry
    from ollama_tui.services.storage import Storage
    from ollama_tui.services.updates import Updates

FIRST_ANSWER = 3.0
"""Seconds to wait for the first answer before asking in earnest."""
LEARNED = frozenset({"cap", "ctx", "shares"})
"""Fields of the filter that may need details the list does not tell."""


class Mistaken(ValueError):  # noqa: N818 - read as a sentence: except Mistaken
    """What was asked makes no sense; the message is a sentence for a person."""


@dataclass(frozen=True)
class Desk:
    """One server, and what the person asked."""

    settings: Settings
    options: argparse.Namespace
    connect: Callable[[], Ollama]
    cache: Cache | None
    transport: httpx.AsyncBaseTransport | None = None
    first: Prefetch | None = None
    """What the server was asked while the verb was being loaded."""

    @cached_property
    def ollama(self) -> Ollama:
        """The client; who needs no more than the first answers never loads one."""
        return self.connect()

    async def models(self, *, learn: bool = False) -> tuple[Model, ...]:
        """Return all models; with `learn`, those of unknown facts are asked for these first."""
        listed, running, _ = await self._answers()
        if learn:
            return combine(listed, running, await self._facts(listed))
        return combine(listed, running, self.cache.facts() if self.cache else {})

    async def _answers(self) -> Answers:
        first = await self.first.wait(FIRST_ANSWER) if self.first else None
        if first is not None:
            return first
        return Answers(*await asyncio.gather(self.ollama.list(), self._runners()), "")

    async def _runners(self) -> tuple[RunningModel, ...]:
        """Return the running models; none where the server does not tell: the list matters more."""
        try:
            return await self.ollama.running()
        except (Refused, NotOllama):
            return ()

    async def _facts(self, listed: tuple[ListedModel, ...]) -> Mapping[str, Facts]:
        """Return what is known of all models, once what is not known was asked for."""
        from ollama_tui.services.learning import learn_all
        from ollama_tui.services.model_facts import FactBook

        book = FactBook(self.cache)
        if book.want(listed):
            await learn_all(book, self.ollama.show)
        return book.facts

    async def chosen(self) -> tuple[tuple[Model, ...], tuple[Model, ...]]:
        """Return the models the filter selects, and all; raises Mistaken."""
        if not self.options.filter:
            models = await self.models()
            return models, models
        return await self._selected(" ".join(self.options.filter))

    async def _selected(self, text: str) -> tuple[tuple[Model, ...], tuple[Model, ...]]:
        from ollama_tui.domain import updates as upstream
        from ollama_tui.domain.filter import parser as query
        from ollama_tui.domain.filter.fields import Scope

        asked = query.parse(text, self.settings.filters)
        if asked.mistakes:
            raise Mistaken(asked.mistakes[0].quoting(text))
        models = await self.models(learn=any(term.field in LEARNED for term in asked.terms))
        found = self.cache.upstreams(self.settings.host.url) if self.cache else {}
        known = upstream.known({model.name: model for model in models}, found)
        scope = Scope(models, self.now(), outdated=known.outdated, current=known.current)
        return asked.select(models, scope), models

    def now(self) -> datetime:
        """Return the time of day."""
        return datetime.now(UTC)

    async def details(self, model: Model) -> Show:
        """Return the details of `model`, from disk when its digest is known; raises OllamaError."""
        known = self.cache.details(model.digest) if self.cache else None
        if known is not None:
            return known
        show = await self.ollama.show(model.name)
        if self.cache:
            self.cache.keep_details(model.digest, show)
        return show

    def disk(self) -> Storage:
        """Return what knows the server's disk."""
        from ollama_tui.services.storage import Storage

        local = self.settings.host.is_local and self.transport is None
        return Storage(self.ollama.show, local=local, environ=os.environ)

    def registry(self) -> Registry:
        """Return what asks registries, not yet connected."""
        from ollama_tui.api.registry import Registry

        near = self.settings.host.is_local or self.transport is not None
        return Registry(self.transport, plain=self.settings.insecure, beside_server=near)

    @asynccontextmanager
    async def upstreams(self) -> AsyncIterator[Updates]:
        """Give what registries can be asked by."""
        from ollama_tui.services.updates import Updates

        async with self.registry() as registry:
            yield Updates(
                registry,
                self.ollama,
                self.details,
                cache=self.cache,
                host_url=self.settings.host.url,
            )


@asynccontextmanager
async def opened(
    settings: Settings, options: argparse.Namespace, cache: Cache | None
) -> AsyncIterator[Desk]:
    """Open a desk; the demo forgets everything in the end."""
    transport: httpx.AsyncBaseTransport | None = None
    if settings.demo:
        from ollama_tui.demo import Demo

        transport, cache = Demo().transport(), None
    first = None if settings.demo else Prefetch.of(settings.host, os.environ)
    connected: list[Ollama] = []

    def connect() -> Ollama:
        from ollama_tui.api.client import Ollama

        key = settings.api_key
        connected.append(Ollama(settings.host.url, api_key=key, transport=transport))
        return connected[-1]

    try:
        yield Desk(settings, options, connect, cache, transport, first)
    finally:
        for ollama in connected:
            await ollama.aclose()
