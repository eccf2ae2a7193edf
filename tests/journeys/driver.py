"""A person at the program: presses keys, reads the screen, waits.

async with journey() as user:
    await user.presses("d")
    await user.sees("Delete qwen3:1.7b?")

Nothing sleeps: the program's time (`user.waits`) and the server's (`user.server_works`) pass only
when a test says so, and `sees` lets the program work until the words are there, so many rounds.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
from textual import events
from textual.geometry import Region
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input

from ollama_tui.api.clock import Clock
from ollama_tui.api.prefetch import Prefetch
from ollama_tui.config.saved_filters import SavedFilters
from ollama_tui.config.settings import Settings
from ollama_tui.config.state_file import Problems
from ollama_tui.config.ui_state import UIState
from ollama_tui.domain.model import Model
from ollama_tui.services.cache import Cache
from ollama_tui.services.jobs.handover import StartKeeper
from ollama_tui.tui.app import OllamaTui
from ollama_tui.tui.screens.main import MainScreen
from ollama_tui.tui.widgets.row_source import MARGIN
from tests.clock import VirtualClock, settle
from tests.demo.levers import Demo

ROUNDS = 400
"""How often the program gets to work before a wait may count as failed."""
PATIENCE = 30.0
"""Real seconds before which no wait counts as failed: threads and networks take their time."""
LOOK_EVERY = 0.02
"""Real seconds between two looks meanwhile."""
QUIET = 6
"""Rounds after which nothing more happens without time passing."""
MOMENT = 0.3
"""Seconds of the program's time that pass after a key: debounced work is done by then."""
TABS = 12
"""More than the details ever have."""
TRANSFER_STEP = 0.5
"""Seconds by which both clocks go on together."""


