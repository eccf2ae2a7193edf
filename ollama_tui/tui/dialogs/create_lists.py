"""What the tabs of the create form that are lists share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.message import Message
from textual.widgets import Static

from ollama_tui.domain.create.form import Draft
from ollama_tui.formatting import inert
from ollama_tui.tui.dialogs.create_tabs import Tab
from ollama_tui.tui.widgets.row_source import CellRow, CellRows
from ollama_tui.tui.widgets.table import Table
from ollama_tui.tui.widgets.text_layout import plain

GLANCE = 300
"""Characters of a text that its row may show."""


class PartTable(Table[CellRow]):
    """Rows to add, remove and put in order."""

    BINDINGS = [
        Binding("a,insert", "want('add')", "Add", show=False),
        Binding("d,delete", "want('remove')", "Remove", show=False),
        Binding("K", "want('up')", "Up", show=False),
        Binding("J", "want('down')", "Down", show=False),
    ]

    @dataclass
    class Wanted(Message):
        """Something is to be done with the row under the cursor."""

        what: str

    def action_want(self, what: str) -> None:
        """Ask for it."""
        self.post_message(self.Wanted(what))


class ListTab(Tab):
    """A table of parts, each of which is asked for in a dialog of its own."""

    columns: CellRows
    empty = ""
    """What is said in place of rows."""

    def __init__(self, draft: Draft, *, id: str) -> None:
        super().__init__(id=id)
        self.draft = draft
        self._next: str | None = None

    def compose(self) -> ComposeResult:
        """Yield a line about what is inherited, and the table."""
        yield Static(id="about", classes="label", markup=False)
        yield PartTable(self.columns)

    @property
    def table(self) -> PartTable:
        """The table."""
        return self.query_one(PartTable)

    def show(self, draft: Draft) -> None:
        """Draw the rows."""
        self.draft = draft
        self.query_one("#about", Static).update(self.about())
        self.table.show_empty([plain(self.empty, "muted")])
        self.table.show(self.rows())
        if self._next is not None and self.table.move_to(self._next):
            self._next = None

    def go_to(self, key: str) -> None:
        """Put the cursor on this row once it is drawn."""
        self._next = key

    def say(self, sentence: str) -> None:
        """Say why something cannot be done."""
        self.notify(sentence, markup=False)

    @abstractmethod
    def about(self) -> str:
        """Return the line above the table."""

    @abstractmethod
    def rows(self) -> Sequence[CellRow]:
        """Return the rows of the draft."""

    @abstractmethod
    def add(self) -> None:
        """Ask for another one."""

    @abstractmethod
    def change(self) -> None:
        """Ask for the row under the cursor anew."""

    @abstractmethod
    def drop(self) -> None:
        """Remove the row under the cursor."""

    def move(self, by: int) -> None:
        """Move the row under the cursor, where the order matters."""

    @on(Table.Chosen)
    def _chosen(self) -> None:
        self.change()

    @on(PartTable.Wanted)
    def _wanted(self, event: PartTable.Wanted) -> None:
        if event.what == "add":
            self.add()
        elif self.table.row is None:
            self.say("There is nothing in this list.")
        elif event.what == "remove":
            self.drop()
        else:
            self.move(-1 if event.what == "up" else 1)


def glance(text: str) -> str:
    """Return the beginning of a text as one line."""
    return inert(" ".join(text[:GLANCE].split()))
