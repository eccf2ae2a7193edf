"""The context of a command: its settings, the client, the models and their facts."""

from __future__ import annotations

import argparse
import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from ollama_tui.api.prefetch import Prefetch
from ollama_tui.config.notes_file import NotesFile, Unreadable
from ollama_tui.config.settings import Settings
from ollama_tui.domain.last_runs import LastRuns
from ollama_tui.domain.model import Model, models_from
from ollama_tui.domain.notes import LOCKED_MEANWHILE, KnownNotes
from ollama_tui.services.cache import Cache
from ollama_tui.services.library import answers_of
from ollama_tui.services.model_facts import ModelFacts

if TYPE_CHECKING:
    import httpx

    from ollama_tui.api.client import Ollama
    from ollama_tui.api.registry import Registry
    from ollama_tui.api.replies import RunningModel, Show, VerboseShow
    from ollama_tui.domain.filter.fields import Scope
    from ollama_tui.domain.filter.parser import Query
    from ollama_tui.domain.memory.available import AvailableMemory
    from ollama_tui.services.storage import Storage

FIRST_ANSWERS = 3.0
"""Seconds to wait for the prefetched answers before the client asks again."""


class UsageError(Exception):
    """Wrong usage; the message is a sentence for the user."""


class CommandRefused(Exception):  # noqa: N818 - like `Refused` of the server
    """The command cannot answer truthfully or do as asked; the message is for the user."""


