"""README's moving picture: a minute with the program in a quarter of one."""

from __future__ import annotations

from tests.pictures.cells import screen_of
from tests.pictures.film import Frame, film
from tests.pictures.stage import Guide, stage

SIZE = (112, 30)
TYPED = 0.09
"""Seconds between two letters."""
STEP = 0.18
"""Seconds between two steps of the cursor or of a download."""
READ = 1.4
"""Seconds to take in a new screen."""


class Camera:
    """Takes a frame of the screen whenever it is told to."""

    def __init__(self, user: Guide) -> None:
        self.user = user
        self.frames: list[Frame] = []
        self._keys = self._caption = ""

    def says(self, keys: str, caption: str) -> None:
        """Write under the screen what is pressed and why, from now on."""
        self._keys, self._caption = keys, caption

    def takes(self, seconds: float) -> None:
        """Show the screen as it is for so long; one that has not changed stays for longer."""
        frame = Frame(screen_of(self.user.app), seconds, self._keys, self._caption)
        last = self.frames[-1] if self.frames else None
        if last and (last.screen, last.keys, last.caption) == (
            frame.screen,
            frame.keys,
            frame.caption,
        ):
            self.frames[-1] = Frame(frame.screen, last.seconds + seconds, frame.keys, frame.caption)
        else:
            self.frames.append(frame)

    async def presses(self, *keys: str, seconds: float = STEP) -> None:
        """Press keys, and take a frame after each."""
        for key in keys:
            await self.user.presses(key)
            self.takes(seconds)

    async def types(self, text: str) -> None:
        """Type a text, and take a frame after each letter."""
        for letter in text:
            await self.user.types(letter)
            self.takes(TYPED)

    async def goes_to(self, name: str) -> None:
        """Move to a model of the list, and take a frame after each step."""
        names = self.user.names
        step = names.index(name) - names.index(self.user.cursor or "")
        await self.presses(*(["j"] * step if step > 0 else ["k"] * -step), seconds=TYPED)


async def tour(camera: Camera) -> None:
    """List, filter, details, pull, storage; mark, delete, undo."""
    user = camera.user
    camera.says("", "Every model of an Ollama server, on screen in the first frame")
    camera.takes(READ)
    camera.says("/", "Filter by name, capability, size, age …")
    await camera.presses("slash")
    await camera.types("cap:tools size:<6g")
    camera.takes(READ)
    await camera.presses("enter")
    await camera.goes_to("qwen3:8b")
    camera.says("enter tab", "All that a model says of itself")
    await camera.presses("enter", seconds=READ / 2)
    await camera.presses("tab", "tab", seconds=READ / 2)
    await camera.presses("escape", "escape", seconds=STEP)
    camera.says("p", "Pull by name: one bar for the whole model")
    await camera.presses("p", seconds=STEP * 2)
    await camera.types("qwen3:4b")
    camera.takes(READ / 2)
    await camera.presses("enter")
    for _ in range(10):
        await user.server_works(1.0)
        camera.takes(STEP)
    await user.lets_toasts_go()
    camera.says("b", "What the disk is spent on")
    await camera.presses("b")
    await user.sees("gpt-oss:20b")
    camera.takes(READ)
    camera.says("space", "Mark what may go")
    for name in ("devstral:24b", "phi4:14b"):
        await user.goes_to_row(name)
        camera.takes(STEP)
        await camera.presses("space", seconds=STEP * 2)
    camera.takes(READ / 2)
    camera.says("d", "What a deletion really frees, before it happens")
    await camera.presses("d", seconds=READ)
    camera.says("y", "Nothing is sent for eight seconds …")
    await camera.presses("y", seconds=READ / 2)
    for _ in range(3):
        await user.waits(1.0)
        camera.takes(STEP * 2)
    await user.lets_toasts_go()
    camera.says("z", "… and until then z brings it back")
    await camera.presses("z", seconds=READ)


async def shoot(title: str) -> str:
    """Return the film as SVG."""
    async with stage(SIZE) as user:
        user.transfers_move = True
        camera = Camera(user)
        await tour(camera)
        return film(camera.frames, title=title)
