"""All jobs: what runs, what waits, what came of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from textual.app import ComposeResult

from ollama_tui.formatting import StyledLine, inert, plural
from ollama_tui.services.jobs.job import Job
from ollama_tui.tui.actions.action import Place
from ollama_tui.tui.look import Signs
from ollama_tui.tui.screens.action_screen import TableScreen, bindings
from ollama_tui.tui.widgets.job_rows import LABEL_CELLS, job_line, label_cells
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import RowSource, Table, TableColumn
from ollama_tui.tui.widgets.text_layout import plain


class JobRows(RowSource[Job]):
    """The source of the job table: one wide column."""

    def __init__(self, signs: Signs) -> None:
        self.signs = signs
        self.width, self.label = 80, LABEL_CELLS
        self.jobs: tuple[Job, ...] = ()

    def key(self, row: Job) -> str:
        """Return the job's number."""
        return str(row.id)

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the one column."""
        self.width, self.label = width, label_cells(self.jobs, width)
        return [TableColumn("", width, flexible=True)]

    def cells(self, row: Job, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return the job in one line."""
        return [job_line(row, self.signs, self.width, label=self.label, hint=False)]


class JobsScreen(TableScreen):
    """All jobs, and what came of the one under the cursor."""

    BINDINGS = bindings(Place.JOBS)
    place = Place.JOBS
    title_text = "Jobs"

    def regions(self) -> ComposeResult:
        """Lay out the table and what there is to say of the current job."""
        self.job_rows = JobRows(self.tui.signs)
        yield Table(self.job_rows, id="all-jobs")
        yield StaticLines(id="said")

    def on_mount(self) -> None:
        """Follow the app's jobs."""
        self.table.show_empty([(), (("  Nothing to do. p pulls a model.", "muted"),)])
        self.watch(self.app, "jobs", self.draw)
        self.draw()
        jobs = self.tui.jobs
        if jobs:  # what a person comes for: the first that is under way, else the newest
            job = next((job for job in jobs if job.active), jobs[-1])
            self.table.move_to(str(job.id))

    def draw_now(self) -> None:
        """Show the jobs as they are."""
        jobs = self.job_rows.jobs = self.tui.jobs
        self.show_rows(jobs)
        self.show_heading(plural(len(jobs), "job") if jobs else "")

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
