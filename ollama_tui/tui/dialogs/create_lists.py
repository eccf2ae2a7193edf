"""The tabs of the create form that are lists: parameters, messages, and licenses to add."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from typing import Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Static

from ollama_tui.api.replies import Message
from ollama_tui.domain.create.form import MAX_EDITED_CHARS, CreateForm, ParameterRow
from ollama_tui.domain.create.memory import memory_words
from ollama_tui.domain.modelfile.parameters import BY_NAME
from ollama_tui.formatting import as_one_line, cells, inert, size
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
from ollama_tui.tui.widgets.row_source import CellRow, CellRows, TableColumn, fit_columns
from ollama_tui.tui.widgets.table import Table
from ollama_tui.tui.widgets.text_layout import plain

GLANCE = 300
"""Characters of a text that its row may show."""

MOST_VALUE = 30
"""Cells that a value takes before others: of a longer one, that is the beginning."""

T = TypeVar("T")


class ListTab(Tab):
    """A table of parts of the form; each is added or changed in a dialog of its own."""

    BINDINGS = [
        Binding("a,insert", "part('add')", "Add", show=False),
        Binding("d,delete", "part('remove')", "Remove", show=False),
        Binding("K", "part('up')", "Up", show=False),
        Binding("J", "part('down')", "Down", show=False),
    ]

    columns: CellRows
    empty = ""
    """Shown in place of rows when there are none."""
    empty_unknown = ""
    """The same where what the base brings is not known; empty if that makes no difference."""

    _next: str | None = None
    """Key of the row to go to once it is drawn."""

    def compose(self) -> ComposeResult:
        """Yield a line about what is inherited, and the table."""
        yield Static(id="about", classes="label", markup=False)
        yield Table(self.columns)

    @property
    def table(self) -> Table[CellRow]:
        """The table of parts."""
        return self.query_one(Table)

    def show(self, form: CreateForm) -> None:
        """Draw the rows, and move the cursor to the part that was just added or moved."""
        self.form = form
        about, rows = self.parts()
        self.query_one("#about", Static).update(about)
        empty = self.empty_unknown if form.is_base_unknown else self.empty
        self.table.show_empty([plain(empty or self.empty, "muted")])
        self.table.show(rows)
        if self._next is not None and self.table.move_to(self._next):
            self._next = None

    @abstractmethod
    def parts(self) -> tuple[str, Sequence[CellRow]]:
        """Return the line above the table, and a row for each part of the form."""

    @abstractmethod
    def edit_part(self, key: str | None) -> None:
        """Open the dialog for the part with this key, or for a new one."""

    @abstractmethod
    def remove_part(self, key: str) -> None:
        """Remove the part with this key."""

    def move_part(self, key: str, by: int) -> None:
        """Move the part with this key, where the order matters."""

    @on(Table.Chosen)
    def _chosen(self) -> None:
        if self.table.row is not None:
            self.edit_part(self.table.row.key)

    def action_part(self, what: str) -> None:
        """Add a part, or remove or move the one under the cursor."""
        key = self.table.row.key if self.table.row else None
        if what == "add":
            self.edit_part(None)
        elif key is None:
            self.notify("There is nothing in this list.")
        elif what == "remove":
            self.remove_part(key)
        else:
            self.move_part(key, -1 if what == "up" else 1)


def glance(text: str) -> str:
    """Return the beginning of a text as one line."""
    return as_one_line(text[:GLANCE])


@dataclass(frozen=True, kw_only=True)
class ParameterRows(CellRows):
    """The columns of parameters: a value has what it needs before defaults and origins are shown.

    What is sent has a sign left of its name, so the least is lost without the origin.
    """

    longest: Callable[[], int]
    """Returns the cells of the longest value."""

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the columns that fit beside the longest value."""
        needed = min(self.longest(), MOST_VALUE)
        wide = (
            replace(column, width=max(needed, column.width)) if column.id == "value" else column
            for column in self.all_columns
        )
        return fit_columns(wide, width)


class ParametersTab(ListTab):
    """Name, value, default and origin of every parameter: PARAMETER in a Modelfile.

    `+` marks what is sent. See https://docs.ollama.com/modelfile.
    """

    keys = "a add   enter change   d remove"
    empty = "No parameters: the server's defaults apply. Press a to add one."
    empty_unknown = "No parameters added. Press a to add one."
    titles = (
        TableColumn("NAME", 17, id="name"),
        TableColumn("VALUE", 11, flexible=True, id="value"),
        TableColumn("DEFAULT", 14, id="default", priority=2),
        TableColumn("", 18, id="origin", priority=1),
    )

    def __init__(
        self, form: CreateForm, *, id: str, edited: Callable[[Change, bool], None]
    ) -> None:
        super().__init__(form, id=id, edited=edited)
        self.columns = ParameterRows(all_columns=self.titles, longest=lambda: self._longest)
        self._longest = 0

    def parts(self) -> tuple[str, Sequence[CellRow]]:
        """Return a note on what is sent, and a row for each value."""
        rows = []
        for row in self.form.rows():
            known = BY_NAME.get(row.name)
            text = escaped(row.text[:GLANCE]) if is_text(row.name) else row.text[:GLANCE]
            shown = {
                "name": (row.name, ""),
                "value": (text, "" if row.own else "muted"),
                "default": (known.default if known else "not known", "muted"),
                "origin": (row.origin, "muted" if row.origin == "inherited" else "accent"),
            }
            rows.append(CellRow(row.key, shown, "+" if row.own else ""))
        self._longest = max((cells(inert(row.cells["value"][0])) for row in rows), default=0)
        if self.form.is_base_unknown:
            base = inert(self.form.base)
            return f"What {base} brings is not known; a name added here replaces all of it.", rows
        return "Rows with + are sent, lists whole; the rest is inherited.", rows

    def _row(self, key: str | None) -> ParameterRow | None:
        return next((row for row in self.form.rows() if row.key == key), None)

    def edit_part(self, key: str | None) -> None:
        """Open the dialog for one value, or for a new parameter."""
        row = self._row(key)

        def change(setting: Setting) -> Change:
            return lambda form: form.put(*setting, row)

        def put(setting: Setting) -> None:
            rows = change(setting)(self.form).rows()
            place = next((r.place for r in rows if (r.name, r.text) == setting), 0)
            self._next = f"{setting[0]} {place}"
            self.edit(change(setting))

        name, text = (row.name, row.text) if row else ("", "")
        dialog = ParameterDialog(name, text, partial(memory_words, self.form))
        self.ask(dialog, change, put)

    def remove_part(self, key: str) -> None:
        """Remove one value, or explain why it cannot be removed."""
        row = self._row(key)
        if row is None:
            return
        if (reason := self.form.why_not_take(row)) is not None:
            self.notify(reason, markup=False)
        else:
            self.edit(lambda form: form.take(row))


