"""Two texts or two models side by side, to read."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from ollama_tui.domain.diff import Side, difference, report
from ollama_tui.tui.widgets.text_view import TextView


class DifferenceDialog(ModalScreen[str | None]):
    """The difference of two texts, and what to do; returns the key chosen, or None."""

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
        keys = "   ".join(f"{key} {label}" for key, label in self.answers.items())
        with Vertical(classes="dialog wide tall"):
            yield Static(self.heading, classes="heading", markup=False)
            yield TextView(id="difference")
            yield Static("\n".join(self.notes), classes="message -problem", markup=False)
            yield Static(f"{keys}   e edit again   n no   j k scroll", classes="keys", markup=False)

    def on_mount(self) -> None:
        """Show the difference."""
        view = self.query_one(TextView)
        view.show(list(difference(self.before, self.after)))
        view.focus()

    def on_key(self, event: events.Key) -> None:
        """Answer with the key, if it is one of the answers."""
        if event.character == "e" or event.character in self.answers:
            event.stop()  # or the screen below would take the key too
            self.dismiss(event.character)


class CompareScreen(ModalScreen[None]):
    """Two models, one text; `s` swaps them, `esc` goes back."""

    BINDINGS = [
        Binding("escape,q,equals_sign", "dismiss(None)", "Back"),
        Binding("s", "swap", "Swap"),
    ]

    def __init__(self, a: Side, b: Side) -> None:
        super().__init__()
        self.a, self.b = a, b

    def compose(self) -> ComposeResult:
        """Lay out heading, text and keys."""
        with Vertical(classes="dialog wide tall"):
            yield Static("Compare", classes="heading", markup=False)
            yield TextView(id="comparison")
            yield Static("j k scroll   s swap   esc back", classes="keys", markup=False)

    def on_mount(self) -> None:
        """Show the comparison."""
        text = self.query_one(TextView)
        text.show(report(self.a, self.b))
        text.focus()

    def action_swap(self) -> None:
        """Compare the other way round."""
        self.a, self.b = self.b, self.a
        self.query_one(TextView).show(report(self.a, self.b))
