"""The first half of a session: the connection and the list, which is all that rows need."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ollama_tui.services.library import Library

if TYPE_CHECKING:
    import httpx

    from ollama_tui.api.client import Ollama
    from ollama_tui.api.clock import Clock
    from ollama_tui.api.replies import Answers
    from ollama_tui.config.settings import Settings
    from ollama_tui.services.cache import Cache


@asynccontextmanager
async def listing(
    settings: Settings,
    cache: Cache | None,
    transport: httpx.AsyncBaseTransport | None,
    clock: Clock,
    first: Answers | None = None,
) -> AsyncIterator[tuple[Ollama, Library]]:
    """Open a client and follow its list; close both at the end of the block.

    This is where the HTTP library is loaded, so it belongs after the first frame; `first` is what
    the server has answered before.
    """
    client = await asyncio.to_thread(_client)
    async with client(settings.host.url, api_key=settings.api_key, transport=transport) as ollama:
        library = Library(
            ollama,
            cache=cache,
            host_url=settings.host.url,
            first=first,
            now=clock.now,
            seconds=clock.seconds,
            sleep=clock.sleep,
        )
        async with library.watching():
            yield ollama, library


def _client() -> type[Ollama]:
    """Load the client, in a thread: keys are answered meanwhile."""
    from ollama_tui.api.client import Ollama

    return Ollama
