"""Ask whether a form goes on with what was typed at another time."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from ollama_tui.config.drafts import DraftFile, shown_path
from ollama_tui.formatting import inert

SHOWN = 8
"""Lines of the draft that are shown."""
KEYS = "y continue   n start anew   d delete it and start anew   esc back"


class ContinueQuestion(ModalScreen[str | None]):
    """Answers `y` to go on with the draft, `n` to leave it, `d` to delete it.

    None when the form is not to be opened at all.
    """

    BINDINGS = [
        Binding("y", "dismiss('y')", "Continue"),
        Binding("n", "dismiss('n')", "Start anew"),
        Binding("d", "dismiss('d')", "Delete"),
        Binding("escape", "dismiss(None)", "Back"),
    ]

    def __init__(self, draft: DraftFile, about: str) -> None:
        super().__init__()
        self.draft = draft
        self.about = about

    def compose(self) -> ComposeResult:
        """Lay out question, draft and keys."""
        draft = self.draft
        lines = [line for line in draft.text.splitlines() if line and not line.startswith("#")]
        shown = "\n".join(inert(line) for line in lines[:SHOWN])
        written = f"{self.about}, typed on {draft.at:%Y-%m-%d at %H:%M}"
        with Vertical(classes="dialog"):
            heading = f"Continue the draft of {draft.at:%H:%M}?"
            yield Static(heading, classes="heading", markup=False)
            with VerticalScroll(classes="facts"):
                where = f"\n{shown_path(draft.path)}" if draft.path else ""
                yield Static(f"{written}{where}\n", markup=False)
                more = "\n…" if len(lines) > SHOWN else ""
                yield Static(f"{shown}{more}", classes="label", markup=False)
            yield Static(KEYS, classes="keys", markup=False)
