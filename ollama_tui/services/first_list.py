"""What can be listed before there is a connection: the first answers, or what was there last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_tui.domain.snapshot import Snapshot

if TYPE_CHECKING:
    from ollama_tui.api.clock import Clock
    from ollama_tui.api.prefetch import Prefetch
    from ollama_tui.api.replies import Answers
    from ollama_tui.config.settings import Settings
    from ollama_tui.services.cache import Cache

FIRST_ANSWER = 1.0
"""Seconds to wait for the first list before loading what acts on it."""


class FirstList:
    """Makes snapshots of what the server was asked at the very start, and of what is cached."""

    def __init__(self, first: Prefetch | None, cache: Cache | None, clock: Clock) -> None:
        self._first = first
        self._cache = cache
        self._clock = clock

    def snapshot(self, settings: Settings) -> Snapshot:
        """Return the list for the first frame: as it is if that is known, or as it was last."""
        if self._first is not None and (answers := self._first.answers()) is not None:
            return self.seen(answers)
        if self._cache is None or settings.demo:
            return Snapshot()
        listed = self._cache.models(settings.host.url)
        return Snapshot().with_list(listed, (), self._cache.facts())

    def seen(self, answers: Answers) -> Snapshot:
        """Return the list as the server says it is."""
        facts = self._cache.facts() if self._cache else {}
        snapshot = Snapshot().answered(answers, self._clock.now())
        return snapshot.with_list(answers.listed, answers.running, facts)

    async def answers(self) -> Answers | None:
        """Wait for the first answers, and give them out once; another server has none."""
        first, self._first = self._first, None
        return await first.wait(FIRST_ANSWER) if first is not None else None
