"""Dialogs that ask for one line: a text to find, the address of a server, a path to save to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual.app import ComposeResult
from textual.widgets import Input

from ollama_tui.formatting import inert
from ollama_tui.importing.paths import paths_in
from ollama_tui.tui.dialogs.controls import PathField
from ollama_tui.tui.dialogs.dialog import Dialog, Review, labelled


class LineDialog(Dialog[str]):
    """One line of text."""

    label = ""
    placeholder = ""

    def __init__(self, prefill: str = "") -> None:
        super().__init__()
        self.prefill = prefill

    def fields(self) -> ComposeResult:
        """Yield the line."""
        yield from labelled(
            self.label, Input(self.prefill, placeholder=self.placeholder, id="line")
        )

    def check(self) -> Review:
        """Refuse an empty line."""
        return Review(None if self.answer() else "")

    def answer(self) -> str:
        """Return the line as typed, blanks included."""
        return self.query_one("#line", Input).value


class FindDialog(LineDialog):
    """A text to find in the tab shown."""

    heading = "Find in this tab"
    label = "Text, in upper or lower case; n and N go to the next and the previous one"
    verb = "find"

    def would_lose(self) -> bool:
        """Return False: a text to find is soon typed again."""
        return False


class AddressDialog(LineDialog):
    """The address of a server, as in OLLAMA_HOST: https://docs.ollama.com/faq."""

    heading = "Go to another server"
    label = "Address, e.g. gpu-box:11434"
    placeholder = "as in OLLAMA_HOST: gpu-box, 10.0.0.7:11434 or https://ollama.example.org"
    verb = "go"

    def __init__(self, problem_of: Callable[[str], str | None]) -> None:
        super().__init__()
        self._problem_of = problem_of

    def check(self) -> Review:
        """Return what is wrong with the address."""
        return Review(self._problem_of(self.answer()) if self.answer() else "")

    def answer(self) -> str:
        """Return the address, stripped."""
        return super().answer().strip()


class SaveDialog(Dialog[Path]):
    """The path of a file to write; the file system is read only for completions."""

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
        """Return what is wrong with the path, or the absolute path it means."""
        count = len(paths_in(self.text_of("path")))
        if count != 1:
            return Review("Give one path." if count else "")
        return Review(notice=f"Writes {inert(str(self.answer()))}.")

    def answer(self) -> Path:
        """Return the absolute path."""
        return paths_in(self.text_of("path"))[0].absolute()
