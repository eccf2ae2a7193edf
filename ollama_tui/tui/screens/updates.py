"""What is outdated: each model that was asked about, what changed, and what an update fetches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from textwrap import wrap
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from ollama_tui.domain.model import Model, ModelKey, Snapshot
from ollama_tui.domain.orders import arranged
from ollama_tui.domain.rows import View
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
from ollama_tui.formatting import StyledLine, cells, inert, plural
from ollama_tui.tui.actions import models as model_actions
from ollama_tui.tui.actions import updates as update_actions
from ollama_tui.tui.actions.action import Action, Place, connected
from ollama_tui.tui.screens.action_screen import bindings
from ollama_tui.tui.screens.models_screen import ModelsScreen, arrow
from ollama_tui.tui.widgets.bars import bar
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import Table
from ollama_tui.tui.widgets.text_layout import spread, width_of
from ollama_tui.tui.widgets.update_rows import UpdateRows

if TYPE_CHECKING:
    from ollama_tui.tui.screens.main_context import MainScreenContext

REASON_LINES = 2
"""Lines below the table for what there is to say of the row under the cursor."""
ROOMY = 16
"""Lines of the screen from which on there is room for them."""
_BAR_CELLS = 24


class UpdatesScreen(ModelsScreen):
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
    columns = ORDERS
    first_order = "what"
    own_marks = True

    def __init__(self, context: MainScreenContext) -> None:
        super().__init__(context)
        self.scope = [model.key for model in update_actions.models_to_check(context)]
        self.is_of_marks = bool(context.view.marks)
        """The models asked about: those marked in the list, else those shown there."""
        self.shows_all = False
        self.snapshot = context.snapshot
        self.pulled = frozenset[str]()
        """The names that were being pulled when it was drawn last."""
        self.found: dict[ModelKey, Upstream] = {}
        self.all_rows: tuple[UpdateRow, ...] = ()
        """The rows of all models asked about."""
        self._is_kept_on_top = True
        """Whether the cursor goes to what comes on top: until it is moved, or the view changed."""
        self._first: ModelKey | None = None
        """The row on top that it was put on last."""
        self._models: tuple[Model, ...] = ()
        self._find_models()

    def regions(self) -> ComposeResult:
        """Lay out the sums, the table, the filter and what there is to say of the current row."""
        self.source = UpdateRows(self.tui.signs, self.tui.clock.now)
        yield StaticLines(id="sums")
        yield Table(self.source, id="updates")
        yield self.filter_bar()
        yield StaticLines(id="said")

    def on_mount(self) -> None:
        """Follow what is found, and ask unless that is under way."""
        self._take_found()
        for name in ("updates", "checking"):
            self.watch(self.app, name, self._take_found, init=False)
        self.watch(self.app, "measured", self.draw, init=False)
        self.watch(self.app, "jobs", self._take_jobs, init=False)
        self.watch(self.app, "snapshot", self._take_list, init=False)
        if not connected(self.context).updates.is_checking:
            self.action_run("updates.check")

    # ---- what actions see

    @property
    def models(self) -> tuple[Model, ...]:
        """The models asked about that are still listed."""
        return self._models

    @property
    def rows(self) -> tuple[Model, ...]:
        """The models shown, in order."""
        return tuple(row.model for row in self.table.rows)

    @property
    def current(self) -> Model | None:
        """The model under the cursor."""
        row: UpdateRow | None = self.table.row
        return row.model if row is not None else None

    def set_view(self, view: View) -> None:
        """Show the rows by `view`; the cursor stays on its model from now on."""
        self._is_kept_on_top = False
        super().set_view(view)

    def filter_by(self, text: str) -> None:
        """Show the rows that a filter leaves; the cursor stays on its model from now on."""
        self._is_kept_on_top = False
        super().filter_by(text)

    def label_of(self, action: Action) -> str:
        """Return what the footer says an action does."""
        if action.id == "updates.fold" and self.shows_all:
            return "hide up to date"
        return super().label_of(action)

    # ---- what is shown

    @property
    def marked(self) -> list[UpdateRow]:
        """The rows with a mark, filtered out or not."""
        return [row for row in self.all_rows if row.key in self.view.marks]

    def _find_models(self) -> None:
        by_key = self.context.snapshot.by_key
        self._models = tuple(by_key[key] for key in self.scope if key in by_key)

    def _take_found(self, _: object = None) -> None:
        """Show what is found; a cursor that nobody has moved stays on top meanwhile."""
        self._is_kept_on_top &= self.table.pinned in (None, self._first)
        self.draw()
        if self._is_kept_on_top and self.table.rows:
            self._first = self.table.rows[0].key
            self.table.move_to(self._first)

    def _take_list(self, snapshot: Snapshot) -> None:
        """Follow models to what an update made of them."""
        before, self.snapshot = self.snapshot, snapshot
        self.scope = [snapshot.followed(key, before) for key in self.scope]
        marks = frozenset(snapshot.followed(key, before) for key in self.view.marks)
        self._view = replace(self._view, marks=marks & snapshot.by_key.keys())
        if isinstance(self.table.pinned, tuple):
            self.table.pinned = snapshot.followed(ModelKey(*self.table.pinned), before)
        self._find_models()
        self.draw()

    def _take_jobs(self) -> None:
        if self._names_pulled() != self.pulled:
            self.draw()

    def _names_pulled(self) -> frozenset[str]:
        """Return the names that are being pulled now."""
        return frozenset(job.name for job in self.tui.jobs if job.active and job.verb == "pull")

    def draw_now(self) -> None:
        """Show what is known now; nothing is called up to date or not before the check is over."""
        view, source = self.view, self.source
        self.found = with_updated(self.tui.updates)
        self.pulled = self._names_pulled()
        self.all_rows = update_rows(self.models, self.found, self.pulled)
        keys = self.selected()
        left = [row for row in self.all_rows if keys is None or row.key in keys]
        unfolded = [row for row in self.all_rows if self.shows_all or row.state not in QUIET]
        shown = [row for row in unfolded if keys is None or row.key in keys]
        source.titles = {c.key: c.title + arrow(c, view, self.tui.signs) for c in ORDERS}
        source.marks = view.marks
        # Columns stay where they are while a filter is typed.
        source.longest = max((cells(row.model.label) for row in unfolded), default=0)
        source.longest_what = max((cells(inert(row.what)) for row in unfolded), default=0)
        source.most = max((row.newer.total for row in unfolded if row.newer), default=1) or 1
        if keys is None or left:
            self.table.show_empty(self._empty(left))
        self.table.show(arranged(shown, ORDERS, view.sort, view.reverse))
        self._draw_sums()
        count = plural(len(self.all_rows), "model")
        facts = f"{len(left):,} of {count}" if len(left) < len(self.all_rows) else count
        if hidden := len(left) - len(shown):
            facts += f" {self.tui.signs.dot} f shows {hidden:,} more"
        self.show_heading(facts)

    def _draw_sums(self) -> None:
        """Show how far the check is or what it found, and what the marks come to."""
        checking = self.tui.checking
        outdated = [row for row in self.all_rows if row.state in OUTDATED]
        width = max(self.room - 2, 20)
        if checking is not None:
            share = checking.done / checking.total if checking.total else 0.0
            left: StyledLine = (
                (f" checking {checking.done:,} of {checking.total:,}  ", "strong"),
                *bar(share, min(_BAR_CELLS, width // 3), self.tui.signs),
                (f"  {len(outdated)} outdated so far" if outdated else "", "outdated"),
            )
        else:
            title, _ = update_actions.check_summary(self.models, self.found)
            only = "Only what is marked in the list: " if self.is_of_marks else ""
            left = ((f" {only}", "warning"), (title, "strong"))
        right = self._cost(self.marked, outdated)
        if width_of((*left, *right)) < width:
            lines = [spread(left, right, width)]
        elif self.app.size.height >= ROOMY:
            lines = [left, ((" ", ""), *right)]
        else:  # how many are outdated is seen below
            lines = [((" ", ""), *right)] if right else [left]
        self.query_one("#sums", StaticLines).show(lines)

    def _cost(self, marked: Sequence[UpdateRow], outdated: Sequence[UpdateRow]) -> StyledLine:
        """Return what updating the marked models fetches, else all that are outdated."""
        free = update_actions.free_on_disk(connected(self.context))
        cost, fits = cost_of(marked or outdated, free)
        style = "outdated" if fits else "danger"
        if not marked:
            return ((f"{cost} ", style),) if cost else ()
        count = sum(row.state in OUTDATED for row in marked)
        among = f", {count:,} outdated" if 0 < count < len(marked) else ""
        return ((f"{len(marked):,} marked{among}: {cost or 'none outdated'} ", style),)

    def _empty(self, left: Sequence[UpdateRow]) -> list[StyledLine]:
        """Return what stands in place of rows, where those a filter leaves are all hidden."""
        unchecked = any(row.state is RowState.UNCHECKED for row in left)
        count = len(left)
        if self.filter.strip():
            says = f"  {plural(count, 'match', 'matches')}, none known to be outdated: f shows "
            return [(), ((f"{says}{'it' if count == 1 else 'them'}.", "muted"),)]
        if self.tui.checking is not None:
            return [(), (("  Asking the registries …", "muted"),)]
        if unchecked or not left:
            return [(), (("  r", "key"), (" asks the registries.", "muted"))] if left else []
        text = f"  {'The model is' if count == 1 else f'All {count:,} models are'} up to date."
        return [(), ((text, "good"),)]

    def draw_for_row(self) -> None:
        """Say all of what the row under the cursor is about, and once which registry is down."""
        super().draw_for_row()
        row: UpdateRow | None = self.table.row
        width = max(self.room - 2, 20)
        lines: list[StyledLine] = []
        if row is not None and self.app.size.height >= ROOMY:
            text = inert(row.sentence(self.tui.clock.now()))
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
        self._is_kept_on_top = not self.table.rows
        models = self.models
        found = await connected(self.context).updates.check(models)
        if not self.is_attached:
            self.context.tell(*update_actions.check_summary(models, found))

    async def action_update(self) -> None:
        """Ask, and update the marked models, else the one under the cursor."""
        row: UpdateRow | None = self.table.row
        rows = self.marked or ([row] if row else [])
        outdated = [each.model for each in rows if each.state is RowState.OUTDATED]
        if outdated:
            if await update_actions.fetch_updates(self.context, outdated):
                self.set_view(replace(self.view, marks=frozenset()))
        else:
            self.context.tell("Nothing marked is outdated.")

    def action_fold(self) -> None:
        """Show what is up to date too, or hide it again."""
        self.shows_all = not self.shows_all
        self.draw()

    def action_go_to_model(self) -> None:
        """Put the list's cursor on the model here, and go back to the list."""
        if (model := self.current) is not None:
            model_actions.reveal(self.list_context, model.key)
            self.dismiss(None)
