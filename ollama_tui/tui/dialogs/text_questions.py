"""Dialogs that ask for one line of text: what to find, a server's address, where to save."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual.app import ComposeResult
from textual.widgets import Input

from ollama_tui.formatting import inert
from ollama_tui.importing.paths import paths_in
from ollama_tui.tui.dialogs.dialog import Dialog, Review, labelled
from ollama_tui.tui.dialogs.path_field import PathField


class FindDialog(Dialog[str]):
    """A text to find in the tab shown."""

    heading = "Find in this tab"
    verb = "find"

    def __init__(self, prefill: str = "") -> None:
        super().__init__()
        self.prefill = prefill

    def fields(self) -> ComposeResult:
        """Yield the text."""
        label = "Text, in upper or lower case; n and N go to the next and the previous one"
        yield from labelled(label, Input(self.prefill, id="text"))

    def check(self) -> Review:
        """Return that a text is needed."""
        return Review(None if self.answer() else "")

    def would_lose(self) -> bool:
        """Return False: a text to find is soon typed again."""
        return False

    def answer(self) -> str:
        """Return the text."""
        return self.query_one("#text", Input).value


class AddressDialog(Dialog[str]):
    """Where a server is, written as in OLLAMA_HOST."""

    heading = "Go to another server"
    verb = "go"

    def __init__(self, problem_of: Callable[[str], str | None]) -> None:
        super().__init__()
        self._problem_of = problem_of

    def fields(self) -> ComposeResult:
        """Yield the address."""
        examples = "as in OLLAMA_HOST: gpu-box, 10.0.0.7:11434 or https://ollama.example.org"
        yield from labelled(
            "Address, e.g. gpu-box:11434", Input(placeholder=examples, id="address")
        )

    def check(self) -> Review:
        """Return what is wrong with the address."""
        return Review(self._problem_of(self.answer()) if self.answer() else "")

    def answer(self) -> str:
        """Return the address as typed."""
        return self.text_of("address")


class SaveDialog(Dialog[Path]):
    """One path; nothing is looked up but what tab completes."""

    verb = "save"

    def __init__(self, heading: str, name: str) -> None:
        super().__init__()
        self.heading = heading
        self.name_offered = name

    def fields(self) -> ComposeResult:
        """Yield the path, prefilled with a name in the current folder."""
        field = PathField(id="path")
        field.value = self.name_offered
        yield from labelled("Path on this machine (tab completes)", field)

    def check(self) -> Review:
        """Return what is wrong with the path, or the whole path."""
        count = len(paths_in(self.text_of("path")))
        if count != 1:
            return Review("Give one path." if count else "")
        return Review(notice=f"Writes {inert(str(self.answer()))}.")

    def answer(self) -> Path:
        """Return the path."""
        return paths_in(self.text_of("path"))[0].absolute()
