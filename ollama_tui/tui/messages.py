"""Messages: what happened, in lines of a screen that has them, else as toasts."""

from __future__ import annotations

from typing import Any, TypeVar

from textual.app import App
from textual.screen import Screen
from textual.widgets._toast import ToastHolder, ToastRack

from ollama_tui.tui.screens.action_screen import ActionScreen

ReturnType = TypeVar("ReturnType")

TOAST_SECONDS = 5.0
ERROR_TOAST_SECONDS = 12.0
"""How long a message stays; errors stay longer."""


class MessagesApp(App[ReturnType]):
    """An app that says things literally, and not over what its user looks at."""

    def tell(self, title: str, hint: str = "", *, trouble: bool = False) -> None:
        """Say something literally, and once: not again while it is still to be read."""
        heading, message = (title, hint) if hint else ("", title)
        if any((n.title, n.message) == (heading, message) for n in self._notifications):
            return
        self.notify(
            message,
            title=heading,
            severity="error" if trouble else "information",
            timeout=ERROR_TOAST_SECONDS if trouble else TOAST_SECONDS,
            markup=False,
        )

    def _refresh_notifications(self) -> None:
        """Show messages in lines of their own where a screen has them, else as toasts.

        A toast would lie over rows of the list. Those cleared go whole, where Textual leaves a
        container of each.
        """
        notes = [(n.title, n.message, n.severity == "error") for n in self._notifications]
        for screen in self._screen_stack:
            if isinstance(screen, ActionScreen):
                screen.show_messages(notes if screen is self.screen else [])
        if self._screen_stack:
            if not isinstance(self.screen, ActionScreen):
                super()._refresh_notifications()
                self._place_toasts()
            self.call_later(self._remove_empty_holders, self.screen)

    def _place_toasts(self) -> None:
        """Leave the jobs and keys below a dialog in sight, or the keys of one that fills all."""
        lines = 1
        screens = [screen for screen in self._screen_stack if isinstance(screen, ActionScreen)]
        if screens and not self.screen.has_class("-low"):
            lines = max(1, screens[-1].lines_below)
        for rack in self.screen.query(ToastRack):
            rack.styles.margin = (0, 1, lines, 0)

    def _remove_empty_holders(self, screen: Screen[Any]) -> None:
        there = {f"--textual-toast-{note.identity}" for note in self._notifications}
        for holder in screen.query(ToastHolder):
            if holder.id not in there or isinstance(screen, ActionScreen):
                holder.remove()
