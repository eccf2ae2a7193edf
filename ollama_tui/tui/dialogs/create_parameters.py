"""The parameters of the create form."""

from __future__ import annotations

from collections.abc import Sequence

from ollama_tui.domain.create.form import Row
from ollama_tui.domain.modelfile.parameters import BY_NAME
from ollama_tui.tui.dialogs.create_lists import GLANCE, ListTab
from ollama_tui.tui.dialogs.create_parts import ParameterDialog, Setting, escaped, is_text
from ollama_tui.tui.dialogs.create_tabs import Change
from ollama_tui.tui.widgets.row_source import CellRow, CellRows, TableColumn


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

    def about(self) -> str:
        """Say what is sent."""
        return "Only what is new or changed is sent; the rest is inherited."

    def rows(self) -> Sequence[CellRow]:
        """Return a row for each value."""
        return [_parameter(row) for row in self.draft.rows()]

    @property
    def row(self) -> Row | None:
        """The parameter under the cursor."""
        return next((r for r in self.draft.rows() if r.key == self.table.cursor), None)

    def add(self) -> None:
        """Ask for a parameter."""
        self._ask(ParameterDialog(), None)

    def change(self) -> None:
        """Ask for the one under the cursor anew."""
        row = self.row
        if row is not None:
            self._ask(ParameterDialog(row.name, row.text), row)

    def _ask(self, dialog: ParameterDialog, replacing: Row | None) -> None:
        def change(setting: Setting) -> Change:
            return lambda draft: draft.put(*setting, replacing)

        def put(setting: Setting) -> None:
            self.edit(change(setting))
            rows = change(setting)(self.draft).rows()
            place = next((r.place for r in rows if (r.name, r.text) == setting), 0)
            self.go_to(f"{setting[0]} {place}")

        self.ask(dialog, change, put)

    def drop(self) -> None:
        """Remove the one under the cursor, or say why that cannot be."""
        row = self.row
        if row is None:
            return
        if (reason := self.draft.why_not_take(row)) is not None:
            self.say(reason)
        else:
            self.edit(lambda draft: draft.take(row))


def _parameter(row: Row) -> CellRow:
    known = BY_NAME.get(row.name)
    text = escaped(row.text[:GLANCE]) if is_text(row.name) else row.text[:GLANCE]
    cells = {
        "name": (row.name, ""),
        "value": (text, "" if row.own else "muted"),
        "default": (known.default if known else "not known", "muted"),
        "origin": (row.origin, "muted" if row.origin == "inherited" else "accent"),
    }
    return CellRow(row.key, cells, "+" if row.own else "")
