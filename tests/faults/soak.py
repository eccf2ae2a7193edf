"""Pull models for a while as client, server and network fail at random; count what became of them.

    python -m tests.faults.soak 300 --seed 7 --keepers

Two programs with a queue and a journal each, in one folder, pull from one served demo through the
proxy. All three processes are killed again and again with SIGKILL and started again; the proxy
breaks, stalls, damages and refuses connections. In the end one program goes on with what is left.
With `--keepers` a program often leaves its pulls to a keeper before it is killed, or is killed
meanwhile, and keepers are killed too.

It prints what was counted and fails when a job was lost or doubled, when a byte was fetched twice,
or when the key of the environment has reached the server.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

from tests.faults.faults import Fault, Kind
from tests.faults.programs import Program
from tests.faults.proxy import Proxy, proxied
from tests.faults.server import Ledger
from tests.terminal.conftest import keepers_below, kill_keepers_below

CLIENTS = 2
AT_ONCE = 4
"""Pulls for each client that are asked for and not done."""
LONGEST_LIFE = 2.0
"""Seconds that a client lives at most once it is ready."""
LONGEST_OUTAGE = 1.0
MOMENT = 0.5
KEEPERS = -1
"""Stands for all keepers where a client's number is asked for."""
CANARY = "canary-5b1f7c0e9d"
BREAKING = (Kind.CUT, Kind.RESET, Kind.STALL, Kind.MUTE, Kind.CORRUPT, Kind.DUPLICATE, Kind.SLOW)
LAST_DEADLINE = 300.0
"""Seconds in which what is left in the end must come to its end."""


@dataclass
class Counts:
    """What was counted."""

    client_kills: int = 0
    keeper_kills: int = 0
    handed_over: int = 0
    """Times that a job was left to a keeper."""
    adopted: int = 0
    """Times that a job was taken over from a living keeper."""
    server_kills: int = 0
    outages: int = 0
    connections: int = 0
    faults: int = 0
    accepted: int = 0
    done: int = 0
    done_unseen: int = 0
    """Installed by the server without that the client lived to say so."""
    offered_again: int = 0
    """Times that a job was offered at a start."""
    failures: int = 0
    """Times that a job failed with a reason."""
    refused: int = 0
    """Jobs of which that was the end: nothing had come, so they are not offered again."""
    lost: int = 0
    doubled: int = 0
    """Times that a job was offered which was done, which another had, or twice in one start."""
    bytes_fetched: int = 0
    bytes_fetched_twice: int = 0
    key_leaks: int = 0

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        wrong = self.lost + self.doubled + self.bytes_fetched_twice + self.key_leaks
        return wrong == 0 and self.accepted > 0


@dataclass
class Jobs:
    """What is known of all jobs, from what clients say."""

    counts: Counts
    accepted: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    owners: dict[str, int] = field(default_factory=dict)
    """The living client that is at a job, by name."""
    refused: set[str] = field(default_factory=set)
    """Those that failed before anything had come: they are not offered again."""
    leaving: dict[int, set[str]] = field(default_factory=dict)
    """What a client was told to leave and has not said to have left."""
    reasons: dict[str, int] = field(default_factory=dict)

    def hear(self, client: int, line: str) -> None:
        """Account for a line of a client."""
        word, _, rest = line.partition(" ")
        name, _, reason = rest.partition(" ")
        self.refused.discard(name)
        match word:
            case "offered":
                self.counts.offered_again += 1
                self.counts.doubled += name in self.owners or name in self.done
                # It may have died between accepting a job and saying so.
                self.accepted.add(name)
                self.owners[name] = client
            case "accepted":
                self.accepted.add(name)
                self.owners[name] = client
            case "adopted":
                self.counts.adopted += 1
                self.counts.doubled += self.owners.get(name, KEEPERS) not in (KEEPERS, client)
                self.owners[name] = client
            case "left":
                self.counts.handed_over += 1
                self.leaving.get(client, set()).discard(name)
                if self.owners.get(name, client) == client:  # else the next one has it already
                    self.owners[name] = KEEPERS
            case "done":
                self.done.add(name)
                self.owners.pop(name, None)
            case "failed" | "refused":
                self.counts.failures += 1
                self.refused |= {name} if word == "refused" else set()
                self.owners.pop(name, None)
                self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def forget(self, client: int) -> None:
        """Note that a client is dead."""
        unsure = self.leaving.pop(client, set())
        self.owners = {
            name: each
            for name, each in self.owners.items()
            if each != client and not (each == KEEPERS and name in unsure)
        }

    def leave(self, client: int) -> None:
        """Note that a client is told to leave its jobs to a keeper, which may have them."""
        self.leaving[client] = {name for name, each in self.owners.items() if each == client}
        self.owners |= dict.fromkeys(self.leaving[client], KEEPERS)

    @property
    def open(self) -> int:
        """How many are accepted and not done."""
        return len(self.accepted - self.done - self.refused)

    def of(self, client: int) -> int:
        """Return how many jobs a client is at."""
        return sum(each == client for each in self.owners.values())


