"""The app: follows one connection after the other into reactives, for the screens to watch."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from textual import events, work
from textual.binding import Binding
from textual.reactive import Reactive, reactive

from ollama_tui.api.clock import MACHINE, Clock
from ollama_tui.api.host import Host
from ollama_tui.config.drafts import Drafts
from ollama_tui.config.saved_filters import SavedFilters
from ollama_tui.config.settings import Settings, SettingsFile
from ollama_tui.config.state_file import Problems
from ollama_tui.config.ui_state import UIState
from ollama_tui.domain.model import ConnectionState, ModelKey, Snapshot
from ollama_tui.services.connection import Connection, Services
from ollama_tui.tui.actions import ACTIONS
from ollama_tui.tui.actions.keymap import PLAIN_KEY_NAMES, Keymap, keymap_from
from ollama_tui.tui.first_frame import FirstFrame
from ollama_tui.tui.first_screen import FirstScreen
from ollama_tui.tui.job_news import follow_jobs
from ollama_tui.tui.look import (
    DEFAULT_THEME,
    UNICODE_SIGNS,
    Signs,
    ThemedApp,
    own_themes,
    styles_folder,
)
from ollama_tui.tui.messages import MessagesApp
from ollama_tui.tui.rendering.diff import DiffApp
from ollama_tui.tui.screens.action_screen import ActionScreen, drops_repeated
from ollama_tui.tui.screens.main import MainScreen
from ollama_tui.tui.typeahead import CONNECTING, KeyEvent, TypeAhead
from ollama_tui.tui.widgets.styled_widget import ScrollingWidget

if TYPE_CHECKING:
    import httpx
    from rich.console import RenderableType

    from ollama_tui.api.prefetch import Prefetch
    from ollama_tui.api.replies import Show
    from ollama_tui.domain.memory.available import AvailableMemory
    from ollama_tui.domain.storage.usage import Usage
    from ollama_tui.domain.updates import Upstream
    from ollama_tui.services.cache import Cache
    from ollama_tui.services.jobs.handover import StartKeeper
    from ollama_tui.services.jobs.job import Job
    from ollama_tui.services.observable import Observable
    from ollama_tui.services.updates import Checking
    from ollama_tui.start.terminal import EarlyTerminal

DRAW_EVERY = 0.25
"""Seconds between two drawings of progress: reads as live, and a slow link keeps up."""

T = TypeVar("T")


class OllamaTui(DiffApp[int], ThemedApp[int], MessagesApp[int], inherit_bindings=False):
    """Browse and curate the models of an Ollama server."""

    TITLE = "ollama-tui"
    CSS_PATH = [styles_folder() / name for name in ("app.tcss", "filter.tcss", "dialogs.tcss")]
    ENABLE_COMMAND_PALETTE = False
    VERTICAL_BREAKPOINTS = [(0, "-low"), (18, "-usual")]
    BINDINGS = [
        Binding("ctrl+c", "interrupt", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", show=False, priority=True),
    ]

    snapshot: reactive[Snapshot] = reactive(Snapshot, init=False, repaint=False)
    """The models listed, as the library published them last."""
    services: reactive[Services | None] = reactive(None, init=False, repaint=False)
    """The services of the server; they come a moment after the first list."""
    details: reactive[Mapping[str, Show]] = reactive(dict, init=False, repaint=False)
    """What show said of the models asked about last, by `details_key`."""
    measured: reactive[Usage | None] = reactive(None, init=False, repaint=False)
    """What was read last in the server's store; None when that is not possible."""
    memory: reactive[AvailableMemory | None] = reactive(None, init=False, repaint=False)
    """What memory the server has; None while nobody has told."""
    jobs: reactive[tuple[Job, ...]] = reactive((), init=False, repaint=False)
    """What the queue published last, at most four times a second."""
    updates: reactive[Mapping[ModelKey, Upstream]] = reactive(dict, init=False, repaint=False)
    """What registries said of the models, by name, at most four times a second."""
    checking: reactive[Checking | None] = reactive(None, init=False, repaint=False)
    """How far an update check is; None while there is none."""
    _given: KeyEvent | None = None
    _keys_dropped = False
    """Whether keys were dropped when another program took the terminal."""

    def __init__(
        self,
        settings: Settings,
        *,
        prefetch: Prefetch | None = None,
        cache: Cache | None = None,
        ui_state: UIState | None = None,
        saved_filters: SavedFilters | None = None,
        settings_file: SettingsFile | None = None,
        unfinished: Path | None = None,
        start_keeper: StartKeeper | None = None,
        problems: Problems | None = None,
        drafts: Path | None = None,
        notes: Path | None = None,
        signs: Signs = UNICODE_SIGNS,
        usual_theme: str = DEFAULT_THEME,
        transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
        clock: Clock = MACHINE,
        leaving: Callable[[int], object] = lambda code: None,
        early: EarlyTerminal | None = None,
    ) -> None:
        super().__init__()
        self._leaving = leaving
        self.settings, self.signs, self._usual_theme = settings, signs, usual_theme
        self.plain_signs = not signs.eighths
        self.set_class(self.plain_signs, "-plain")
        self.keymap = self.keymap_of(settings)
        self.ui_state = ui_state or UIState()
        self.settings_file = settings_file
        """The config file; None where there is none to edit."""
        self.saved_filters = saved_filters or SavedFilters()
        self._problems = problems or Problems()
        self._transport = transport
        self.clock = clock
        self.drafts = Drafts(drafts, clock, self.tell)
        self._connection_to = partial(
            Connection, cache=cache, unfinished=unfinished, start_keeper=start_keeper, notes=notes,
            problems=self._problems, transport=self._new_transport, clock=clock,
        )  # fmt: skip
        self._holds_frames = is_painted = early is not None and early.painted is not None
        self._first_frame = FirstFrame(self, is_painted=is_painted)
        self._connection = self._connection_to(settings, prefetch=prefetch, is_painted=is_painted)
        self._connected_or_down = asyncio.Event()
        self.type_ahead = TypeAhead(
            self,
            self._deliver,
            clock,
            self._on_keys_idle,
            partial(drops_repeated, self),
            self._movement,
            self.one_frame,
        )
        self.first_screen = FirstScreen(self, early)
        self.animation_level = "none"
        for own in own_themes(in_greys=self.no_color):
            self.register_theme(own)
        self.set_reactive(OllamaTui.snapshot, self._connection.snapshots.value)
        self.use_theme()
        self.stylesheet.set_variables(self.get_css_variables())

    def keymap_of(self, settings: Settings) -> Keymap:
        """Return the keys of these settings, named as the terminal can show them."""
        keymap = keymap_from(settings, ACTIONS)
        return replace(keymap, names=PLAIN_KEY_NAMES) if self.plain_signs else keymap

    def use_theme(self) -> None:
        """Take the theme that was chosen last, or is set."""
        theme = self.ui_state.theme_over(self.settings)
        self.theme = theme if theme in self.available_themes else self._usual_theme

    def refresh_css(self, animate: bool = True) -> None:
        """Apply other colours; before there is a screen, the sheets are read with them anyway."""
        if self._screen_stack:
            super().refresh_css(animate)

    def get_default_screen(self) -> MainScreen:
        """Return the main screen: it is there from the first frame on."""
        saved = self.saved_filters.with_config(self.settings.filters)
        return MainScreen(self, self.ui_state.view(self.settings, saved))

    async def on_event(self, event: events.Event) -> None:
        """Let keys wait until those before them are handled; pass all else on at once."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
        elif event is self._given:
            self._given = None
            await super().on_event(event)
        else:
            self.type_ahead.put(event)

    def take_typed(self, keys: Sequence[KeyEvent]) -> None:
        """Handle each key once those before it are handled."""
        self.type_ahead.put(*keys)

    def _movement(self, key: events.Key) -> Callable[[], None] | None:
        """Return what `key` does if it moves what has the focus, and all of that is laid out."""
        screen = self.screen
        if not isinstance(screen, ActionScreen) or screen._layout_required:
            return None
        focused = screen.focused
        return focused.movement(key.key) if isinstance(focused, ScrollingWidget) else None

    def _deliver(self, event: KeyEvent) -> None:
        self._given = event
        self.post_message(event)

    def _on_keys_idle(self) -> None:
        """Draw what was left out while more keys waited."""
        if (main := self.main) is not None:
            main.catch_up()
        self.draw_delayed()

    @property
    def expects_changes(self) -> bool:
        """Whether keys are handled that were typed already."""
        return self.type_ahead.is_handling

    @property
    def main(self) -> MainScreen | None:
        """The main screen, below all others; None before it is there."""
        screens = self.screen_stack[:1]
        return screens[0] if screens and isinstance(screens[0], MainScreen) else None

    def on_mount(self) -> None:
        """Take over the user's keys; connect once the first frame is out."""
        from ollama_tui.tui.config_problems import problem_sentences

        self.app_suspend_signal.subscribe(self, self._suspended, immediate=True)
        self.app_resume_signal.subscribe(self, self._resumed, immediate=True)
        self.set_keymap(self.keymap.for_textual())
        self._tell_problems(problem_sentences(self.settings, self.keymap, self.available_themes))
        self._problems.notify = partial(self.call_later, self._tell_problems)
        self._hold_for_list()
        self.call_after_refresh(self.run_worker, self._first_frame.draw, group="first frame")
        self.call_after_refresh(self.drafts.find)
        self.call_after_refresh(self.follow_connection)

    def _hold_for_list(self) -> None:
        """Keep keys for the first list, where there is none to act on meanwhile."""
        if not self.snapshot.models:
            self.type_ahead.pause(self, CONNECTING)
        else:
            self._first_frame.note_list()

    def watch_snapshot(self, snapshot: Snapshot) -> None:
        """Remember a server that has answered; let keys typed before the first list go on."""
        if snapshot.models or snapshot.state is not ConnectionState.CONNECTING:
            self._first_frame.note_list()
            self.type_ahead.resume(self)
        if snapshot.state is ConnectionState.UP and not self.settings.demo:
            self.ui_state.remember_host(self.settings.host.url)
        self.watch_services()

    def watch_services(self) -> None:
        """Let actions that wait for a connection go on, and let clients obey the settings."""
        if self.services is not None:
            self.services.use(self.settings)
        if self.services is not None or self.snapshot.state is ConnectionState.DOWN:
            self._connected_or_down.set()
        else:
            self._connected_or_down.clear()

    async def wait_connected(self) -> None:
        """Wait, not for long, until there are services or the server is known to be down."""
        await self.clock.within(CONNECTING, self._connected_or_down.wait())

    def _tell_problems(self, config: Sequence[str] = ()) -> None:
        """Say what could not be used of the settings and of saved files, in one message."""
        from ollama_tui.tui.config_problems import problems_message

        if (problems := self._problems.take()) or config:
            self.tell(*problems_message(config, problems), trouble=True)

    def _suspended(self, _: object) -> None:
        """Keep deletions back while the terminal is another program's: no undo can be seen.

        Keys that wait were meant for that program. They cannot be given to it, and must not be
        taken for commands or answers once it is left.
        """
        self._keys_dropped = self.type_ahead.discard() > 0
        if self.services is not None:
            self.services.queue.suspend_grace()

    def _resumed(self, _: object) -> None:
        if self._keys_dropped:
            self.tell("What you typed before the other program took over was dropped.")
        if self.services is not None:
            self.services.queue.restart_grace()

    # ---- following a connection

    def _new_transport(self) -> httpx.AsyncBaseTransport | None:
        if self.settings.demo and self._transport is None:
            from ollama_tui.demo import Demo

            return Demo().transport()
        return self._transport() if self._transport else None

    @work(exclusive=True, group="connection")
    async def follow_connection(self) -> None:
        """Connect to the server, or to the demo, and follow it until there is another."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(self._connection.snapshots, OllamaTui.snapshot))
            async with self._connection.open(self._drawn) as services:
                if not gc.isenabled():  # off since `cli.main`, for a quick start
                    gc.freeze()
                    gc.enable()
                self.run_worker(self.first_screen.keep(), group="first screen")
                self.services = services
                try:
                    await self._follow_services(services)
                finally:
                    self.services = None

    async def _drawn(self) -> None:
        """Wait until the list that was published last is on the screen."""
        self.snapshot = self._connection.snapshots.value
        await self._first_frame.wait_until_drawn()
        painted = asyncio.Event()
        self.call_after_refresh(painted.set)
        await painted.wait()

    async def _follow_services(self, services: Services) -> None:
        """Follow all that the services publish; raises a bug of the queue."""
        progress = services.updates.progress
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(services.facts.details, OllamaTui.details))
            group.create_task(self._follow(services.storage.measured, OllamaTui.measured))
            group.create_task(self._follow(services.available_memory, OllamaTui.memory))
            group.create_task(self._follow(services.updates.found, OllamaTui.updates, DRAW_EVERY))
            group.create_task(self._follow(progress, OllamaTui.checking, DRAW_EVERY))
            group.create_task(follow_jobs(self, services))
            group.create_task(services.queue.raise_bugs())

    async def _follow(self, source: Observable[T], target: Reactive[T], pause: float = 0.0) -> None:
        """Keep one reactive up to date; its watchers run at most once a `pause` of seconds."""
        async for value in source.follow():
            setattr(self, target.name, value)
            if pause:
                await self.clock.sleep(pause)

    def go_to(self, host: Host) -> None:
        """Leave this server, and its jobs, for another."""
        self._go(replace(self.settings, host=host, demo=False))

    def action_open_demo(self) -> None:
        """Leave the server and open the demo."""
        self._transport = None
        self._go(replace(self.settings, demo=True))

    def _go(self, settings: Settings) -> None:
        self.settings = settings
        self._connection = self._connection_to(settings)
        self.details, self.updates, self.jobs = {}, {}, ()
        self.measured = self.checking = self.memory = None
        self.drafts.release_sent()
        self.snapshot = self._connection.snapshots.value
        self._hold_for_list()
        self.follow_connection()

    def hand_over(self) -> None:
        """Let transfers go on in the background, where they can; blocks whichever thread calls."""
        if (services := self.services) is not None and services.handover is not None:
            services.handover.begin_and_block()

    def exit(
        self, result: int | None = None, return_code: int = 0, message: RenderableType | None = None
    ) -> None:
        """Leave; `leaving` is called at once, so that it can watch over the shutdown."""
        self._leaving(return_code or result or 0)
        self.drafts.read_forms()  # messages about the last keystroke are not handled any more
        self.first_screen.keep_at_end()
        super().exit(result, return_code, message)

    def _fatal_error(self) -> None:
        """Leave with a traceback as Textual does, but without locals: they may hold a key."""
        self.hand_over()
        self._leaving(1)
        from rich.segment import Segments
        from rich.traceback import Traceback

        rendered = self.console.render(Traceback(width=None), self.console.options)
        self._exit_renderables.append(Segments(rendered))
        self._close_messages_no_wait()
        self.drafts.read_forms()

    def on_unmount(self) -> None:
        """Write what was typed into forms and is not written yet; give out no more keys."""
        self.type_ahead.close()
        self.drafts.close()

    def action_interrupt(self) -> None:
        """Leave as q does, from wherever one is; asked already, leave: twice is meant."""
        from ollama_tui.tui.dialogs.questions import QuitQuestion

        if isinstance(self.screen, QuitQuestion):
            self.screen.dismiss(True)
        elif (main := self.main) is not None:
            main.action_run("app.quit")
