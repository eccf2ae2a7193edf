"""A person at one dialog, without the rest of the program: presses keys, reads the screen."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.screen import ModalScreen

from ollama_tui.tui.look import ThemedApp, styles_folder
from tests.tui.widgets.screens import screen_lines

D = TypeVar("D", bound=ModalScreen[Any])


class OneDialog(ThemedApp[None]):
    """An app that opens a dialog, and remembers what it returns."""

    CSS_PATH = [styles_folder() / name for name in ("app.tcss", "dialogs.tcss")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (18, "-usual")]

    def __init__(self, dialog: ModalScreen[Any]) -> None:
        super().__init__()
        self.animation_level = "none"
        self.dialog = dialog
        self.answers: list[Any] = []

    def on_mount(self) -> None:
        self.push_screen(self.dialog, self.answers.append)


class DialogUser(Generic[D]):
    """Drives one dialog and looks at its screen."""

    def __init__(self, pilot: Pilot[None], host: OneDialog, dialog: D) -> None:
        self.pilot = pilot
        self.host = host
        self.dialog = dialog

    async def press(self, *keys: str) -> None:
        """Press keys, and wait until they have been handled."""
        await self.pilot.press(*keys)
        await self.settle()

    async def write(self, text: str) -> None:
        """Type a text."""
        await self.press(*("enter" if c == "\n" else _character_to_key(c) for c in text))

    async def paste(self, text: object) -> None:
        """Paste a text."""
        self.host.post_message(events.Paste(str(text)))
        await self.settle()

    async def settle(self) -> None:
        """Wait until what was set off has come to an end."""
        await self.pilot.pause()

    async def sees(self, text: str) -> None:
        """Wait until the screen shows `text`: some of it is drawn after the layout is known."""
        for _ in range(100):
            if text in self.screen:
                return
            await self.pilot.pause()
        raise AssertionError(f"{text!r} never appeared; the screen is\n{self.screen}")

    @property
    def screen(self) -> str:
        """The whole screen."""
        return "\n".join(screen_lines(self.host))

    @property
    def said(self) -> str:
        """The toasts."""
        return "\n".join(notification.message for notification in self.host._notifications)

    @property
    def is_open(self) -> bool:
        """Whether the dialog has not returned anything yet."""
        return not self.host.answers
