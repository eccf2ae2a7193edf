"""What actions see of the main screen: the `ActionContext` they are given."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Input

from ollama_tui.api.host import parse_host
from ollama_tui.domain.model import Model
from ollama_tui.domain.snapshot import Snapshot
from ollama_tui.domain.view import View
from ollama_tui.formatting import inert, pasteable
from ollama_tui.tui.actions.action import Action, Edited, Wish, why_not
from ollama_tui.tui.themes import OWN

if TYPE_CHECKING:
    from ollama_tui.config.drafts import Drafts
    from ollama_tui.services.jobs.job import Job
    from ollama_tui.services.session import Session
    from ollama_tui.tui.screens.main import MainScreen

T = TypeVar("T")
CLIPBOARD_LIMIT = 74_000
"""Bytes that common terminals still take from an OSC 52 sequence."""

OF_DETAILS = frozenset({Wish.NEXT_TAB, Wish.PREVIOUS_TAB, Wish.FIND, Wish.FULL_METADATA})
"""What depends on the details being there."""


@dataclass
class PendingAction:
    """An action under way that has shown nothing yet, and where its user was when it began."""

    action: Action
    screens: tuple[Screen[Any], ...]
    focused: Widget | None
    left: bool = False
    """Whether the user has asked to go back meanwhile."""


class MainScreenContext:
    """The main screen as an `ActionContext`."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self._silent: dict[asyncio.Task[Any] | None, PendingAction] = {}

    async def run(self, action: Action) -> None:
        """Run `action`; until it shows something, pressing its key again does nothing more.

        Raises:
            OllamaError: What the action raises.
        """
        with self._screen.tui.type_ahead.held():
            if (reason := await self._reason_against(action)) is not None:
                self.tell(reason)
                return
            if not action.keys_wait:
                self._screen.tui.type_ahead.let_go()
            task = asyncio.current_task()
            self._silent[task] = PendingAction(
                action, tuple(self._screen.app.screen_stack), self._screen.focused
            )
            try:
                await action.run(self)
            finally:
                self._silent.pop(task, None)

    async def _reason_against(self, action: Action) -> str | None:
        """Return why `action` cannot act; while a connection is being made, wait for it first."""
        if (reason := why_not(action, self)) is not None:
            await self._screen.tui.connection_known()
            reason = why_not(action, self)
        return reason

    def still_at(self, action: Action) -> str | None:
        """Say that `action` is under way, when it has shown nothing of it yet, and is wanted."""
        for pending in self._silent.values():
            if pending.action is action:
                pending.left = False
                return f"Still at it ({action.label}): waiting for the server."
        return None

    def leave(self) -> None:
        """Want nothing opened any more that waits for the server."""
        for pending in self._silent.values():
            pending.left = True

    def _comes_too_late(self) -> bool:
        """Whether what is to be opened now would come over what the user went on to; say so."""
        pending = self._shown()
        if pending is None or not (pending.left or self._is_elsewhere(pending)):
            return False
        key = self._screen.tui.key_of(pending.action)
        again = f"{key} opens it now." if key else ""
        late = f"{pending.action.title} was not opened: the server was slow, and you had gone on."
        self.tell(late, again)
        return True

    def _shown(self) -> PendingAction | None:
        """Let keys go on: what they wait for is there; return the action, the first time."""
        self._screen.tui.type_ahead.let_go()
        return self._silent.pop(asyncio.current_task(), None)

    def _is_elsewhere(self, pending: PendingAction) -> bool:
        """Whether another screen is open than when the action began, or a text is being typed."""
        focused = self._screen.focused
        typing = isinstance(focused, Input) and focused is not pending.focused
        return typing or self._screen.app.screen not in pending.screens

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot, not the one last drawn."""
        session = self.server
        return session.library.snapshot if session else self._screen.snapshot

    @property
    def view(self) -> View:
        """The user's filter, order and marks."""
        return self._screen.view

    @property
    def rows(self) -> tuple[Model, ...]:
        """The models shown, in order."""
        return self._screen.visible_rows.rows

    @property
    def current(self) -> Model | None:
        """The model under the cursor."""
        return self._screen.current

    @property
    def targets(self) -> tuple[Model, ...]:
        """The marked models in list order, hidden ones too; else the current one."""
        marks = self.view.marks
        if marks:
            return tuple(m for m in self._screen.snapshot.models if m.name in marks)
        return (self.current,) if self.current else ()

    @property
    def server(self) -> Session | None:
        """The session, once there is one."""
        return self._screen.tui.session

    @property
    def host_url(self) -> str:
        """Base URL of the server."""
        return self._screen.tui.settings.host.url

    @property
    def hosts(self) -> tuple[str, ...]:
        """Addresses of the servers known, the last used first."""
        return self._screen.tui.hosts

    @property
    def read_only(self) -> bool:
        """Whether nothing on the server may be changed."""
        return self._screen.tui.settings.read_only

    @property
    def grace(self) -> float:
        """Seconds in which a deletion can be undone."""
        return self._screen.tui.settings.grace

    @property
    def details_open(self) -> bool:
        """Whether the details have the focus."""
        return self._screen.details.focused

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs there are."""
        return self._screen.jobs

    @property
    def drafts(self) -> Drafts:
        """What was typed and not sent."""
        return self._screen.tui.drafts

    @property
    def typed(self) -> Mapping[str, Path | None]:
        """Where drafts of the open forms with typed text are, by the forms' headings."""
        from ollama_tui.tui.dialogs.dialog import Form

        typed: dict[str, Path | None] = {}
        draft = None  # of the form itself, or of the one it is a part of
        for screen in self._screen.app.screen_stack:
            if isinstance(screen, Form):
                draft = screen.draft_file or draft
                if screen.would_lose():
                    typed[screen.heading] = draft.place if draft else None
        return typed

    @property
    def work_in_progress(self) -> int:
        """How many jobs are not finished."""
        return sum(1 for job in self._screen.jobs if job.active)

    @property
    def repeats_closing_key(self) -> bool:
        """Whether the same key closed a screen just before."""
        return self._screen.tui.type_ahead.repeats_closing_key

    @property
    def place(self) -> object:
        """The screen that is open and the field being typed in, if any."""
        focused = self._screen.app.focused
        return self._screen.app.screen, focused if isinstance(focused, Input) else None

    async def ask(self, dialog: ModalScreen[T]) -> T | None:
        """Show `dialog` and return its answer; None when it was left, or came too late."""
        from ollama_tui.tui.dialogs.dialog import Form

        if self._comes_too_late():
            return None
        if isinstance(dialog, Form) and dialog.form_key is not None:
            drafts, key = self.drafts, dialog.form_key
            left = await drafts.newest(key)
            dialog.draft_file = drafts.go_on(left, key) if left else drafts.begin(key)
        self._screen.app.clear_notifications()  # they would lie over what is asked
        answer = await self._screen.app.push_screen_wait(dialog)
        self._screen.tui.type_ahead.hold_again()
        return answer

    def tell(self, title: str, hint: str = "", *, trouble: bool = False) -> None:
        """Say something once, as a toast."""
        self._shown()
        self._screen.tui.tell(title, hint, trouble=trouble)

    def look(self, view: View) -> None:
        """Show the list by `view`."""
        self._screen.look(view)

    def move_to(self, name: str) -> None:
        """Put the cursor on the model called `name` once it is in the list."""
        self._screen.move_to(name)

    def clipboard(self, text: str, what: str) -> None:
        """Send `text` to the terminal's clipboard; it does not answer, so we cannot know more."""
        clean = pasteable(text)
        if len(clean.encode("utf-8", "replace")) > CLIPBOARD_LIMIT:
            self.tell(f"{what} is too long for a terminal's clipboard.", trouble=True)
            return
        self._screen.app.copy_to_clipboard(clean)
        left_out = "" if clean == text else "Its control characters were left out."
        self.tell(f"{inert(what)} was sent to the terminal's clipboard.", left_out)

    @property
    def themes(self) -> tuple[str, ...]:
        """Names of the themes there are, our own first."""
        own = tuple(t.name for t in OWN)
        return own + tuple(sorted(set(self._screen.app.available_themes) - set(own)))

    @property
    def theme(self) -> str:
        """Name of the theme worn now."""
        return self._screen.app.theme

    def use_theme(self, theme: str) -> None:
        """Use a theme, now and in the next run."""
        self._screen.app.theme = theme
        self._screen.tui.keep(self.view)

    def go_to(self, address: str) -> None:
        """Leave this server for another; raises ValueError for what is no address."""
        self._screen.look(replace(self.view, marks=frozenset()))
        self._screen.tui.go_to(parse_host(address))

    async def edit(self, file: Path) -> Edited:
        """Let the user edit a file in their editor; say how that ended."""
        from ollama_tui.tui import editor

        if self._comes_too_late():
            return Edited(opened=False)
        try:
            return Edited(True, await editor.edit(file, self._screen.app.suspend()))
        except editor.EditorError as error:
            return Edited(False, str(error))

    async def interface(self, wish: Wish) -> None:
        """Do something to the screen itself."""
        from ollama_tui.tui.screens.wishes import carry_out

        if wish in OF_DETAILS:
            await self._screen.details.known()
        if wish is not Wish.OPEN_DETAILS:
            self._shown()
        await carry_out(wish, self._screen)