@dataclass(frozen=True)
class CommandContext:
    """One server, and what the user asked for."""

    settings: Settings
    options: argparse.Namespace
    connect: Callable[[], Ollama]
    cache: Cache | None
    transport: httpx.AsyncBaseTransport | None = None
    prefetch: Prefetch | None = None
    """Requests sent while the command was being loaded."""
    notes_file: NotesFile | None = None
    """The user's notes; the demo has none."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def ollama(self) -> Ollama:
        """The client, loaded at first use: the prefetched answers may be enough."""
        return self.connect()

    @cached_property
    def facts(self) -> ModelFacts:
        """Facts from show; cached ones need no client."""
        return ModelFacts(self._show, self.cache, show_verbose=self._show_verbose)

    async def _show(self, model: str, *, runner: str = "") -> Show:
        return await self.ollama.show(model, runner=runner)

    async def _show_verbose(self, model: str, *, runner: str = "") -> VerboseShow:
        return await self.ollama.show_verbose(model, runner=runner)

    async def models(self, *, learn: bool = False, memory: bool = False) -> tuple[Model, ...]:
        """Return all models; with `learn`, the details of those not known yet are asked for first.

        With `memory` they say what memory their server has. Raises OllamaError.
        """
        answers = await self.prefetch.wait(FIRST_ANSWERS) if self.prefetch else None
        if answers is None:
            answers = await answers_of(self.ollama)
        self.facts.use_server_version(answers.version)
        if learn:
            self.facts.queue_unknown(answers.listed)
            await self.facts.fetch_all()
        return models_from(
            answers.listed,
            answers.running,
            self.facts.by_digest,
            self.last_runs,
            await self.server_memory(answers.running) if memory else None,
            self.notes.by_name(answers.listed),
        )

    @cached_property
    def last_runs(self) -> LastRuns | None:
        """When models of the server were seen running; None if nothing is known."""
        return self.cache.last_runs(self.settings.host.url) if self.cache else None

    @cached_property
    def notes(self) -> KnownNotes:
        """What the user keeps for the server's models; why it cannot be read is told once."""
        if self.notes_file is None:
            return KnownNotes()
        try:
            return KnownNotes(self.notes_file.read(self.settings.host))
        except Unreadable as error:
            self.notes_file.problems.add(f"{error} {LOCKED_MEANWHILE}")
            return KnownNotes(problem=str(error))

    async def server_memory(self, running: Iterable[RunningModel]) -> AvailableMemory | None:
        """Return what memory the server has, of which what runs there tells too."""
        from ollama_tui.domain.memory.seen import SeenMemory
        from ollama_tui.services.machine import memory_of

        seen = SeenMemory(0).with_running(running)
        return await memory_of(self.settings, seen, server=self.transport, cache=self.cache)

    async def selected(
        self, *, learn: bool = False, memory: bool = False
    ) -> tuple[tuple[Model, ...], tuple[Model, ...]]:
        """Return the models that FILTER selects, and all; `learn` and `memory` as of `models`.

        Raises UsageError, CommandRefused and OllamaError.
        """
        text = " ".join(self.options.filter)
        if not text:
            models = await self.models(learn=learn, memory=memory)
            return models, models
        from ollama_tui.domain import names, updates
        from ollama_tui.domain.filter import parser
        from ollama_tui.domain.filter.fields import FIELDS, Scope

        query = parser.parse(text, self.settings.filters)
        if query.problems:
            # What looks like a field may be the name of a model; quotes make a word of it.
            installed = {names.comparison_key(model.name) for model in await self.models()}
            for problem in reversed(query.problems):
                token = text[problem.start : problem.end]
                name = token.lstrip("!-")
                if names.comparison_key(name) in installed:
                    quoted = token.replace(name, f'"{name}"')
                    text = text[: problem.start] + quoted + text[problem.end :]
            query = parser.parse(text, self.settings.filters)
        if query.problems:
            raise UsageError(query.problems[0].quoting(text))
        deep = {field.name for field in FIELDS if field.needs_details}
        asks_fits = any(term.field == "is" and "fits" in term.values for term in query.terms)
        learn = learn or asks_fits or any(term.field in deep for term in query.terms)
        models = await self.models(learn=learn, memory=memory or asks_fits)
        found = self.cache.upstreams(self.settings.host.url) if self.cache else {}
        known = updates.known({model.key: model for model in models}, found)
        scope = Scope(
            models,
            self.now,
            outdated=known.outdated,
            current=known.current,
            watched_since=self.last_runs.since if self.last_runs else None,
        )
        if wrong := query.problems_among(scope):
            raise UsageError(wrong[0].quoting(text))
        self._refuse_without_check(query, scope)
        return query.select(models, scope), models

    def _refuse_without_check(self, query: Query, scope: Scope) -> None:
        """Raise CommandRefused where the filter asks for updates that nobody has looked for.

        A script would take an empty list for “all is up to date”.
        """
        from ollama_tui.domain import updates

        states = {term: term.values for term in query.terms if term.field == "is"}
        asked = {value for values in states.values() for value in values}
        if asked.isdisjoint(("outdated", "uncertain")):
            return
        command = "ollama-tui outdated"
        if self.cache is None:
            raise CommandRefused(
                f"The demo keeps no results of update checks: {command} --demo shows them."
            )
        if "host" in self.options:
            command += f" --host {self.options.host}"
        if "uncertain" in asked:  # such results are not kept: tomorrow they may be others
            raise CommandRefused(
                f"Only update checks themselves tell what is uncertain: {command} lists it as "
                "not known."
            )
        terms = tuple(term for term in query.terms if "outdated" not in states.get(term, ()))
        comparable = {
            model.key
            for model in replace(query, terms=terms).select(scope.models, scope)
            if updates.incomparable(model) is None
        }
        if comparable and comparable.isdisjoint(scope.outdated | scope.current):
            raise CommandRefused(
                f"It is not known whether these models are outdated: run {command} first."
            )

    def storage(self) -> Storage:
        """Return what reads the server's store; from another machine nothing can."""
        from ollama_tui.services.storage import Storage

        is_local = self.settings.host.is_loopback and self.transport is None
        transport = self.transport
        return Storage(self.ollama.show, local=is_local, environ=os.environ, server=transport)

    def registry(self) -> Registry:
        """Return the client of registries, not yet connected."""
        from ollama_tui.services.updates import registry_for

        return registry_for(self.settings, self.transport)


@asynccontextmanager
async def open_context(
    settings: Settings,
    options: argparse.Namespace,
    cache: Cache | None,
    notes_file: NotesFile | None = None,
) -> AsyncIterator[CommandContext]:
    """Yield the context of a command and close its client; the demo remembers nothing."""
    transport: httpx.AsyncBaseTransport | None = None
    if settings.demo:
        from ollama_tui.demo import Demo

        transport, cache, notes_file = Demo().transport(), None, None
    prefetch = None if settings.demo else Prefetch.of(settings.host, os.environ)
    clients: list[Ollama] = []

    def connect() -> Ollama:
        from ollama_tui.api.client import Ollama

        ollama = Ollama(
            settings.host.url,
            api_key=settings.api_key,
            transport=transport,
            read_only=settings.read_only,
        )
        clients.append(ollama)
        return ollama

    try:
        yield CommandContext(settings, options, connect, cache, transport, prefetch, notes_file)
    finally:
        for client in clients:
            await client.aclose()


def add_filter(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `CommandContext.selected` reads."""
    parser.add_argument(
        "filter", nargs="*", metavar="FILTER", help="which models: words of a name, or field:value"
    )
