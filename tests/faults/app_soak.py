"""As the soak, with the app itself in a terminal as the client that is killed.

    python -m tests.faults.app_soak 300 --seed 7

The app asks for two models in each life, and is asked to resume what the last one left: the
question must name at least as many as were asked for and are not installed.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from random import Random

from tests.faults.programs import Program
from tests.faults.proxy import Proxy, proxied
from tests.faults.server import Ledger
from tests.faults.soak import CANARY, Soak, started
from tests.terminal.pty import Terminal

READABLE = 1.3
"""Seconds after which a question that came by itself takes an answer."""
REST = 8.0
"""Seconds between two troubles: the question waits for a server that answers."""
_QUESTION = re.compile(r"(\d+) downloads? (?:was|were) interrupted\. Resume\?")


class App:
    """The lives of the app, one after another, in a thread: a terminal is waited for."""

    def __init__(self, folder: Path, port: int, seed: int) -> None:
        self._folder = folder
        self._port = port
        self._chance = Random(seed)
        self._asked = 0
        self.over = threading.Event()
        self.kills = self.lost = self.offered = 0
        self.accepted: set[str] = set()
        self.screens: list[str] = []
        """Screens on which what was waited for never came."""

    def live(self) -> None:
        """Start the app and kill it, until it is over."""
        while not self.over.is_set():
            with self._started() as terminal:
                try:
                    self._use(terminal)
                except AssertionError as error:
                    self.screens.append(str(error))
                terminal.signal(signal.SIGKILL)
                self.kills += 1

    def _started(self) -> Terminal:
        folders = {
            f"XDG_{kind}_HOME": str(self._folder / kind)
            for kind in ("CONFIG", "CACHE", "DATA", "STATE")
        }
        env = {**folders, "OLLAMA_HOST": f"127.0.0.1:{self._port}", "OLLAMA_API_KEY": CANARY}
        return Terminal([sys.executable, "-m", "ollama_tui"], (120, 40), env, deadline=30.0)

    def _use(self, terminal: Terminal) -> None:
        owed = self.accepted - self.installed()
        terminal.wait_for("pull")
        if owed:
            terminal.wait_for("Resume?")
            match = _QUESTION.search(terminal.text())
            found = int(match[1]) if match else 0
            self.lost += max(0, len(owed) - found)
            self.offered += found
            time.sleep(READABLE)
            terminal.press("y")
            terminal.wait_gone("Resume?")
        if len(owed) < 6:
            names = [f"soak/m{self._asked + more}" for more in range(2)]
            self._asked += 2
            terminal.press("p")
            terminal.wait_for("Pull a model")
            terminal.type(" ".join(names))
            terminal.wait_for(names[-1])
            terminal.press("enter")
            terminal.wait_gone("Pull a model")
            terminal.wait_for("job")
            self.accepted |= set(names)
        time.sleep(self._chance.uniform(0.0, 2.5))

    def installed(self) -> set[str]:
        """Return what the server has written."""
        ledger = Ledger.read(self._folder / "ledger")
        return {name.removesuffix(":latest") for name in ledger.installed}


async def run(folder: Path, proxy: Proxy, server: Program, seconds: float, seed: int) -> bool:
    """Let things go wrong for so many seconds and print what was counted; say if all is well."""
    soak, app = Soak(folder, proxy, server, seed), App(folder, proxy.port, seed)
    trouble = asyncio.create_task(soak.trouble(REST))
    lives = asyncio.create_task(asyncio.to_thread(app.live))
    await asyncio.wait([trouble, lives], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    app.over.set()
    await lives
    trouble.cancel()
    await asyncio.gather(trouble, return_exceptions=True)
    ledger = Ledger.read(folder / "ledger")
    leaks = proxy.sent.count(CANARY.encode())
    print(f"app kills      {app.kills}, server kills {server.kills}, outages {soak.counts.outages}")
    print(f"accepted       {len(app.accepted)}, installed {len(app.accepted & app.installed())}")
    print(f"offered again  {app.offered}, lost {app.lost}, unexpected screens {len(app.screens)}")
    print(f"bytes fetched  {ledger.transferred:,}, twice {ledger.again:,}; key leaks {leaks}")
    print(*app.screens, sep="\n")
    return not (app.lost or ledger.again or leaks)


async def main() -> int:
    """Run it and print what was counted."""
    parser = argparse.ArgumentParser(description="Kill the app and its server while it pulls.")
    parser.add_argument("seconds", type=float)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = Program("tests.faults.server", folder / "ledger")
        port = await started(first)
        await first.kill()
        server = Program("tests.faults.server", folder / "ledger", "--port", port)
        await started(server)
        try:
            async with proxied(port) as proxy:
                return 0 if await run(folder, proxy, server, given.seconds, given.seed) else 1
        finally:
            await server.kill()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
