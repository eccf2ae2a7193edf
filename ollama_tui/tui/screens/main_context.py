"""What actions see of the main screen, the `ActionContext` they are given."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Input

from ollama_tui.api.errors import OllamaError, Unreachable
from ollama_tui.api.host import parse_host
from ollama_tui.config.editor import EditorError, run_editor
from ollama_tui.domain.model import Model, ModelKey, Snapshot
from ollama_tui.domain.rows import KnownUpdates, View
from ollama_tui.formatting import inert, pasteable
from ollama_tui.tui.actions.action import (
    Action,
    ActionGroup,
    Edited,
    Place,
    no_model,
    why_not,
)
from ollama_tui.tui.screens.action_screen import ActionScreen
from ollama_tui.tui.typeahead import REPEAT_SECONDS, Unasked

if TYPE_CHECKING:
    from ollama_tui.config.drafts import Drafts
    from ollama_tui.config.saved_filters import SavedFilters
    from ollama_tui.config.settings import Settings
    from ollama_tui.domain.orders import SortColumn
    from ollama_tui.services.connection import Services
    from ollama_tui.tui.actions.action import Chosen
    from ollama_tui.tui.screens.action_screen import TableScreen
    from ollama_tui.tui.screens.main import MainScreen


T = TypeVar("T")
CLIPBOARD_LIMIT = 74_000
"""Bytes that common terminals still take from an OSC 52 sequence."""


@dataclass
class PendingAction:
    """An action under way that has shown nothing yet, and where its user was when it began."""

    action: Action
    screens: tuple[Screen[Any], ...]
    focused: Widget | None
    cancelled: bool = False
    """Whether the user has asked to go back meanwhile."""


class ModelsShown(Protocol):
    """A table of models: what the user sees of it, and what actions may change of that."""

    @property
    def columns(self) -> Sequence[SortColumn]:
        """What the rows can be sorted by."""

    @property
    def models(self) -> tuple[Model, ...]:
        """All models, filtered out or not."""

    @property
    def rows(self) -> tuple[Model, ...]:
        """The models shown, in order."""

    @property
    def current(self) -> Model | None:
        """The model under the cursor."""

    @property
    def view(self) -> View:
        """Filter, order and marks."""

    def set_view(self, view: View) -> None:
        """Show the models by `view`."""

    def move_to(self, target: ModelKey | str) -> None:
        """Put the cursor on a row, or on the first one of a name."""


def _is_about_row(action: Action) -> bool:
    """Whether an action is about the row under the cursor, which is then the one chosen."""
    changes = action.group in (ActionGroup.MARK, ActionGroup.CHANGE, ActionGroup.MEMORY)
    return changes or action.unavailable is no_model


class MainScreenContext:
    """The main screen as an `ActionContext`, or a table of models in front of it."""

    def __init__(self, screen: MainScreen, drafts: Drafts, saved_filters: SavedFilters) -> None:
        self._screen = screen
        self._shown: ModelsShown = screen
        self.drafts = drafts
        self.saved_filters = saved_filters
        self.draw_frame = screen.frame.draw
        self.recent: list[str] = []
        """Ids of the actions run from the palette, the last one first."""
        self._pending: dict[asyncio.Task[Any] | None, PendingAction] = {}
        self._started: tuple[str, Hashable | None, float] = ("", None, 0.0)
        """The action started last, the row it was about, and when, in seconds on the clock."""

    def of_table(self, shown: ModelsShown) -> MainScreenContext:
        """Return the same context for actions on another table of models."""
        context = copy(self)
        context._shown = shown
        return context

    def start(self, action: Action, screen: ActionScreen) -> None:
        """Run `action` on `screen`, or say why it cannot act now.

        Until it shows something, pressing its key again does nothing more. It goes on when the
        screen is left.
        """
        if action.cancels_pending:
            for pending in self._pending.values():
                pending.cancelled = True
        for pending in self._pending.values():
            if pending.action is action:
                pending.cancelled = False
                self._screen.tui.tell(f"Waiting for the server ({action.label}).")
                return
        if self._is_for_next_row(action, screen):
            self._screen.tui.tell(
                f"That was {action.label} twice: press it again for the next row."
            )
            return
        if _is_about_row(action):
            screen.table.pin()
        self._screen.run_worker(self._run(action, screen), group="actions")

    def _is_for_next_row(self, action: Action, screen: ActionScreen) -> bool:
        """Whether a key pressed again at once would act on the row that came to the cursor."""
        tui = self._screen.tui
        row, now = screen.table.cursor, tui.clock.seconds()
        (last, last_row, at), self._started = self._started, (action.id, row, now)
        acts = action.changes_server or action.place is Place.JOBS
        again = tui.type_ahead.is_same_key and last == action.id and now - at < REPEAT_SECONDS
        return acts and again and row != last_row

    async def _run(self, action: Action, screen: ActionScreen) -> None:
        type_ahead = self._screen.tui.type_ahead
        try:
            with type_ahead.pause_keys() if action.keys_wait else nullcontext():
                if (reason := why_not(action, self)) is not None:
                    await self._screen.tui.wait_connected()
                    reason = why_not(action, self)
                if reason is not None:
                    self.tell(reason)
                else:
                    await self._run_until_done(action, screen)
        except Unreachable as error:  # which names the server and nothing else
            title = f"{action.title} was not finished. {error.title}"
            self._screen.tui.tell(title, error.hint, trouble=True)
        except OllamaError as error:
            self._screen.tui.tell(error.title, error.hint, trouble=True)

    async def _run_until_done(self, action: Action, screen: ActionScreen) -> None:
        task = asyncio.current_task()
        self._pending[task] = PendingAction(
            action, tuple(self._screen.app.screen_stack), self._screen.focused
        )
        try:
            if isinstance(action.run, str):
                await screen.run_action(action.run)
            else:
                await action.run(self)
        finally:
            self._pending.pop(task, None)

    def _comes_too_late(self) -> bool:
        """Whether what is to be opened now would come over what the user went on to; say so."""
        pending = self._end_wait()
        if pending is None:
            return False
        focused = self._screen.focused
        typing = isinstance(focused, Input) and focused is not pending.focused
        if not (pending.cancelled or typing or self._screen.app.screen not in pending.screens):
            return False
        keys = self._screen.tui.keymap.shown(pending.action)
        again = f"{keys[0]} opens it now." if keys else ""
        late = f"{pending.action.title} was not opened: the server was slow, and you had moved on."
        self.tell(late, again)
        return True

    def _end_wait(self) -> PendingAction | None:
        """Let keys go on: what they wait for is there; return the action, the first time."""
        self._screen.tui.type_ahead.resume()
        return self._pending.pop(asyncio.current_task(), None)

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot, not the one last drawn."""
        services = self.services
        return services.library.snapshot if services else self._screen.snapshot

    @property
    def view(self) -> View:
        """The user's filter, order and marks."""
        return self._shown.view

    def set_view(self, view: View) -> None:
        """Show the models by `view`."""
        self._shown.set_view(view)

    def move_to(self, target: ModelKey | str) -> None:
        """Put the cursor on a row, or on the first one of a name, once it is listed."""
        self._shown.move_to(target)

    @property
    def known_updates(self) -> KnownUpdates:
        """Which models of the list are outdated, and which are not."""
        return self._screen.updates

    @property
    def columns(self) -> Sequence[SortColumn]:
        """What the rows can be sorted by."""
        return self._shown.columns

    @property
    def rows(self) -> tuple[Model, ...]:
        """The models shown, in order."""
        return self._shown.rows

    @property
    def current(self) -> Model | None:
        """The model under the cursor."""
        return self._shown.current

    @property
    def targets(self) -> tuple[Model, ...]:
        """The marked models in list order, hidden ones too; else the current one."""
        marks = self.view.marks
        if marks:
            return tuple(m for m in self._shown.models if m.key in marks)
        return (self.current,) if self.current else ()

    @property
    def services(self) -> Services | None:
        """What acts on the server, once there is a connection."""
        return self._screen.tui.services

    @property
    def chosen(self) -> Chosen:
        """What is under the cursor of the screen on top, below its dialogs."""
        screens = reversed(self._screen.app.screen_stack)
        return next(screen.chosen for screen in screens if isinstance(screen, ActionScreen))

    @property
    def settings(self) -> Settings:
        """The settings of this run."""
        return self._screen.tui.settings

    @property
    def hosts(self) -> tuple[str, ...]:
        """Addresses of the servers known, the last used first."""
        return self._screen.tui.ui_state.hosts_over(self.settings)

    @property
    def location(self) -> object:
        """The screen that is open and the field being typed in, if any."""
        focused = self._screen.app.focused
        return self._screen.app.screen, focused if isinstance(focused, Input) else None

    @property
    def in_details(self) -> bool:
        """Whether the keys go to the details."""
        return self._screen.details.focused

    async def ask(self, dialog: ModalScreen[T]) -> T | None:
        """Show `dialog` and return its answer; None when it was left, or came too late."""
        from ollama_tui.tui.dialogs.dialog import Form

        if self._comes_too_late():
            return None
        if isinstance(dialog, Form) and dialog.form_key is not None:
            drafts, key = self.drafts, dialog.form_key
            left = await drafts.newest(key)
            dialog.draft_file = drafts.resume(left, key) if left else drafts.begin(key)
        self._screen.app.clear_notifications()  # they would lie over what is asked
        answer = await self.show(dialog)
        self._screen.tui.type_ahead.pause_again()
        return answer

    async def show(self, screen: Screen[T]) -> T | None:
        """Open `screen`, let keys go on to it, and return what it is dismissed with."""
        self._end_wait()
        if isinstance(screen, Unasked):
            screen.shown_at = self._screen.tui.clock.seconds()
        return await self._screen.app.push_screen_wait(screen)

    def ask_to_resume(self) -> None:
        """Ask about the downloads that an earlier run has left, in time; no longer of others."""
        self._screen.workers.cancel_group(self._screen, "resume")
        if self.services is not None and self.services.queue.jobs.value:
            from ollama_tui.tui.actions.resume import ask_to_resume

            self._screen.run_worker(ask_to_resume(self), group="resume")

    async def rest(self, seconds: float) -> None:
        """Wait until the user is in the list and has pressed no key for so long."""
        app, screen = self._screen.tui, self._screen
        wait = seconds
        while wait > 0:
            await app.clock.sleep(wait)
            wait = app.type_ahead.pressed_at + seconds - app.clock.seconds()
            if app.screen is not screen or isinstance(screen.focused, Input):
                wait = max(wait, seconds)

    async def show_table(self, name: str) -> None:
        """Show one of the full-screen tables until it is left."""
        screen: TableScreen
        match name:
            case "storage":
                from ollama_tui.tui.screens.storage import StorageScreen

                screen = StorageScreen(self)
            case "running":
                from ollama_tui.tui.screens.running import RunningScreen

                screen = RunningScreen(self)
            case "fit":
                from ollama_tui.tui.screens.fit import FitScreen

                screen = FitScreen(self)
            case "jobs":
                from ollama_tui.tui.screens.jobs import JobsScreen

                screen = JobsScreen(self)
            case "updates":
                from ollama_tui.tui.screens.updates import UpdatesScreen

                screen = UpdatesScreen(self)
            case _:
                from ollama_tui.tui.screens.discover import DiscoverScreen

                screen = DiscoverScreen(self)
        await self.show(screen)

    def tell(self, title: str, hint: str = "", *, trouble: bool = False) -> None:
        """Say something once, as a toast."""
        self._end_wait()
        self._screen.tui.tell(title, hint, trouble=trouble)

    def clipboard(self, text: str, what: str) -> None:
        """Send `text` to the terminal's clipboard; it does not answer, so we cannot know more."""
        clean = pasteable(text)
        if len(clean.encode("utf-8", "replace")) > CLIPBOARD_LIMIT:
            self.tell(f"{what} is too long for a terminal's clipboard.", trouble=True)
            return
        self._screen.app.copy_to_clipboard(clean)
        left_out = "" if clean == text else "Its control characters were left out."
        self.tell(f"{inert(what)} was sent to the terminal's clipboard.", left_out)

    def go_to(self, address: str) -> None:
        """Leave this server for another; raises ValueError for what is no address."""
        self.set_view(replace(self.view, marks=frozenset()))
        self._screen.tui.go_to(parse_host(address))

    async def edit(self, file: Path) -> Edited:
        """Let the user edit a file in their editor; say how that ended."""
        await self._screen.tui.wait_written()
        if self._comes_too_late():
            return Edited(opened=False)
        try:
            return Edited(True, await run_editor(file, self._screen.app.suspend()))
        except EditorError as error:
            return Edited(False, str(error))
