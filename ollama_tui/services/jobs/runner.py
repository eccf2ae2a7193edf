"""Runs the work of one job to its end, through lost connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ollama_tui.api.clock import Watchdog
from ollama_tui.api.errors import OllamaError
from ollama_tui.services.jobs.pacing import paced
from ollama_tui.services.jobs.publishing import Publisher
from ollama_tui.services.jobs.record import JobRecord
from ollama_tui.services.jobs.tasks import Lane, RegistryTransfer, Step

if TYPE_CHECKING:
    from ollama_tui.api.client import Ollama


@dataclass
class Runner:
    """Runs tasks on one server; what comes of each step is in its record."""

    ollama: Ollama
    publisher: Publisher
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[object]]
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the one task that changes what is installed."""

    async def run(self, record: JobRecord) -> None:
        """Run the task to its end; raises OllamaError when trying again cannot help."""
        runner = asyncio.current_task()
        while True:
            try:
                return await self._run_once(record)
            except OllamaError as error:
                if runner is not None and runner.cancelling():
                    # Closing the stream of a cancelled job failed: no reason to open another.
                    raise asyncio.CancelledError from error
                pause = record.break_off(error, self.clock())
            self.publisher.publish()
            await self.sleep(pause.seconds)
            record.pause, record.last_event_at = None, self.clock()

    async def _run_once(self, record: JobRecord) -> None:
        """Run the task once; raises Silent when the server says nothing for longer than it may."""
        task = record.task
        try:
            async with AsyncExitStack() as stack:
                if task.lane is Lane.ALONE:
                    await stack.enter_async_context(self._alone)
                steps: AsyncIterator[Step]
                steps = await stack.enter_async_context(aclosing(task.run(self.ollama)))
                watch = Watchdog(record.silence_limit(None), self.clock, self.sleep)
                await stack.enter_async_context(watch)
                if isinstance(task, RegistryTransfer):
                    steps = paced(steps, self.clock, self.sleep)
                async for step in steps:
                    if not isinstance(step, Lane):
                        record.take(step, self.clock())
                        watch.restart(record.silence_limit(step))
                        self.publisher.publish_soon()
                    elif step is not task.lane:
                        await stack.enter_async_context(self._alone)
        except TimeoutError as error:
            raise record.silent_error(self.clock()) from error
