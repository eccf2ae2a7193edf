"""The program, with a heart that beats in its event loop: `FILE` holds each beat that came late.

OLLAMA_HOST=… python beating_app.py FILE

A line has the time (seconds of `time.monotonic`), the seconds since the beat before, and for how
many of them the loop had the processor.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from ollama_tui.api.host import parse_host
from ollama_tui.config.settings import Settings
from ollama_tui.tui.app import OllamaTui
from ollama_tui.tui.shutdown import Shutdown

EVERY = 0.01
"""Seconds between two beats."""
LATE = 0.02
PARALLEL = 4
"""Downloads at once."""


class Beating(OllamaTui):
    """Notes how long its event loop was busy or blocked."""

    def on_mount(self) -> None:
        self.beating = asyncio.create_task(beat(Path(sys.argv[1])))


async def beat(file: Path) -> None:
    with file.open("w", buffering=1) as late:
        before, used = time.monotonic(), time.thread_time()
        while True:
            await asyncio.sleep(EVERY)
            now, cpu = time.monotonic(), time.thread_time()
            if now - before > LATE:
                late.write(f"{now} {now - before} {cpu - used}\n")
            before, used = now, cpu


if __name__ == "__main__":
    shutdown = Shutdown()
    settings = Settings(host=parse_host(os.environ["OLLAMA_HOST"]), parallel=PARALLEL)
    shutdown.run(Beating(settings, leaving=shutdown.begin))
