"""Show what would change, and ask whether to go on."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from ollama_tui.formatting import StyledLine
from ollama_tui.tui.widgets.text_view import TextView

STYLES = {"+": "good", "-": "bad", "@": "muted"}


class DifferenceDialog(ModalScreen[str | None]):
    """Two texts as one difference; answers with the key of what was chosen, or None."""

    BINDINGS = [Binding("n,escape", "dismiss(None)", "No")]

    def __init__(
        self, heading: str, before: str, after: str, *, notes: tuple[str, ...], ways: dict[str, str]
    ) -> None:
        super().__init__()
        self.heading = heading
        self.before, self.after = before, after
        self.notes = notes
        self.ways = ways

    def compose(self) -> ComposeResult:
        """Lay out difference, notes and keys."""
        keys = "   ".join(f"{key} {label}" for key, label in self.ways.items())
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
        """Take one of the ways."""
        if event.character == "e" or event.character in self.ways:
            event.stop()  # or the screen below would take the key too
            self.dismiss(event.character)


def difference(before: str, after: str) -> Iterator[StyledLine]:
    """Yield the lines of a unified difference, coloured; a word when there is none."""
    lines = list(unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2))[2:]
    for line in lines:
        yield ((line, STYLES.get(line[:1], "")),)
    if not lines:
        yield (("No difference.", "muted"),)
