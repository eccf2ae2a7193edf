"""The keeper: a process in the background that goes on with transfers when a program has ended.

    python -m ollama_tui.services.jobs.keeper FILE

It takes over the jobs of a job file from the program that wrote it, and those of keepers that live
already. It writes how they are into a file of its own, whose lock says that it lives, and gives
them to the next program that wants them. It ends when nothing is left to do; how each job ended is
in its file until a program reads that.

Only the standard library is loaded before the process is in the background: who starts it waits.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ollama_tui.api.client import Ollama
    from ollama_tui.api.clock import Clock
    from ollama_tui.services.jobs.claims import Claim
    from ollama_tui.services.jobs.journal import Journal
    from ollama_tui.services.jobs.queue import JobQueue

LOOK_EVERY = 0.25
"""Seconds between two looks whether another program wants the jobs."""


def main() -> None:
    """Go into the background, then keep the jobs of the file that the command line names."""
    os.umask(0o077)
    # The session is new already; its second process can never get a terminal.
    if os.fork():
        os._exit(0)
    os.chdir("/")
    run(Path(sys.argv[1]))


def run(file: Path) -> None:
    """Take over the jobs of `file`, and work until nothing is left or another program wants it."""
    import asyncio

    from ollama_tui.api.client import Ollama
    from ollama_tui.api.clock import MACHINE
    from ollama_tui.config.safe_file import Unusable
    from ollama_tui.services.jobs.claims import Claim
    from ollama_tui.services.jobs.entries import JobFile, read_job_file
    from ollama_tui.services.jobs.journal import Journal

    async def keeping(claim: Claim) -> None:
        async with Ollama(content.host_url) as ollama:
            await keep(ollama, Journal(file.parent, server, header=header), claim, MACHINE)

    try:
        content, claim = read_job_file(file), Claim.of(file)
    except (OSError, Unusable):
        return  # whoever has set it aside, or taken it over, sees to it
    if claim is None:
        return
    server = file.name.partition(".")[0]
    header = JobFile(host_url=content.host_url, parallel=content.parallel, is_keeper=True)
    asyncio.run(keeping(claim))


async def keep(ollama: Ollama, journal: Journal, claim: Claim, clock: Clock) -> None:
    """Work on what is claimed, and on what other keepers have, until it is done or wanted."""
    from ollama_tui.services.jobs.handover import taking
    from ollama_tui.services.jobs.queue import JobQueue

    queue = JobQueue(
        ollama,
        parallel=journal.header.parallel,
        journal=journal,
        clock=clock.seconds,
        sleep=clock.sleep,
        uptime=clock.uptime,
    )
    try:
        async with taking(queue, [claim, *journal.claims()], clock) as has_taken:
            while not has_taken() or not (journal.is_wanted or _is_idle(queue)):
                await clock.sleep(LOOK_EVERY)
    finally:
        await queue.close()


def _is_idle(queue: JobQueue) -> bool:
    return not any(job.active for job in queue.jobs.value)


if __name__ == "__main__":
    main()