class SequenceTab(ListTab, Generic[T]):
    """Texts whose order matters; the key of a row is its index."""

    keys = "a add   enter change   d remove   K J move up, down"

    items: Callable[[CreateForm], tuple[T, ...]]
    """Returns the texts of a form."""
    with_items: Callable[[CreateForm, tuple[T, ...]], CreateForm]
    """Returns the form with these texts in place of all."""
    dialog: Callable[[T | None], TextDialog[T]]
    """Returns the dialog for one text, or for a new one."""

    def spliced(self, count: int, behind: int, *items: T) -> Change:
        """Return the change that puts these in place of `count` others with `behind` after them.

        Counted from the end: what the base brings may come before them meanwhile.
        """

        def change(form: CreateForm) -> CreateForm:
            every = self.items(form)
            end = len(every) - behind
            return self.with_items(form, (*every[: end - count], *items, *every[end:]))

        return change

    def edit_part(self, key: str | None) -> None:
        """Open the dialog for one text, or for a new one, which goes to the end."""
        items = self.items(self.form)
        place = len(items) if key is None else int(key)
        count = len(items[place : place + 1])
        dialog = self.dialog(None if key is None else items[place])
        if dialog.length > MAX_EDITED_CHARS:
            self.notify("This text is too long to edit here.", markup=False)
            return
        spliced = partial(self.spliced, count, len(items) - place - count)

        def put(item: T) -> None:
            self._next = str(place)
            self.edit(spliced(item))

        self.ask(dialog, spliced, put)

    def remove_part(self, key: str) -> None:
        """Remove one text."""
        self.edit(self.spliced(1, len(self.items(self.form)) - int(key) - 1))

    def move_part(self, key: str, by: int) -> None:
        """Swap a text with the next or the previous one."""
        first = min(int(key), int(key) + by)
        items = self.items(self.form)[first : first + 2] if first >= 0 else ()
        if len(items) == 2:
            self._next = str(int(key) + by)
            behind = len(self.items(self.form)) - first - 2
            self.edit(self.spliced(2, behind, items[1], items[0]))


class MessagesTab(SequenceTab[Message]):
    """A conversation that every chat begins with: MESSAGE in a Modelfile."""

    empty = "No messages. Press a to add one."
    columns = CellRows(
        (TableColumn("ROLE", 9, id="role"), TableColumn("TEXT", 20, flexible=True, id="text"))
    )
    items = attrgetter("shown_messages")
    with_items = staticmethod(CreateForm.with_messages)

    def dialog(self, item: Message | None) -> TextDialog[Message]:
        """Return the dialog for a message; a new one answers the last."""
        last = next(reversed(self.form.shown_messages), None)
        return MessageDialog(item, "assistant" if last and last.role == "user" else "user")

    def parts(self) -> tuple[str, Sequence[CellRow]]:
        """Return where the messages come from, and a row for each."""
        inherited = len(self.form.inherited.messages)
        if not inherited:
            about = "A conversation that every chat begins with."
        elif self.form.own_messages is None:
            about = "Inherited. Changing any of them sends all of them."
        else:
            about = f"Sent in place of all {inherited} inherited ones."
        style = "muted" if self.form.own_messages is None else ""
        return about, [
            CellRow(str(place), {"role": (m.role, ""), "text": (glance(m.content), style)})
            for place, m in enumerate(self.form.shown_messages)
        ]


class LicenseTab(SequenceTab[str]):
    """Licenses to add to those of the base: LICENSE in a Modelfile."""

    empty = "No license added yet. Press a to add one."
    columns = CellRows(
        (
            TableColumn("LICENSE", 20, flexible=True, id="text"),
            TableColumn("SIZE", 8, "right", id="size"),
        )
    )
    items = attrgetter("licenses")
    with_items = staticmethod(lambda form, licenses: replace(form, licenses=licenses))
    dialog = LicenseDialog

    def parts(self) -> tuple[str, Sequence[CellRow]]:
        """Return what is inherited and kept, and a row for each license to add."""
        license = self.form.inherited.license
        about = "Added to those of the base."
        if license:
            bytes_ = size(len(license.encode("utf-8", "replace")))
            first = license.strip().split("\n", 1)[0]
            about = f"Inherited and kept: {glance(first)[:60]} ({bytes_})"
        return about, [
            CellRow(
                str(place), {"text": (glance(text), ""), "size": (size(len(text.encode())), "")}
            )
            for place, text in enumerate(self.form.licenses)
        ]
