"""When the first frame is drawn, and what comes after it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ollama_tui.tui.typeahead import CONNECTING

if TYPE_CHECKING:
    from ollama_tui.tui.app import OllamaTui


class FirstFrame:
    """The first frame of a start: what is drawn before all is laid out would be drawn again.

    With `is_painted` the terminal shows the list of the last run already. It stays until there is
    another one, and what keys have changed meanwhile is drawn first: drawing all the rest takes
    longer than all they do.
    """

    def __init__(self, app: OllamaTui, *, is_painted: bool) -> None:
        self._app = app
        self.is_painted = is_painted
        self._has_list = asyncio.Event()
        self._has_drawn = asyncio.Event()

    def note_list(self) -> None:
        """Take note that there is a list now, or that none can be had."""
        self._has_list.set()

    async def draw(self) -> None:
        """Draw it."""
        app, keys = self._app, self._app.type_ahead
        if self.is_painted:
            await app.clock.within(CONNECTING, self._has_list.wait())
            await keys.until_idle(paused=True)
            await app.clock.within(CONNECTING, keys.rest())
            app.draw_first(*(app.main.first_regions if app.main is app.screen else ()))
            await app.clock.within(CONNECTING, keys.rest())
            app.screen.refresh()
        app.call_after_refresh(self._has_drawn.set)

    async def wait_until_drawn(self) -> None:
        """Return once it is on the screen."""
        await self._has_drawn.wait()
