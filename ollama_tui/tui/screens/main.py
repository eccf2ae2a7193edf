"""The main screen: list, details, jobs; keeps the view and hands keys to actions."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Input, Static

from ollama_tui.api.errors import OllamaError, Unreachable
from ollama_tui.domain.model import Model
from ollama_tui.domain.rows import VisibleRows
from ollama_tui.domain.snapshot import Snapshot
from ollama_tui.domain.view import NOTHING_KNOWN, KnownUpdates, View
from ollama_tui.tui.actions import BY_ID
from ollama_tui.tui.actions.action import Action, Place
from ollama_tui.tui.screens.details_controller import WIDE, DetailsController, ModelDetails
from ollama_tui.tui.screens.empty import empty_lines
from ollama_tui.tui.screens.keyboard import bindings, footer
from ollama_tui.tui.screens.last_valid_filter import LastValidFilter
from ollama_tui.tui.screens.main_context import MainScreenContext
from ollama_tui.tui.screens.totals import Totals
from ollama_tui.tui.widgets.filter_bar import FILTER_KEYS, FilterBar
from ollama_tui.tui.widgets.model_rows import ModelRows
from ollama_tui.tui.widgets.status import footer_line, status_line
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import Table

if TYPE_CHECKING:
    from ollama_tui.services.jobs.job import Job
    from ollama_tui.tui.app import OllamaTui

SMALLEST = (40, 10)
BACK = ("filter.clear", "details.close")
"""The actions of esc."""


class ModelTable(Table[Model]):
    """The list of models, with the keys of the list."""

    BINDINGS = bindings(Place.LIST)


class MainScreen(Screen[None]):
    """Draws snapshot and jobs through the user's view."""

    BINDINGS = bindings(Place.EVERYWHERE)
    VERTICAL_BREAKPOINTS = []
    snapshot: reactive[Snapshot] = reactive(Snapshot, init=False, repaint=False)
    """The newest snapshot drawn."""
    jobs: reactive[tuple[Job, ...]] = reactive((), init=False, repaint=False)
    """The newest jobs drawn."""

    def __init__(self, tui: OllamaTui, view: View) -> None:
        super().__init__()
        self.tui = tui
        self.view = view
        self.visible_rows = VisibleRows(())
        self.known = NOTHING_KNOWN
        self.context = MainScreenContext(self)
        self.details = DetailsController(self)
        self._totals = Totals(self, tui, changed=self._draw_status)
        self.rows_source = ModelRows(now=self.now, keys=tui.columns, view=view, signs=tui.signs)
        self._wanted: str | None = None
        self._is_behind = False
        """Whether the details are still those of where the cursor was some keys ago."""
        self._last_valid = LastValidFilter()
        self.set_reactive(MainScreen.snapshot, tui.snapshot)

    def compose(self) -> ComposeResult:
        """Lay out the regions."""
        yield StaticLines(id="status")
        with Horizontal(id="body"):
            yield ModelTable(self.rows_source, id="table")
            yield ModelDetails(id="details")
        yield FilterBar(id="filter")
        yield StaticLines(id="jobs")
        yield StaticLines(id="footer")
        yield Static("Too small: give it 40 by 10 at least.", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Draw what is known and follow the app."""
        self.table.focus()
        self._show_filter()
        self.redraw()
        self.watch(self.tui, "snapshot", self._take_snapshot, init=False)
        self.watch(self.tui, "jobs", self._take_jobs, init=False)
        self.watch(self.tui, "session", self._take_session, init=False)
        self.watch(self.tui, "measured", self._draw_status, init=False)
        self.watch(self.tui, "updates", self.redraw, init=False)
        self.watch(self.tui, "checking", self._draw_status, init=False)

    @property
    def table(self) -> ModelTable:
        """The list."""
        return self.query_one(ModelTable)

    @property
    def current(self) -> Model | None:
        """The model under the cursor."""
        return self.table.row

    def now(self) -> datetime:
        """Return the time, for ages."""
        return self.tui.clock.now()

    # ---- data down

    def _take_snapshot(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        gone = self.view.marks and self.view.marks - snapshot.by_name.keys()
        if gone and snapshot.fetched_at is not None:
            self.view = replace(self.view, marks=self.view.marks - gone)
        self.redraw()

    def _take_session(self) -> None:
        """Draw what only now can act, or be asked for."""
        self._totals.forget()
        self._draw_status()
        self._draw_for_cursor()

    def _take_jobs(self, jobs: tuple[Job, ...]) -> None:
        self.jobs = jobs
        leaving = frozenset(name for job in jobs if job.active for name in job.deletes)
        if leaving != self.rows_source.leaving:
            self.rows_source.leaving = leaving
            self.table.show(self.visible_rows.rows)
        self._draw_jobs()

    def redraw(self) -> None:
        """Arrange and draw everything that depends on snapshot or view."""
        self.known = self._known()
        self.visible_rows = visible = self._last_valid.visible_rows(
            self.snapshot.models, self.view, now=self.now(), known=self.known
        )
        longest = self.snapshot.longest_name
        self.rows_source.looked_at(self.view, visible, self.known.outdated, longest)
        self.table.show_empty(
            empty_lines(self.snapshot, self.view, visible.no_matches, self.tui.settings.host.url)
        )
        self.table.show(visible.rows)
        self.query_one(FilterBar).show_problems(visible.problems)
        if self._wanted is not None and self.table.move_to(self._wanted):
            self._wanted = None
        self._draw_status()
        self._draw_for_cursor()

    def _draw_for_cursor(self) -> None:
        """Draw what depends on the model under the cursor, and have what is in view learned."""
        self._is_behind = False
        self.details.draw()
        self._draw_footer()
        if self.tui.session is not None:
            self.tui.session.library.prefer(self.table.visible_rows())

    def _draw_status(self) -> None:
        line = status_line(
            self.snapshot,
            self.view,
            host=self.tui.host_label,
            sums=self._totals.of(self.snapshot),
            shown=len(self.visible_rows.rows),
            signs=self.tui.signs,
            width=self.size.width,
            outdated=len(self.known.outdated),
            checking=self.tui.checking,
            read_only=self.tui.settings.read_only,
        )
        self.query_one("#status", StaticLines).show([line])

    def _known(self) -> KnownUpdates:
        if not self.tui.updates:
            return NOTHING_KNOWN
        from ollama_tui.domain.updates import known

        return known(self.snapshot.by_name, self.tui.updates)

    def _draw_jobs(self) -> None:
        strip = self.query_one("#jobs", StaticLines)
        if not self.jobs and not strip.display:
            return
        from ollama_tui.tui.widgets.job_rows import strip_lines

        lines = strip_lines(self.jobs, self.tui.signs, self.size.width)
        strip.display = bool(lines)
        strip.show(lines)

    def _draw_footer(self) -> None:
        here = Place.DETAILS if self.details.focused else Place.LIST
        if self.query_one(FilterBar) in (self.focused or self).ancestors:
            line = footer_line(FILTER_KEYS, (), self.size.width)
        else:
            line = footer(here, self.tui, self.context, self.size.width)
        self.query_one("#footer", StaticLines).show([line])

    @on(Table.Moved)
    async def _cursor_moved(self) -> None:
        self._wanted = None
        if self.tui.type_ahead.is_waiting:  # of thirty moves in one read, the last is looked at
            self._is_behind = True
            return
        self._draw_for_cursor()
        await asyncio.sleep(0)  # the regions ask to be painted now: one frame shows all of them

    def catch_up(self) -> None:
        """Draw what was left out while more keys waited."""
        if self._is_behind:
            self._draw_for_cursor()

    # ---- intent up

    def action_run(self, action_id: str) -> None:
        """Run an action, or say why it cannot act now."""
        self.catch_up()
        action = BY_ID[action_id]
        if action_id in BACK:
            self.context.leave()
        if (reason := self.context.still_at(action)) is not None:
            self.tui.tell(reason)
        else:
            self._run(action)

    @work(group="actions")
    async def _run(self, action: Action) -> None:
        try:
            await self.context.run(action)
        except Unreachable as error:  # which names the server and nothing else
            title = f"{action.label.capitalize()} was not finished. {error.title}"
            self.tui.tell(title, error.hint, trouble=True)
        except OllamaError as error:
            self.tui.tell(error.title, error.hint, trouble=True)

    def look(self, view: View) -> None:
        """Show the list by `view`."""
        if view == self.view:
            return
        before, self.view = self.view, view
        if view.filter != before.filter:
            self._show_filter()
        self.redraw()
        self.tui.keep(view)

    def _show_filter(self) -> None:
        """Show the filter beside the list that keeps the keys, or hide that there is none."""
        bar = self.query_one(FilterBar)
        if self.view.filter:
            bar.open(self.view.filter)
            self.table.focus()
        else:
            bar.close()

    def move_to(self, name: str) -> None:
        """Put the cursor on `name`, now or once it is listed."""
        self._wanted = None if self.table.move_to(name) else name

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self.view = replace(self.view, filter=event.text)
        self.redraw()

    @on(FilterBar.Left)
    def _filter_left(self) -> None:
        self.table.focus()
        self.query_one(FilterBar).close_if_empty()

    @on(events.DescendantFocus)
    def _focus_changed(self) -> None:
        self._draw_footer()

    @on(Table.Chosen)
    def _chosen(self) -> None:
        self.action_run("details.open")

    def on_resize(self, event: events.Resize) -> None:
        """Choose the layout for the new size."""
        width, height = event.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(small, "-tiny")
        self.set_class(width < WIDE, "-narrow")
        if self.is_mounted:
            self.call_after_refresh(self._draw_all_lines)

    def _draw_all_lines(self) -> None:
        self._draw_status()
        self._draw_jobs()
        self._draw_footer()
        self.details.draw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep what is submitted in the filter from going further."""
        event.stop()
