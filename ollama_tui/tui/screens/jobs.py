"""All jobs: what runs, what waits, what came of the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from textual import work
from textual.app import ComposeResult

from ollama_tui.formatting import StyledLine, inert, plural, rate, short_ago, size
from ollama_tui.services.jobs.job import Job, State, totals
from ollama_tui.tui.actions.action import Action, Place
from ollama_tui.tui.actions.jobs import ORDERS
from ollama_tui.tui.look import Signs
from ollama_tui.tui.screens.action_screen import bindings
from ollama_tui.tui.screens.filtered_screen import FilteredScreen
from ollama_tui.tui.widgets.filter_bar import FilterBar, KeyHints
from ollama_tui.tui.widgets.job_rows import (
    JobLayout,
    job_line,
    job_sign,
    layout_for,
    strip_lines,
    total_line,
)
from ollama_tui.tui.widgets.row_source import GAP, MARGIN, RowSource, TableColumn
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import Table
from ollama_tui.tui.widgets.text_layout import plain

if TYPE_CHECKING:
    from ollama_tui.tui.screens.main_context import MainScreenContext

AGE_EVERY = 20.0
"""Seconds between two looks at the clock while nothing else is new."""
WHEN_CELLS = 12
"""Cells of when a job started or ended."""
WITH_WORDS, WITH_WHEN = 150, 76
"""Cells of the table from which that has words, and from which it is there at all."""
WORDS_CELLS = 22
_STATES = (
    State.WAITING, State.RUNNING, State.PAUSED, State.QUEUED, State.FAILED, State.CANCELLED,
    State.DONE,
)  # fmt: skip
SORT_KEYS: dict[str, Callable[[Job], Any]] = {
    "state": lambda job: _STATES.index(job.state),
    "left": lambda job: job.progress.eta or float("inf"),
    "name": lambda job: job.name.lower(),
}
"""What the orders sort by; those asked for as they come need nothing."""
FILTER_KEYS: KeyHints = (("⏎ ↓", "to the jobs", True), ("esc", "all jobs", True))
FILTER_EXAMPLES = "words of the name, the verb or the state: pull qwen failed"


def when(job: Job, now: float, *, words: bool) -> str:
    """Return when a job started, or how long ago it ended, at `now` of the queue's clock."""
    if job.ended is not None:
        verb = {State.DONE: "finished", State.PAUSED: "paused"}.get(job.state, "ended")
        ago = short_ago(now - job.ended)
    elif job.started is not None:
        verb, ago = "started", short_ago(now - job.started)
    else:
        return ""
    return f"{verb} {ago}" if words else ago


def _when_cells(width: int) -> int:
    """Return the cells of when a job was, in a table of this width; 0 where it has none."""
    if width < WITH_WHEN:
        return 0
    return WORDS_CELLS if width >= WITH_WORDS else WHEN_CELLS


class JobRows(RowSource[Job]):
    """The source of the job table: one column of bar and figures, and when that was."""

    def __init__(self, signs: Signs, now: Callable[[], float]) -> None:
        self.signs = signs
        self.now = now
        self.jobs: tuple[Job, ...] = ()
        self.layout = self.layout_in(80)
        self.words = False

    def key(self, row: Job) -> str:
        """Return the job's number."""
        return str(row.id)

    def layout_in(self, width: int) -> JobLayout:
        """Return the layout of the lines in a table whose columns have `width` cells."""
        age = _when_cells(width)
        return layout_for(self.jobs, width - age - GAP if age else width, sign=False)

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the column of the lines, and that of the age where there is room."""
        self.words = width >= WITH_WORDS
        self.layout = self.layout_in(width)
        columns = [TableColumn(self.layout.titles, self.layout.width, flexible=True)]
        if age := _when_cells(width):
            columns.append(TableColumn("WHEN", age, "right", id="when"))
        return columns

    def cells(self, row: Job, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return the job in one line, and when it started or ended."""
        line = job_line(row, self.signs, self.layout, hint=False)
        return [line, ((when(row, self.now(), words=self.words), "muted"),)][: len(columns)]

    def gutter(self, row: Job) -> StyledLine:
        """Return the sign of what it does."""
        return (job_sign(row, self.signs),)


def is_match(job: Job, words: Sequence[str]) -> bool:
    """Whether a job has all of `words`, in lower case, in its verb, name or state."""
    text = f"{job.label} {job.state_word}".lower()
    return all(word in text for word in words)


