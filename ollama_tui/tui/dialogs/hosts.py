"""Ask for the address of a server."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.widgets import Input

from ollama_tui.tui.dialogs.dialog import Dialog, labelled

Problem = Callable[[str], str | None]
"""Returns what is wrong with an address, as a sentence; None when nothing is."""


class AddressDialog(Dialog[str]):
    """Where a server is, written as in OLLAMA_HOST."""

    heading = "Go to another server"
    verb = "go"

    def __init__(self, problem_of: Problem) -> None:
        super().__init__()
        self._problem_of = problem_of

    def fields(self) -> ComposeResult:
        """Yield the address."""
        yield from labelled(
            "Address, as in OLLAMA_HOST",
            Input(
                placeholder="gpu-box, 10.0.0.7:11434 or https://ollama.example.org", id="address"
            ),
        )

    @property
    def _address(self) -> str:
        return self.query_one("#address", Input).value.strip()

    def problem(self) -> str | None:
        """Return what is wrong with the address."""
        if not self._address:
            return "Type where the server is."
        return self._problem_of(self._address)

    def answer(self) -> str:
        """Return the address as typed."""
        return self._address
