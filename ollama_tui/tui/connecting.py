"""From the first frame to a session: what is seen comes first, what acts on it is loaded after.

Loaded once the first frame is out.
"""

from __future__ import annotations

import asyncio
import gc
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ollama_tui.domain.snapshot import Reach
from ollama_tui.services.first_list import FIRST_ANSWER, FirstList
from ollama_tui.services.opening import listing

if TYPE_CHECKING:
    import httpx

    from ollama_tui.api.client import Ollama
    from ollama_tui.api.replies import Answers
    from ollama_tui.config.state_file import Problems
    from ollama_tui.services.cache import Cache
    from ollama_tui.services.library import Library
    from ollama_tui.tui.app import OllamaTui


@dataclass(frozen=True)
class Connection:
    """One server, from its first answer until another one is wanted."""

    tui: OllamaTui
    first_list: FirstList
    cache: Cache | None
    unfinished: Path | None
    """The folder that remembers downloads between runs."""
    problems: Problems
    """Learns what could not be remembered."""
    transport: httpx.AsyncBaseTransport | None

    async def live(self) -> None:
        """Show the server's list as soon as it is there, then act on it, until cancelled."""
        first = await self._first_answers()
        opened = listing(self.tui.settings, self.cache, self.transport, self.tui.clock, first)
        async with opened as (ollama, library), asyncio.TaskGroup() as group:
            following = group.create_task(self._follow(library))
            await self._first_rows(library)
            await self._act_on(ollama, library)
            following.cancel()

    async def _first_answers(self) -> Answers | None:
        """Return what the server was asked for at the very start, once it is painted."""
        answers = await self.first_list.answers()
        if answers is not None and self.tui.snapshot.reach is Reach.CONNECTING:
            self.tui.snapshot = self.first_list.seen(answers)
            await self._painted()
        return answers

    async def _follow(self, library: Library) -> None:
        async for snapshot in library.snapshots.changes():
            self.tui.snapshot = snapshot
            if snapshot.reach is Reach.UP:
                self.tui.keep_host()

    async def _first_rows(self, library: Library) -> None:
        """Wait until the first answer is painted; not long, where there is none."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_ANSWER):
                async for snapshot in library.snapshots.changes():
                    if snapshot.reach is not Reach.CONNECTING:
                        break
        await self._painted()
        if not gc.isenabled():  # it was in the way of a quick start
            gc.freeze()
            gc.enable()

    async def _painted(self) -> None:
        """Wait until what has changed is on the screen."""
        painted = asyncio.Event()
        self.tui.call_after_refresh(painted.set)
        await painted.wait()

    async def _act_on(self, ollama: Ollama, library: Library) -> None:
        """Load what acts on the list, and follow it until told otherwise."""
        from ollama_tui.services.session import connect
        from ollama_tui.tui.following import follow

        async with connect(
            self.tui.settings,
            ollama,
            library,
            cache=self.cache,
            unfinished=self.unfinished,
            problems=self.problems,
            transport=self.transport,
            clock=self.tui.clock,
        ) as session:
            self.tui.session = session
            try:
                await follow(session, self.tui)
            finally:
                self.tui.session = None
