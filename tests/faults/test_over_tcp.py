"""A pull over real connections: through whatever the network does, and a server that is killed.

The key for ollama.com is set throughout, and must never be heard on the way to another host.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.requests import CreateRequest
from ollama_tui.domain.names import parse
from ollama_tui.services.jobs.job import Job, State
from ollama_tui.services.jobs.queue import JobQueue
from ollama_tui.services.jobs.tasks import Create, Pull, Push
from tests.clock import VirtualClock, settle
from tests.demo.levers import Demo
from tests.faults.client import fast_clock, fast_sleep
from tests.faults.faults import Fault, Kind
from tests.faults.programs import Program
from tests.faults.proxy import Proxy, proxied
from tests.faults.server import Ledger, LedgerRegistry, LedgerStore, published
from tests.faults.soak import CANARY, started
from tests.serving import serve

NAME = "soak/m1"
OTHERS = ("soak/m2", "soak/m3")
ANSWER = 900
"""Bytes of the answer, its head included, within which faults are tried."""
PATIENCE = 20_000.0


class Bench:
    """A served demo, a proxy and a queue, all in one virtual time."""

    def __init__(self, time: VirtualClock, demo: Demo, proxy: Proxy, queue: JobQueue) -> None:
        self.time = time
        self.demo = demo
        self.proxy = proxy
        self.queue = queue

    async def end(self) -> list[Job]:
        """Let time pass until all jobs have ended; return them, with nothing of the key in them."""
        start = self.time.seconds
        while any(job.active for job in self.queue.jobs.value):
            assert self.time.seconds < start + PATIENCE, "it never ends"
            await self.time.advance(0.5)
        await settle()
        assert CANARY.encode() not in self.proxy.sent
        assert b"authorization" not in self.proxy.sent.lower()
        assert CANARY not in repr(self.queue.jobs.value)
        return list(self.queue.jobs.value)

    def has(self, name: str) -> bool:
        """Whether the server has a model."""
        return self.demo.store.get(parse(name)) is not None


@asynccontextmanager
async def bench(*script: Fault) -> AsyncIterator[Bench]:
    time = VirtualClock(1000.0)
    registry = LedgerRegistry()
    for number in range(4):
        registry.publish(*published(number), time.now())
    demo = Demo(store=LedgerStore(), registry=registry, pace=time.sleep, now=time.now)
    async with serve(demo.transport()) as url, proxied(int(url.rpartition(":")[2])) as proxy:
        proxy.script.extend(script)
        async with Ollama(proxy.url, api_key=CANARY) as ollama:
            queue = JobQueue(ollama, clock=time.monotonic, sleep=time.sleep)
            yield Bench(time, demo, proxy, queue)
            await queue.close()


@pytest.mark.parametrize("kind", [Kind.CUT, Kind.RESET, Kind.STALL, Kind.SLOW, Kind.MUTE])
async def test_a_pull_comes_to_its_end_wherever_its_connection_breaks(kind: Kind) -> None:
    for after in range(0, ANSWER, 60):
        # Silent twice while the server verifies, which may take an hour, is the end of patience.
        second = Fault() if kind is Kind.STALL else Fault(kind, ANSWER - after, 50)
        async with bench(Fault(kind, after, 50), second) as there:
            there.queue.submit(Pull(NAME))
            [job] = await there.end()
            assert job.state is State.DONE
            assert there.has(NAME)


@pytest.mark.parametrize("kind", [Kind.CORRUPT, Kind.DUPLICATE, Kind.REORDER])
async def test_bytes_that_change_on_the_way_end_in_a_reason_or_are_retried(kind: Kind) -> None:
    for after in range(0, ANSWER, 17):
        async with bench(Fault(kind, after, 1 + after % 5)) as there:
            there.queue.submit(Pull(NAME))
            [job] = await there.end()
            if job.state is State.DONE:
                assert there.has(NAME)
            else:
                assert (job.state, job.error is not None) == (State.FAILED, True)
                assert job.error is not None
                assert job.error.title
                assert job.error.hint


async def test_a_server_that_is_gone_is_waited_for_and_then_given_up() -> None:
    async with bench() as there:
        there.queue.submit(Pull(NAME))
        await there.time.advance(0.3)
        there.proxy.refuse()
        there.proxy.drop()
        await there.time.advance(300)
        await there.proxy.accept()
        [job] = await there.end()
        assert job.state is State.DONE
        there.proxy.refuse()
        there.proxy.drop()
        there.queue.submit(Pull(OTHERS[0]))
        job = (await there.end())[-1]
        assert job.state is State.FAILED
        assert job.error is not None
        assert job.error.reason == "server unreachable"


@pytest.mark.parametrize("kind", [Kind.CUT, Kind.RESET, Kind.CORRUPT])
async def test_a_push_and_a_create_are_done_or_say_why_not(kind: Kind) -> None:
    for after in range(0, ANSWER, 45):
        async with bench() as there:
            there.queue.submit(Pull(NAME))
            await there.end()
            there.proxy.script.append(Fault(kind, after))
            there.queue.submit(Push(NAME))
            await there.end()
            there.proxy.script.extend([Fault(), Fault(kind, after)])  # it asks for the list first
            there.queue.submit(Create(CreateRequest("made", from_=NAME)))
            for job in await there.end():
                assert (job.state is State.FAILED) == (job.error is not None)
                if job.verb == "create" and job.state is State.DONE:
                    assert there.has("made")


@pytest.mark.parametrize("reached", [0.05, 0.5, 0.9])
async def test_a_server_killed_in_the_middle_goes_on_where_it_was(
    tmp_path: Path, reached: float
) -> None:
    ledger = tmp_path / "ledger"
    server = Program("tests.faults.server", ledger, "--models", 4)
    port = await started(server)
    try:
        async with proxied(port) as proxy, Ollama(proxy.url, api_key=CANARY) as ollama:
            queue = JobQueue(ollama, parallel=3, clock=fast_clock, sleep=fast_sleep)
            for name in (NAME, *OTHERS):
                queue.submit(Pull(name))
            async for jobs in queue.jobs.follow():
                if (jobs[0].progress.fraction or far(jobs[0])) >= reached:
                    break
            await server.kill()
            server = Program("tests.faults.server", ledger, "--models", 4)
            proxy.target = await started(server)
            async for jobs in queue.jobs.follow():
                if not any(job.active for job in jobs):
                    break
            assert [job.state for job in jobs] == [State.DONE] * 3
            await queue.close()
            assert CANARY.encode() not in proxy.sent
    finally:
        await server.kill()
    said = Ledger.read(ledger)
    sizes = [published(number)[1].size for number in (1, 2, 3)]
    assert (said.again, said.transferred) == (0, sum(sizes))
    assert sorted(said.installed) == [f"{name}:latest" for name in (NAME, *OTHERS)]


def far(job: Job) -> float:
    """Return how far a pull of NAME is, whose size the queue does not know."""
    return job.progress.completed / published(1)[1].size
