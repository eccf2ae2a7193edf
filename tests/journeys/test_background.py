"""Downloads that are left running: the program ends, and the next one shows how far they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.clock import Clock
from ollama_tui.api.requests import CreateRequest
from ollama_tui.config.hosts import NamedHost
from ollama_tui.services.jobs import keeper
from ollama_tui.services.jobs.claims import Claim
from ollama_tui.services.jobs.entries import Entry, JobFile
from ollama_tui.services.jobs.journal import Journal
from ollama_tui.services.jobs.tasks import Create, Pull, Push
from ollama_tui.tui.actions.resume import REST_SECONDS
from tests.journeys.driver import User, a_server, journey
from tests.journeys.test_pull import percent, starts
from tests.journeys.test_resume import left, pulled


class Background:
    """One machine and one server, with keepers that run in this process."""

    def __init__(self, folder: Path) -> None:
        self.demo, self.time = a_server()
        self.folder = folder / "unfinished"
        self.loop = asyncio.get_running_loop()
        self.keepers: list[asyncio.Task[None]] = []
        self.starts = True

    def start(self, file: Path, prefix: Sequence[str]) -> None:
        """Start a keeper; called in a thread, as the real one."""
        if not self.starts:
            raise OSError("no more processes")
        asyncio.run_coroutine_threadsafe(self._start(file), self.loop).result()

    async def _start(self, file: Path) -> None:
        claim = Claim.of(file)
        assert claim is not None
        self.keepers.append(asyncio.create_task(self._keep(claim)))

    async def _keep(self, claim: Claim) -> None:
        server = claim.path.name.partition(".")[0]
        content = claim.read()
        header = JobFile(host_url=content.host_url, is_keeper=True)
        async with Ollama(content.host_url, transport=self.demo.transport()) as ollama:
            journal = Journal(self.folder, server, header=header)
            clock = Clock(self.time.now, self.time.monotonic, self.time.sleep)
            await keeper.keep(ollama, journal, claim, clock)

    @asynccontextmanager
    async def program(self, **options: Any) -> AsyncIterator[User]:
        """Start the program."""
        async with journey(
            self.demo,
            server_time=self.time,
            unfinished=self.folder,
            start_keeper=self.start,
            **options,
        ) as user:
            yield user

    async def works(self, seconds: float) -> None:
        """Let time pass for the server and the keepers, while no program is open."""
        await self.time.advance(seconds)


@pytest.fixture
async def background(tmp_path: Path) -> AsyncIterator[Background]:
    background = Background(tmp_path)
    yield background
    for task in background.keepers:
        task.cancel()
    await asyncio.gather(*background.keepers, return_exceptions=True)


async def leaves_running(user: User) -> None:
    await user.presses("q")
    await user.sees("leave the downloads running in the background", "it goes on")
    user.strikes("y")
    while user.app.is_running:
        await user.server_works(0.5)


async def test_what_is_left_running_is_further_at_the_next_start(background: Background) -> None:
    async with background.program() as user:
        await starts(user)
        await user.server_works(20)
        before = percent(user)
        await leaves_running(user)
    await background.works(20)
    async with background.program() as user:
        await user.server_works(1)
        await user.sees("1 download went on in the background: gemma3:12b.")
        assert percent(user) > before + 10
        await user.server_works(3)
        assert background.keepers[0].done()
        assert background.demo.open_streams == 1
        assert not user.in_dialog
        await user.server_works(120)
        await user.sees("Pulled gemma3:12b")
        assert "gemma3:12b" in user.names


async def test_what_was_finished_meanwhile_is_said(background: Background) -> None:
    async with background.program() as user:
        await starts(user)
        await user.server_works(5)
        await leaves_running(user)
    await background.works(200)
    assert background.keepers[0].done()
    async with background.program() as user:
        await user.sees("Pulled gemma3:12b", "It was finished in the background.")
        await user.presses("J")
        await user.sees("gemma3:12b", "done")
    async with background.program() as user:
        assert user.toasts == []


async def test_what_failed_meanwhile_is_said_and_can_be_tried_again(
    background: Background,
) -> None:
    async with background.program() as user:
        await starts(user)
        await user.server_works(5)
        background.demo.disk_free = 100_000_000
        await leaves_running(user)
    await background.works(200)
    background.demo.disk_free = None
    async with background.program() as user:
        await user.sees("gemma3:12b was not pulled")
        await user.presses("J", "r")
        await user.server_works(200)
        await user.sees("Pulled gemma3:12b")


async def test_b_stops_them(background: Background) -> None:
    async with background.program() as user:
        await starts(user)
        await user.server_works(5)
        await user.presses("q", "b")
        await user.sees("Downloads stop; what was fetched is kept")
        await user.presses("y")
        await user.until(lambda: not user.app.is_running)
    assert background.keepers == []
    assert background.demo.open_streams == 0
    async with background.program() as user:
        await user.waits(REST_SECONDS)
        await user.sees("1 download was interrupted. Resume?")


async def test_where_nothing_can_be_left_running_the_program_stays(
    background: Background,
) -> None:
    background.starts = False
    async with background.program() as user:
        await starts(user)
        await user.server_works(5)
        await user.presses("q", "y")
        await user.sees("The process that goes on with the downloads did not start.")
        assert user.app.is_running
        assert background.demo.open_streams == 1


async def test_on_the_way_to_another_server_they_go_on(background: Background) -> None:
    async with background.program(hosts=(NamedHost("gpu-box"),)) as user:
        await starts(user)
        await user.server_works(5)
        before = percent(user)
        await user.presses("H", "2")
        await user.sees("Leave this server while 1 job runs?", "They go on meanwhile")
        user.strikes("y")
        await user.server_works(3)
        await user.until(lambda: "gpu-box:11434" in user.status and user.app.services)
        assert len(background.keepers) == 1
        await user.server_works(20)
        await user.presses("H", "2")
        await user.until(lambda: "127.0.0.1:11434" in user.status and user.app.services)
        await user.server_works(3)
        await user.sees("1 download went on in the background: gemma3:12b.")
        assert percent(user) > before


async def test_a_program_that_may_change_nothing_leaves_nothing(background: Background) -> None:
    async with background.program(read_only=True) as user:
        assert user.app.services is not None
        assert user.app.services.handover is None


async def test_a_read_only_program_says_what_goes_on(background: Background) -> None:
    async with background.program() as user:
        await starts(user)
        await user.server_works(5)
        await leaves_running(user)
    async with background.program(read_only=True) as user:
        await user.sees("1 job goes on in the background: gemma3:12b.", "ollama-tui jobs")
        await user.server_works(2)
        assert not background.keepers[0].done()


async def test_other_jobs_that_were_interrupted_are_offered_too(tmp_path: Path) -> None:
    demo, ticker = a_server()
    mine = Entry(Create(CreateRequest("mine", from_="qwen3:1.7b", system="Be brief.")))
    folder = left(tmp_path, Entry(Pull("gemma3:12b")), Entry(Push("studio/reviewer")), mine)
    async with journey(demo, server_time=ticker, unfinished=folder) as user:
        await user.waits(REST_SECONDS)
        await user.sees("3 jobs were interrupted. Resume?", "create mine", "starts over")
        await user.waits(1)
        await user.presses("y")
        await user.until(lambda: pulled(demo) == ["gemma3:12b"])
        await user.until(lambda: demo.bodies("/api/create"))
        assert demo.bodies("/api/create")[0]["system"] == "Be brief."
