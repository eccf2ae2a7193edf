"""The difference of two texts, and what to do with it."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from ollama_tui.domain.diff import difference
from ollama_tui.tui.widgets.keys_line import KeysLine, key_hints
from ollama_tui.tui.widgets.text_view import TextView


class DifferenceDialog(ModalScreen[str | None]):
    """The difference of two Modelfiles and what to do with it; dismisses with a key, or None."""

    BINDINGS = [Binding("n,escape", "dismiss(None)", "No")]

    def __init__(
        self,
        heading: str,
        before: str,
        after: str,
        *,
        notes: tuple[str, ...],
        answers: dict[str, str],
    ) -> None:
        super().__init__()
        self.heading = heading
        self.before, self.after = before, after
        self.notes = notes
        self.answers = answers

    def compose(self) -> ComposeResult:
        """Lay out difference, notes and keys."""
        difference_view = TextView(id="difference")
        difference_view.show(list(difference(self.before, self.after, "modelfile")))
        answers = [(key, label, "key") for key, label in self.answers.items()]
        with Vertical(classes="dialog wide tall"):
            yield Static(self.heading, classes="heading", markup=False)
            yield difference_view
            yield Static("\n".join(self.notes), classes="message -problem", markup=False)
            yield KeysLine([*answers, *key_hints("e edit again   n no   j k scroll")])

    def on_key(self, event: events.Key) -> None:
        """Dismiss with the key if it is one of the answers, or `e`, which edits again."""
        if event.character == "e" or event.character in self.answers:
            event.stop()  # otherwise the screen below handles the key too
            self.dismiss(event.character)
