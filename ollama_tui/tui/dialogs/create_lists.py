"""The tabs of the create form that are lists: parameters, messages, and licenses to add."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Static

from ollama_tui.api.replies import Message
from ollama_tui.domain.create.form import LONGEST, CreateForm, ParameterRow
from ollama_tui.domain.modelfile.parameters import BY_NAME
from ollama_tui.formatting import inert, size
from ollama_tui.tui.dialogs.create_parts import (
    LicenseDialog,
    MessageDialog,
    ParameterDialog,
    Setting,
    TextDialog,
    escaped,
    is_text,
)
from ollama_tui.tui.dialogs.create_tabs import Change, Tab
from ollama_tui.tui.widgets.row_source import CellRow, CellRows, TableColumn
from ollama_tui.tui.widgets.table import Table
from ollama_tui.tui.widgets.text_layout import plain

GLANCE = 300
"""Characters of a text that its row may show."""


class ListTab(Tab):
    """A table of parts, each of which is asked for in a dialog of its own."""

    BINDINGS = [
        Binding("a,insert", "part('add')", "Add", show=False),
        Binding("d,delete", "part('remove')", "Remove", show=False),
        Binding("K", "part('up')", "Up", show=False),
        Binding("J", "part('down')", "Down", show=False),
    ]

    columns: CellRows
    empty = ""
    """What is said in place of rows."""

    _next: str | None = None
    """Key of the row to go to once it is drawn."""

    def compose(self) -> ComposeResult:
        """Yield a line about what is inherited, and the table."""
        yield Static(id="about", classes="label", markup=False)
        yield Table(self.columns)

    @property
    def table(self) -> Table[CellRow]:
        """The table."""
        return self.query_one(Table)

    def show(self, draft: CreateForm) -> None:
        """Draw the rows."""
        self.draft = draft
        about, rows = self.parts()
        self.query_one("#about", Static).update(about)
        self.table.show_empty([plain(self.empty, "muted")])
        self.table.show(rows)
        if self._next is not None and self.table.move_to(self._next):
            self._next = None

    @abstractmethod
    def parts(self) -> tuple[str, Sequence[CellRow]]:
        """Return the line above the table, and a row for each part of the draft."""

    @abstractmethod
    def add(self) -> None:
        """Ask for another one."""

    @abstractmethod
    def change(self) -> None:
        """Ask for the row under the cursor again."""

    @abstractmethod
    def drop(self) -> None:
        """Remove the row under the cursor."""

    def move(self, by: int) -> None:
        """Move the row under the cursor, where the order matters."""

    @on(Table.Chosen)
    def _chosen(self) -> None:
        self.change()

    def action_part(self, what: str) -> None:
        """Add a part, or remove or move the one under the cursor."""
        if what == "add":
            self.add()
        elif self.table.row is None:
            self.notify("There is nothing in this list.")
        elif what == "remove":
            self.drop()
        else:
            self.move(-1 if what == "up" else 1)


def glance(text: str) -> str:
    """Return the beginning of a text as one line."""
    return inert(" ".join(text[:GLANCE].split()))


class ParametersTab(ListTab):
    """Name, value, default and origin of every parameter."""

    keys = "a add   enter change   d remove"
    empty = "No parameters: the server's defaults hold. Press a to add one."
    columns = CellRows(
        (
            TableColumn("NAME", 17, id="name"),
            TableColumn("VALUE", 10, flexible=True, id="value"),
            TableColumn("DEFAULT", 14, id="default"),
            TableColumn("", 18, id="origin"),
        ),
        narrow=66,
        leaving=frozenset(["default"]),
    )

    def parts(self) -> tuple[str, Sequence[CellRow]]:
        """Return what is sent, and a row for each value."""
        about = "Only what is new or changed is sent; the rest is inherited."
        return about, [parameter_row(row) for row in self.draft.rows()]

    @property
    def row(self) -> ParameterRow | None:
        """The parameter under the cursor."""
        return next((r for r in self.draft.rows() if r.key == self.table.cursor), None)

    def add(self) -> None:
        """Ask for a parameter."""
        self._ask(ParameterDialog(), None)

    def change(self) -> None:
        """Ask for the one under the cursor again."""
        row = self.row
        if row is not None:
            self._ask(ParameterDialog(row.name, row.text), row)

    def _ask(self, dialog: ParameterDialog, replacing: ParameterRow | None) -> None:
        def change(setting: Setting) -> Change:
            return lambda draft: draft.put(*setting, replacing)

        def put(setting: Setting) -> None:
            self.edit(change(setting))
            rows = change(setting)(self.draft).rows()
            place = next((r.place for r in rows if (r.name, r.text) == setting), 0)
            self._next = f"{setting[0]} {place}"

        self.ask(dialog, change, put)

    def drop(self) -> None:
        """Remove the one under the cursor, or say why that cannot be."""
        row = self.row
        if row is None:
            return
        if (reason := self.draft.why_not_take(row)) is not None:
            self.notify(reason, markup=False)
        else:
            self.edit(lambda draft: draft.take(row))


def parameter_row(row: ParameterRow) -> CellRow:
    """Return the row of one value; `+` marks those that are not inherited."""
    known = BY_NAME.get(row.name)
    text = escaped(row.text[:GLANCE]) if is_text(row.name) else row.text[:GLANCE]
    cells = {
        "name": (row.name, ""),
        "value": (text, "" if row.own else "muted"),
        "default": (known.default if known else "not known", "muted"),
        "origin": (row.origin, "muted" if row.origin == "inherited" else "accent"),
    }
    return CellRow(row.key, cells, "+" if row.own else "")


T = TypeVar("T")


class SequenceTab(ListTab, Generic[T]):
    """Texts in an order."""

    @abstractmethod
    def items(self, draft: CreateForm) -> tuple[T, ...]:
        """Return the texts of a draft."""

    @abstractmethod
    def with_items(self, draft: CreateForm, items: tuple[T, ...]) -> CreateForm:
        """Return the draft with other texts."""

    @abstractmethod
    def dialog(self, item: T | None) -> TextDialog[T]:
        """Return what asks for one."""

    @property
    def place(self) -> int:
        """Which one is under the cursor."""
        return int(self.table.cursor or 0)

    def spliced(self, start: int, end: int, *items: T) -> Change:
        """Return the change that puts these in place of those from `start` to `end`."""

        def change(draft: CreateForm) -> CreateForm:
            every = self.items(draft)
            return self.with_items(draft, (*every[:start], *items, *every[end:]))

        return change

    def add(self) -> None:
        """Ask for one and put it at the end."""
        end = len(self.items(self.draft))

        def put(item: T) -> None:
            self._next = str(end)
            self.edit(self.spliced(end, end, item))

        self.ask(self.dialog(None), partial(self.spliced, end, end), put)

    def change(self) -> None:
        """Ask for the one under the cursor again."""
        place = self.place
        item = self.items(self.draft)[place]
        dialog = self.dialog(item)
        if dialog.length > LONGEST:
            self.notify("This text is too long to be changed here.", markup=False)
        else:
            spliced = partial(self.spliced, place, place + 1)
            self.ask(dialog, spliced, lambda changed: self.edit(spliced(changed)))

    def drop(self) -> None:
        """Remove the one under the cursor."""
        self.edit(self.spliced(self.place, self.place + 1))

    def move(self, by: int) -> None:
        """Change places with the next or the one before."""
        first = min(self.place, self.place + by)
        items = self.items(self.draft)[first : first + 2] if first >= 0 else ()
        if len(items) == 2:
            self._next = str(self.place + by)
            self.edit(self.spliced(first, first + 2, items[1], items[0]))


class MessagesTab(SequenceTab[Message]):
    """A conversation that every chat begins with."""

    keys = "a add   enter change   d remove   K J move up, down"
    empty = "No messages. Press a to add one."
    columns = CellRows(
        (TableColumn("ROLE", 9, id="role"), TableColumn("TEXT", 20, flexible=True, id="text"))
    )

    def items(self, draft: CreateForm) -> tuple[Message, ...]:
        """Return the messages."""
        return draft.shown_messages

    def with_items(self, draft: CreateForm, items: tuple[Message, ...]) -> CreateForm:
        """Return the draft with other messages."""
        return draft.with_messages(items)

    def dialog(self, item: Message | None) -> TextDialog[Message]:
        """Return what asks for a message: by turns, when it is another one."""
        last = next(reversed(self.items(self.draft)), None)
        return MessageDialog(item, "assistant" if last and last.role == "user" else "user")

    def parts(self) -> tuple[str, Sequence[CellRow]]:
        """Return where the messages come from, and a row for each."""
        inherited = len(self.draft.inherited.messages)
        if not inherited:
            about = "A conversation that every chat begins with."
        elif self.draft.messages is None:
            about = "Inherited. Changing any of them sends all of them."
        else:
            about = f"Sent in place of all {inherited} inherited ones."
        style = "muted" if self.draft.messages is None else ""
        return about, [
            CellRow(str(place), {"role": (m.role, ""), "text": (glance(m.content), style)})
            for place, m in enumerate(self.draft.shown_messages)
        ]


class LicenseTab(SequenceTab[str]):
    """Licenses to add."""

    keys = "a add   enter change   d remove   K J move up, down"
    empty = "No license to add. Press a to add one."
    columns = CellRows(
        (
            TableColumn("LICENSE", 20, flexible=True, id="text"),
            TableColumn("SIZE", 8, "right", id="size"),
        )
    )

    def items(self, draft: CreateForm) -> tuple[str, ...]:
        """Return the texts to add."""
        return draft.licenses

    def with_items(self, draft: CreateForm, items: tuple[str, ...]) -> CreateForm:
        """Return the draft with other licenses to add."""
        return replace(draft, licenses=items)

    def dialog(self, item: str | None) -> TextDialog[str]:
        """Return what asks for a license."""
        return LicenseDialog(item or "")

    def parts(self) -> tuple[str, Sequence[CellRow]]:
        """Return what is inherited and kept, and a row for each license to add."""
        license = self.draft.inherited.license
        about = "Added to those the base has."
        if license:
            bytes_ = size(len(license.encode("utf-8", "replace")))
            about = f"Inherited and kept: {glance(license.strip())[:60]} ({bytes_})"
        return about, [
            CellRow(
                str(place), {"text": (glance(text), ""), "size": (size(len(text.encode())), "")}
            )
            for place, text in enumerate(self.draft.licenses)
        ]
