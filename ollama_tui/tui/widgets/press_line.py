"""Something to press, one line high."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from ollama_tui.tui.widgets.lines import Inked, fit, plain, width_of


class PressLine(Inked, can_focus=True):
    """A label; `enter` or `space` presses it."""

    BINDINGS = [Binding("enter,space", "press", "Press", show=False)]
    DEFAULT_CSS = """
    PressLine { width: auto; height: 1; }
    """

    @dataclass
    class Pressed(Message):
        """The line was pressed."""

        line: PressLine

        @property
        def control(self) -> PressLine:
            """The line."""
            return self.line

    def __init__(self, label: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._spans = plain(f" {label} ")

    def render_line(self, y: int) -> Strip:
        """Paint the label."""
        return self.ink(fit(self._spans, self.size.width), "cursor")

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Return the width of the label, in cells."""
        return width_of(self._spans)

    def on_focus(self) -> None:
        """Show that it can be pressed now."""
        self.refresh()

    def on_blur(self) -> None:
        """Show that it waits."""
        self.refresh()

    def action_press(self) -> None:
        """Tell that it was pressed."""
        self.post_message(self.Pressed(self))
