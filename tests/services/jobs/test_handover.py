"""Transfers go on in a keeper when their program ends, and in the next program from there."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.clock import Clock
from ollama_tui.api.requests import CreateRequest
from ollama_tui.services.jobs import keeper
from ollama_tui.services.jobs.claims import Claim
from ollama_tui.services.jobs.entries import Entry, JobFile, read_job_file
from ollama_tui.services.jobs.handover import Handover, keeper_environment, taking
from ollama_tui.services.jobs.job import State
from ollama_tui.services.jobs.journal import Journal, job_files
from ollama_tui.services.jobs.queue import JobQueue
from ollama_tui.services.jobs.session import OWN_SCOPE, LogoutRules
from ollama_tui.services.jobs.tasks import Create, Pull, Push
from tests.clock import VirtualClock, settle
from tests.services.jobs.stage import Stage, Stream

SERVER = "0123456789abcdef"
URL = "http://gpu-box:11434"
MANY_FILES = "sha256:model"
"""What a server says in place of a digest while it fetches a model of many small files."""


class Program:
    """A program that is open: its queue, its journal and its way to a keeper."""

    def __init__(self, house: House, **options: object) -> None:
        self.journal = Journal(house.folder, SERVER, header=JobFile(host_url=URL))
        self.queue = JobQueue(
            house.ollama,
            journal=self.journal,
            left=self.journal.take_over(),
            clock=house.time.monotonic,
            sleep=house.time.sleep,
        )
        self.handover = Handover(self.queue, self.journal, house.start_keeper, house.clock)

    @property
    def states(self) -> dict[str, State]:
        return {job.name: job.state for job in self.queue.jobs.value}


class House:
    """One machine and one server: programs and keepers come and go on it."""

    def __init__(self, folder: Path, ollama: Ollama, time: VirtualClock, stage: Stage) -> None:
        self.folder, self.ollama, self.time, self.stage = folder, ollama, time, stage
        self.clock = Clock(time.now, time.monotonic, time.sleep)
        self.keepers: list[asyncio.Task[None]] = []
        self.journals: list[Journal] = []
        self.prefixes: list[Sequence[str]] = []

    def start_keeper(self, file: Path, prefix: Sequence[str]) -> None:
        """Do in this process what a keeper does in its own."""
        self.prefixes.append(prefix)
        claim = Claim.of(file)
        assert claim is not None
        header = JobFile(host_url=URL, is_keeper=True)
        self.journals.append(Journal(self.folder, SERVER, header=header))
        work = keeper.keep(self.ollama, self.journals[-1], claim, self.clock)
        self.keepers.append(asyncio.create_task(work))

    async def kill_keeper(self) -> None:
        """End the newest keeper as `kill -9` does: its locks go, and nothing is written."""
        self.journals[-1].close()
        self.keepers[-1].cancel()
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


@pytest.fixture
async def house(
    tmp_path: Path, ollama: Ollama, time: VirtualClock, stage: Stage
) -> AsyncIterator[House]:
    house = House(tmp_path, ollama, time, stage)
    yield house
    for task in house.keepers:
        task.cancel()
    await asyncio.gather(*house.keepers, return_exceptions=True)


def is_wanted(program: Program) -> bool:
    """Return whether a keeper has all that it needs to take over."""
    return program.journal.is_wanted


async def leaves(house: House, program: Program) -> None:
    """Let a program end and leave its transfers running."""
    assert program.handover.begin()
    waiting = asyncio.create_task(program.handover.wait(3))
    await house.passes(0.5)
    for stream in house.stage.streams:  # a server tells all clients of a download how far it is
        if len(house.open(stream.model)) == 2:
            await stream.layer(300, 1000)
    await house.passes(4)
    await waiting
    await program.queue.close()
    await house.passes()


async def returns(house: House, stack: AsyncExitStack) -> Program:
    """Start the program again, which takes over what keepers are at."""
    program = Program(house)
    claims = program.journal.claims()
    await stack.enter_async_context(taking(program.queue, claims, house.clock))
    stack.push_async_callback(program.queue.close)
    await settle()
    return program


async def test_a_download_is_joined_before_its_program_ends(house: House) -> None:
    program = Program(house)
    program.queue.submit(Pull("a", expected=1000))
    await settle()
    await house.arrives(300)
    assert program.handover.begin()
    await house.passes(0.5)
    assert len(house.open("a")) == 2
    assert not is_wanted(program)  # it has not heard that it is joined
    await house.open("a")[1].layer(310, 1000)
    await house.passes(0.5)
    assert is_wanted(program)
    await program.queue.close()
    await house.passes()
    [stream] = house.open("a")
    [file] = house.files
    assert file.is_keeper
    assert [entry.task for entry in file.entries] == [Pull("a", expected=1000)]
    await stream.succeed()
    await house.passes()
    assert house.keepers[0].done()
    [file] = house.files
    assert [entry.state for entry in file.entries] == [State.DONE]


async def test_the_next_program_says_once_what_was_finished(house: House) -> None:
    program = Program(house)
    for name in ("a", "b"):
        program.queue.submit(Pull(name))
    await settle()
    await leaves(house, program)
    await house.open("a")[0].succeed()
    await house.open("b")[0].say(error="write x-partial: no space left on device")
    await house.passes()
    again = Program(house)
    assert again.states == {"a": State.DONE, "b": State.FAILED}
    assert all(job.ended is not None for job in again.queue.jobs.value)
    [failed] = [job for job in again.queue.jobs.value if job.error]
    assert failed.error is not None
    assert "no space left" in failed.error.reason
    await again.queue.close()
    later = Program(house)
    assert later.states == {"b": State.PAUSED}  # which can still be resumed
    await later.queue.close()


async def test_what_waits_keeps_its_order(house: House) -> None:
    program = Program(house)
    for name in ("a", "b", "c", "d"):
        program.queue.submit(Pull(name))
    await settle()
    await leaves(house, program)
    assert [s.model for s in house.stage.streams if not s.closed] == ["a", "b"]
    for name in ("a", "b", "c"):
        await house.open(name)[0].succeed()
        await house.passes()
    assert [s.model for s in house.stage.streams if not s.closed] == ["d"]


@pytest.mark.parametrize("task", [Pull("a"), Push("a")], ids=["many files", "push"])
async def test_what_would_not_be_joined_starts_when_ours_has_ended(
    house: House, task: Pull | Push
) -> None:
    program = Program(house)
    program.queue.submit(task)
    await settle()
    await house.stage.stream.say("pulling model", digest=MANY_FILES, total=100, completed=10)
    assert program.handover.begin()
    await house.passes(3)
    assert len(house.open("a")) == 1  # the program's own
    assert program.journal.is_wanted
    await program.queue.close()
    assert house.open("a") == []
    await house.passes(1)
    assert len(house.open("a")) == 1


async def test_the_next_program_joins_and_then_the_keeper_ends(house: House) -> None:
    program = Program(house)
    program.queue.submit(Pull("a", expected=1000))
    await settle()
    await house.arrives(300)
    await leaves(house, program)
    await house.open("a")[0].layer(400, 1000)
    await house.passes(6)  # it is noted how far it is
    async with AsyncExitStack() as stack:
        again = await returns(house, stack)
        [job] = again.queue.jobs.value
        assert (job.state, job.is_adopted) == (State.RUNNING, True)
        assert job.progress.fraction == 0.4
        await house.passes(1)
        assert len(house.open("a")) == 2
        await house.open("a")[1].layer(410, 1000)
        await house.passes(1)
        [stream] = house.open("a")
        assert house.keepers[0].done()
        [file] = house.files
        assert not file.is_keeper
        await stream.succeed()
        assert again.states == {"a": State.DONE}
        await house.passes(1)


async def test_cancelling_in_the_next_program_stops_it(house: House) -> None:
    program = Program(house)
    program.queue.submit(Pull("a"))
    await settle()
    await house.arrives(300)
    await leaves(house, program)
    async with AsyncExitStack() as stack:
        again = await returns(house, stack)
        again.queue.cancel(again.queue.jobs.value[0].id)
        await house.passes(12)
        assert house.open("a") == []
        assert house.keepers[0].done()
    assert house.files == []


async def test_a_program_killed_while_it_takes_over_changes_nothing(house: House) -> None:
    program = Program(house)
    program.queue.submit(Pull("a"))
    await settle()
    await house.arrives(300)
    await leaves(house, program)
    again = Program(house)
    [claim] = again.journal.claims()
    again.queue.adopt(claim.read().entries)
    await settle()
    os.close(claim._file)  # it is killed here: its locks go
    again.journal.close()
    await house.passes()
    assert not house.keepers[0].done()
    last = Program(house)
    assert last.states == {}  # the keeper is at it
    [again_free] = last.journal.claims()
    again_free.close()
    await again.queue.close()
    await last.queue.close()


async def test_only_one_of_two_programs_takes_over(house: House) -> None:
    program = Program(house)
    program.queue.submit(Pull("a"))
    await settle()
    await house.arrives(300)
    await leaves(house, program)
    async with AsyncExitStack() as stack:
        one, two = await returns(house, stack), await returns(house, stack)
        assert (one.states, two.states) == ({"a": State.RUNNING}, {})
        await house.open("a")[-1].layer(310, 1000)
        await house.passes()
        assert len(house.open("a")) == 1


async def test_what_a_killed_keeper_was_at_is_offered_again(house: House) -> None:
    program = Program(house)
    for name in ("a", "b", "c"):
        program.queue.submit(Pull(name))
    await settle()
    await leaves(house, program)
    await house.open("a")[0].succeed()
    await house.passes()
    await house.kill_keeper()
    again = Program(house)
    assert again.states == {"a": State.DONE, "b": State.PAUSED, "c": State.PAUSED}
    await again.queue.close()


async def test_a_keeper_takes_over_from_another_keeper(house: House) -> None:
    program = Program(house)
    program.queue.submit(Pull("a"))
    await settle()
    await house.arrives(300)
    await leaves(house, program)
    detached = Journal(house.folder, SERVER, header=JobFile(host_url=URL))
    detached.keep([Entry(Pull("b"), State.QUEUED)])
    house.start_keeper(detached.path, ())
    await house.passes(1)
    await house.open("a")[-1].layer(310, 1000)
    detached.close()
    await house.passes(2)
    assert [task.done() for task in house.keepers] == [True, False]
    [file] = house.files
    assert {entry.task.name for entry in file.entries} == {"a", "b"}
    assert (len(house.open("a")), len(house.open("b"))) == (1, 1)


async def test_a_paused_download_stays_paused(house: House) -> None:
    program = Program(house)
    program.queue.submit(Pull("a"))
    paused = program.queue.submit(Pull("b"))
    await settle()
    program.queue.pause(paused)
    await settle()
    await leaves(house, program)
    assert house.open("b") == []
    await house.open("a")[0].succeed()
    await house.passes()
    again = Program(house)
    assert again.states == {"a": State.DONE, "b": State.PAUSED}
    await again.queue.close()


async def test_what_cannot_go_on_alone_is_offered_again(house: House) -> None:
    program = Program(house)
    program.queue.submit(Create(CreateRequest("mine", from_="a")))
    await settle()
    assert not program.handover.begin()
    await program.queue.close()
    again = Program(house)
    assert again.states == {"mine": State.PAUSED}
    again.queue.retry(again.queue.jobs.value[0].id)
    await settle()
    assert house.stage.asked[-1] == "POST /api/create mine"
    await again.queue.close()


async def test_a_create_stays_behind_when_transfers_go_on(house: House) -> None:
    program = Program(house)
    program.queue.submit(Pull("a"))
    program.queue.submit(Create(CreateRequest("mine", from_="b")))
    await settle()
    await leaves(house, program)
    assert house.open("mine") == []
    await house.open("a")[0].succeed()
    await house.passes()
    assert house.keepers[0].done()
    again = Program(house)
    assert again.states == {"a": State.DONE, "mine": State.PAUSED}
    await again.queue.close()


async def test_a_keeper_that_does_not_start_leaves_it_to_the_next_program(house: House) -> None:
    def broken(file: Path, prefix: Sequence[str]) -> None:
        raise OSError("no such file")

    program = Program(house)
    handover = Handover(program.queue, program.journal, broken, house.clock)
    program.queue.submit(Pull("a"))
    await settle()
    assert not handover.begin()
    await program.queue.close()
    again = Program(house)
    assert again.states == {"a": State.PAUSED}
    await again.queue.close()


async def test_where_a_logout_kills_it_is_started_outside_of_the_session(house: House) -> None:
    program = Program(house)
    program.queue.submit(Pull("a"))
    await settle()
    program.handover.prepare(lambda: LogoutRules(kills=True, lingers=True))
    await leaves(house, program)
    assert house.prefixes == [OWN_SCOPE]


async def test_where_that_fails_it_is_started_plainly(house: House) -> None:
    tried: list[Sequence[str]] = []

    def start(file: Path, prefix: Sequence[str]) -> None:
        tried.append(prefix)
        if prefix:
            raise OSError("no service manager")

    program = Program(house)
    handover = Handover(program.queue, program.journal, start, house.clock)
    handover.prepare(lambda: LogoutRules(kills=True, lingers=True))
    program.queue.submit(Pull("a"))
    await settle()
    assert handover.begin()
    assert handover.begin()  # once
    assert tried == [OWN_SCOPE, ()]
    await program.queue.close()


def test_a_keeper_gets_no_key() -> None:
    given = {"OLLAMA_API_KEY": "canary", "HTTPS_PROXY": "http://proxy", "HOME": "/home/x"}
    assert keeper_environment(given) == {"HTTPS_PROXY": "http://proxy", "HOME": "/home/x"}


def test_a_claim_on_a_file_that_is_gone_reads_nothing(tmp_path: Path) -> None:
    claim = Claim.of(tmp_path / "x.json")
    assert claim is not None
    with pytest.raises(FileNotFoundError):
        claim.read()
    assert claim.is_let_go()
    claim.close()
    assert list(tmp_path.iterdir()) == []


async def test_a_taker_that_sees_the_file_of_a_killed_giver_takes_it(house: House) -> None:
    program = Program(house)
    program.queue.submit(Pull("a"))
    await settle()
    assert program.handover.begin()
    program.journal.close()  # killed
    await house.passes(12)
    [file] = house.files
    assert file.is_keeper
    await program.queue.close()
    assert len(house.open("a")) == 1
    assert read_job_file(house.journals[0].path).entries[0].task == Pull("a")
