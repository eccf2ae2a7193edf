"""All jobs: what runs, what waits, what came of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from ollama_tui.formatting import StyledLine, inert
from ollama_tui.services.jobs.job import Job
from ollama_tui.services.jobs.queue import JobQueue
from ollama_tui.tui.signs import Signs
from ollama_tui.tui.widgets.job_rows import LABEL, job_line, label_cells
from ollama_tui.tui.widgets.row_source import TableColumn
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import Table
from ollama_tui.tui.widgets.text_layout import plain

if TYPE_CHECKING:
    from ollama_tui.services.jobs.job import Conflict
    from ollama_tui.tui.app import OllamaTui

KEYS = (("c", "cancel"), ("r", "try again"), ("z", "undo"), ("x", "clear ended"))
"""Key and label."""


class JobRows:
    """The source of the job table: one wide column."""

    def __init__(self, signs: Signs) -> None:
        self.signs = signs
        self.width, self.label = 80, LABEL
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

    def gutter(self, row: Job) -> StyledLine:
        """Return no sign: the line has its own."""
        return ()


class JobsScreen(ModalScreen[None]):
    """A table of jobs; `c` cancels, `r` tries again, `z` undoes, `x` clears what has ended."""

    BINDINGS = [
        Binding("escape,q,J", "dismiss(None)", "Back"),
        Binding("c,d", "cancel", "Cancel"),
        Binding("r", "retry", "Try again"),
        Binding("z", "undo", "Undo"),
        Binding("x", "clear", "Clear"),
        Binding("question_mark", "help", "Keys"),
    ]

    def __init__(self, queue: JobQueue) -> None:
        super().__init__()
        self.queue = queue

    @property
    def tui(self) -> OllamaTui:
        """The app."""
        return cast("OllamaTui", self.app)

    def compose(self) -> ComposeResult:
        """Lay out the table and what there is to say of the current job."""
        with Vertical(classes="dialog wide tall"):
            yield Static("Jobs", classes="heading", markup=False)
            self.job_rows = JobRows(self.tui.signs)
            yield Table(self.job_rows, id="all-jobs")
            yield StaticLines(id="said")
            yield Static(
                "   ".join(f"{key} {label}" for key, label in (*KEYS, ("esc", "back"))),
                classes="keys",
                markup=False,
            )

    def on_mount(self) -> None:
        """Follow the app's jobs."""
        self.table.show_empty([(("Nothing to do. p pulls a model.", "muted"),)])
        self.table.focus()
        self.watch(self.app, "jobs", self._draw)
        if (job := looked_for(self.tui.jobs)) is not None:
            self.table.move_to(str(job.id))

    @property
    def table(self) -> Table[Any]:
        """The table."""
        return self.query_one("#all-jobs", Table)

    @property
    def job(self) -> Job | None:
        """The job under the cursor, as it stands now."""
        return cast("Job | None", self.table.row)

    def _draw(self, jobs: tuple[Job, ...]) -> None:
        if not (self.is_attached and self.query("#all-jobs")):
            return  # news that comes while the screen is being left
        self.job_rows.jobs = jobs
        self.table.show(jobs)
        self._say()

    def on_table_moved(self) -> None:
        """Say more of the job under the cursor."""
        self._say()

    def on_resize(self) -> None:
        """Wrap what is said anew."""
        self.call_after_refresh(self._say)

    def _say(self) -> None:
        place = self.query_one("#said", StaticLines)
        lines = [
            line for text in said_of(self.job) for line in wrap(inert(text), place.size.width or 80)
        ]
        place.show([plain(line) for line in lines])

    def action_help(self) -> None:
        """Show all keys that work here."""
        from ollama_tui.tui.screens.keys import PlaceKeys

        self.app.push_screen(PlaceKeys(KEYS))

    def action_cancel(self) -> None:
        """Stop the job: its connection is closed, so the server stops too."""
        self._act(self.queue.cancel, "It has ended already.")

    def action_retry(self) -> None:
        """Put the job back in; where that would replace a model unasked, ask."""
        job = self.job
        if job is not None and job.can_retry and job.error and job.error.conflict:
            self._ask_to_replace(job, job.error.conflict)
        else:
            self._act(self.queue.retry, "Only what failed or was cancelled can be tried again.")

    def _ask_to_replace(self, job: Job, there: Conflict) -> None:
        from ollama_tui.tui.dialogs.confirm import confirm_replace_found
        from ollama_tui.tui.dialogs.names import NewName, OtherNameDialog

        def renamed(target: NewName | None) -> None:
            if target is not None:
                self.queue.retry_as(job.id, target.name, target.replaces)

        def answered(yes: bool | None) -> None:
            if yes:
                self.queue.retry_as(job.id, job.name, there.digest)
            else:
                models = self.tui.snapshot.models
                self.app.push_screen(OtherNameDialog(job.name, models), renamed)

        self.app.push_screen(confirm_replace_found(there), answered)

    def action_undo(self) -> None:
        """Take a deletion back."""
        self._act(self.queue.undo, "Only a deletion that still waits can be undone.")

    def action_clear(self) -> None:
        """Forget the jobs that have ended."""
        self.queue.clear()

    def _act(self, act: Any, otherwise: str) -> None:
        if self.job is None:
            self.tui.tell("There are no jobs.")
        elif not act(self.job.id):
            self.tui.tell(otherwise)


def looked_for(jobs: Sequence[Job]) -> Job | None:
    """Return the job a person comes for: the first that is under way, else the newest."""
    return next((job for job in jobs if job.active), jobs[-1] if jobs else None)


def said_of(job: Job | None) -> tuple[str, str]:
    """Return two sentences on how a job went."""
    if job is None:
        return ("", "")
    if job.error is not None:
        return (job.error.title, job.error.hint)
    return (job.note, "")
