"""What the disk is spent on: the disk as a bar, then models and leftovers by what they take."""

from __future__ import annotations

from dataclasses import replace
from textwrap import wrap
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult

from ollama_tui.domain.model import Model, ModelKey, Snapshot
from ollama_tui.domain.storage.disk import DiskShares, disk_shares
from ollama_tui.domain.storage.order import ORDERS, arranged
from ollama_tui.domain.storage.report import StorageRow, advice, name_label, storage_rows
from ollama_tui.domain.storage.usage import Amount, Usage
from ollama_tui.formatting import cells, inert, listing, plural
from ollama_tui.tui.actions import models
from ollama_tui.tui.actions.action import Place, connected
from ollama_tui.tui.screens.action_screen import bindings
from ollama_tui.tui.screens.models_screen import ModelsScreen, arrow
from ollama_tui.tui.widgets.disk_bar import DiskBar
from ollama_tui.tui.widgets.storage_rows import StorageRows
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import Table

if TYPE_CHECKING:
    from ollama_tui.tui.screens.main_context import MainScreenContext

ROOMY = 16
"""Lines of the screen from which on there is room for more than a line of advice."""
USERS_NAMED = 3


class StorageScreen(ModelsScreen):
    """Rows by what each model alone takes; marks and deletions are those of the list."""

    BINDINGS = bindings(Place.STORAGE)
    place = Place.STORAGE
    title_text = "Storage"
    on_enter = "storage.open"
    columns = ORDERS
    first_order = "alone"
    nothing = ((), (("  No model takes any space here.", ""),))

    def __init__(self, context: MainScreenContext) -> None:
        super().__init__(context)
        self.storage = connected(context).storage
        self._read: Usage | None = None
        self._rows: tuple[StorageRow, ...] = ()
        self._rows_of: tuple[object, Usage] | None = None
        """Of which list and usage `_rows` are: with 10,000 models they take a while."""
        self._disk = DiskShares(0, 0, 0)

    def regions(self) -> ComposeResult:
        """Lay out disk, table, filter, and what there is to say of the row under the cursor."""
        self.source = StorageRows(self.tui.signs, self.tui.clock.now, self._users)
        yield StaticLines(id="disk")
        yield Table(self.source)
        yield self.filter_bar()
        yield StaticLines(id="advice")

    def on_mount(self) -> None:
        """Read the disk, now and whenever the list changes."""
        self.draw()
        self.action_reload()
        self.watch(self.app, "snapshot", self._take_list, init=False)
        self.watch(self.app, "jobs", self.draw, init=False)

    @work(exclusive=True, group="disk")
    async def action_reload(self) -> None:
        """Read the disk again and show what is there."""
        self._read = await self.storage.read(self.context.snapshot.models)
        self.draw()

    def _take_list(self, _: Snapshot) -> None:
        self._keep_up()

    @work(exclusive=True, group="disk")
    async def _keep_up(self) -> None:
        """Show the list as it is now; the disk is read only if other models are in it."""
        self._read = await self.storage.usage(self.context.snapshot.models)
        self.draw()

    # ---- what actions see

    @property
    def models(self) -> tuple[Model, ...]:
        """The models that take room here."""
        return tuple(m for m in self.context.snapshot.models if not m.is_cloud)

    @property
    def rows(self) -> tuple[Model, ...]:
        """The models shown, in order."""
        by_key = self.context.snapshot.by_key
        keys = (row.model for row in self.table.rows)
        return tuple(by_key[key] for key in keys if key is not None and key in by_key)

    @property
    def current(self) -> Model | None:
        """The model under the cursor."""
        row: StorageRow | None = self.table.row
        key = row.model if row is not None else None
        return self.context.snapshot.by_key.get(key) if key is not None else None

    def row_key(self, key: ModelKey) -> object:
        """Return the key of the row of a model."""
        return next((row.key for row in self.table.rows if row.model == key), None)

    # ---- drawing

    @property
    def usage(self) -> Usage:
        """The best answer there is for the list."""
        return self._read or self.storage.known(self.context.snapshot.models)

    def draw_now(self) -> None:
        """Show what is known now."""
        snapshot, usage, now = self.context.snapshot, self.usage, self.tui.clock.now()
        if (
            self._rows_of is None
            or self._rows_of[0] is not snapshot.models
            or (self._rows_of[1] is not usage)
        ):
            self._rows_of = (snapshot.models, usage)
            self._rows = storage_rows(snapshot.models, usage, now.timestamp())
            self._disk = disk_shares(usage)
        keys = self.selected()
        # Rows that are no models match no filter.
        rows = self._rows if keys is None else tuple(r for r in self._rows if r.model in keys)
        view, source = self.view, self.source
        source.titles = {c.key: c.title + arrow(c, view, self.tui.signs) for c in self.columns}
        source.most = max((row.alone + row.shared for row in self._rows), default=1) or 1
        source.whole = self._disk.capacity or usage.unique.bytes or 1
        source.longest = max((cells(r.label) for r in rows if r.model), default=0)
        source.longest_label = max((cells(r.label) for r in rows), default=0)
        source.marks = view.marks
        source.leaving = self._leaving
        source.models = snapshot.by_key
        self.table.show(arranged(rows, view.sort, view.reverse))
        self._draw_disk()

    @property
    def _leaving(self) -> frozenset[ModelKey]:
        """The models that are being deleted, or wait for it."""
        return frozenset(key for job in self.tui.jobs if job.active for key in job.deletes)

    def _draw_disk(self) -> None:
        from ollama_tui.domain.plan import freed_by

        view, usage = self.view, self.usage
        leaving = self._leaving
        gone = [m for m in self.models if m.key in view.marks or m.key in leaving]
        freed = freed_by(gone, usage) if gone else Amount(0)
        marked = sum(m.key in view.marks for m in gone)
        disk = self._disk.without(freed, usage.shared_only_by({m.name for m in gone}))
        said = ""
        if gone:
            verb = "frees" if marked == 1 else "free"
            said = f"{marked:,} marked {verb} {freed}"
            if leaving:
                said = f"deleting {len(gone):,} frees {freed}"
        bar = DiskBar(disk, self.tui.signs, said, bool(leaving))
        self.query_one("#disk", StaticLines).show(bar.lines(self.room, self.app.size.height))
        shown = sum(row.model is not None for row in self.table.rows)
        count = plural(len(self.models), "model")
        self.show_heading(f"{shown:,} of {count}" if shown < len(self.models) else count)

    def _users(self, row: StorageRow) -> str:
        """Return with which models a model shares data."""
        if row.model is None or not row.shared:
            return ""
        users = [name_label(name) for name in self.usage.kept_for((row.model.name,))]
        more = len(users) - USERS_NAMED
        return listing(users[:USERS_NAMED] + ([f"{more} more"] if more > 0 else []))

    def draw_for_row(self) -> None:
        """Say what the row under the cursor is and what frees it, and where all this is from."""
        super().draw_for_row()
        usage, text = self.usage, ""
        if isinstance(row := self.chosen, StorageRow):
            also = self._side_effects(row.model) if row.model is not None else []
            if self._advice_lines == 1:  # the name is in the row; what counts is how much
                row = replace(row, label="it")
            text = " ".join([advice(row, usage), *map(inert, also)])
        room, most = max(self.room - 2, 20), self._advice_lines
        lines = wrap(text, room, max_lines=most, placeholder=" …")
        lines += [""] * (most - len(lines))
        source = wrap(usage.source, room, max_lines=1, placeholder=" …") if most > 1 else []
        self.query_one("#advice", StaticLines).show(
            [*(((f" {line}", ""),) for line in lines), *(((f" {s}", "muted"),) for s in source)]
        )

    @property
    def _advice_lines(self) -> int:
        """How many lines there are for what frees the row under the cursor."""
        return 2 if self.app.size.height >= ROOMY else 1

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
            models.reveal(self.list_context, key)
            self.dismiss(None)
