"""Real streams, broken at every byte: a job ends as it should, and never says more than is true."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.requests import CreateRequest
from ollama_tui.services.jobs.job import Job, State
from ollama_tui.services.jobs.queue import JobQueue
from ollama_tui.services.jobs.tasks import Create, Pull, Push, Task
from tests.clock import VirtualClock, settle
from tests.faults.faults import Fault, Kind
from tests.faults.transport import FaultyTransport
from tests.recordings import recorded

TASKS: dict[str, Task] = {
    "/api/pull": Pull("a", expected=1_000_000),
    "/api/push": Push("me/a"),
    "/api/create": Create(CreateRequest("new", from_="a")),
}
WHOLE = (
    "pull-update",
    "pull-shared-layers",
    "r040-pull-list-ggml",
    "push-stream-again",
    "v2-push-plain",
    "create-from",
    "create-quantize-q8_0",
)
"""Recordings that are short enough as they are."""
THINNED = ("pull-stream", "pull-connection-reset", "push-big-stream")
REFUSED = ("pull-disk-full", "pull-missing-model", "push-signed-out", "create-file-not-gguf")
"""Recordings that end in an error line."""
PATIENCE = 20_000.0
"""Seconds within which a job must have come to its end: a server may verify for an hour."""
SPACE = "no space left on device"


def lines_of(name: str) -> tuple[bytes, ...]:
    """Return the lines of a recording; of each run of one layer only the first and last two."""
    lines = b"".join(recorded(name).chunks).splitlines(keepends=True)
    if name in WHOLE:
        return tuple(lines)
    keys = [(e.get("status"), e.get("digest")) for e in map(json.loads, lines)]
    return tuple(
        line
        for at, line in enumerate(lines)
        if not (len(set(keys[max(0, at - 2) : at + 3])) == 1 and 2 <= at < len(lines) - 2)
    )


class Body(httpx.AsyncByteStream):
    """Lines, one after another, each at its moment in virtual time; at once without a clock."""

    def __init__(self, lines: Sequence[bytes], clock: VirtualClock | None) -> None:
        self._lines = lines
        self._clock = clock

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for line in self._lines:
            if self._clock is not None:
                await self._clock.sleep(0.2)
            yield line


class Bench:
    """A queue with one job whose first connection has a fault, and all later ones have none."""

    def __init__(self, name: str, fault: Fault, *, paced: bool = False) -> None:
        self.path = recorded(name).path
        self.lines = lines_of(name)
        self.time = VirtualClock(1000.0)
        self._paced = self.time if paced else None
        self.transport = FaultyTransport(
            httpx.MockTransport(self._answer), [fault], sleep=self.time.sleep
        )
        self.seen: list[Job] = []

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/tags":
            return httpx.Response(200, json={"models": []})
        return httpx.Response(200, stream=Body(self.lines, self._paced))

    async def run(self) -> Job:
        """Return the job at its end; raises what is a bug, and fails when there is none."""
        async with Ollama("http://127.0.0.1:11434", transport=self.transport) as ollama:
            queue = JobQueue(ollama, clock=self.time.monotonic, sleep=self.time.sleep)
            following = asyncio.create_task(self._follow(queue))
            queue.submit(TASKS[self.path])
            await settle()
            step = 1.0
            while (job := queue.jobs.value[0]).active:
                assert self.time.seconds < PATIENCE, "it never ends"
                await self.time.advance(step)
                step = min(2 * step, 60.0)
            following.cancel()
            self.seen.append(job)
            await queue.close()
            assert self.time.waiting == 0
            return job

    async def _follow(self, queue: JobQueue) -> None:
        async for value in queue.jobs.follow():
            self.seen += value


def whole_until(lines: Sequence[bytes], after: int) -> bool:
    """Whether so many bytes hold the server's last line, its newline or not."""
    return after >= sum(map(len, lines)) - 1


def check(bench: Bench, job: Job, fault: Fault) -> None:
    """What is true of a job whose stream would have ended in success, wherever it broke."""
    succeeded = whole_until(bench.lines, fault.after)
    asked = bench.transport.asked
    if bench.path == "/api/pull":
        assert job.state is State.DONE, job
        assert (asked == 1) == (succeeded and fault.kind is Kind.END)
    elif job.state is State.DONE:
        assert succeeded
        assert asked == 1
    else:
        assert (job.state, asked) == (State.FAILED, 1)
        assert job.error is not None
        assert job.error.title
        assert job.error.hint
    assert (job.state is State.DONE) or not (succeeded and fault.kind is Kind.END)
    reached = [each.progress.completed for each in bench.seen]
    assert reached == sorted(reached), reached
    shares = [each.progress.fraction or 0 for each in bench.seen]
    assert shares == sorted(shares)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, Kind.END) for name in WHOLE),
        *((name, Kind.CUT) for name in ("pull-stream", *WHOLE[1:])),
        *((name, Kind.RESET) for name in ("r040-pull-list-ggml", "create-from", "v2-push-plain")),
    ],
    ids=lambda value: getattr(value, "value", value),
)
async def test_a_stream_broken_at_any_byte(name: str, kind: Kind) -> None:
    for after in range(sum(map(len, lines_of(name))) + 1):
        fault = Fault(kind, after)
        bench = Bench(name, fault)
        check(bench, await bench.run(), fault)


@pytest.mark.parametrize("name", [*WHOLE, *THINNED])
@pytest.mark.parametrize("kind", [Kind.RESET, Kind.STALL], ids=lambda kind: kind.value)
async def test_a_stream_reset_or_silent_around_each_line(name: str, kind: Kind) -> None:
    if kind is Kind.STALL and not name.startswith(("pull", "r040-pull")):
        return  # waited for without end: what would start over is not broken off
    at, places = 0, {0}
    for line in lines_of(name):
        at += len(line)
        places |= {at} if kind is Kind.STALL else {at - 2, at - 1, at}
    for after in sorted(places):
        fault = Fault(kind, after)
        bench = Bench(name, fault, paced=True)
        check(bench, await bench.run(), fault)


@pytest.mark.parametrize("name", REFUSED)
async def test_an_error_line_cut_at_any_byte(name: str) -> None:
    lines = lines_of(name)
    for after in range(sum(map(len, lines)) + 1):
        bench = Bench(name, Fault(Kind.END, after))
        job = await bench.run()
        assert job.state is State.FAILED
        assert job.error is not None
        assert job.error.hint
        if SPACE in recorded(name).text:
            assert job.error.reason == "no space left on the server's disk"
