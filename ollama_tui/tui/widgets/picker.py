"""One of a few words on a line: tabs that take the focus and the arrow keys."""

from __future__ import annotations

from textual.binding import Binding

from ollama_tui.tui.widgets.tab_bar import TabBar


class Picker(TabBar, can_focus=True):
    """A tab bar that is moved through by itself."""

    BINDINGS = [
        Binding("left,h", "previous", "Previous", show=False),
        Binding("right,l,space", "next", "Next", show=False),
    ]
    DEFAULT_CSS = """
    Picker:focus > .ink--tab-now {
        background: $block-cursor-background;
        color: $block-cursor-foreground;
    }
    """

    def on_focus(self) -> None:
        """Show that the arrow keys act here."""
        self.refresh()

    def on_blur(self) -> None:
        """Show that they no longer do."""
        self.refresh()

    def action_next(self) -> None:
        """Go to the next word."""
        self.next()

    def action_previous(self) -> None:
        """Go to the word before."""
        self.previous()
