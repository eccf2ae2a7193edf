"""Draw the pictures of the README anew: `python -m tests.pictures`, or only those named.

They are taken from the app itself on the embedded Ollama, so they can only show what there is.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from textual.pilot import Pilot

from ollama_tui.config.settings import Settings
from ollama_tui.tui.app import OllamaTui
from tests.importing.making import MODEL, gguf

FOLDER = Path(__file__).resolve().parent.parent / ".github" / "pictures"
Steps = Callable[[Pilot[int]], Awaitable[None]]


def _now() -> datetime:
    return datetime(2026, 11, 22, 12, tzinfo=UTC)


async def settle(pilot: Pilot[int], seconds: float = 0.6) -> None:
    """Let the app load what it shows."""
    await pilot.pause(seconds)


async def keys(pilot: Pilot[int], *names: str) -> None:
    """Press keys, leaving time for each."""
    for name in names:
        await pilot.press(name)
        await pilot.pause(0.15)


async def the_list(pilot: Pilot[int]) -> None:
    """The list with a pull on its way."""
    await keys(pilot, "p", *"qwen3:4b", "enter", "down", "down")
    await settle(pilot, 4.0)


async def a_deletion(pilot: Pilot[int]) -> None:
    """What a deletion frees."""
    await keys(pilot, "down", "down", "down", "space", "space", "space", "d")
    await settle(pilot)


async def a_filter(pilot: Pilot[int]) -> None:
    """A filter over capabilities."""
    await keys(pilot, "slash", *"cap:tools size:<6g")
    await settle(pilot)


async def a_new_model(pilot: Pilot[int]) -> None:
    """The form, with what was typed as a Modelfile beside it."""
    await keys(pilot, "C", "ctrl+n", "ctrl+n", "a", *"stop", "tab", *"</review>", "enter")
    await keys(pilot, "home", "enter", *"8192", "enter")
    await settle(pilot)


def write_model() -> None:
    """Write a GGUF file here."""
    Path("Tiny-Qwen-F16.gguf").write_bytes(gguf(MODEL, [(1024, 4096)]))


async def an_import(pilot: Pilot[int]) -> None:
    """What a file says of itself before it is sent."""
    with TemporaryDirectory() as folder, chdir(folder), patch("platform.node", lambda: "laptop"):
        write_model()
        await keys(pilot, "I", *"Tiny", "tab")
        await settle(pilot)


async def the_running(pilot: Pilot[int]) -> None:
    """What is in memory."""
    await keys(pilot, "t")
    await settle(pilot)


async def the_disk(pilot: Pilot[int]) -> None:
    """What the disk is spent on."""
    await keys(pilot, "b")
    await settle(pilot)


async def a_catalogue(pilot: Pilot[int]) -> None:
    """What ollama.com offers."""
    await keys(pilot, "L")
    await settle(pilot, 1.0)


PICTURES: dict[str, tuple[tuple[int, int], Steps]] = {
    "list": ((120, 32), the_list),
    "filter": ((120, 24), a_filter),
    "delete": ((100, 28), a_deletion),
    "create": ((120, 24), a_new_model),
    "import": ((100, 24), an_import),
    "running": ((100, 12), the_running),
    "storage": ((100, 28), the_disk),
    "cloud": ((100, 22), a_catalogue),
}


async def draw(name: str, size: tuple[int, int], steps: Steps) -> None:
    """Take one picture."""
    app = OllamaTui(Settings(demo=True))
    async with app.run_test(size=size) as pilot:
        await settle(pilot, 1.2)
        await steps(pilot)
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"{name}.svg").write_text(app.export_screenshot(title="ollama-tui"))


async def main() -> None:
    """Take all pictures, or those named."""
    for name in sys.argv[1:] or PICTURES:
        await draw(name, *PICTURES[name])


if __name__ == "__main__":
    asyncio.run(main())
