"""The program on its demo, with something that never ends once f2 was pressed.

python hanging_app.py thread|task|handler|screen|loop|crash
python hanging_app.py writing FILE   does not hang: a thread writes while the app ends
"""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

from textual import events, on

from ollama_tui.config.settings import Settings
from ollama_tui.tui.app import OllamaTui
from ollama_tui.tui.shutdown import Shutdown

WRITES = 50_000
HANGS = "It hangs from now on."


class Hanging(OllamaTui):
    """Hangs in the way that its argument names."""

    how = ""

    async def on_key(self, event: events.Key) -> None:
        if event.key == "f2":
            self.tell(HANGS)
            self.set_timer(0.1, self.hang)  # the toast is drawn first

    async def hang(self) -> None:
        match self.how:
            case "thread" | "crash":
                self.begun = asyncio.ensure_future(asyncio.to_thread(block))
                await asyncio.sleep(0)
                if self.how == "crash":
                    raise ZeroDivisionError("a bug of ours")
            case "task":
                self.begun = asyncio.create_task(never_cancelled())
            case "handler":
                await never()
            case "loop":
                block()
            case "writing":
                self.begun = asyncio.ensure_future(write_when_cancelled(Path(sys.argv[2])))

    @on(events.Unmount)
    async def hang_while_unmounting(self) -> None:
        if self.how == "screen":
            await never()


def block() -> None:
    threading.Event().wait()


async def write_when_cancelled(file: Path) -> None:
    ending = threading.Event()

    def write() -> None:
        ending.wait()
        with file.open("wb", buffering=0) as opened:
            for _ in range(WRITES):
                opened.write(b".")

    try:
        await asyncio.to_thread(write)
    finally:
        ending.set()


async def never() -> None:
    await asyncio.Event().wait()


async def never_cancelled() -> None:
    while True:
        try:
            await never()
        except asyncio.CancelledError:
            continue


if __name__ == "__main__":
    shutdown = Shutdown()
    Hanging.how = sys.argv[1]
    shutdown.run(Hanging(Settings(demo=True), leaving=shutdown.begin))