class User:
    """Drives one program and looks at its screen."""

    def __init__(
        self, app: OllamaTui, pilot: Pilot[int], time: VirtualClock, server_time: VirtualClock
    ) -> None:
        self.app = app
        self.time = time
        self._pilot = pilot
        self._server_time = server_time

    # What a person does

    async def presses(self, *keys: str) -> None:
        """Press keys one after the other; what is waited for after the last is a moment."""
        for key in keys:
            self.strikes(key)
            await self._pump(2)
        await self.waits(MOMENT)

    def strikes(self, key: str) -> None:
        """Send one key, and do not wait for what comes of it."""
        name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
        character = key if len(key) == 1 else {"space": " "}.get(key)
        self.app.post_message(events.Key(name, character))

    async def rests(self) -> None:
        """Look up until all that was typed has been handled; no time passes."""
        await self._pump(QUIET)

    async def types(self, text: str) -> None:
        """Type a text, letter by letter."""
        for letter in text:
            self.strikes(letter)
        await self.waits(MOMENT)

    async def pastes(self, text: str) -> None:
        """Paste a text."""
        self.app.post_message(events.Paste(text))
        await self.waits(MOMENT)

    async def empties_the_field(self) -> None:
        """Clear the input that has the keys."""
        await self.presses("end", "ctrl+u")

    async def resizes(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        await self._pilot.resize_terminal(width, height)
        await self.waits(MOMENT)

    # How time passes

    async def waits(self, seconds: float) -> None:
        """Let time pass for the program; transfers stand still."""
        await self._pump(QUIET)
        await self.time.advance(seconds)
        await self._pump(QUIET)

    async def server_works(self, seconds: float) -> None:
        """Let time pass for both, so that transfers move."""
        passed = 0.0
        while passed < seconds:
            await self._server_time.advance(TRANSFER_STEP)
            await self.time.advance(TRANSFER_STEP)
            passed += TRANSFER_STEP
        await self._pump(QUIET)

    async def until(self, true: Callable[[], object], what: str = "it") -> None:
        """Let the program work until `true`; no time passes for it.

        What it does in threads takes as long as the machine lets it, so after many rounds, that
        many real seconds must be over too before this fails.
        """
        end = monotonic() + PATIENCE
        for round_ in count():
            if true():
                return
            await self._pump(1)
            if round_ > ROUNDS // 2:
                await self._pilot.pause()  # what Textual itself times, such as its palette
            if round_ > ROUNDS:
                await self._pilot.pause(LOOK_EVERY)
                if monotonic() > end:
                    break
        raise AssertionError(f"{what} never came true; the screen is\n{self.screen}")

    async def _pump(self, rounds: int) -> None:
        for _ in range(rounds):
            await settle()
            await self.app.type_ahead.rest()
            if self.app.is_running:
                await self._pilot.pause(0)

    # What a person sees

    async def sees(self, *texts: str) -> None:
        """Wait until each text is somewhere on the screen, wrapped or not."""
        for text in texts:
            await self.until(partial(self._shows, text), f"{text!r}")

    async def sees_path(self, path: str) -> None:
        """Wait until `path` is on the screen, wherever it had to be broken."""
        await self.until(lambda: path in "".join(self.everything.split()), f"{path!r}")

    async def sees_no(self, *texts: str) -> None:
        """Wait until none of the texts is on the screen any more."""
        for text in texts:
            await self.until(partial(self._shows, text, False), f"no {text!r}")

    def _shows(self, text: str, wanted: bool = True) -> bool:
        return (text in self.screen or text in self.everything) is wanted

    @property
    def lines(self) -> list[str]:
        """The lines of the screen."""
        return [strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()]

    @property
    def screen(self) -> str:
        """The whole screen."""
        return "\n".join(self.lines)

    @property
    def everything(self) -> str:
        """The screen line by line, then region by region with wrapped text joined."""
        return "\n".join([self.screen, *map(self.text_of, self._widgets())])

    def text_of(self, widget: Widget) -> str:
        """Return what is drawn where `widget` is, as one line."""
        return " ".join(" ".join(self._drawn(widget.content_region)).split())

    def _drawn(self, region: Region) -> list[str]:
        strips = self.app.screen._compositor.render_strips()[region.y : region.bottom]
        return [strip.crop(region.x, region.right).text for strip in strips]

    def _widgets(self) -> Iterator[Widget]:
        for widget in self.app.screen.walk_children(Widget):
            if widget.is_on_screen and not widget.children:
                yield widget

    @property
    def main(self) -> MainScreen:
        """The main screen, also below a dialog."""
        screen = self.app.screen_stack[0]
        assert isinstance(screen, MainScreen)
        return screen

    @property
    def status(self) -> str:
        """The line at the top."""
        return self.text_of(self.main.query_one("#status"))

    @property
    def order(self) -> str:
        """How the list is sorted, as its border says."""
        return str(self.main.query_one("#models").border_subtitle).rstrip()

    @property
    def footer(self) -> str:
        """The line at the bottom."""
        return self.text_of(self.main.query_one("#footer"))

    @property
    def jobs(self) -> str:
        """The strip of jobs; empty when there is none."""
        strip = self.main.query_one("#jobs")
        return self.text_of(strip) if strip.display else ""

    @property
    def tabs(self) -> str:
        """The titles of the details."""
        return self.text_of(self.main.query_one("#tabs"))

    @property
    def details(self) -> str:
        """The name on the details, on their border or their first line, and their text."""
        top = self._drawn(self.main.query_one("#about").region)[:1]
        name = " ".join(top).strip("╭─╮ ")
        return f"{name} {self.text_of(self.main.query_one('#text'))}".strip()

    @property
    def found(self) -> tuple[int, int]:
        """Which match is looked at and how many there are, as the find line says; zeros if none."""
        if not (bar := self.main.query_one("#find")).display:
            return 0, 0
        said = self.text_of(bar.query_one("#found"))
        match = re.match(r"(?:([\d,]+) of )?([\d,]+)\b", said)
        one, many = match.groups() if match else (None, None)
        return int((one or "0").replace(",", "")), int((many or "0").replace(",", ""))

    @property
    def names(self) -> list[str]:
        """The models listed, in order, on the screen or not."""
        return [model.name for model in self.main.table.rows]

    @property
    def cursor(self) -> str | None:
        """The name of the model under the cursor."""
        return self.main.current.name if self.main.current else None

    @property
    def current(self) -> Model:
        """The model under the cursor."""
        assert self.main.current is not None
        return self.main.current

    @property
    def marked(self) -> set[str]:
        """The names with a mark."""
        return {key.name for key in self.main.view.marks}

    @property
    def in_dialog(self) -> bool:
        """Whether something is asked."""
        return len(self.app.screen_stack) > 1

    @property
    def field(self) -> str:
        """What stands in the input that has the keys."""
        assert isinstance(self.app.focused, Input)
        return self.app.focused.value

    @property
    def toasts(self) -> list[str]:
        """What was said and is still shown, oldest first."""
        return [f"{note.title} {note.message}".strip() for note in self.app._notifications]

    def row(self, name: str) -> str:
        """Return the row of a model as it is drawn; fails when it is not on the screen."""
        rows = self._drawn(self.main.table.region)
        found = [line for line in rows if line[MARGIN:].startswith(f"{name} ")]
        assert len(found) == 1, f"{len(found)} rows for {name}:\n{self.screen}"
        return found[0]

    def is_dimmed(self, name: str) -> bool:
        """Whether the name of a model is drawn as what the eye may skip."""
        table = self.main.table
        y = [model.name for model in table.rows_in_view()].index(name) + table.header
        drawn = next(s for s in table.render_line(y) if name in s.text)
        return drawn.style == table.to_strip(((name, "muted"),))._segments[0].style

    # Shortcuts through the obvious

    async def goes_to(self, name: str) -> None:
        """Move down or up to a model, by key."""
        assert name in self.names, f"{name} is not listed"
        step = self.names.index(name) - self.names.index(self.cursor or "")
        await self.presses(*(["j"] * step if step > 0 else ["k"] * -step))
        assert self.cursor == name

    async def turns_to(self, text: str) -> None:
        """Turn the tabs of the details, by key, until one shows `text`."""
        for _ in range(TABS):
            if text in self.details:
                return
            await self.presses("tab")
        raise AssertionError(f"{text!r} is in no tab; the screen is\n{self.screen}")

    async def lets_toasts_go(self) -> None:
        """Wait until what was said is gone; its time is the machine's, so it is not waited out."""
        self.app.clear_notifications()
        await self._pump(QUIET)

    async def filters(self, text: str) -> None:
        """Filter the list and go back to it."""
        await self.presses("/")
        await self.types(text)
        await self.presses("enter")


class LiveUser(User):
    """Drives a program on a real network, whose answers take real time and no number of rounds."""

    async def until(self, true: Callable[[], object], what: str = "it") -> None:
        """Let the program work until `true`, as long as a network may take; its time goes on."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not true():
                    await self._pump(1)
                    await self._pilot.pause(LOOK_EVERY)
                    await self.time.advance(LOOK_EVERY)
        except TimeoutError:
            raise AssertionError(f"{what} never came true; the screen is\n{self.screen}") from None


@asynccontextmanager
async def journey(
    demo: Demo | None = None,
    *,
    size: tuple[int, int] = (120, 40),
    settings: Settings | None = None,
    prefetch: Prefetch | None = None,
    cache: Cache | None = None,
    ui_state: UIState | None = None,
    saved_filters: SavedFilters | None = None,
    unfinished: Path | None = None,
    start_keeper: StartKeeper | None = None,
    problems: Problems | None = None,
    drafts: Path | None = None,
    notes: Path | None = None,
    transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
    server_time: VirtualClock | None = None,
    listed: bool = True,
    person: type[User] = User,
    read_only: bool = False,
    **changes: Any,
) -> AsyncIterator[User]:
    """Start the program on a demo server; with `listed` wait until its models are there.

    `person` is who drives it: a `LiveUser` where the server is a real one. `read_only`
    is as with `--read-only`; `changes` are settings that differ from the usual ones.
    """
    time = VirtualClock()
    server_time = server_time or VirtualClock()
    demo = demo or Demo(pace=server_time.sleep, now=server_time.now)
    if read_only:
        changes["always_read_only"] = True
    app = OllamaTui(
        replace(settings or Settings(), **changes),
        prefetch=prefetch,
        cache=cache,
        ui_state=ui_state,
        saved_filters=saved_filters,
        unfinished=unfinished,
        start_keeper=start_keeper,
        problems=problems,
        drafts=drafts,
        notes=notes,
        transport=transport or demo.transport,
        clock=Clock(time.now, time.monotonic, time.sleep),
    )
    async with app.run_test(size=size, notifications=True) as pilot:
        user = person(app, pilot, time, server_time)
        if listed:
            await user.until(lambda: user.names and user.app.services, "a list")
            await user.waits(MOMENT)
        yield user


def a_server(**options: Any) -> tuple[Demo, VirtualClock]:
    """Return a demo server whose time stands still, and its time."""
    ticker = VirtualClock()
    return Demo(pace=ticker.sleep, now=ticker.now, **options), ticker
