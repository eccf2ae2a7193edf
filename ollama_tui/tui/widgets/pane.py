"""A pane: what it holds, in a border with a title where the screen has room for one."""

from __future__ import annotations

from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region, Size

from ollama_tui.formatting import inert

BORDERS_FROM = (100, 16)
"""Columns and rows of a screen from which its panes have borders."""


def has_borders(size: Size) -> bool:
    """Whether the panes of a screen of this size have borders."""
    return size.width >= BORDERS_FROM[0] and size.height >= BORDERS_FROM[1]


class Pane(Vertical):
    """A region with a title; the one with the focus is told by its border and its title.

    Its screen has the class `-bordered` while there is room for borders.
    """

    DEFAULT_CSS = """
    Pane { width: 1fr; height: 1fr; }
    """

    def entitle(self, title: str, below: str = "") -> None:
        """Set the text on the upper and the lower border; only the border that changes is drawn.

        Textual's own setters draw the whole pane again, with all that it holds.
        """
        width, height = self.size
        blank = "" if self.styles.border_right[0] else " "  # Textual leaves it out with the corner
        for name, text, y in (("title", title, -1), ("subtitle", below, height)):
            content = Content(inert(text) + blank) if text else None
            if getattr(self, f"_border_{name}") != content:
                setattr(self, f"_border_{name}", content)
                self.refresh(Region(0, y, width, 1))
