"""One server's client, library and queue, built and closed together."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ollama_tui.api.clock import MACHINE, Clock
from ollama_tui.config.settings import Settings
from ollama_tui.config.state_file import Problems
from ollama_tui.services.cache import Cache, file_key
from ollama_tui.services.jobs.journal import Journal
from ollama_tui.services.jobs.queue import JobQueue
from ollama_tui.services.library import Library
from ollama_tui.services.storage import Storage
from ollama_tui.services.updates import Updates

if TYPE_CHECKING:
    import httpx

    from ollama_tui.api.client import Ollama


CLOUD_URL = "https://ollama.com"
"""Where the API key belongs: the client sends it there and nowhere else."""


@dataclass(frozen=True)
class Session:
    """What the app knows one server by; several hosts are several of these."""

    ollama: Ollama
    cloud: Ollama
    """ollama.com itself; it is not connected to before it is asked something."""
    clock: Clock
    library: Library
    jobs: JobQueue
    storage: Storage
    updates: Updates


@asynccontextmanager
async def connect(
    settings: Settings,
    ollama: Ollama,
    library: Library,
    *,
    cache: Cache | None = None,
    unfinished: Path | None = None,
    problems: Problems | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    clock: Clock = MACHINE,
) -> AsyncIterator[Session]:
    """Add to an open list what acts on it; close its streams at the end of the block.

    `unfinished` is the folder that remembers downloads between runs; None forgets them. `problems`
    learns what of that could not be read or written.
    """
    from ollama_tui.api.client import Ollama
    from ollama_tui.api.registry import Registry

    async with (
        Ollama(CLOUD_URL, api_key=settings.api_key, transport=transport) as cloud,
        Registry(
            transport,
            plain=settings.insecure,
            beside_server=settings.host.is_local or transport is not None,
        ) as registry,
    ):
        journal = None
        if unfinished is not None:
            journal = Journal(unfinished, file_key(settings.host.url), problems)
        jobs = _queue(settings, ollama, journal, clock)
        updates = Updates(
            registry,
            ollama,
            library.details,
            cache=cache,
            host_url=settings.host.url,
            now=clock.now,
            sleep=clock.sleep,
        )
        local = settings.host.is_local and transport is None
        storage = Storage(ollama.show, local=local, environ=os.environ)
        try:
            async with storage.following(library.snapshots):
                yield Session(ollama, cloud, clock, library, jobs, storage, updates)
        finally:
            await asyncio.shield(jobs.close())


def _queue(settings: Settings, ollama: Ollama, journal: Journal | None, clock: Clock) -> JobQueue:
    return JobQueue(
        ollama,
        parallel=settings.parallel,
        grace=settings.grace,
        journal=journal,
        clock=clock.seconds,
        sleep=clock.sleep,
        uptime=clock.uptime,
    )