class JobsScreen(FilteredScreen):
    """All jobs with what they come to, and what there is to say of the one under the cursor."""

    DEFAULT_CSS = """
    JobsScreen #total { height: 1; display: none; }
    """
    BINDINGS = bindings(Place.JOBS)
    place = Place.JOBS
    title_text = "Jobs"
    filter_keys = FILTER_KEYS

    def __init__(self, context: MainScreenContext) -> None:
        super().__init__(context)
        self.order = "asked"
        """Key of the order of the rows."""
        self._filter = ""

    def regions(self) -> ComposeResult:
        """Lay out the sum, the table and what there is to say of the current job."""
        self.job_rows = JobRows(self.tui.signs, self.tui.clock.seconds)
        yield StaticLines(id="total")
        yield Table(self.job_rows, id="all-jobs")
        yield FilterBar(examples=FILTER_EXAMPLES, id="filter")
        yield StaticLines(id="said")

    def on_mount(self) -> None:
        """Follow the app's jobs, and the time they took."""
        self.watch(self.app, "jobs", self.draw)
        self.draw()
        jobs = self.tui.jobs
        if jobs:  # what a person comes for: the first that is under way, else the newest
            job = next((job for job in jobs if job.active), jobs[-1])
            self.table.move_to(str(job.id))
        self._grow_older()

    @work(exclusive=True, group="age")
    async def _grow_older(self) -> None:
        while True:
            await self.tui.clock.sleep(AGE_EVERY)
            if self.tui.jobs:
                self.draw_again()

    def draw_again(self) -> None:
        """Draw the same jobs anew: they are older, or in another order."""
        self._drawn = None
        self.draw()

    def draw_now(self) -> None:
        """Show the jobs as they are, and what those that the filter leaves come to."""
        self.job_rows.jobs = self.tui.jobs  # all of them: columns stay where they are
        words = self.filter.lower().split()
        jobs = [job for job in self.tui.jobs if is_match(job, words)]
        self.query_one(FilterBar).show_problems(())
        empty: StyledLine = (("  No jobs. p in the list pulls a model.", "muted"),)
        if self.tui.jobs:
            empty = (("  No matches: ", ""), ("esc", "key"), (" shows all jobs.", ""))
        self.table.show_empty([(), empty])
        if self.order in SORT_KEYS:
            jobs.sort(key=SORT_KEYS[self.order])
        self.show_rows(jobs)
        self.show_heading(self._heading(jobs))
        total = self.query_one("#total", StaticLines)
        sums = totals(jobs)
        total.display = sums.running + sums.queued > 1 and self.size.height >= 16
        if total.display:
            # Not the table's own: after a resize, it has the new one only once it is drawn.
            layout = replace(self.job_rows.layout_in(self.room - 1 - MARGIN), sign=MARGIN)
            total.show([total_line(jobs, self.tui.signs, layout)])
        if not words and self.context.services is not None:
            self.call_later(self.context.services.queue.mark_seen)

    def _heading(self, jobs: Sequence[Job]) -> str:
        """Return how many of all jobs there are, their rate together, and what is left."""
        sums, every = totals(jobs), plural(len(self.tui.jobs), "job")
        shown = every if len(jobs) == len(self.tui.jobs) else f"{len(jobs):,} of {every}"
        facts = [shown] if self.tui.jobs else []
        facts += [rate(sums.rate)] if sums.rate > 0 else []
        facts += [f"{size(sums.left)} left"] if sums.left else []
        dot, room = f" {self.tui.signs.dot} ", self.size.width - len(self.title_text) - 3
        while len(dot.join(facts)) > room and len(facts) > 1:
            facts.pop()
        return dot.join(facts)

    def draw_for_row(self) -> None:
        """Say more of the job under the cursor."""
        super().draw_for_row()
        job: Job | None = self.table.row
        texts = [job.note] if job else []
        if job and job.error:
            texts = [job.error.title, job.error.hint]
        width = max(self.size.width - 2, 20)
        lines = [line for text in texts for line in wrap(inert(text), width)]
        self.query_one("#said", StaticLines).show([plain(f" {line}") for line in lines])

    def show_lines(self, region: str, lines: Sequence[StyledLine]) -> None:
        """Show a strip below the table; of the jobs that stand in it, what can be undone."""
        if region == "jobs":
            undoable = tuple(job for job in self.tui.jobs if job.can_undo)
            lines = strip_lines(undoable, self.tui.signs, self.size.width)
        super().show_lines(region, lines)

    async def action_choose_order(self) -> None:
        """Ask for the order, and keep it while this screen is open."""
        from ollama_tui.tui.dialogs.choice import Alternative, Choice

        options = tuple(Alternative(key, label.capitalize()) for key, (label, _) in ORDERS.items())
        chosen = await self.context.ask(Choice("Order of the jobs", options, current=self.order))
        if chosen is not None:
            self.action_sort_by(chosen)

    def action_sort_by(self, order: str) -> None:
        """Show the jobs in an order."""
        self.order = order
        self.draw_again()

    def label_of(self, action: Action) -> str:
        """Return what the footer says an action does to the job under the cursor."""
        if action.id != "jobs.pause":
            return super().label_of(action)
        job: Job | None = self.table.row
        return "resume" if job is not None and job.state is State.PAUSED else "pause"

    @property
    def filter(self) -> str:
        """What the rows are filtered by."""
        return self._filter

    def filter_by(self, text: str) -> None:
        """Show the jobs that have all words of a text."""
        self._filter = text
        self.draw_again()
