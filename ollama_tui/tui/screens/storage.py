"""What the disk is spent on: a bar for every model, what they share, and what is left over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult

from ollama_tui.domain.model import ModelKey, Snapshot
from ollama_tui.domain.storage.report import RowKind, StorageRow, advice, storage_rows, summary
from ollama_tui.domain.storage.usage import Usage
from ollama_tui.formatting import UNKNOWN, StyledLine, inert, size
from ollama_tui.tui.actions import models
from ollama_tui.tui.actions.action import Place, connected
from ollama_tui.tui.look import Signs
from ollama_tui.tui.screens.action_screen import TableScreen, bindings
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import RowSource, Table, TableColumn, fit_columns

if TYPE_CHECKING:
    from ollama_tui.tui.screens.main_context import MainScreenContext

ADVICE_LINES = 3
"""Lines below the table for what is under the cursor."""
NARROWEST_BAR = 8
WIDEST_BAR = 60


@dataclass
class StorageRows(RowSource[StorageRow]):
    """The source of the table; the screen keeps `most` and `marks` up to date."""

    signs: Signs
    most: int = 1
    """Bytes of the longest bar."""
    marks: frozenset[ModelKey] = frozenset()
    """Marked models."""

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the columns that fit; the bar takes up to two fifths of the width."""
        bar = min(max(width * 2 // 5, NARROWEST_BAR), WIDEST_BAR)
        legend = f"{self.signs.full} alone  {self.signs.empty} shared"
        every = [
            TableColumn("NAME", 16, flexible=True, id="name"),
            TableColumn("ALONE", 7, "right", id="alone"),
            TableColumn("SHARED", 7, "right", id="shared", priority=1),
            TableColumn(legend, bar, id="bar", priority=2),
        ]
        return fit_columns(every, width)

    def cells(self, row: StorageRow, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says."""
        cells = {
            "name": (row.label, "" if row.kind is RowKind.MODEL else "muted"),
            "alone": (size(row.alone) if row.alone else UNKNOWN, "strong"),
            "shared": (size(row.shared) if row.shared else UNKNOWN, "muted"),
        }
        return [
            self._bar(row, column.width) if column.id == "bar" else (cells[column.id],)
            for column in columns
        ]

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
        return ((self.signs.marked, "mark"),) if row.model in self.marks else ()


class StorageScreen(TableScreen):
    """Bars by what each model alone costs; marks and deletions are those of the list."""

    BINDINGS = bindings(Place.STORAGE)
    place = Place.STORAGE
    title_text = "Storage"
    on_enter = "storage.open"

    def __init__(self, context: MainScreenContext) -> None:
        super().__init__(context)
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
        self.draw()
        self.action_reload()
        self.watch(self.app, "snapshot", self._take_list, init=False)

    @work(exclusive=True, group="disk")
    async def action_reload(self) -> None:
        """Read the disk again and show what is there."""
        self.usage = await self.storage.read(self.context.snapshot.models)
        self.draw()

    def _take_list(self, _: Snapshot) -> None:
        self._keep_up()

    @work(exclusive=True, group="disk")
    async def _keep_up(self) -> None:
        """Show the list as it is now; the disk is read only if other models are in it."""
        self.usage = await self.storage.usage(self.context.snapshot.models)
        self.draw()

    def draw_now(self) -> None:
        """Show what is known now."""
        listed = self.context.snapshot.models
        usage = self.usage or self.storage.known(listed)
        rows = storage_rows(listed, usage, self.tui.clock.now().timestamp())
        self.source.most = max((row.alone + row.shared for row in rows), default=1) or 1
        self.source.marks = self.context.view.marks
        self.table.show(rows)
        self.show_heading(f" {self.tui.signs.dot} ".join(summary(usage)))

    def draw_for_row(self) -> None:
        """Say what the row under the cursor is and what frees it, and where all this is from."""
        super().draw_for_row()
        usage = self.usage or self.storage.known(self.context.snapshot.models)
        text = ""
        if isinstance(row := self.chosen, StorageRow):
            also = self._side_effects(row.model) if row.model is not None else []
            text = " ".join([advice(row, usage), *map(inert, also)])
        room = max(self.size.width - 2, 20)
        lines = wrap(text, room, max_lines=ADVICE_LINES - 1, placeholder=" …")
        lines += [""] * (ADVICE_LINES - 1 - len(lines))
        source = wrap(usage.source, room, max_lines=1, placeholder=" …")
        self.query_one("#advice", StaticLines).show(
            [*(((f" {line}", ""),) for line in lines), *(((f" {s}", "muted"),) for s in source)]
        )

    def _side_effects(self, key: ModelKey) -> list[str]:
        """Return in sentences what else goes with one of several manifests of a name; raw."""
        from ollama_tui.domain.plan import deletions, side_effects

        snapshot = self.context.snapshot
        model = snapshot.by_key.get(key)
        if model is None or not model.siblings:
            return []
        return side_effects(*deletions((model,), snapshot.models))

    def action_go_to_model(self) -> None:
        """Put the list's cursor on the model here, and go back to the list."""
        if (key := models.chosen_model(self.context)) is not None:
            models.reveal(self.context, key)
            self.dismiss(None)

    def action_mark(self) -> None:
        """Mark the model here, or take its mark off, and go on to the next row."""
        if (key := models.chosen_model(self.context)) is not None:
            view = self.context.view
            self.context.set_view(replace(view, marks=view.marks ^ {key}))
            self.draw()
            self.table.action_move(1)
