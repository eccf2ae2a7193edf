"""What README's pictures show, and how a person gets there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.pictures.cells import screen_of
from tests.pictures.stage import Guide, stage, write_editor
from tests.pictures.svg import picture
from tests.pictures.tour import shoot

FOLDER = Path(__file__).resolve().parents[2] / ".github" / "pictures"
TITLE = "ollama-tui"
Steps = Callable[[Guide], Awaitable[None]]


async def the_list(user: Guide) -> None:
    """The list beside the details of a model."""
    await user.goes_to("qwen3:30b-a3b")


async def the_disk(user: Guide) -> None:
    """What the disk is spent on, with what the marks would free."""
    await user.presses("b")
    await user.sees("gpt-oss:20b")
    for name in ("devstral:24b", "phi4:14b"):
        await user.goes_to_row(name)
        await user.presses("space")
    await user.goes_to_row("qwen3:30b-a3b")


async def the_outdated(user: Guide) -> None:
    """What registries have newer, and how little of it is to be fetched."""
    await user.presses("o")
    await user.sees("646 B of 1.7 GB")
    await user.waits(1.0)
    await user.lets_toasts_go()
    await user.goes_to_row("starcoder2:3b")


async def an_edit(user: Guide) -> None:
    """What an edited Modelfile changes, before anything is sent."""
    write_editor(
        ("temperature 0.2", "temperature 0.6\nPARAMETER min_p 0.05"),
        ("num_ctx 16384", "num_ctx 32768"),
    )
    await user.goes_to("studio/reviewer:latest")
    await user.presses("e")
    await user.sees("32768")


async def the_pulls(user: Guide) -> None:
    """Several downloads at once, each a bar with rate and time."""
    for name in ("llama3.2:1b", "gemma3:12b", "llama3.3:70b", "qwen3:4b"):
        await user.presses("p")
        await user.types(name)
        await user.presses("enter")
        await user.comes_to_rest()
    await user.server_works(9.0)
    await user.lets_toasts_go()
    await user.presses("J")
    await user.server_works(2.0)


async def the_running(user: Guide) -> None:
    """What is in memory, where, and until when."""
    await user.goes_to("qwen3:8b")
    await user.presses("w")
    await user.server_works(12.0)
    await user.lets_toasts_go()
    await user.presses("t")
    await user.sees("qwen3:8b")


async def the_fit(user: Guide) -> None:
    """What fits the memory, and one model at each context."""
    await user.presses("F")
    await user.sees("models fit fully")
    await user.goes_to_row("llama3.1:8b")


PICTURES: dict[str, tuple[tuple[int, int], Steps]] = {
    "list": ((120, 30), the_list),
    "storage": ((120, 28), the_disk),
    "updates": ((120, 18), the_outdated),
    "edit": ((110, 26), an_edit),
    "pulls": ((110, 16), the_pulls),
    "running": ((110, 18), the_running),
    "fit": ((110, 30), the_fit),
}


FILM = "tour"
NAMES = (FILM, *PICTURES)


async def draw(name: str) -> str:
    """Return a picture, or the film, as SVG."""
    if name == FILM:
        return await shoot(TITLE)
    size, steps = PICTURES[name]
    async with stage(size) as user:
        await steps(user)
        return picture(screen_of(user.app), title=TITLE)
