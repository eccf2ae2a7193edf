"""Show what two models have in common and where they differ."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from ollama_tui.domain.diff import Side, report
from ollama_tui.tui.widgets.text_view import TextView


class CompareScreen(ModalScreen[None]):
    """Two models, one text; `s` turns them around, `esc` goes back."""

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
        self.text.show(report(self.a, self.b))
        self.text.focus()

    @property
    def text(self) -> TextView:
        """The comparison."""
        return self.query_one(TextView)

    def action_swap(self) -> None:
        """Look from the other side."""
        self.a, self.b = self.b, self.a
        self.text.show(report(self.a, self.b))
