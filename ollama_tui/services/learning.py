"""Asking show about each model whose facts are unknown: all of them now, or little by little."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ollama_tui.api.errors import Busy, OllamaError, Refused
from ollama_tui.api.replies import Show
from ollama_tui.services.model_facts import FactBook

AT_ONCE = 4
"""How many details are asked for at a time."""
LIST_FIRST = 0.1
"""Seconds the learners let pass when there is news, so that the list is drawn before they ask."""
OFFSCREEN_PAUSE = 0.05
"""Seconds a learner rests after each model that is not on the screen."""

Ask = Callable[[str], Awaitable[Show]]


async def learn_all(book: FactBook, show: Ask) -> None:
    """Ask for all that is unknown, a few at a time, and keep it; raises OllamaError."""
    learners = (_learn_rest(book, show) for _ in range(AT_ONCE))
    ended = await asyncio.gather(*learners, return_exceptions=True)
    book.save()
    for error in filter(None, ended):
        raise error


async def _learn_rest(book: FactBook, show: Ask) -> None:
    while (listed := book.take()) is not None:
        try:
            book.learn(listed.digest, await show(listed.name))
        except Refused:
            book.give_up(listed.digest)


class Learners:
    """Learn in the background while the server is there; what is on the screen comes first."""

    def __init__(
        self,
        book: FactBook,
        show: Ask,
        *,
        is_up: Callable[[], bool],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._book = book
        self._show = show
        self._is_up = is_up
        self._sleep = sleep
        self._to_learn = asyncio.Event()
        self._learned = asyncio.Event()

    def wake(self) -> None:
        """Have them go on: there is something to learn."""
        self._to_learn.set()

    async def news(self) -> None:
        """Wait until something was learned that nobody has been told of."""
        await self._learned.wait()
        self._learned.clear()

    async def learn(self) -> None:
        """Be one of them, until cancelled."""
        while True:
            if not self._is_up() or (listed := self._book.take()) is None:
                self._to_learn.clear()
                await self._to_learn.wait()
                await self._sleep(LIST_FIRST)
                continue
            try:
                self._book.learn(listed.digest, await self._show(listed.name))
                self._learned.set()
            except Refused as error:
                if not isinstance(error, Busy):  # a busy server is asked again
                    self._book.give_up(listed.digest)
            except OllamaError:
                self._to_learn.clear()  # the next successful refresh queues it again
                await self._to_learn.wait()
            if not self._book.is_preferred(listed):
                await self._sleep(OFFSCREEN_PAUSE)
