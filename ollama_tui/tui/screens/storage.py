"""What the disk is spent on: a bar for every model, what they share, and what is left over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding

from ollama_tui.domain.snapshot import Snapshot
from ollama_tui.domain.storage.report import RowKind, StorageRow, advice, storage_rows, summary
from ollama_tui.domain.storage.usage import Usage
from ollama_tui.formatting import UNKNOWN, StyledLine, size
from ollama_tui.tui.actions.action import ActionContext, connected
from ollama_tui.tui.screens.table_screen import TableScreen, leaving
from ollama_tui.tui.signs import Signs
from ollama_tui.tui.widgets.row_source import TableColumn
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import Table

if TYPE_CHECKING:
    from ollama_tui.tui.screens.main import MainScreen

ADVICE_LINES = 3
"""StaticLines below the table for what is under the cursor."""
NARROWEST_BAR = 8
WIDEST_BAR = 60


@dataclass
class StorageRows:
    """The source of the table; the screen keeps `most` and `marks` up to date."""

    signs: Signs
    most: int = 1
    """Bytes of the longest bar."""
    marks: frozenset[str] = frozenset()
    """Names of marked models."""

    def key(self, row: StorageRow) -> str:
        """Return what identifies the row."""
        return row.key

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the columns that fit; the bar takes up to two fifths of the width."""
        bar = min(max(width * 2 // 5, NARROWEST_BAR), WIDEST_BAR)
        every = [
            TableColumn("NAME", 16, flexible=True, id="name"),
            TableColumn("ALONE", 7, "right", id="alone"),
            TableColumn("SHARED", 7, "right", id="shared"),
            TableColumn(f"{self.signs.full} alone  {self.signs.empty} shared", bar, id="bar"),
        ]
        return leaving(every, ("bar", "shared"), width)

    def cells(self, row: StorageRow, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says."""
        return [self._cell(row, column) for column in columns]

    def _cell(self, row: StorageRow, column: TableColumn) -> StyledLine:
        if column.id == "name":
            return ((row.label, "" if row.kind is RowKind.MODEL else "muted"),)
        if column.id == "bar":
            return self._bar(row, column.width)
        if column.id == "alone":
            return ((size(row.alone) if row.alone else UNKNOWN, "strong"),)
        return ((size(row.shared) if row.shared else UNKNOWN, "muted"),)

    def _bar(self, row: StorageRow, width: int) -> StyledLine:
        """Draw both parts to scale; what is there at all shows, if only as one cell."""
        alone = round(row.alone * width / self.most)
        shared = min(round(row.shared * width / self.most), width - alone)
        if not alone + shared:
            alone, shared = int(row.alone > 0), int(not row.alone)
        kind = "accent" if row.kind in (RowKind.MODEL, RowKind.SHARED) else "warning"
        return ((self.signs.full * alone, kind), (self.signs.empty * shared, kind))

    def gutter(self, row: StorageRow) -> StyledLine:
        """Return the mark of a marked model."""
        return ((self.signs.marked, "mark"),) if row.key in self.marks else ()


class StorageScreen(TableScreen):
    """Bars by what each model alone costs; marks and deletions are those of the list."""

    BINDINGS = [
        Binding("escape,q,b", "dismiss(None)", "Back"),
        Binding("space", "mark", "Mark", id="storage.mark"),
        Binding("d", "delete", "Delete", id="storage.delete"),
        Binding("R", "read", "Read anew", id="storage.read"),
        Binding("z", "undo", "Undo", id="storage.undo"),
    ]

    title_text = "Storage"
    keys_shown = (
        ("⏎", "to the list"), ("space", "mark"), ("d", "delete"), ("z", "undo"), ("R", "read anew"),
    )  # fmt: skip

    def __init__(self, context: ActionContext, main: MainScreen) -> None:
        super().__init__(context)
        self.main = main
        self.storage = connected(context).storage
        self.usage: Usage | None = None

    def regions(self) -> ComposeResult:
        """Lay out the table and what there is to say of the row under the cursor."""
        self.source = StorageRows(self.tui.signs)
        yield Table(self.source)
        yield StaticLines(id="advice")

    def on_mount(self) -> None:
        """Read the disk, now and whenever the list changes."""
        self.table.show_empty([(), (("  No model takes any space here.", ""),)])
        self.table.focus()
        self.draw()
        self.action_read()
        self.watch(self.app, "snapshot", self._list_changed, init=False)

    def on_resize(self) -> None:
        """Fit everything to the new width."""
        self.draw()
        self.show_keys()

    @work(exclusive=True, group="disk")
    async def action_read(self) -> None:
        """Read the disk anew and show what is there."""
        self.usage = await self.storage.read(self.context.snapshot.models)
        self.draw()

    def _list_changed(self, _: Snapshot) -> None:
        self._keep_up()

    @work(exclusive=True, group="disk")
    async def _keep_up(self) -> None:
        """Show the list as it is now; the disk is read only if other models are in it."""
        self.usage = await self.storage.usage(self.context.snapshot.models)
        self.draw()

    def draw_now(self) -> None:
        """Show what is known now."""
        models = self.context.snapshot.models
        usage = self.usage or self.storage.known(models)
        rows = storage_rows(models, usage, self.tui.clock.now().timestamp())
        self.source.most = max((row.alone + row.shared for row in rows), default=1) or 1
        self.source.marks = self.context.view.marks
        self.table.show(rows)
        self.show_heading(f" {self.tui.signs.dot} ".join(summary(usage)))
        self._advise()

    @property
    def chosen(self) -> StorageRow | None:
        """What is under the cursor."""
        return self.table.row

    @on(Table.Moved)
    def _advise(self) -> None:
        """Say what the row under the cursor is and what frees it, and where all this is from."""
        known = self.usage or self.storage.known(self.context.snapshot.models)
        said = advice(self.chosen, known) if self.chosen else ""
        room = max(self.size.width - 2, 20)
        lines = wrap(said, room, max_lines=ADVICE_LINES - 1, placeholder=" …")
        lines += [""] * (ADVICE_LINES - 1 - len(lines))
        source = wrap(known.source, room, max_lines=1, placeholder=" …")
        self.query_one("#advice", StaticLines).show(
            [*(((f" {line}", ""),) for line in lines), *(((f" {s}", "muted"),) for s in source)]
        )

    @property
    def model(self) -> str | None:
        """The name of the model under the cursor; None, said, on another row."""
        if self.chosen is not None and self.chosen.kind is RowKind.MODEL:
            return self.chosen.key
        self.context.tell("This is no model: what frees it is said below the table.")
        return None

    @on(Table.Chosen)
    def _go_to_model(self) -> None:
        if (name := self.model) is not None:
            self._reveal(name)
            self.dismiss(None)

    def _reveal(self, name: str) -> None:
        """Put the list's cursor on the model, without the filter if that hides it."""
        if name not in {row.name for row in self.context.rows}:
            self.context.look(replace(self.context.view, filter=""))
        self.context.move_to(name)

    def action_mark(self) -> None:
        """Mark the model, or take its mark off, and go on to the next row."""
        if (name := self.model) is not None:
            marks = self.context.view.marks ^ {name}
            self.context.look(replace(self.context.view, marks=marks))
            self.draw()
            self.table.action_move(1)

    def action_delete(self) -> None:
        """Delete as the list does: what is marked, else the model here."""
        if not self.context.view.marks:
            if (name := self.model) is None:
                return
            self._reveal(name)
        self.main.action_run("model.delete")

    def action_undo(self) -> None:
        """Bring back what was deleted last."""
        self.main.action_run("model.undo")
