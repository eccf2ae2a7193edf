"""Programs and keepers pass pulls on in any order, and are killed meanwhile: none is lost.

A hypothesis machine lets one program come and go on one computer. It asks for pulls, leaves them
to a keeper, is killed or quits, and starts again, while keepers and the server do what they do and
keepers are killed. All of it is in this process and in virtual time.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ollama_tui.api.client import Ollama
from ollama_tui.services.jobs.handover import taking
from ollama_tui.services.jobs.job import State
from ollama_tui.services.jobs.journal import job_files
from ollama_tui.services.jobs.tasks import Pull
from tests.clock import VirtualClock, settle
from tests.services.jobs.computer import Computer, Program
from tests.services.jobs.stage import DIGEST, Stage, Stream

MB = 1_000_000
MANY_FILES = "sha256:model"
SETTLED = 30.0
"""Seconds in which whatever is being passed on has arrived."""
names = st.sampled_from(("a", "b", "c", "d"))
which = st.integers(0, 4)
moments = st.sampled_from((0.0, 0.1, 0.3, 1.0, 4.0, SETTLED))


class Machine(RuleBasedStateMachine):
    """One computer, one server, one program at a time, and keepers."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        time, stage = VirtualClock(1000.0), Stage()
        ollama = Ollama("http://127.0.0.1:11434", transport=stage.transport)
        self.computer = Computer(Path(self.folder.name), ollama, time, stage)
        self.program: Program | None = None
        self.taking = AsyncExitStack()
        self.asked: set[str] = set()
        """Pulls that were accepted and have not come to their end."""

    def run(self, steps: Coroutine[Any, Any, None]) -> None:
        async def settled() -> None:
            await steps
            await settle()

        self.loop.run_until_complete(settled())

    # ---- the program

    @precondition(lambda self: self.program is None)
    @rule()
    def start(self) -> None:
        self.run(self._start())

    async def _start(self) -> None:
        computer = self.computer
        at_keepers = self._at_living()
        self.program = Program(computer)
        offered = {n for n, state in self.program.states.items() if state is State.PAUSED}
        assert not offered & at_keepers, "what a keeper is at is not offered"
        claims = self.program.journal.claims()
        await self.taking.enter_async_context(taking(self.program.queue, claims, computer.clock))

    @precondition(lambda self: self.program is not None)
    @rule(name=names)
    def ask(self, name: str) -> None:
        self.run(self._ask(name))

    async def _ask(self, name: str) -> None:
        assert self.program is not None
        self.program.queue.submit(Pull(name, expected=100 * MB))
        self.asked.add(name)

    @precondition(lambda self: self.program is not None)
    @rule()
    def resume(self) -> None:
        self.run(self._resume())

    async def _resume(self) -> None:
        assert self.program is not None
        for job in self.program.queue.jobs.value:
            self.program.queue.retry(job.id)

    @precondition(lambda self: self.program is not None)
    @rule(wait=moments, kindly=st.booleans(), at=which)
    def leave(self, wait: float, kindly: bool, at: int) -> None:
        """Hand over, and end a while later: before the keeper is ready, or after it."""
        self.run(self._leave(wait, kindly, at))

    async def _leave(self, wait: float, kindly: bool, at: int) -> None:
        assert self.program is not None
        self.program.handover.begin()
        await self.computer.passes(wait / 2)
        if self.streams:
            await self.streams[at % len(self.streams)].layer(at * MB, 100 * MB, DIGEST)
        await self.computer.passes(wait / 2)
        await self._end(kindly)

    @precondition(lambda self: self.program is not None)
    @rule(kindly=st.booleans())
    def end(self, kindly: bool) -> None:
        self.run(self._end(kindly))

    async def _end(self, kindly: bool) -> None:
        assert self.program is not None
        if not kindly:
            self.program.journal.die()
        await self.taking.aclose()
        await self.program.queue.close()
        self.program, self.taking = None, AsyncExitStack()

    # ---- keepers

    @property
    def living(self) -> list[int]:
        return [n for n, task in enumerate(self.computer.keepers) if not task.done()]

    @precondition(lambda self: self.living)
    @rule(at=which)
    def kill_keeper(self, at: int) -> None:
        living = self.living
        self.run(self.computer.kill_keeper(living[at % len(living)]))

    # ---- the server

    @property
    def streams(self) -> list[Stream]:
        return [stream for stream in self.computer.stage.streams if not stream.closed]

    @precondition(lambda self: self.streams)
    @rule(at=which, percent=st.integers(0, 99), digest=st.sampled_from((DIGEST, MANY_FILES)))
    def go_on(self, at: int, percent: int, digest: str) -> None:
        stream = self.streams[at % len(self.streams)]
        self.run(stream.layer(percent * MB, 100 * MB, digest))

    @precondition(lambda self: self.streams)
    @rule(at=which)
    def succeed(self, at: int) -> None:
        self.run(self._succeed(self.streams[at % len(self.streams)].model))

    async def _succeed(self, model: str) -> None:
        """Finish a model: everyone who waits for it hears that."""
        self.asked.discard(model)
        for stream in self.streams:
            if stream.model == model:
                await stream.succeed()

    @precondition(lambda self: self.streams)
    @rule(at=which)
    def tear(self, at: int) -> None:
        self.run(self.streams[at % len(self.streams)].tear())

    @rule(seconds=moments)
    def wait(self, seconds: float) -> None:
        self.run(self.computer.passes(seconds))

    # ---- what is always true

    def _at_living(self) -> set[str]:
        """Return the pulls that living processes are at."""
        files = [file for file in job_files(self.computer.folder) if file.is_alive]
        entries = [entry for file in files for entry in file.content.entries]
        return {entry.task.name for entry in entries if entry.is_active}

    @invariant()
    def nothing_is_lost(self) -> None:
        files = job_files(self.computer.folder)
        kept = {entry.task.name for file in files for entry in file.content.entries}
        assert self.asked <= kept

    @rule()
    def nothing_is_doubled(self) -> None:
        """Once all is passed on, one process is at each pull."""
        for keeper in self.computer.keepers:
            assert not keeper.done() or keeper.cancelled() or keeper.exception() is None
        self.run(self.computer.passes(SETTLED))
        open_ = Counter(stream.model for stream in self.streams)
        assert set(open_.values()) <= {1}, open_

    def teardown(self) -> None:
        self.run(self._finish())
        self.loop.close()
        self.folder.cleanup()

    async def _finish(self) -> None:
        """Let the next program go on with what there is, and the server be well."""
        if self.program is None:
            await self._start()
        for _ in range(20):
            await self._resume()
            await self.computer.passes(SETTLED)
            for stream in self.streams:
                await self._succeed(stream.model)
            if not self.asked:
                break
        assert not self.asked
        await self.computer.passes(SETTLED)
        await self._end(kindly=True)
        await self.computer.passes(SETTLED)
        assert not self.living
        assert not self.streams
        await self.computer.ollama.aclose()


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],  # the machine that tests may be busy
)
