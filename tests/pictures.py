"""Draw the pictures of the README anew: `python -m tests.pictures`.

They are taken from the app itself on the embedded Ollama, so they can only show what there is.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path

from textual.pilot import Pilot

from ollama_tui.app import OllamaTui
from ollama_tui.config import Settings
from tests.files.making import MODEL, header_of

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


async def a_form(pilot: Pilot[int]) -> None:
    """A model being made from another: its parameters, and what they stand for."""
    await keys(pilot, "C", "ctrl+n", "ctrl+n", "a", *"temp", "tab", *"0.4", "enter")
    await keys(pilot, "a", *"num")
    await settle(pilot)


async def an_import(pilot: Pilot[int]) -> None:
    """A file of weights, told before a byte is sent."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        _make_weights(Path(GGUF))
        await keys(pilot, "I", *GGUF)
        await settle(pilot, 1.0)


def _make_weights(file: Path) -> None:
    file.write_bytes(header_of(MODEL, WEIGHTS))
    os.truncate(file, file.stat().st_size + 2 * WEIGHTS)


async def the_disk(pilot: Pilot[int]) -> None:
    """What the disk is spent on."""
    await keys(pilot, "b")
    await settle(pilot)


async def a_catalogue(pilot: Pilot[int]) -> None:
    """What ollama.com offers."""
    await keys(pilot, "L")
    await settle(pilot, 1.0)


GGUF = "tiny-qwen-F16.gguf"
WEIGHTS = 135_000_000
"""Of the file that is imported; it takes no room on the disk."""
PICTURES: dict[str, tuple[tuple[int, int], Steps]] = {
    "list": ((120, 32), the_list),
    "filter": ((120, 24), a_filter),
    "delete": ((100, 28), a_deletion),
    "create": ((100, 24), a_form),
    "import": ((100, 24), an_import),
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
    """Take all pictures."""
    for name, (size, steps) in PICTURES.items():
        await draw(name, size, steps)


if __name__ == "__main__":
    asyncio.run(main())
