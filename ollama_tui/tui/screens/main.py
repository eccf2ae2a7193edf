"""The main screen: list, details, jobs; keeps the view and hands keys to actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.geometry import Region
from textual.widgets import Static

from ollama_tui.domain.columns import COLUMNS
from ollama_tui.domain.model import Model, ModelKey, Snapshot
from ollama_tui.domain.rows import NOTHING_KNOWN, ListRows, View
from ollama_tui.tui.actions.action import Place, connected
from ollama_tui.tui.look import theme_names
from ollama_tui.tui.screens.action_screen import ActionScreen, bindings
from ollama_tui.tui.screens.details_controller import DetailsController, ModelDetailsPane
from ollama_tui.tui.screens.frame import Frame
from ollama_tui.tui.screens.main_context import MainScreenContext
from ollama_tui.tui.screens.model_list import LastValidFilter, ModelTable, empty_lines
from ollama_tui.tui.widgets.filter_bar import FILTER_KEYS, FilterBar
from ollama_tui.tui.widgets.find_bar import FIND_KEYS
from ollama_tui.tui.widgets.model_rows import ModelRows
from ollama_tui.tui.widgets.pane import Pane
from ollama_tui.tui.widgets.status import order_text
from ollama_tui.tui.widgets.styled_widget import StaticLines

if TYPE_CHECKING:
    from ollama_tui.domain.filter.completion import Completion
    from ollama_tui.domain.orders import SortColumn
    from ollama_tui.formatting import StyledLine
    from ollama_tui.services.jobs.job import Job
    from ollama_tui.tui.app import OllamaTui

SMALLEST = (40, 10)


class MainScreen(ActionScreen):
    """Draws snapshot and jobs through the user's view."""

    BINDINGS = bindings(Place.LIST_AND_DETAILS)
    VERTICAL_BREAKPOINTS = []

    def __init__(self, tui: OllamaTui, view: View) -> None:
        super().__init__()
        self.snapshot = tui.snapshot
        """The newest snapshot drawn."""
        self.jobs: tuple[Job, ...] = ()
        """The newest jobs drawn."""
        self.view = view
        self.list_rows = ListRows(())
        self.updates = NOTHING_KNOWN
        self.now = tui.clock.now
        """The time, for ages."""
        self.frame = Frame(self)
        self.context = MainScreenContext(self, tui.drafts, tui.saved_filters)
        self.details = DetailsController(self)
        columns = tui.ui_state.columns_over(tui.settings)
        self.rows_source = ModelRows(now=self.now, keys=columns, view=view, signs=tui.signs)
        self._wanted: ModelKey | str | None = None
        """Where the cursor goes once that is listed: a row, or the first one of a name."""
        self._is_behind = False
        """Whether the details are still those of where the cursor was some keys ago."""
        self._last_valid = LastValidFilter()

    def compose(self) -> ComposeResult:
        """Lay out the regions."""
        yield from super().compose()
        yield StaticLines(id="status")
        with Horizontal(id="body"):
            with Pane(id="models"):
                yield ModelTable(self.rows_source, id="table")
            with Pane(id="about"):
                yield ModelDetailsPane(id="details")
        yield FilterBar(
            complete=self._complete_filter, earlier=lambda: self.tui.ui_state.filters, id="filter"
        )
        yield StaticLines(id="messages")
        yield StaticLines(id="jobs")
        yield StaticLines(id="footer")
        yield Static("Too small: it needs at least 40x10.", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Draw what is known and follow the app."""
        self.table.focus()
        self._show_filter()
        self.redraw()
        self.watch(self.tui, "snapshot", self._take_snapshot, init=False)
        self.watch(self.tui, "details", self.details.draw, init=False)
        self.watch(self.tui, "jobs", self._take_jobs, init=False)
        self.watch(self.tui, "services", self._take_services, init=False)
        self.watch(self.tui, "measured", self.frame.draw_status, init=False)
        self.watch(self.tui, "memory", self.frame.draw_status, init=False)
        self.watch(self.tui, "updates", self.redraw, init=False)
        self.watch(self.tui, "checking", self.frame.draw_status, init=False)

    @property
    def table(self) -> ModelTable:
        """The list."""
        return cast("ModelTable", super().table)

    @property
    def first_regions(self) -> Sequence[Region]:
        """What is drawn first where all else is on the screen already, with the cursor on top."""
        table, status = self.table, Region(0, 0, self.size.width, 1)
        here, top = table.cursor_line, table.region.y + table.header
        if here is None or table.position - 1 != here - top:  # the rows have scrolled
            return (status, table.region)
        return (status, *(Region(table.region.x, y, table.region.width, 1) for y in (top, here)))

    @property
    def place(self) -> Place:
        """The list or the details, wherever the keys go."""
        return Place.DETAILS if self.details.focused else Place.LIST

    @property
    def columns(self) -> Sequence[SortColumn]:
        """What the list can be sorted by."""
        return COLUMNS

    @property
    def models(self) -> tuple[Model, ...]:
        """The models listed, filtered out or not."""
        return self.snapshot.models

    @property
    def rows(self) -> tuple[Model, ...]:
        """The models shown, in order."""
        return self.list_rows.rows

    @property
    def current(self) -> Model | None:
        """The model under the cursor."""
        return self.table.row

    def _take_snapshot(self, snapshot: Snapshot) -> None:
        before, self.snapshot = self.snapshot, snapshot
        marks = self.view.marks
        if marks and snapshot.fetched_at is not None and (marks - snapshot.by_key.keys()):
            marks = frozenset(snapshot.followed(key, before) for key in marks)
            self.view = replace(self.view, marks=marks & snapshot.by_key.keys())
        if isinstance(self.table.pinned, tuple):
            self.table.pinned = snapshot.followed(ModelKey(*self.table.pinned), before)
        if isinstance(self._wanted, ModelKey):
            self._wanted = snapshot.followed(self._wanted, before)
        self.redraw()

    def _take_services(self) -> None:
        """Draw what only now can act, or be asked for; ask about downloads left unfinished."""
        self.context.ask_to_resume()
        self.frame.totals.forget()
        self.frame.draw_status()
        self._draw_for_cursor()

    def _take_jobs(self, jobs: tuple[Job, ...]) -> None:
        self.jobs = jobs
        leaving = frozenset(key for job in jobs if job.active for key in job.deletes)
        if leaving != self.rows_source.leaving:
            self.rows_source.leaving = leaving
            self.table.show(self.list_rows.rows)
        self.frame.draw_jobs()

    def redraw(self) -> None:
        """Arrange and draw everything that depends on snapshot or view."""
        self.updates = NOTHING_KNOWN
        if self.tui.updates:
            from ollama_tui.domain.updates import known

            self.updates = known(self.snapshot.by_key, self.tui.updates)
        self.list_rows = visible = self._last_valid.list_rows(
            self.snapshot.models,
            self.view,
            now=self.now(),
            known=self.updates,
            watched_since=self.snapshot.watched_since,
        )
        self.rows_source.update(self.view, visible, self.updates, self.snapshot.models)
        self.table.show_empty(
            empty_lines(self.snapshot, self.view, visible.no_matches, self.tui.settings.host.url)
        )
        self.table.show(visible.rows)
        self.query_one(FilterBar).show_problems(visible.problems)
        if self._wanted is not None:
            self.move_to(self._wanted)
        self.frame.draw_status()
        self._entitle()
        self._draw_for_cursor()

    def _entitle(self) -> None:
        """Say on the list's border how many models there are, in what order, and where in them."""
        shown, count = len(self.list_rows.rows), len(self.snapshot.models)
        total = f"{shown:,} of {count:,}" if shown != count else f"{count:,}"
        order = order_text(self.view, self.tui.signs)
        self.query_one("#models", Pane).entitle(f"Models {total}" if count else "Models", order)

    def _draw_for_cursor(self) -> None:
        """Draw what depends on the model under the cursor, and have what is in view learned."""
        self._is_behind = False
        self.details.draw()
        self._draw_less_urgent()

    def _draw_less_urgent(self) -> None:
        """Draw what hardly differs from one model to the next, and have those in view learned."""
        self.draw_footer()
        if self.tui.services is not None:
            self.tui.services.facts.prioritise(self.table.rows_in_view())
            self.call_after_refresh(self._prepare_moves)

    def _prepare_moves(self) -> None:
        """Draw unseen what the next move of the cursor shows, unless it is under way."""
        if not self.tui.type_ahead.is_waiting:
            self.details.prepare(self.table.prepare_moves())

    @on(events.DescendantFocus)
    def draw_footer(self) -> None:
        """Show the keys that matter here."""
        super().draw_footer()

    def footer(self) -> StyledLine:
        """Return the keys that matter where the focus is."""
        if self.query_one(FilterBar) in (self.focused or self).ancestors:
            return self.field_footer(FILTER_KEYS)
        if self.details.pane.find_bar.is_typing:
            return self.field_footer(FIND_KEYS)
        return super().footer()

    def cursor_moved(self) -> None:
        """Draw what depends on the row under the cursor; while more keys wait, for the last."""
        super().cursor_moved()
        self._wanted = None
        self._is_behind = self.tui.type_ahead.is_waiting
        if not self._is_behind:
            self.details.draw()
            self.call_later(self._draw_less_urgent)  # once this is on the screen

    def catch_up(self) -> None:
        """Draw what was left out while more keys waited."""
        if self._is_behind:
            self._draw_for_cursor()

    def action_run(self, action_id: str) -> None:
        """Run an action, or say why it cannot act now."""
        self.catch_up()
        super().action_run(action_id)

    async def action_open_details(self) -> None:
        """Give the details the keys; further keys wait until what is not known is answered."""
        self.details.open()
        await self.details.wait_until_loaded()

    def action_close_details(self) -> None:
        """Give the keys back to the list."""
        self.details.close()

    async def action_turn_tab(self, step: int) -> None:
        """Show the next tab of the details, or with -1 the previous one."""
        await self.details.wait_until_loaded()
        self.details.pane.tabs.action_move(step)

    async def action_find(self) -> None:
        """Type a text to find in the tab shown."""
        await self.details.wait_until_loaded()
        self.details.pane.open_find()

    def action_find_again(self, step: int) -> None:
        """Go to the next match in the tab shown, or with -1 to the previous one."""
        if self.details.pane.text.searched:
            self.details.pane.find_again(step)
        else:
            self.tui.tell("Type / and a text to search.")

    async def action_fetch_metadata(self) -> None:
        """Ask for the arrays of the metadata, which are too long to be asked for unasked."""
        from ollama_tui.domain.details import whole_values
        from ollama_tui.formatting import InertText, inert

        await self.details.wait_until_loaded()
        model, services = self.current, self.tui.services
        if model is not None and services is not None:
            asked = services.ollama.show_verbose(
                model.name, runner=model.asked_runner, convert=inert
            )
            values = whole_values(await asked)
            arrays = {key: InertText(text) for key, text in values.items()}
            self.details.pane.show_arrays(model, arrays)

    def action_open_filter(self) -> None:
        """Type a filter."""
        self.query_one(FilterBar).open(self.view.filter)

    async def action_compare(self) -> None:
        """Fetch the details of two models and show where they differ."""
        from ollama_tui.domain.side_by_side import Side
        from ollama_tui.tui.actions.browse import pair
        from ollama_tui.tui.screens.compare import CompareScreen

        a, b = pair(self.context)
        facts = connected(self.context).facts
        sides = [Side(model, await facts.show(model)) for model in (a, b)]
        await self.context.ask(CompareScreen(self.context, *sides))

    async def action_choose_theme(self) -> None:
        """Ask for the theme, and use it now and in the next run."""
        from ollama_tui.tui.dialogs.choice import Alternative, Choice

        before, themes = self.app.theme, self.app.available_themes
        kinds = {name: "dark" if themes[name].dark else "light" for name in themes}
        kinds |= {name: "the terminal's colors" for name in themes if themes[name].ansi}
        options = tuple(Alternative(name, name, kinds[name]) for name in theme_names())
        asked = Choice("Theme", options, current=before, preview=self._preview_theme)
        chosen = await self.context.ask(asked)
        self.app.theme = before if chosen is None else chosen
        if chosen is not None:
            self.tui.ui_state.remember_theme(chosen)

    async def action_settings(self, what: str) -> None:
        """Change what is shown and how: `columns`, the config `file`, or `reset` all of it."""
        from ollama_tui.tui.screens.settings_controller import SettingsController

        await SettingsController(self).run(what)

    def _preview_theme(self, name: str) -> None:
        """Show a theme that may be chosen; not while more keys wait, as that takes a moment."""
        if not self.tui.type_ahead.is_waiting:
            self.app.theme = name

    async def action_quit(self) -> None:
        """Leave; ask first when work or typed text would be lost."""
        from ollama_tui.tui.screens.quitting import quit_app

        await quit_app(self)

    def set_view(self, view: View) -> None:
        """Show the list by `view`."""
        if view == self.view:
            return
        before, self.view = self.view, view
        if view.filter != before.filter:
            self._show_filter()
        self.redraw()
        self.tui.ui_state.remember(view, self.tui.settings)

    def begin_again(self, view: View) -> None:
        """Show the list by `view` with the cursor on its first row; not remembered as an order."""
        self.view, self._wanted = view, None
        self._show_filter()
        self.table.begin_again()
        self.redraw()

    def _show_filter(self) -> None:
        """Show the filter beside the list that keeps the keys, or hide that there is none."""
        bar = self.query_one(FilterBar)
        if self.view.filter:
            bar.open(self.view.filter)
            self.table.focus()
        else:
            bar.close()

    def move_to(self, target: ModelKey | str) -> None:
        """Put the cursor on a row, or on the first one of a name, now or once it is listed."""
        key: ModelKey | None = target if isinstance(target, ModelKey) else None
        if isinstance(target, str):
            key = next((row.key for row in self.table.rows if row.listed.name == target), None)
        self._wanted = None if key is not None and self.table.move_to(key) else target

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self.view = replace(self.view, filter=event.text)
        self.redraw()

    def _complete_filter(self, text: str, cursor: int) -> Completion:
        return self._last_valid.completion(text, cursor, self.view, self.now())

    @on(FilterBar.Left)
    def _filter_left(self) -> None:
        if not self.list_rows.problems:
            self.tui.ui_state.remember_filter(self.view.filter)
        self.table.focus()
        self.query_one(FilterBar).close_if_empty()

    def on_resize(self, event: events.Resize) -> None:
        """Choose the layout for the new size."""
        width, height = event.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(small, "-tiny")
        self.details.choose_place(width)
        if self.is_mounted:
            self.call_after_refresh(self._draw_all_lines)

    def _draw_all_lines(self) -> None:
        self.frame.draw_status()
        self.frame.draw_jobs()
        self.details.draw()
