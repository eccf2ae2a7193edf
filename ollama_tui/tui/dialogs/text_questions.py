"""Dialogs that ask for one line: the address of a server, a path to save to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from textual.app import ComposeResult
from textual.widgets import Input, Static

from ollama_tui.config.saved_filters import FILTER_NAME
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


class AddressDialog(LineDialog):
    """The address of a server, as in OLLAMA_HOST: https://docs.ollama.com/faq."""

    heading = "Go to another server"
    label = "Address, e.g. gpu-box:11434"
    placeholder = "10.0.0.7:11434 or https://ollama.example.org"
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


class SaveFilterDialog(LineDialog):
    """The name of a filter to save; `fixed` are those of config.toml, `own` may be replaced."""

    heading = "Save this filter"
    label = "Name: @name then stands for it, here and on the command line"
    placeholder = "letters, digits, - and _"
    verb = "save"

    def __init__(self, text: str, fixed: Mapping[str, str], own: Mapping[str, str]) -> None:
        super().__init__()
        self._text = text
        self._fixed = fixed
        self._own = own

    def fields(self) -> ComposeResult:
        """Yield the filter and the line for its name."""
        yield Static(inert(self._text), classes="quoted", markup=False)
        yield from super().fields()

    def check(self) -> Review:
        """Return what is wrong with the name, or what it replaces."""
        if not (name := self.answer()):
            return Review("")
        if not FILTER_NAME.fullmatch(name):
            return Review("A name may hold letters, digits, - and _ only, 40 at most.")
        if name in self._fixed:
            return Review(f"@{name} is set in config.toml: choose another name.")
        if name in self._own:
            return Review(notice=f"Replaces @{name}, which is {self._own[name]}")
        return Review(notice=f"@{name} will stand for it.")

    def answer(self) -> str:
        """Return the name, in lower case, with or without the @ typed."""
        return super().answer().strip().lower().removeprefix("@")


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
