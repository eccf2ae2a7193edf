"""Ask where on this machine a text is to be saved."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult

from ollama_tui.formatting import inert
from ollama_tui.importing.paths import paths_in
from ollama_tui.tui.dialogs.dialog import Dialog, labelled
from ollama_tui.tui.dialogs.path_field import PathField


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

    def problem(self) -> str | None:
        """Return what is wrong with the path."""
        count = len(self._paths)
        return None if count == 1 else "Give one path." if count else "Type where to save it."

    def notice(self) -> str:
        """Return the whole path."""
        return f"Writes {inert(str(self.answer()))}."

    @property
    def _paths(self) -> tuple[Path, ...]:
        return paths_in(self.query_one("#path", PathField).value)

    def answer(self) -> Path:
        """Return the path."""
        return self._paths[0].absolute()
