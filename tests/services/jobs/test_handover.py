"""Transfers go on in a keeper when their program ends, and in the next program from there."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.requests import CreateRequest
from ollama_tui.services.jobs.claims import Claim
from ollama_tui.services.jobs.entries import Entry, JobFile, read_job_file
from ollama_tui.services.jobs.handover import Handover, keeper_environment, stop_keepers, taking
from ollama_tui.services.jobs.job import State
from ollama_tui.services.jobs.journal import Journal
from ollama_tui.services.jobs.session import OWN_SCOPE, LogoutRules
from ollama_tui.services.jobs.tasks import Create, Pull, Push
from tests.clock import VirtualClock, settle
from tests.services.jobs.computer import SERVER, URL, Computer, Program
from tests.services.jobs.stage import Stage

MANY_FILES = "sha256:model"
"""What a server says in place of a digest while it fetches a model of many small files."""


@pytest.fixture
async def computer(
    tmp_path: Path, ollama: Ollama, time: VirtualClock, stage: Stage
) -> AsyncIterator[Computer]:
    computer = Computer(tmp_path, ollama, time, stage)
    yield computer
    for task in computer.keepers:
        task.cancel()
    await asyncio.gather(*computer.keepers, return_exceptions=True)


def is_wanted(program: Program) -> bool:
    """Return whether a keeper has all that it needs to take over."""
    return program.journal.is_wanted


async def leaves(computer: Computer, program: Program) -> None:
    """Let a program end and leave its transfers running."""
    assert program.handover.begin()
    waiting = asyncio.create_task(program.handover.wait(3))
    await computer.passes(0.5)
    for stream in computer.stage.streams:  # a server tells all clients of a download how far it is
        if len(computer.open(stream.model)) == 2:
            await stream.layer(300, 1000)
    await computer.passes(4)
    await waiting
    await program.queue.close()
    await computer.passes()


async def returns(computer: Computer, stack: AsyncExitStack) -> Program:
    """Start the program again, which takes over what keepers are at."""
    program = Program(computer)
    claims = program.journal.claims()
    await stack.enter_async_context(taking(program.queue, claims, computer.clock))
    stack.push_async_callback(program.queue.close)
    await settle()
    return program


async def test_a_download_is_joined_before_its_program_ends(computer: Computer) -> None:
    program = Program(computer)
    program.queue.submit(Pull("a", expected=1000))
    await settle()
    await computer.arrives(300)
    assert program.handover.begin()
    await computer.passes(0.5)
    assert len(computer.open("a")) == 2
    assert not is_wanted(program)  # it has not heard that it is joined
    await computer.open("a")[1].layer(310, 1000)
    await computer.passes(0.5)
    assert is_wanted(program)
    await program.queue.close()
    await computer.passes()
    [stream] = computer.open("a")
    [file] = computer.files
    assert file.is_keeper
    assert [entry.task for entry in file.entries] == [Pull("a", expected=1000)]
    await stream.succeed()
    await computer.passes()
    assert computer.keepers[0].done()
    [file] = computer.files
    assert [entry.state for entry in file.entries] == [State.DONE]


async def test_the_next_program_says_once_what_was_finished(computer: Computer) -> None:
    program = Program(computer)
    for name in ("a", "b"):
        program.queue.submit(Pull(name))
    await settle()
    await leaves(computer, program)
    await computer.open("a")[0].succeed()
    await computer.open("b")[0].layer(300, 1000)
    await computer.open("b")[0].say(error="write x-partial: no space left on device")
    await computer.passes()
    again = Program(computer)
    assert again.states == {"a": State.DONE, "b": State.FAILED}
    assert all(job.ended is not None for job in again.queue.jobs.value)
    [failed] = [job for job in again.queue.jobs.value if job.error]
    assert failed.error is not None
    assert "no space left" in failed.error.reason
    await again.queue.close()
    later = Program(computer)
    assert later.states == {"b": State.PAUSED}  # which can still be resumed
    await later.queue.close()


async def test_what_waits_keeps_its_order(computer: Computer) -> None:
    program = Program(computer)
    for name in ("a", "b", "c", "d"):
        program.queue.submit(Pull(name))
    await settle()
    await leaves(computer, program)
    assert [s.model for s in computer.stage.streams if not s.closed] == ["a", "b"]
    for name in ("a", "b", "c"):
        await computer.open(name)[0].succeed()
        await computer.passes()
    assert [s.model for s in computer.stage.streams if not s.closed] == ["d"]


@pytest.mark.parametrize("task", [Pull("a"), Push("a")], ids=["many files", "push"])
async def test_what_would_not_be_joined_starts_when_ours_has_ended(
    computer: Computer, task: Pull | Push
) -> None:
    program = Program(computer)
    program.queue.submit(task)
    await settle()
    await computer.stage.stream.say("pulling model", digest=MANY_FILES, total=100, completed=10)
    assert program.handover.begin()
    await computer.passes(3)
    assert len(computer.open("a")) == 1  # the program's own
    assert program.journal.is_wanted
    await program.queue.close()
    assert computer.open("a") == []
    await computer.passes(1)
    assert len(computer.open("a")) == 1


async def test_the_next_program_joins_and_then_the_keeper_ends(computer: Computer) -> None:
    program = Program(computer)
    program.queue.submit(Pull("a", expected=1000))
    await settle()
    await computer.arrives(300)
    await leaves(computer, program)
    await computer.open("a")[0].layer(400, 1000)
    await computer.passes(6)  # it is noted how far it is
    async with AsyncExitStack() as stack:
        again = await returns(computer, stack)
        [job] = again.queue.jobs.value
        assert (job.state, job.is_adopted) == (State.RUNNING, True)
        assert job.progress.fraction == 0.4
        await computer.passes(1)
        assert len(computer.open("a")) == 2
        await computer.open("a")[1].layer(410, 1000)
        await computer.passes(1)
        [stream] = computer.open("a")
        assert computer.keepers[0].done()
        [file] = computer.files
        assert not file.is_keeper
        await stream.succeed()
        assert again.states == {"a": State.DONE}
        await computer.passes(1)


async def test_cancelling_in_the_next_program_stops_it(computer: Computer) -> None:
    program = Program(computer)
    program.queue.submit(Pull("a"))
    await settle()
    await computer.arrives(300)
    await leaves(computer, program)
    async with AsyncExitStack() as stack:
        again = await returns(computer, stack)
        again.queue.cancel(again.queue.jobs.value[0].id)
        await computer.passes(12)
        assert computer.open("a") == []
        assert computer.keepers[0].done()
    assert computer.files == []


async def test_a_program_killed_while_it_takes_over_changes_nothing(computer: Computer) -> None:
    program = Program(computer)
    program.queue.submit(Pull("a"))
    await settle()
    await computer.arrives(300)
    await leaves(computer, program)
    again = Program(computer)
    [claim] = again.journal.claims()
    again.queue.adopt(claim.read().entries)
    await settle()
    os.close(claim._file)  # it is killed here: its locks go
    again.journal.close()
    await computer.passes()
    assert not computer.keepers[0].done()
    last = Program(computer)
    assert last.states == {}  # the keeper is at it
    [again_free] = last.journal.claims()
    again_free.close()
    await again.queue.close()
    await last.queue.close()


async def test_only_one_of_two_programs_takes_over(computer: Computer) -> None:
    program = Program(computer)
    program.queue.submit(Pull("a"))
    await settle()
    await computer.arrives(300)
    await leaves(computer, program)
    async with AsyncExitStack() as stack:
        one, two = await returns(computer, stack), await returns(computer, stack)
        assert (one.states, two.states) == ({"a": State.RUNNING}, {})
        await computer.open("a")[-1].layer(310, 1000)
        await computer.passes()
        assert len(computer.open("a")) == 1


async def test_keepers_can_be_stopped_and_their_jobs_resumed(computer: Computer) -> None:
    program = Program(computer)
    for name in ("a", "b", "c"):
        program.queue.submit(Pull(name))
    await settle()
    await leaves(computer, program)
    assert await stop_keepers(computer.folder, "http://another", computer.clock) == 0
    stopping = asyncio.create_task(stop_keepers(computer.folder, URL, computer.clock))
    await computer.passes()
    assert await stopping == 3
    assert computer.keepers[0].done()
    assert [stream for stream in computer.stage.streams if not stream.closed] == []
    again = Program(computer)
    assert again.states == dict.fromkeys(("a", "b", "c"), State.PAUSED)
    await again.queue.close()


async def test_what_a_killed_keeper_was_at_is_offered_again(computer: Computer) -> None:
    program = Program(computer)
    for name in ("a", "b", "c"):
        program.queue.submit(Pull(name))
    await settle()
    await leaves(computer, program)
    await computer.open("a")[0].succeed()
    await computer.passes()
    await computer.kill_keeper()
    again = Program(computer)
    assert again.states == {"a": State.DONE, "b": State.PAUSED, "c": State.PAUSED}
    await again.queue.close()


async def test_a_keeper_takes_over_from_another_keeper(computer: Computer) -> None:
    program = Program(computer)
    program.queue.submit(Pull("a"))
    await settle()
    await computer.arrives(300)
    await leaves(computer, program)
    detached = Journal(computer.folder, SERVER, header=JobFile(host_url=URL))
    detached.keep([Entry(Pull("b"), State.QUEUED)])
    computer.start_keeper(detached.path, ())
    await computer.passes(1)
    await computer.open("a")[-1].layer(310, 1000)
    detached.close()
    await computer.passes(2)
    assert [task.done() for task in computer.keepers] == [True, False]
    [file] = computer.files
    assert {entry.task.name for entry in file.entries} == {"a", "b"}
    assert (len(computer.open("a")), len(computer.open("b"))) == (1, 1)


async def test_a_paused_download_stays_paused(computer: Computer) -> None:
    program = Program(computer)
    program.queue.submit(Pull("a"))
    paused = program.queue.submit(Pull("b"))
    await settle()
    program.queue.pause(paused)
    await settle()
    await leaves(computer, program)
    assert computer.open("b") == []
    await computer.open("a")[0].succeed()
    await computer.passes()
    again = Program(computer)
    assert again.states == {"a": State.DONE, "b": State.PAUSED}
    await again.queue.close()


async def test_what_cannot_go_on_alone_is_offered_again(computer: Computer) -> None:
    program = Program(computer)
    program.queue.submit(Create(CreateRequest("mine", from_="a")))
    await settle()
    assert not program.handover.begin()
    await program.queue.close()
    again = Program(computer)
    assert again.states == {"mine": State.PAUSED}
    again.queue.retry(again.queue.jobs.value[0].id)
    await settle()
    assert computer.stage.asked[-1] == "POST /api/create mine"
    await again.queue.close()


async def test_a_create_stays_behind_when_transfers_go_on(computer: Computer) -> None:
    program = Program(computer)
    program.queue.submit(Pull("a"))
    program.queue.submit(Create(CreateRequest("mine", from_="b")))
    await settle()
    await leaves(computer, program)
    assert computer.open("mine") == []
    await computer.open("a")[0].succeed()
    await computer.passes()
    assert computer.keepers[0].done()
    again = Program(computer)
    assert again.states == {"a": State.DONE, "mine": State.PAUSED}
    await again.queue.close()


async def test_a_keeper_that_does_not_start_leaves_it_to_the_next_program(
    computer: Computer,
) -> None:
    def broken(file: Path, prefix: Sequence[str]) -> None:
        raise OSError("no such file")

    program = Program(computer)
    handover = Handover(program.queue, program.journal, broken, computer.clock)
    program.queue.submit(Pull("a"))
    await settle()
    assert not handover.begin()
    await program.queue.close()
    again = Program(computer)
    assert again.states == {"a": State.PAUSED}
    await again.queue.close()


async def test_where_a_logout_kills_it_is_started_outside_of_the_session(
    computer: Computer,
) -> None:
    program = Program(computer)
    program.queue.submit(Pull("a"))
    await settle()
    program.handover.prepare(lambda: LogoutRules(kills=True, lingers=True))
    await leaves(computer, program)
    assert computer.prefixes == [OWN_SCOPE]


async def test_where_that_fails_it_is_started_plainly(computer: Computer) -> None:
    tried: list[Sequence[str]] = []

    def start(file: Path, prefix: Sequence[str]) -> None:
        tried.append(prefix)
        if prefix:
            raise OSError("no service manager")

    program = Program(computer)
    handover = Handover(program.queue, program.journal, start, computer.clock)
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


def test_claims_of_the_dead_are_removed_and_those_of_the_living_are_not(tmp_path: Path) -> None:
    living = Claim.of(tmp_path / "living.json")
    assert living is not None
    (tmp_path / "dead.claim").write_text("ready")
    journal = Journal(tmp_path, SERVER)
    assert journal.take_over() == ()
    assert [path.name for path in tmp_path.iterdir()] == ["living.claim"]
    living.close()


async def test_a_taker_that_sees_the_file_of_a_killed_giver_takes_it(computer: Computer) -> None:
    program = Program(computer)
    program.queue.submit(Pull("a"))
    await settle()
    assert program.handover.begin()
    program.journal.close()  # killed
    await computer.passes(12)
    [file] = computer.files
    assert file.is_keeper
    await program.queue.close()
    assert len(computer.open("a")) == 1
    assert read_job_file(computer.journals[0].path).entries[0].task == Pull("a")
