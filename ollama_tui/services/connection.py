"""One server until it is left: the earliest list there is, then its services."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ollama_tui.api.clock import MACHINE, Clock
from ollama_tui.domain.model import ConnectionState, Snapshot
from ollama_tui.services.observable import Observable

if TYPE_CHECKING:
    import httpx

    from ollama_tui.api.client import Ollama
    from ollama_tui.api.prefetch import Prefetch
    from ollama_tui.api.registry import Registry
    from ollama_tui.api.replies import Answers
    from ollama_tui.config.settings import Settings
    from ollama_tui.config.state_file import Problems
    from ollama_tui.services.cache import Cache
    from ollama_tui.services.hub import Hub
    from ollama_tui.services.jobs.handover import Handover, StartKeeper
    from ollama_tui.services.jobs.queue import JobQueue
    from ollama_tui.services.lazy_hub import LazyHub
    from ollama_tui.services.library import Library
    from ollama_tui.services.machine import ServerMemory
    from ollama_tui.services.model_facts import ModelFacts
    from ollama_tui.services.notes import Notes
    from ollama_tui.services.storage import Storage
    from ollama_tui.services.updates import Updates

CLOUD_URL = "https://ollama.com"
"""Where the API key belongs: the client sends it there and nowhere else."""
FIRST_ANSWER = 1.0
"""Seconds to wait for the first list before the services are loaded."""
SOON = 0.05
"""Seconds in which reading the last list may be spared: with 10,000 models it takes as long."""


NETWORK_MODULES = ("httpcore", "httpcore._backends.anyio", "anyio", "anyio._backends._asyncio")
"""What httpx loads with the first client and the first request; a later one may have others."""
SERVICE_MODULES = (
    "ollama_tui.services.storage",
    "ollama_tui.services.updates",
    "ollama_tui.services.gpu_tools",
    "ollama_tui.services.machine",
    "ollama_tui.api.registry",
    "ollama_tui.services.jobs.job",
    "ollama_tui.services.jobs.entries",
    "ollama_tui.services.jobs.handover",
    "ollama_tui.services.jobs.record",
    "ollama_tui.services.jobs.queue",
    # The first letter of a filter, and the first details, would wait for these.
    "ollama_tui.domain.filter.parser",
    "ollama_tui.domain.filter.completion",
    "ollama_tui.domain.modelfile.syntax",
    "ollama_tui.domain.quantization",
)
"""What is loaded once the list is on the screen, in an order in which each takes little."""
SWITCH_INTERVAL = 0.0005
"""GIL switch interval in seconds while modules are loaded; Python's default is 0.005."""
HTTPX_COMMAND_LINE = "httpx._main"


async def load_modules(*names: str, optional: bool = False) -> None:
    """Load modules in a thread, one after the other, so that keys are answered meanwhile.

    Raises ModuleNotFoundError where there is none of a name, unless they are `optional`.

    httpx loads its command line with it where click is installed: that, and the parts of Rich and
    Pygments that it needs, takes half of the time, and is left out.
    """
    names = tuple(name for name in names if name not in sys.modules)
    if not names:
        return
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)
    left_out: dict[str, Any] = {} if "httpx" in sys.modules else {HTTPX_COMMAND_LINE: None}
    sys.modules.update(left_out)  # None makes its import fail, which httpx is prepared for
    try:
        for name in names:
            try:
                await asyncio.to_thread(import_module, name)
            except ModuleNotFoundError:
                if not optional:
                    raise
    finally:
        for name in left_out:
            sys.modules.pop(name, None)
        sys.setswitchinterval(usual)


@dataclass(frozen=True)
class Services:
    """The services of one connected server."""

    ollama: Ollama
    cloud: Ollama
    """ollama.com itself; it is not connected to before it is asked something."""
    clock: Clock
    library: Library
    facts: ModelFacts
    """The same as `library.facts`."""
    queue: JobQueue
    storage: Storage
    updates: Updates
    available_memory: ServerMemory
    notes: Notes
    """What the user keeps for the models; `library` has it in each of them."""
    hub: LazyHub
    """Hugging Face; nothing of it is loaded before it is asked for."""
    handover: Handover | None = None
    """Lets transfers go on when the program ends; None where nothing can."""
    elsewhere: tuple[str, ...] = ()
    """Models that are being moved in the background, where this program leaves them alone."""
    seen_names: dict[str, str] = field(default_factory=dict)
    """Names that the catalogue has shown, each with a word or two on where it is from."""

    def use(self, settings: Settings) -> None:
        """Obey these settings where they have changed since connecting: may the server change?"""
        self.ollama.read_only = self.cloud.read_only = settings.read_only
        self.available_memory.use(settings)