class Soak:
    """The processes, the proxy and what is counted."""

    def __init__(
        self, folder: Path, proxy: Proxy, server: Program, seed: int, leaves: bool = False
    ) -> None:
        self.counts = Counts()
        self.jobs = Jobs(self.counts)
        self._folder = folder
        self._proxy = proxy
        self._server = server
        self._chance = Random(seed)
        self._leaves = leaves
        self._asked = 0

    def client(self) -> Program:
        """Return a client, not started yet."""
        env = {"OLLAMA_API_KEY": CANARY}
        arguments = (self._proxy.url, self._folder / "journal")
        return Program("tests.faults.client", *arguments, env=env)

    async def run(self, seconds: float) -> None:
        """Let things go wrong for so many seconds, then let what is left come to its end."""
        lives = [asyncio.create_task(self._live(number)) for number in range(CLIENTS)]
        lives.append(asyncio.create_task(self.trouble()))
        if self._leaves:
            lives.append(asyncio.create_task(self._kill_keepers()))
        done, _ = await asyncio.wait(lives, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        for life in lives:
            life.cancel()
        results = await asyncio.gather(*lives, return_exceptions=True)
        if done:
            raise AssertionError(results)
        await self._finish()
        self._sum_up()

    async def _live(self, number: int) -> None:
        """Start a client, keep it busy and kill it, over and over."""
        program = self.client()
        while True:
            await program.start()
            ready = asyncio.Event()
            hearing = asyncio.create_task(self._hear(number, program, ready))
            try:
                if self._chance.random() < 0.9:
                    await ready.wait()
                await asyncio.sleep(self._chance.uniform(0.0, LONGEST_LIFE))
                if self._leaves and self._chance.random() < 0.5:
                    program.say("leave")
                    self.jobs.leave(number)
                    await asyncio.sleep(self._chance.uniform(0.0, LONGEST_LIFE))
            finally:
                await program.kill()
                self.counts.client_kills += 1
                await hearing  # all that it had said
                self.jobs.forget(number)

    async def _hear(self, number: int, program: Program, ready: asyncio.Event) -> None:
        pending = 0
        async for line in program.lines():
            self.jobs.hear(number, line)
            if line == "ready":
                ready.set()
            pending -= line.startswith("accepted ")
            while ready.is_set() and pending + self.jobs.open < CLIENTS * AT_ONCE:
                # Counted for this client only: who dies takes what it has not accepted along.
                program.say(f"pull soak/m{self._asked}")
                self._asked += 1
                pending += 1
        self.jobs.forget(number)  # it may have left
        ready.set()

    async def trouble(self, rest: float = 1.5) -> None:
        """Let the server die, the network fail, and answers break, at most `rest` seconds apart."""
        while True:
            await asyncio.sleep(self._chance.uniform(0.1, rest))
            match self._chance.choice(("server", "network", "answers")):
                case "server":
                    await self._server.kill()
                    self.counts.server_kills += 1
                    await started(self._server)
                case "network":
                    self._proxy.refuse()
                    self._proxy.drop(self._chance.choice((Kind.CUT, Kind.RESET)))
                    self.counts.outages += 1
                    try:
                        await asyncio.sleep(self._chance.uniform(0.0, LONGEST_OUTAGE))
                    finally:
                        await self._proxy.accept()
                case _:
                    self._break_answers()

    async def _kill_keepers(self) -> None:
        """Kill keepers at random times, so that some of them get far and others do not start."""
        while True:
            await asyncio.sleep(self._chance.uniform(0.0, LONGEST_LIFE))
            if keepers := keepers_below(self._folder):
                with suppress(ProcessLookupError):
                    os.kill(self._chance.choice(keepers), signal.SIGKILL)
                    self.counts.keeper_kills += 1
                self.jobs.forget(KEEPERS)

    def _break_answers(self) -> None:
        for _ in range(self._chance.randrange(1, 4)):
            kind = self._chance.choice(BREAKING)
            after = self._chance.randrange(0, 8000)
            self._proxy.script.append(Fault(kind, after, self._chance.randrange(1, 200)))
            self.counts.faults += 1

    async def _finish(self) -> None:
        """Let one client go on with all that is left, with nothing going wrong any more."""
        self._proxy.script.clear()
        if not self._server.is_running:
            await started(self._server)
        async with asyncio.timeout(LAST_DEADLINE):
            # A keeper may have been started by a client that is dead: it goes on by itself.
            while not await self._last_client() or keepers_below(self._folder):  # noqa: ASYNC110
                await asyncio.sleep(MOMENT)

    async def _last_client(self) -> bool:
        """Let a client go on with what it finds; return whether there was nothing."""
        program, found = self.client(), False
        await program.start()
        try:
            async for line in program.lines():
                self.jobs.hear(CLIENTS, line)
                found = found or line != "ready"
                if not self.jobs.of(CLIENTS) and (line == "ready" or line.startswith("done ")):
                    await asyncio.sleep(MOMENT)  # what it takes over comes after it is ready
                    if not self.jobs.of(CLIENTS):
                        program.hang_up()
        finally:
            await program.kill()
            self.jobs.forget(CLIENTS)
        return not found

    def _sum_up(self) -> None:
        ledger = Ledger.read(self._folder / "ledger")
        installed = {name.removesuffix(":latest") for name in ledger.installed}
        counts, jobs = self.counts, self.jobs
        counts.accepted, counts.done = len(jobs.accepted), len(jobs.done)
        counts.done_unseen = len(jobs.accepted & installed - jobs.done)
        counts.refused = len(jobs.refused - installed)
        counts.lost = len(jobs.accepted - installed - jobs.refused)
        counts.doubled += len(jobs.done - installed)  # done without the server's doing
        counts.connections = len(self._proxy.passages)
        counts.bytes_fetched, counts.bytes_fetched_twice = ledger.transferred, ledger.again
        counts.key_leaks = self._proxy.sent.count(CANARY.encode())


async def started(server: Program) -> int:
    """Start a server and return its port, once it takes connections."""
    await server.start()
    async for line in server.lines():
        return int(line.rpartition(":")[2])
    raise AssertionError("the server did not start")


async def soak(
    seconds: float, seed: int, *, keepers: bool = False
) -> tuple[Counts, dict[str, int]]:
    """Run a soak; return what was counted, and how often jobs failed for which reason."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Program("tests.faults.server", folder / "ledger")
        port = await started(server)
        await server.kill()
        # The next ones listen where the first one did.
        server = Program("tests.faults.server", folder / "ledger", "--port", port)
        await started(server)
        try:
            async with proxied(port) as proxy:
                run = Soak(folder, proxy, server, seed, keepers)
                await run.run(seconds)
                return run.counts, run.jobs.reasons
        finally:
            await server.kill()
            kill_keepers_below(folder)


def main() -> int:
    """Run a soak and print what was counted."""
    parser = argparse.ArgumentParser(
        description="Kill clients and servers while models are pulled."
    )
    parser.add_argument("seconds", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keepers", action="store_true", help="leave pulls to keepers, kill those")
    given = parser.parse_args()
    counts, reasons = asyncio.run(soak(given.seconds, given.seed, keepers=given.keepers))
    for what, count in asdict(counts).items():
        print(f"{what.replace('_', ' '):20} {count:14,}")
    for reason, count in sorted(reasons.items()):
        print(f"  {count} × {reason}")
    return 0 if counts.is_good else 1


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
