"""A program that pulls what it is told to, with a journal, and says what becomes of it.

    python -m tests.faults.client URL FOLDER

It goes on with what is in the journal, and with what keepers are at. `pull NAME` on standard input
asks for one more, `leave` ends it and leaves its pulls to a keeper. It says `offered NAME`,
`adopted NAME`, `accepted NAME`, `left NAME`, `at NAME BYTES`, `done NAME`, `failed NAME REASON`
or, where nothing had come, `refused NAME REASON`, each in a line, and `ready` once it takes
requests. Its clock runs ten times as fast as others.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from ollama_tui.api.client import Ollama
from ollama_tui.api.clock import Clock
from ollama_tui.services.cache import file_key
from ollama_tui.services.jobs.entries import JobFile
from ollama_tui.services.jobs.handover import Handover, start_keeper, taking
from ollama_tui.services.jobs.job import Job, State, describe
from ollama_tui.services.jobs.journal import Journal
from ollama_tui.services.jobs.queue import JobQueue
from ollama_tui.services.jobs.tasks import Pull

SPEED = 10.0
"""Seconds of its clock in a second: pauses and time-outs are as much shorter."""
LEAVE_WITHIN = 2.0
"""Seconds to wait for a keeper."""


def fast_clock() -> float:
    """Return the seconds of a clock that runs fast."""
    return time.monotonic() * SPEED


async def fast_sleep(seconds: float) -> None:
    """Wait so many seconds of that clock."""
    await asyncio.sleep(seconds / SPEED)


CLOCK = Clock(seconds=fast_clock, sleep=fast_sleep)


def say(*words: object) -> None:
    """Write a line, which is out even when the next step is being killed."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def report(queue: JobQueue) -> None:
    """Say how jobs do, and how they end, once."""
    known: dict[int, tuple[State, int]] = {}
    async for jobs in queue.jobs.follow():
        for job in jobs:
            if job.is_adopted and job.id not in known:
                say("adopted", job.name)
            now = (job.state, job.progress.completed)
            if known.get(job.id) != now:
                tell(job)
            known[job.id] = now


def tell(job: Job) -> None:
    """Say how one job does."""
    if job.state is State.DONE:
        say("done", job.name)
    elif job.state is State.FAILED:
        say("failed" if job.progress.completed else "refused", job.name, describe(job))
    elif job.state is State.RUNNING:
        say("at", job.name, job.progress.completed)


async def leave(queue: JobQueue, journal: Journal) -> None:
    """Leave what is under way to a keeper, a process of its own."""
    handover = Handover(queue, journal, start_keeper, CLOCK)
    if await asyncio.to_thread(handover.begin):
        await handover.wait(LEAVE_WITHIN * SPEED)
        if journal.is_wanted:
            for job in queue.jobs.value:
                if job.outlives_program:
                    say("left", job.name)


async def main(url: str, folder: str) -> None:
    """Work until standard input ends."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    header = JobFile(host_url=url, parallel=4)
    journal = Journal(Path(folder), file_key("http://soak"), header=header)
    async with Ollama(url, api_key=os.environ.get("OLLAMA_API_KEY")) as ollama:
        queue = JobQueue(
            ollama,
            parallel=4,
            journal=journal,
            left=journal.take_over(),
            clock=fast_clock,
            sleep=fast_sleep,
        )
        left = [job for job in queue.jobs.value if job.state is State.PAUSED]
        for job in left:
            say("offered", job.name)
        reporting = asyncio.create_task(report(queue))
        for job in queue.jobs.value:
            queue.retry(job.id)
        async with taking(queue, journal.claims(), CLOCK):
            say("ready")
            while line := (await reader.readline()).decode().split():
                if line[0] == "leave":
                    await leave(queue, journal)
                    break
                queue.submit(Pull(line[1]))
                say("accepted", line[1])
        reporting.cancel()
        with suppress(asyncio.CancelledError):
            await reporting
        await queue.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
