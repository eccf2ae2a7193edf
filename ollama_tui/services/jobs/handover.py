"""Transfers outlive the program: a keeper takes them over, and gives them back to the next one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ollama_tui.api.clock import MACHINE, Clock
from ollama_tui.config.safe_file import Unusable
from ollama_tui.config.settings import KEY_VARIABLE
from ollama_tui.services.jobs.claims import Claim
from ollama_tui.services.jobs.job import State
from ollama_tui.services.jobs.journal import Journal, job_files
from ollama_tui.services.jobs.session import LogoutRules, logout_rules

if TYPE_CHECKING:
    from ollama_tui.services.jobs.queue import JobQueue

LOOK_EVERY = 0.1
"""Seconds between two looks at what the other process has done."""
JOIN_WITHIN = 10.0
"""Seconds to wait for transfers to be joined; then they are left to their partial files."""
START_WITHIN = 3.0
"""Seconds to wait for a keeper that the user asked for."""
LEAVE_WITHIN = 0.6
"""Seconds to wait for it when the terminal is gone, or the program breaks down."""
_BLOCK_FOR = 0.02

StartKeeper = Callable[[Path, Sequence[str]], object]
"""Starts a keeper for a job file, by way of a command or of none; raises OSError."""


def start_keeper(file: Path, prefix: Sequence[str] = ()) -> None:
    """Start a process that takes over the jobs of `file`; raises OSError when it does not start.

    It has a session of its own and no terminal, and so hears of no hang-up. Downloads need no API
    key, so it does not get it; nor does it keep a folder of the user busy. `prefix` is the command
    that starts it, such as systemd-run with its options.
    """
    import ollama_tui

    command = [*prefix, sys.executable, "-m", "ollama_tui.services.jobs.keeper", str(file)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Where the package is found even when it is not installed; the keeper goes to / at once.
        cwd=Path(ollama_tui.__file__).resolve().parent.parent,
        env=keeper_environment(os.environ),
        start_new_session=True,
    )
    if code := process.wait():  # it has put itself in the background, or failed
        raise OSError(f"the keeper ended with {code}")


def keeper_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a keeper: proxies and folders, but not the key."""
    return {name: value for name, value in environ.items() if name != KEY_VARIABLE}


class Handover:
    """Passes the transfers of this process on, once, to a keeper that `start` starts."""

    def __init__(self, queue: JobQueue, journal: Journal, start: StartKeeper, clock: Clock) -> None:
        self._queue = queue
        self._journal = journal
        self._start = start
        self._clock = clock
        self._once = Lock()
        self._rules = LogoutRules()
        self.is_started = False

    def prepare(self, ask: Callable[[], LogoutRules] = logout_rules) -> LogoutRules:
        """Learn what survives a logout, and return that; not for the event loop."""
        self._rules = ask()
        return self._rules

    @property
    def is_possible(self) -> bool:
        """Whether something is under way that a keeper can go on with."""
        return any(job.outlives_program for job in self._queue.jobs.value)

    def begin(self) -> bool:
        """Start the keeper; return whether there is one. Callable from any thread."""
        with self._once:
            ways = dict.fromkeys([self._rules.prefix, ()])
            self._journal.keeps_results = True
            for prefix in ways if not self.is_started and self.is_possible else ():
                with suppress(OSError):
                    self._start(self._journal.path, prefix)
                    self.is_started = True
                    break
            return self.is_started

    async def wait(self, within: float) -> None:
        """Wait, at most `within` seconds, until the keeper has joined all that is under way."""
        if self.is_started:
            await until_wanted(self._journal, within, self._clock)

    def begin_and_block(self, within: float = LEAVE_WITHIN) -> None:
        """Start the keeper and wait as `wait` does, for any thread; the clock is the machine's."""
        end = time.monotonic() + within
        if self.begin():
            while not self._journal.is_wanted and time.monotonic() < end:
                time.sleep(_BLOCK_FOR)


async def until_wanted(journal: Journal, within: float, clock: Clock) -> bool:
    """Wait, at most `within` seconds, until the taker of a journal's jobs has all that it needs."""
    end = clock.seconds() + within
    while not (wanted := journal.is_wanted) and clock.seconds() < end:
        await clock.sleep(LOOK_EVERY)
    return wanted


async def take(queue: JobQueue, claim: Claim, clock: Clock) -> None:
    """Take the jobs of another process over into `queue`, without a break where that is possible.

    Nothing is lost if this process dies meanwhile; see `claims`.
    """
    try:
        entries = claim.read().entries
    except (FileNotFoundError, Unusable):  # it has ended
        return
    adopted = queue.adopt(entries)
    end = clock.seconds() + JOIN_WITHIN
    while not queue.has_joined(adopted) and clock.seconds() < end:
        await clock.sleep(LOOK_EVERY)
    claim.mark_ready()
    while not claim.is_let_go():
        await clock.sleep(LOOK_EVERY)
    claim.remove_file()
    queue.settle(adopted)


async def stop_keepers(folder: Path, host_url: str | None = None, clock: Clock = MACHINE) -> int:
    """Stop the keepers of all servers, or of one; return how many jobs were under way.

    They stay paused on disk, for the next program.
    """
    stopped = 0
    for file in job_files(folder):
        is_meant = file.is_alive and file.content.is_keeper
        if not is_meant or (host_url is not None and file.content.host_url != host_url):
            continue
        if (claim := Claim.of(file.path)) is None:
            continue
        server = file.path.name.partition(".")[0]
        journal = Journal(folder, server, header=replace(file.content, is_keeper=False))
        with suppress(FileNotFoundError, Unusable):
            entries = claim.read().entries
            stopped += sum(entry.is_active for entry in entries)
            journal.keep([replace(e, state=State.PAUSED) if e.is_active else e for e in entries])
            claim.mark_ready()
            while not claim.is_let_go():
                await clock.sleep(LOOK_EVERY)
            claim.remove_file()
        claim.close()
        journal.close()
    return stopped


@asynccontextmanager
async def taking(
    queue: JobQueue, claims: Iterable[Claim], clock: Clock
) -> AsyncIterator[Callable[[], bool]]:
    """Take over what is claimed while the block runs; raises at its end what went wrong.

    Gives a function that returns whether all of it is taken over.
    """

    async def one(claim: Claim) -> None:
        try:
            await take(queue, claim, clock)
        finally:
            claim.close()

    tasks = [asyncio.create_task(one(claim)) for claim in claims]
    try:
        yield lambda: all(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
