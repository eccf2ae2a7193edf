"""What is outdated: each model that was asked about, what changed, and what an update fetches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from textwrap import wrap
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from ollama_tui.domain.model import Model, ModelKey, Snapshot
from ollama_tui.domain.update_rows import (
    ORDERS,
    OUTDATED,
    QUIET,
    RowState,
    UpdateRow,
    cost_of,
    unreachable,
    update_rows,
)
from ollama_tui.domain.updates import Upstream, with_updated
from ollama_tui.formatting import Span, StyledLine, age, cells, inert, plural
from ollama_tui.tui.actions import models as model_actions
from ollama_tui.tui.actions import updates as update_actions
from ollama_tui.tui.actions.action import Place, connected
from ollama_tui.tui.look import Signs
from ollama_tui.tui.screens.action_screen import TableScreen, bindings
from ollama_tui.tui.widgets.bars import bar
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import RowSource, Table, TableColumn, fit_columns
from ollama_tui.tui.widgets.text_layout import spread

if TYPE_CHECKING:
    from ollama_tui.tui.screens.main_context import MainScreenContext

REASON_LINES = 2
"""Lines below the table for what there is to say of the row under the cursor."""
_BAR_CELLS = 24
_STYLES = {
    RowState.UPDATING: "accent",
    RowState.OUTDATED: "",
    RowState.UNKNOWN: "muted",
    RowState.UNREACHABLE: "bad",
    RowState.UNCHECKED: "muted",
    RowState.CURRENT: "muted",
    RowState.CLOUD: "cloud",
}


class UpdateRows(RowSource[UpdateRow]):
    """The source of the table; the screen keeps `marks` and `longest` up to date."""

    def __init__(self, signs: Signs, now: Callable[[], datetime]) -> None:
        self.signs = signs
        self.now = now
        self.marks: frozenset[ModelKey] = frozenset()
        self.longest = 16
        """Cells of the longest name."""

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the columns that fit; names get what they need, up to two fifths."""
        name = max(14, min(self.longest, width * 2 // 5))
        return fit_columns(
            [
                TableColumn("NAME", name, id="name"),
                TableColumn("TO FETCH", 16, "right", id="cost"),
                TableColumn("WHAT CHANGED", 20, flexible=True, id="what", priority=2),
                TableColumn("PUSHED", 9, id="pushed", priority=3),
                TableColumn("INSTALLED", 9, id="installed", priority=4),
            ],
            width,
        )

    def cells(self, row: UpdateRow, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says."""
        style = _STYLES[row.state]
        now, listed = self.now(), row.model.listed
        pushed = row.found.pushed_at if row.found and row.state in OUTDATED else None
        texts: dict[str, Span] = {
            "name": (row.model.label, "strong" if row.state in OUTDATED else style),
            "cost": (row.cost, "outdated strong"),
            "what": (row.what, style),
            "pushed": (age(pushed, now) if pushed else "", "muted"),
            "installed": (age(listed.modified_at, now) if listed.modified_at else "", "muted"),
        }
        return [(texts[column.id],) for column in columns]

    def gutter(self, row: UpdateRow) -> StyledLine:
        """Return the mark, and the sign of what is known."""
        signs = self.signs
        mark = (signs.marked, "mark") if row.key in self.marks else (" ", "")
        sign = {
            RowState.UPDATING: (signs.pull, "accent"),
            RowState.OUTDATED: (signs.outdated, "outdated"),
            RowState.UNKNOWN: (signs.uncertain, "muted"),
            RowState.UNREACHABLE: (signs.delete, "bad"),
        }
        return (mark, sign.get(row.state, (" ", "")))


class UpdatesScreen(TableScreen):
    """Asks the registries when it opens, shows what they say, and updates what is marked."""

    DEFAULT_CSS = """
    UpdatesScreen {
        #sums { height: auto; }
        #said { height: auto; }
    }
    """
    BINDINGS = bindings(Place.UPDATES)
    place = Place.UPDATES
    title_text = "Updates"
    on_enter = "updates.open"
    order = "state"

    def __init__(self, context: MainScreenContext) -> None:
        super().__init__(context)
        self.scope = [model.key for model in update_actions.models_to_check(context)]
        """The models asked about: those marked in the list, else those shown there."""
        self.marks: frozenset[ModelKey] = frozenset()
        self.shows_all = False
        self.snapshot = context.snapshot
        self.pulled = frozenset[str]()
        """The names that were being pulled when it was drawn last."""
        self.found: dict[ModelKey, Upstream] = {}
        self._put_to: ModelKey | None = None
        """The row that the cursor was put on, and stays on the top until it is moved."""
        self.all_rows: list[UpdateRow] = []

    def regions(self) -> ComposeResult:
        """Lay out the sums, the table and what there is to say of the current row."""
        self.source = UpdateRows(self.tui.signs, self.tui.clock.now)
        yield StaticLines(id="sums")
        yield Table(self.source, id="updates")
        yield StaticLines(id="said")

    def on_mount(self) -> None:
        """Follow what is found, and ask unless that is under way."""
        for name in ("updates", "checking", "measured"):
            self.watch(self.app, name, self.draw, init=False)
        self.watch(self.app, "jobs", self._take_jobs, init=False)
        self.watch(self.app, "snapshot", self._take_list, init=False)
        self.draw()
        if not connected(self.context).updates.is_checking:
            self.action_run("updates.check")

    # ---- what is shown

    @property
    def models(self) -> list[Model]:
        """The models asked about that are still listed."""
        by_key = self.context.snapshot.by_key
        return [by_key[key] for key in self.scope if key in by_key]

    @property
    def marked(self) -> list[UpdateRow]:
        """The rows with a mark."""
        return [row for row in self.all_rows if row.key in self.marks]

    def _take_list(self, snapshot: Snapshot) -> None:
        """Follow models to what an update made of them."""
        before, self.snapshot = self.snapshot, snapshot
        self.scope = [snapshot.followed(key, before) for key in self.scope]
        self.marks = frozenset(snapshot.followed(key, before) for key in self.marks)
        if isinstance(self.table.pinned, tuple):
            self.table.pinned = snapshot.followed(ModelKey(*self.table.pinned), before)
        self.draw()

    def _take_jobs(self) -> None:
        if self._names_pulled() != self.pulled:
            self.draw()

    def _names_pulled(self) -> frozenset[str]:
        """Return the names that are being pulled now."""
        return frozenset(job.name for job in self.tui.jobs if job.active and job.verb == "pull")

    def draw_now(self) -> None:
        """Show what is known now; nothing is called up to date or not before the check is over."""
        found = self.found = with_updated(self.tui.updates)
        self.pulled = self._names_pulled()
        self.all_rows = update_rows(self.models, found, self.pulled, order=self.order)
        shown = self.all_rows
        if not self.shows_all:
            shown = [row for row in shown if row.state not in QUIET]
        self.source.marks = self.marks
        self.source.longest = max((cells(row.model.label) for row in shown), default=16)
        self.table.show_empty(self._empty())
        was_moved = self.table.pinned not in (None, self._put_to)
        self.table.show(shown)
        if shown and not was_moved:
            self._put_to = shown[0].key
            self.table.move_to(self._put_to)
        self._draw_sums()

    def _draw_sums(self) -> None:
        """Show how far the check is or what it found, and what the marks come to."""
        checking = self.tui.checking
        outdated = [row for row in self.all_rows if row.state in OUTDATED]
        width = max(self.size.width - 4, 20)
        if checking is not None:
            share = checking.done / checking.total if checking.total else 0.0
            left: StyledLine = (
                (f" checking {checking.done:,} of {checking.total:,}  ", "strong"),
                *bar(share, min(_BAR_CELLS, width // 3), self.tui.signs),
                (f"  {len(outdated)} outdated so far" if outdated else "", "outdated"),
            )
        else:
            title, _ = update_actions.check_summary(self.models, self.found)
            left = ((f" {title}", "strong"),)
        rows = self.marked or outdated
        cost, fits = cost_of(rows, update_actions.free_on_disk(connected(self.context)))
        marked = f"{len(self.marked)} marked: " if self.marked else ""
        style = "outdated" if fits else "danger"
        right: StyledLine = ((f"{marked}{cost} ", style),) if cost else ()
        lines = [spread(left, right, width)]
        if sum(cells(text) for text, _ in (*left, *right)) >= width:
            lines = [left, ((" ", ""), *right)] if self.size.height >= 16 else [left]
        self.query_one("#sums", StaticLines).show(lines)
        facts = plural(len(self.all_rows), "model")
        if hidden := len(self.all_rows) - len(self.table.rows):
            facts += f" {self.tui.signs.dot} f shows {hidden} more"
        self.show_heading(facts)

    def _empty(self) -> list[StyledLine]:
        """Return what stands in place of rows."""
        if self.tui.checking is not None or not all(
            row.state is not RowState.UNCHECKED for row in self.all_rows
        ):
            return [(), (("  Asking the registries …", "muted"),)]
        count = len(self.all_rows)
        text = f"  {'The model is' if count == 1 else f'All {count} models are'} up to date."
        return [(), ((text, "good"),)]

    def draw_for_row(self) -> None:
        """Say all of what the row under the cursor is about, and once which registry is down."""
        super().draw_for_row()
        row: UpdateRow | None = self.table.row
        width = max(self.size.width - 6, 20)
        lines: list[StyledLine] = []
        if row is not None and self.size.height >= 16:
            pushed = row.found.pushed_at if row.found and row.state in OUTDATED else None
            when = f", pushed {age(pushed, self.tui.clock.now())} ago" if pushed else ""
            cost = f"{row.cost} to fetch{when}: " if row.cost else ""
            text = inert(f"{row.model.label}: {cost}{row.what}")
            said = wrap(text, width, max_lines=REASON_LINES, placeholder=" …")
            lines += [((f" {line}", ""),) for line in said]
        lines += [
            ((f" {line}", "bad"),)
            for text in unreachable(self.all_rows)
            for line in wrap(inert(text), width, max_lines=REASON_LINES, placeholder=" …")
        ]
        self.query_one("#said", StaticLines).show(lines)

    # ---- the user

    async def action_check(self) -> None:
        """Ask the registries about all models here; say what came of it if the view was left."""
        models = self.models
        found = await connected(self.context).updates.check(models)
        if not self.is_attached:
            self.context.tell(*update_actions.check_summary(models, found))

    async def action_update(self) -> None:
        """Ask, and update the marked models, else the one under the cursor."""
        row: UpdateRow | None = self.table.row
        rows = self.marked or ([row] if row else [])
        outdated = [each for each in rows if each.state is RowState.OUTDATED]
        if not outdated and row is not None:
            why = inert(f"{row.model.label}: {row.what}")
            self.context.tell("Nothing marked is outdated." if self.marked else why)
        elif await update_actions.fetch_updates(self.context, [each.model for each in outdated]):
            self._mark(frozenset())

    def action_mark(self) -> None:
        """Mark the model here, or take its mark off, and go on to the next row."""
        row: UpdateRow | None = self.table.row
        if row is not None:
            self._mark(self.marks ^ {row.key})
            self.table.action_move(1)

    def action_mark_all(self) -> None:
        """Mark what is outdated."""
        self._mark(self._outdated_keys)

    def action_mark_none(self) -> None:
        """Take all marks off."""
        self._mark(frozenset())

    def action_invert(self) -> None:
        """Mark what is outdated and has no mark, and take the other marks off."""
        self._mark(self._outdated_keys - self.marks)

    @property
    def _outdated_keys(self) -> frozenset[ModelKey]:
        return frozenset(row.key for row in self.all_rows if row.state is RowState.OUTDATED)

    def _mark(self, marks: frozenset[ModelKey]) -> None:
        self.marks = marks
        self.draw()

    def action_fold(self) -> None:
        """Show what is up to date too, or hide it again."""
        self.shows_all = not self.shows_all
        self.draw()

    async def action_choose_order(self) -> None:
        """Ask for the order, and keep it while this screen is open."""
        from ollama_tui.tui.dialogs.choice import Alternative, Choice

        options = tuple(Alternative(key, label) for key, (label, _) in ORDERS.items())
        chosen = await self.context.ask(Choice("Order of the rows", options, current=self.order))
        if chosen is not None:
            self.order = chosen
            self.draw()

    def action_go_to_model(self) -> None:
        """Put the list's cursor on the model here, and go back to the list."""
        row: UpdateRow | None = self.table.row
        if row is not None:
            model_actions.reveal(self.context, row.key)
            self.dismiss(None)
