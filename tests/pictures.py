"""Take the screenshots of the README again: `python -m tests.pictures`, or only those named.

They are taken from the program itself on the embedded Ollama, so they show what there is.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from ollama_tui.config.settings import Settings
from ollama_tui.demo import Demo as EmbeddedServer
from tests.importing.making import MODEL, gguf
from tests.journeys.driver import User, journey

FOLDER = Path(__file__).resolve().parent.parent / ".github" / "pictures"
Steps = Callable[[User], Awaitable[None]]


async def the_list(user: User) -> None:
    """The list with a pull on its way."""
    await user.presses("p")
    await user.types("qwen3:4b")
    await user.presses("enter", "down", "down")
    await user.server_works(4.0)


async def a_deletion(user: User) -> None:
    """What a deletion frees."""
    await user.presses("down", "down", "down", "space", "space", "space", "d")


async def a_filter(user: User) -> None:
    """A filter by capability and size."""
    await user.presses("/")
    await user.types("cap:tools size:<6g")


async def a_new_model(user: User) -> None:
    """The form, with what was typed as a Modelfile beside it."""
    await user.presses("C", "ctrl+n", "ctrl+n", "a")
    await user.types("stop")
    await user.presses("tab")
    await user.types("</review>")
    await user.presses("enter", "home", "enter")
    await user.types("8192")
    await user.presses("enter")


def write_model() -> None:
    """Write a GGUF file here."""
    Path("Tiny-Qwen-F16.gguf").write_bytes(gguf(MODEL, [(1024, 4096)]))


async def an_import(user: User) -> None:
    """What the header of a file says before it is sent."""
    with TemporaryDirectory() as folder, chdir(folder), patch("platform.node", lambda: "laptop"):
        write_model()
        await user.presses("I")
        await user.types("Tiny")
        await user.presses("tab")
        await user.sees("Makes tiny-qwen:f16.")


async def the_running(user: User) -> None:
    """What is in memory."""
    await user.presses("t")


async def the_disk(user: User) -> None:
    """What the disk is spent on, and what an upgrade has kept."""
    await user.presses("b", "j", "j", "j", "j")
    await user.sees("kept by an upgrade")
    await user.waits(2.0)


async def a_catalogue(user: User) -> None:
    """What ollama.com offers."""
    await user.presses("L")
    await user.sees("gpt-oss:120b")


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


MEASURED = frozenset({"delete", "storage"})
"""Those beside a store that is laid out as files, as `--demo` has it."""


async def main() -> None:
    """Take all screenshots, or those named."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or PICTURES:
        size, steps = PICTURES[name]
        server: dict[str, Any] = (
            {"transport": EmbeddedServer().transport} if name in MEASURED else {}
        )
        async with journey(settings=Settings(demo=True), size=size, **server) as user:
            await user.until(lambda: user.app.measured or name not in MEASURED)  # noqa: B023
            await steps(user)
            picture = user.app.export_screenshot(title="ollama-tui")
            (FOLDER / f"{name}.svg").write_text(picture)


if __name__ == "__main__":
    asyncio.run(main())
