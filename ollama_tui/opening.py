"""The first half of a session: the connection and the list, which is all that rows need."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ollama_tui.library import Library

if TYPE_CHECKING:
    import httpx

    from ollama_tui.api.client import Ollama
    from ollama_tui.cache import Cache
    from ollama_tui.clock import Clock
    from ollama_tui.config import Settings


@asynccontextmanager
async def listing(
    settings: Settings,
    cache: Cache | None,
    transport: httpx.AsyncBaseTransport | None,
    clock: Clock,
) -> AsyncIterator[tuple[Ollama, Library]]:
    """Open a client and follow its list; close both at the end of the block.

    This is where the HTTP library is loaded, so it belongs after the first frame.
    """
    from ollama_tui.api.client import Ollama

    async with Ollama(settings.host.url, api_key=settings.api_key, transport=transport) as ollama:
        library = Library(
            ollama, cache=cache, host_url=settings.host.url, now=clock.now, sleep=clock.sleep
        )
        async with library.watching():
            yield ollama, library