class Connection:
    """Publishes the list of one server as `snapshots`, the earliest there is; `open` connects.

    `prefetch` holds the answers asked for while the program was being loaded, and `cache` the last
    list. `unfinished` is the folder that remembers jobs between runs; None forgets them, and a run
    that may change nothing leaves them to others. `start_keeper` starts the process that goes on
    with transfers after this one. `notes` is the file of the user's notes; without one, and in the
    demo, they last as long as the program.
    `problems` learns what could not be read or written. With `is_painted` the screen shows the last
    list already, so it is read only when the answers do not come soon.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        prefetch: Prefetch | None = None,
        cache: Cache | None = None,
        unfinished: Path | None = None,
        start_keeper: StartKeeper | None = None,
        notes: Path | None = None,
        problems: Problems | None = None,
        transport: Callable[[], httpx.AsyncBaseTransport | None] = lambda: None,
        clock: Clock = MACHINE,
        is_painted: bool = False,
    ) -> None:
        self._settings = settings
        self._prefetch = prefetch
        self._cache = None if settings.demo else cache
        self._unfinished = None if settings.demo else unfinished
        self._start_keeper = start_keeper
        self._notes = None if settings.demo else notes
        self._problems = problems
        self._transport = transport
        self._clock = clock
        self._can_wait = is_painted and prefetch is not None and self._cache is not None
        self.snapshots = Observable(self._early_list())
        """The newest list; before the server has answered, the last one of an earlier run."""

    def _early_list(self) -> Snapshot:
        if self._prefetch is not None and (answers := self._prefetch.answers()) is not None:
            return self._list_of(answers, Snapshot())
        return Snapshot() if self._can_wait else self._remembered()

    def _remembered(self) -> Snapshot:
        if self._cache is None:
            return Snapshot()
        url = self._settings.host.url
        remembered = Snapshot(seen_at=self._cache.seen_at(url))
        return remembered.with_list(self._cache.models(url), (), self._cache.facts())

    async def _first_answers(self) -> Answers | None:
        """Return what was asked for while loading, and publish the last list if it takes long."""
        if self._prefetch is None:
            return None
        if not self._can_wait or self.snapshots.value.models:
            return await self._prefetch.wait(FIRST_ANSWER)
        answers = await self._prefetch.wait(SOON)
        if answers is None:
            self.snapshots.set(self._remembered())
            answers = await self._prefetch.wait(FIRST_ANSWER - SOON)
        return answers

    def _list_of(self, answers: Answers, before: Snapshot) -> Snapshot:
        """Return the list of `answers`, with the models of `before` if they are the same."""
        facts = self._cache.facts(answers.version) if self._cache else {}
        snapshot = before.answered(answers, self._clock.now())
        return snapshot.with_list(answers.listed, answers.running, facts)

    @asynccontextmanager
    async def open(self, wait_for_draw: Callable[[], Awaitable[None]]) -> AsyncIterator[Services]:
        """Connect, and give its services; close all of it at the end of the block.

        What is seen comes first: `wait_for_draw` returns once what was published is on the
        screen, and is awaited before the HTTP library is loaded, and before the services are.
        """
        answers = await self._first_answers()
        if answers is not None:
            if self.snapshots.value.state is ConnectionState.CONNECTING:
                self.snapshots.set(self._list_of(answers, self.snapshots.value))
            await wait_for_draw()
        await load_modules(
            "ollama_tui.api.client", "ollama_tui.services.library", "ollama_tui.services.notes"
        )
        from ollama_tui.api.client import Ollama

        settings = self._settings
        transport = self._transport()
        if transport is None:
            await load_modules(*NETWORK_MODULES, optional=True)
        opened = Ollama(
            settings.host.url,
            api_key=settings.api_key,
            transport=transport,
            read_only=settings.read_only,
        )
        async with opened as ollama:
            notes = self._notes_of_server()
            library = self._library(ollama, answers, notes)
            answers = self._prefetch = None  # or this list would be kept beside the newest one
            async with library.watching():
                await self._first_answer()
                await wait_for_draw()
                await notes.load()  # before anything can be deleted
                async with self._services(ollama, library, notes, transport) as services:
                    yield services

    def _notes_of_server(self) -> Notes:
        from ollama_tui.config.notes_file import NotesFile
        from ollama_tui.config.state_file import Problems
        from ollama_tui.services.notes import Notes

        file = NotesFile(self._notes, self._problems or Problems()) if self._notes else None
        return Notes(self._settings.host, file)

    def _library(self, ollama: Ollama, answers: Answers | None, notes: Notes) -> Library:
        from ollama_tui.services.library import Library

        return Library(
            ollama,
            cache=self._cache,
            host_url=self._settings.host.url,
            snapshots=self.snapshots,
            answers=answers,
            notes=notes,
            now=self._clock.now,
            seconds=self._clock.seconds,
            sleep=self._clock.sleep,
        )

    async def _first_answer(self) -> None:
        """Wait until the server has answered, or does not; not long, where it says nothing."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_ANSWER):
                async for snapshot in self.snapshots.follow():
                    if snapshot.state is not ConnectionState.CONNECTING:
                        break

    @asynccontextmanager
    async def _services(
        self,
        ollama: Ollama,
        library: Library,
        notes: Notes,
        transport: httpx.AsyncBaseTransport | None,
    ) -> AsyncIterator[Services]:
        await load_modules(*SERVICE_MODULES)
        from ollama_tui.api.client import Ollama
        from ollama_tui.services.lazy_hub import LazyHub
        from ollama_tui.services.machine import ServerMemory
        from ollama_tui.services.storage import Storage
        from ollama_tui.services.updates import registry_for

        settings, clock, facts = self._settings, self._clock, library.facts
        key, read_only = settings.api_key, settings.read_only
        async with (
            Ollama(CLOUD_URL, api_key=key, transport=transport, read_only=read_only) as cloud,
            registry_for(settings, transport) as registry,
            LazyHub(lambda: self._hub(transport)) as hub,
            self._jobs(ollama) as (jobs, handover),
        ):
            local = settings.host.is_local and transport is None
            storage = Storage(ollama.show, local=local, environ=os.environ, server=transport)
            updates = self._updates(registry, ollama, facts, storage, transport)
            seen, cache = library.seen_memory, self._cache
            memory = ServerMemory(settings, seen, server=transport, cache=cache)
            async with (
                storage.following(self.snapshots),
                memory.following(),
                library.telling_memory(memory),
            ):
                yield Services(
                    ollama,
                    cloud,
                    clock,
                    library,
                    facts,
                    jobs,
                    storage,
                    updates,
                    memory,
                    notes,
                    hub,
                    handover,
                    self._in_background(),
                )

    def _hub(self, transport: httpx.AsyncBaseTransport | None) -> Hub:
        from ollama_tui.services.hub import open_hub

        # A server within this process has a Hub of its own, at the usual address.
        environ = os.environ if transport is None else {}
        return open_hub(environ, self._cache, transport, self._clock)

    def _updates(
        self,
        registry: Registry,
        ollama: Ollama,
        facts: ModelFacts,
        storage: Storage,
        transport: httpx.AsyncBaseTransport | None,
    ) -> Updates:
        from ollama_tui.services.updates import ServerFacts, Updates, on_apple_silicon

        settings = self._settings
        on_apple = on_apple_silicon(settings, transport)
        return Updates(
            registry,
            ollama,
            facts.show,
            cache=self._cache,
            host_url=settings.host.url,
            server=ServerFacts.of(storage, lambda: self.snapshots.value.models, on_apple),
            now=self._clock.now,
        )

    def _in_background(self) -> tuple[str, ...]:
        """Return what goes on in the background, where that cannot be taken over."""
        from ollama_tui.services.jobs.journal import job_files

        settings = self._settings
        if self._unfinished is None or not settings.read_only:
            return ()
        files = [file for file in job_files(self._unfinished) if file.is_alive]
        here = [file.content for file in files if file.content.host_url == settings.host.url]
        return tuple(e.task.name for file in here for e in file.entries if e.is_active)

    @asynccontextmanager
    async def _jobs(self, ollama: Ollama) -> AsyncIterator[tuple[JobQueue, Handover | None]]:
        """Give the queue, and what hands its transfers over; close it at the end of the block."""
        from ollama_tui.services.cache import file_key
        from ollama_tui.services.jobs.entries import JobFile
        from ollama_tui.services.jobs.handover import Handover, taking
        from ollama_tui.services.jobs.journal import Journal
        from ollama_tui.services.jobs.queue import JobQueue

        settings, clock, journal = self._settings, self._clock, None
        if self._unfinished is not None and not settings.read_only:
            url, folder = settings.host.url, self._unfinished
            header = JobFile(host_url=url, parallel=settings.parallel)
            journal = Journal(folder, file_key(url), self._problems, header=header)
        queue = JobQueue(
            ollama,
            parallel=settings.parallel,
            grace=settings.grace,
            journal=journal,
            left=journal.take_over() if journal is not None else (),
            clock=clock.seconds,
            sleep=clock.sleep,
            uptime=clock.uptime,
        )
        if journal is None or self._start_keeper is None:
            handover = None
        else:
            handover = Handover(queue, journal, self._start_keeper, clock)
        try:
            async with taking(queue, journal.claims() if journal else (), clock):
                yield queue, handover
        finally:
            await asyncio.shield(queue.close())
