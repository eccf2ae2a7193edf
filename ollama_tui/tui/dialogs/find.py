"""Ask what to look for in a text."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Input

from ollama_tui.tui.dialogs.dialog import Dialog, labelled


class FindDialog(Dialog[str]):
    """A text to find in the tab shown."""

    heading = "Find in this tab"
    verb = "find"

    def __init__(self, prefill: str = "") -> None:
        super().__init__()
        self.prefill = prefill

    def fields(self) -> ComposeResult:
        """Yield the text."""
        yield from labelled("Text, in any case; n and N go to more", Input(self.prefill, id="text"))

    def problem(self) -> str | None:
        """Return that nothing was typed."""
        return None if self.query_one("#text", Input).value else "Type what to find."

    def would_lose(self) -> bool:
        """Return False: a text to find is soon typed again."""
        return False

    def answer(self) -> str:
        """Return the text."""
        return self.query_one("#text", Input).value
