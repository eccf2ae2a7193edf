"""The program on the embedded Ollama, with nothing of this machine on the screen."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, chdir, contextmanager, nullcontext
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from textual.app import App
from textual.notifications import Notification

from ollama_tui.config.settings import Settings
from ollama_tui.demo.folder import StoreFolder
from ollama_tui.demo.release import VERSION
from ollama_tui.demo.server import EmbeddedTransport
from ollama_tui.services.cache import file_key
from ollama_tui.services.jobs.entries import Entry
from ollama_tui.services.jobs.journal import Journal
from tests.clock import VirtualClock
from tests.demo.levers import Demo
from tests.importing.making import MODEL, gguf
from tests.journeys.driver import LOOK_EVERY, User, journey

STILL = 4
"""Looks at a screen in which nothing new is drawn until it counts as being at rest."""
SEARCHED = 80
"""Rows in which something is looked for."""


class LocalTransport(EmbeddedTransport):
    """Shows the server's store as a folder in the current one, under a name that stays the same."""

    def __init__(self, demo: Demo) -> None:
        super().__init__(lambda: demo.server)
        self._demo = demo
        self._here = StoreFolder(Path(".ollama/models"))

    def models_folder(self) -> Path:
        """Return the folder, with what the server has now."""
        self._here.update(self._demo.server.store)
        return self._here.root


class Guide(User):
    """A user who finds things by what is written there, wherever they are."""

    transfers_move = False
    """Whether the server works on while keys are pressed."""

    async def waits(self, seconds: float) -> None:
        """Let time pass for the program, and for the server where `transfers_move`."""
        if self.transfers_move:
            await self._server_time.advance(seconds)
        await super().waits(seconds)

    async def goes_to_row(self, *texts: str) -> None:
        """Move the cursor of the table in front, down from its top, to a row with all `texts`."""
        await self.presses("g")
        for _ in range(SEARCHED):
            row = self.cursor_row
            if all(text in row for text in texts):
                return
            await self.presses("j")
            if self.cursor_row == row:
                break
        raise AssertionError(f"no row has {texts}:\n{self.screen}")

    async def comes_to_rest(self, looks: int = STILL) -> None:
        """Wait until nothing new has been drawn for so many looks: threads take their own time."""
        seen, same = "", 0
        while same < looks:
            await self._pilot.pause(LOOK_EVERY)
            await self.rests()
            same = same + 1 if self.screen == seen else 0
            seen = self.screen

    @property
    def cursor_row(self) -> str:
        """The row under the cursor of the table in front."""
        cursor = self.app.signs.cursor
        return next((line for line in reversed(self.lines) if cursor in line), "")

    async def does(self, words: str) -> None:
        """Find an action in the palette and run it."""
        await self.presses(":")
        await self.types(words)
        await self.presses("enter")


@contextmanager
def no_machine() -> Iterator[None]:
    """Hide what differs between machines: the folder, the editor, the name, and the real time."""
    lasting = property(lambda _: 3600.0)  # toasts go by the machine's clock
    with (
        TemporaryDirectory() as folder,
        chdir(folder),
        patch("platform.node", lambda: "laptop"),
        patch.object(App, "suspend", nullcontext),
        patch.object(Notification, "time_left", lasting),
        patch.dict(os.environ, {"VISUAL": "", "EDITOR": f"{sys.executable} editor.py"}),
    ):
        yield


@asynccontextmanager
async def stage(
    size: tuple[int, int],
    *,
    theme: str = "",
    offline: bool = False,
    version: str = VERSION,
    signed_in: bool = True,
    pulls: Sequence[Entry] = (),
    draft: str = "",
) -> AsyncIterator[Guide]:
    """Start the program as a picture shows it: time stands still unless the steps let it pass.

    The server's store can be read, as that of `--demo`; `offline` it does not answer at all. It is
    of a `version`, and may not be signed in. An earlier run left `pulls` unfinished, and a `draft`
    of the form that creates a model.
    """
    time = VirtualClock()
    demo = Demo(pace=time.sleep, now=time.now, version=version)
    demo.online = not offline
    if not signed_in:
        demo.account = None
    with no_machine():
        async with journey(
            demo,
            settings=Settings(demo=not (offline or pulls), theme=theme),
            size=size,
            server_time=time,
            unfinished=_left(pulls) if pulls else None,
            drafts=_written(draft) if draft else None,
            transport=demo.transport if offline else partial(LocalTransport, demo),
            listed=not offline,
            person=Guide,
        ) as user:
            assert isinstance(user, Guide)
            await user.until(lambda: offline or user.app.measured, "a measured store")
            await user.rests()
            yield user


def _left(pulls: Sequence[Entry]) -> Path:
    """Leave downloads unfinished, as a program that was killed does; return their folder."""
    folder = Path("unfinished")
    journal = Journal(folder, file_key(Settings().host.url))
    journal.keep(pulls)
    journal.close()
    return folder


def _written(draft: str) -> Path:
    """Leave what was typed into the form that creates a model; return the folder."""
    folder = Path("drafts")
    folder.mkdir()
    file = folder / "create.Modelfile"
    file.write_text(draft)
    at = datetime(2026, 11, 20, 9, 30).timestamp()
    os.utime(file, (at, at))
    return folder


def write_gguf(name: str) -> None:
    """Write a small model file here."""
    Path(name).write_bytes(gguf(MODEL, [(1024, 4096)]))


def write_editor(*replacements: tuple[str, str]) -> None:
    """Write the editor that `$EDITOR` names here: it replaces texts."""
    lines = ["import sys, pathlib", "path = pathlib.Path(sys.argv[1])", "text = path.read_text()"]
    lines += [f"text = text.replace({old!r}, {new!r})" for old, new in replacements]
    Path("editor.py").write_text("\n".join([*lines, "path.write_text(text)", ""]))
