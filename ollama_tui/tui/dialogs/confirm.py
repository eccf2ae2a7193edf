"""Yes-or-no questions, and the question whether a model may be replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from ollama_tui.formatting import inert, size

if TYPE_CHECKING:
    from ollama_tui.domain.model import Model
    from ollama_tui.services.jobs.job import Conflict

NO_UNDO = "This cannot be undone: z only undoes deletions."


class Confirm(ModalScreen[bool]):
    """A yes-or-no question: `y` is yes, `n` and `esc` are no, `enter` does nothing.

    `v` shows `requests`, the requests that yes would send to the server.
    """

    BINDINGS = [
        Binding("y", "dismiss(True)", "Yes"),
        Binding("n,escape", "dismiss(False)", "No"),
        Binding("v", "show_requests", "Requests"),
        Binding("j", "scroll_facts(1)", show=False),
        Binding("k", "scroll_facts(-1)", show=False),
    ]

    def __init__(
        self,
        heading: str,
        lines: tuple[str, ...] = (),
        yes: str = "yes",
        no: str = "no",
        *,
        requests: str = "",
    ) -> None:
        super().__init__()
        self.heading = heading
        self.lines = lines
        self.yes = yes
        self.no = no
        self.requests = requests
        self._shows_requests = False

    def compose(self) -> ComposeResult:
        """Lay out question, facts and keys."""
        with Vertical(classes="dialog"):
            yield Static(self.heading, classes="heading", markup=False)
            with VerticalScroll(classes="facts"):
                yield Static("\n".join(self.lines), markup=False)
            keys = f"y {self.yes}   n {self.no}" + ("   v requests" if self.requests else "")
            yield Static(keys, classes="keys", markup=False)

    def action_show_requests(self) -> None:
        """Show the requests above the facts, or hide them again."""
        if self.requests:
            self._shows_requests = not self._shows_requests
            lines = (self.requests, "", *self.lines) if self._shows_requests else self.lines
            self.query_one(".facts Static", Static).update("\n".join(lines))

    def action_scroll_facts(self, lines: int) -> None:
        """Scroll the facts; the arrow keys do it too."""
        self.query_one(".facts").scroll_relative(y=lines, animate=False)


def confirm_replace(model: Model) -> Confirm:
    """Return the question whether an installed model may be replaced."""
    lines = (f"{size(model.size)}. {NO_UNDO}",)
    return Confirm(f"Replace {model.label}, which already exists?", lines, "replace")


def confirm_replace_found(found: Conflict) -> Confirm:
    """Return the question whether to replace a model that appeared after its name was chosen."""
    heading = f"{inert(found.name)} {found.words}. Replace it?"
    return Confirm(heading, (NO_UNDO,), "replace", "another name")
