"""One computer and one server: programs and keepers come and go on it, all in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from ollama_tui.api.client import Ollama
from ollama_tui.api.clock import Clock
from ollama_tui.services.jobs import keeper
from ollama_tui.services.jobs.claims import Claim
from ollama_tui.services.jobs.entries import Entry, JobFile
from ollama_tui.services.jobs.handover import Handover
from ollama_tui.services.jobs.job import State
from ollama_tui.services.jobs.journal import Journal, job_files
from ollama_tui.services.jobs.queue import JobQueue
from tests.clock import VirtualClock, settle
from tests.services.jobs.stage import Stage, Stream

SERVER = "0123456789abcdef"
URL = "http://gpu-box:11434"


class MortalJournal(Journal):
    """The journal of a process that can be killed: then it writes no more."""

    is_dead = False
    _numbers = count()

    def __init__(self, folder: Path, *, header: JobFile) -> None:
        super().__init__(folder, SERVER, header=header)
        # In the order in which they came, so that whatever is done can be done again.
        *rest, _, suffix = self.path.name.split(".")
        number = f"{next(self._numbers):012x}"
        self.path = self.path.with_name(".".join([*rest, number, suffix]))

    def die(self) -> None:
        self.is_dead = True
        self.close()

    def keep(self, entries: Sequence[Entry]) -> None:
        if not self.is_dead:
            super().keep(entries)


class Program:
    """A program that is open: its queue, its journal and its way to a keeper."""

    def __init__(self, computer: Computer) -> None:
        self.journal = MortalJournal(computer.folder, header=JobFile(host_url=URL))
        self.queue = JobQueue(
            computer.ollama,
            journal=self.journal,
            left=self.journal.take_over(),
            clock=computer.time.monotonic,
            sleep=computer.time.sleep,
        )
        self.handover = Handover(self.queue, self.journal, computer.start_keeper, computer.clock)

    async def die(self) -> None:
        """End as `kill -9` does: locks and streams go, and nothing is written."""
        self.journal.die()
        await self.queue.close()

    @property
    def states(self) -> dict[str, State]:
        return {job.name: job.state for job in self.queue.jobs.value}


class Computer:
    """One machine and one server: programs and keepers come and go on it."""

    def __init__(self, folder: Path, ollama: Ollama, time: VirtualClock, stage: Stage) -> None:
        self.folder, self.ollama, self.time, self.stage = folder, ollama, time, stage
        self.clock = Clock(time.now, time.monotonic, time.sleep)
        self.keepers: list[asyncio.Task[None]] = []
        self.journals: list[MortalJournal] = []
        self.prefixes: list[Sequence[str]] = []

    def start_keeper(self, file: Path, prefix: Sequence[str]) -> None:
        """Do in this process what a keeper does in its own."""
        self.prefixes.append(prefix)
        claim = Claim.of(file)
        assert claim is not None
        header = JobFile(host_url=URL, is_keeper=True)
        self.journals.append(MortalJournal(self.folder, header=header))
        work = keeper.keep(self.ollama, self.journals[-1], claim, self.clock)
        self.keepers.append(asyncio.create_task(work))

    async def kill_keeper(self, number: int = -1) -> None:
        """End a keeper as `kill -9` does: its locks go, and nothing is written."""
        self.journals[number].die()
        self.keepers[number].cancel()
        await settle()

    async def passes(self, seconds: float = 2.0) -> None:
        await self.time.advance(seconds)

    async def arrives(self, completed: int) -> None:
        """Let bytes of the newest download arrive, and be noted."""
        await self.stage.stream.layer(completed, 1000)
        await self.passes(0.2)

    def open(self, model: str) -> list[Stream]:
        """Return the streams of a model that are not closed."""
        return [s for s in self.stage.streams if s.model == model and not s.closed]

    @property
    def files(self) -> list[JobFile]:
        return [file.content for file in job_files(self.folder)]
