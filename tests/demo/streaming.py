"""Reads a stream of the demo line by line while virtual time passes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from tests.clock import VirtualClock, settle

Event = dict[str, Any]


class Watched:
    """A stream being read by a task of its own."""

    def __init__(self, client: httpx.AsyncClient, path: str, **body: Any) -> None:
        self.events: list[Event] = []
        self._task = asyncio.create_task(self._read(client, path, body))

    async def _read(self, client: httpx.AsyncClient, path: str, body: Event) -> None:
        async with client.stream("POST", path, json=body) as response:
            async for line in response.aiter_lines():
                self.events.append(json.loads(line))

    @property
    def last(self) -> Event:
        return self.events[-1]

    @property
    def statuses(self) -> list[str]:
        return [str(event.get("status", event.get("error"))) for event in self.events]

    def of(self, digest: str) -> list[int]:
        """Return what was completed of one layer, event by event."""
        return [e.get("completed", 0) for e in self.events if e.get("digest") == digest]

    async def leave(self) -> None:
        """Close the connection."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await settle()

    async def end(self, ticker: VirtualClock) -> list[Event]:
        """Let time pass until the stream ends, and return all events."""
        await ticker.finish(self._task)
        await self._task
        return self.events


async def watched(client: httpx.AsyncClient, path: str, **body: Any) -> Watched:
    """Start a stream and read what comes at once."""
    stream = Watched(client, path, **body)
    await settle()
    return stream
