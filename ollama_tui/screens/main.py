"""The main screen: list, details, jobs; keeps the view and hands keys to actions."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.reactive import reactive
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, Static

from ollama_tui.actions import ACTIONS, BY_ID
from ollama_tui.actions.action import ALWAYS, Action, Place, Wish, why_not
from ollama_tui.api.errors import OllamaError, Unreachable
from ollama_tui.catalog.arrange import Arranged
from ollama_tui.catalog.model import Model
from ollama_tui.catalog.snapshot import Snapshot
from ollama_tui.catalog.view import NOTHING, Known, View
from ollama_tui.screens.desk import Desk
from ollama_tui.screens.empty import empty_lines
from ollama_tui.screens.last_good import LastGood
from ollama_tui.text import inert
from ollama_tui.widgets.details import DetailsPane
from ollama_tui.widgets.filter_bar import FilterBar
from ollama_tui.widgets.footer import footer_line
from ollama_tui.widgets.lines import Lines
from ollama_tui.widgets.model_rows import ModelRows
from ollama_tui.widgets.status import Sums, status_line
from ollama_tui.widgets.table import Table

if TYPE_CHECKING:
    from ollama_tui.app import OllamaTui
    from ollama_tui.jobs.job import Job

WIDE = 110
"""Columns from which list and details stand side by side."""
SMALLEST = (40, 10)
COUNT_EVERY = 2.0
"""Seconds between two counts of what models share."""
DETAILS_DELAY = 0.08
"""Seconds the cursor rests before details are asked for."""


def bindings(place: Place) -> list[BindingType]:
    """Return the bindings of the actions of one place.

    An action without keys has a binding nobody can press, for users who give it a key.
    """
    return [
        Binding(
            a.keys or f"no-key.{a.id}",
            f"screen.run('{a.id}')",
            a.label,
            show=False,
            id=a.id,
            tooltip=a.help,
        )
        for a in ACTIONS
        if a.place is place
    ]


class ModelTable(Table[Model]):
    """The list of models, with the keys of the list."""

    BINDINGS = bindings(Place.LIST)


class ModelDetails(DetailsPane):
    """The details of a model, with their keys."""

    BINDINGS = bindings(Place.DETAILS)


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
        self.arranged = Arranged(())
        self.known = NOTHING
        self.desk = Desk(self)
        self.rows_source = ModelRows(now=self.now, keys=tui.columns, view=view, signs=tui.signs)
        self._sums: tuple[tuple[object, object], Sums] | None = None
        self._counted_at = float("-inf")
        self._counting_later = False
        self._wanted: str | None = None
        self._last_good = LastGood()
        self.set_reactive(MainScreen.snapshot, tui.snapshot)

    def compose(self) -> ComposeResult:
        """Lay out the regions."""
        yield Lines(id="status")
        with Horizontal(id="body"):
            yield ModelTable(self.rows_source, id="table", glyphs=self.tui.glyphs)
            yield ModelDetails(id="details")
        yield FilterBar(id="filter")
        yield Lines(id="jobs")
        yield Lines(id="footer")
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
        self.watch(self.tui, "upstream", self.redraw, init=False)
        self.watch(self.tui, "checking", self._draw_status, init=False)

    @property
    def table(self) -> ModelTable:
        """The list."""
        return self.query_one(ModelTable)

    @property
    def details(self) -> ModelDetails:
        """The details."""
        return self.query_one(ModelDetails)

    @property
    def current(self) -> Model | None:
        """The model under the cursor."""
        return self.table.row

    @property
    def details_focused(self) -> bool:
        """Whether keys go to the details."""
        return self.focused is not None and self.details in self.focused.ancestors_with_self

    @property
    def details_visible(self) -> bool:
        """Whether the details are on the screen."""
        return self.size.width >= WIDE or self.has_class("-details")

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
        self._sums = None
        self._counted_at = float("-inf")
        self._draw_status()
        self._draw_details()
        self._draw_footer()
        self._prefer_visible()

    def _take_jobs(self, jobs: tuple[Job, ...]) -> None:
        self.jobs = jobs
        self._draw_jobs()

    def redraw(self) -> None:
        """Arrange and draw everything that depends on snapshot or view."""
        self.known = self._known()
        self.arranged = self._last_good.arrange(
            self.snapshot.models, self.view, now=self.now(), known=self.known
        )
        longest = self.snapshot.longest_name
        self.rows_source.looked_at(self.view, self.arranged, self.known.outdated, longest)
        self.table.show_empty(
            empty_lines(self.snapshot, self.view, self.arranged.blame, self.tui.settings.host.url)
        )
        self.table.show(self.arranged.rows)
        self.query_one(FilterBar).say(self.arranged.mistakes)
        if self._wanted is not None and self.table.move_to(self._wanted):
            self._wanted = None
        self._draw_status()
        self._draw_details()
        self._draw_footer()
        self._prefer_visible()

    def _draw_status(self) -> None:
        line = status_line(
            self.snapshot,
            self.view,
            host=self.tui.host_label,
            sums=self._summed(),
            shown=len(self.arranged.rows),
            signs=self.tui.signs,
            width=self.size.width,
            outdated=len(self.known.outdated),
            checking=self.tui.checking,
        )
        self.query_one("#status", Lines).show([line])

    def _known(self) -> Known:
        if not self.tui.upstream:
            return NOTHING
        from ollama_tui.catalog.upstream import known

        return known(self.snapshot.by_name, self.tui.upstream)

    def _summed(self) -> Sums:
        """Return the sums of this list and measure; plain ones until the next frame is out."""
        of = (self.snapshot.models, self.tui.measured)
        if self._sums is None or any(a is not b for a, b in zip(self._sums[0], of, strict=True)):
            if self._sums is not None and self._sums[0][1] is not self.tui.measured:
                self._counted_at = float("-inf")  # a new measure of the disk is not to wait
            self._sums = (of, self._sums_until_counted())
            self._sum_up_soon()
        return self._sums[1]

    def _sums_until_counted(self) -> Sums:
        """Return what the last count says of what is shared, on a list that is not counted yet."""
        plain = Sums.plain(self.snapshot.models)
        return self._sums[1] if self._sums and self._sums[1].bytes == plain.bytes else plain

    def _sum_up_soon(self) -> None:
        """Count after this frame, but not each time while facts are being learned."""
        if self.snapshot.fetched_at is None:
            return  # the list is the remembered one: it is counted once the server's is here
        wait = self._counted_at + COUNT_EVERY - self.tui.clock.seconds()
        if wait <= 0:
            self._counted_at = self.tui.clock.seconds()
            self.call_after_refresh(self._sum_up)
        elif not self._counting_later:
            self._counting_later = True
            self._count_later(wait)

    @work(group="count")
    async def _count_later(self, wait: float) -> None:
        await self.tui.clock.sleep(wait)
        self._counting_later = False
        self._sum_up()

    def _sum_up(self) -> None:
        """Count what is shared once: it takes too long, with 10,000 models, to be waited for."""
        session, models = self.tui.session, self.snapshot.models
        if session is None or self._sums is None:
            return
        self._sums = (self._sums[0], Sums.of(session.disk.known(models), len(models)))
        self._draw_status()

    def _draw_jobs(self) -> None:
        strip = self.query_one("#jobs", Lines)
        if not self.jobs and not strip.display:
            return
        from ollama_tui.widgets.job_rows import strip_lines

        lines = strip_lines(self.jobs, self.tui.signs, self.size.width)
        strip.display = bool(lines)
        strip.show(lines)

    def _draw_details(self) -> None:
        if not self.details_visible:
            return
        model = self.current
        also = self._other_names(model) if model else ()
        show = self.snapshot.show(model) if model else None
        self.details.show(model, show, also=also, now=self.now())
        if model is not None and show is None and not model.is_answered_in_cloud:
            self._fetch_details(model.name)

    def _other_names(self, model: Model) -> tuple[str, ...]:
        names = self.arranged.aliases.get(model.digest, ())
        return tuple(inert(name) for name in names if name != model.name)

    def _draw_footer(self) -> None:
        here = Place.DETAILS if self.details_focused else Place.LIST
        rows = [a for a in ACTIONS if a.footer and a.place in (here, Place.EVERYWHERE)]
        rows.sort(key=lambda action: action.footer)
        line = footer_line(
            [self._footer_key(a) for a in rows if a.footer < ALWAYS],
            [self._footer_key(a) for a in rows if a.footer >= ALWAYS],
            self.size.width,
        )
        self.query_one("#footer", Lines).show([line])

    def _footer_key(self, action: Action) -> tuple[str, str, bool]:
        return self.tui.key_of(action), action.label, why_not(action, self.desk) is None

    def _prefer_visible(self) -> None:
        if self.tui.session is not None:
            self.tui.session.library.prefer(self.table.visible_rows())

    # ---- details of the model under the cursor

    @on(Table.Moved)
    async def _cursor_moved(self) -> None:
        self._wanted = None
        self._draw_details()
        self._draw_footer()
        self._prefer_visible()
        await asyncio.sleep(0)  # the regions ask to be painted now: one frame shows all of them

    @work(exclusive=True, group="details")
    async def _fetch_details(self, name: str) -> None:
        """Ask for the details of a model once the cursor rests on it."""
        await self.tui.clock.sleep(DETAILS_DELAY)
        model, session = self.current, self.tui.session
        if model is None or model.name != name or session is None:
            return
        try:
            await session.library.details(model)
        except OllamaError as error:
            self.details.say(model, error.title, error.hint)

    # ---- intent up

    def action_run(self, action_id: str) -> None:
        """Run an action, or say why it cannot act now."""
        action = BY_ID[action_id]
        reason = why_not(action, self.desk) or self.desk.still_at(action)
        if reason is not None:
            self.tui.tell(reason)
        else:
            self._run(action)

    @work(group="actions")
    async def _run(self, action: Action) -> None:
        try:
            await self.desk.run(action)
        except Unreachable as error:  # which names the server and nothing else
            title = f"{action.label.capitalize()} was not finished. {error.title}"
            self.tui.tell(title, error.hint, trouble=True)
        except OllamaError as error:
            self.tui.tell(error.title, error.hint, trouble=True)
        if action.changes_server:
            await self.tui.refresh_library()

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

    async def interface(self, wish: Wish) -> None:
        """Carry out what an action wants of the screen itself."""
        match wish:
            case Wish.OPEN_DETAILS:
                self._open_details()
            case Wish.CLOSE_DETAILS:
                self.set_class(False, "-details")
                self.table.focus()
            case Wish.NEXT_TAB | Wish.PREVIOUS_TAB:
                self.details.turn(1 if wish is Wish.NEXT_TAB else -1)
            case Wish.OPEN_FILTER:
                self.query_one(FilterBar).open(self.view.filter)
            case Wish.FULL_METADATA:
                await self._full_metadata()
            case Wish.JOBS | Wish.KEYS | Wish.STORAGE | Wish.RUNNING | Wish.CLOUD:
                await self.app.push_screen_wait(self._overlay(wish))
            case Wish.FIND:
                await self._find()
            case Wish.FIND_NEXT | Wish.FIND_PREVIOUS:
                self.details.find_again(backwards=wish is Wish.FIND_PREVIOUS)
            case _:
                await self.tui.interface(wish)

    def _overlay(self, wish: Wish) -> ModalScreen[None]:
        """Return the screen that a wish names, from a module loaded only now."""
        if wish is Wish.KEYS:
            from ollama_tui.screens.keys import KeysScreen

            return KeysScreen(ACTIONS, self.desk)
        if wish is Wish.STORAGE:
            from ollama_tui.screens.storage import StorageScreen

            return StorageScreen(self.desk, self)
        if wish is Wish.RUNNING:
            from ollama_tui.screens.running import RunningScreen

            return RunningScreen(self.desk)
        if wish is Wish.CLOUD:
            from ollama_tui.screens.cloud import CloudScreen

            return CloudScreen(self.desk)
        from ollama_tui.screens.jobs import JobsScreen

        assert self.tui.session is not None
        return JobsScreen(self.tui.session.jobs)

    def _open_details(self) -> None:
        self.set_class(True, "-details")
        self.details.focus_text()
        self._draw_details()
        if self.current is not None and self.snapshot.show(self.current) is None:
            self._fetch_details(self.current.name)

    async def _full_metadata(self) -> None:
        from ollama_tui.catalog.documents import whole_values

        model, session = self.current, self.tui.session
        if model is not None and session is not None:
            verbose = await session.ollama.show_verbose(model.name)
            self.details.show_arrays(model, whole_values(verbose))

    async def _find(self) -> None:
        from ollama_tui.dialogs.find import FindDialog

        text = await self.desk.ask(FindDialog(self.details.searched))
        if text and not self.details.find(text):
            self.tui.tell(f"“{text}” is not in this tab.")

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
        self._draw_details()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep what is submitted in the filter from going further."""
        event.stop()
