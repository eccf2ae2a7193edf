"""A pane: what it holds, in a border with a title where the screen has room for one."""

from __future__ import annotations

from textual.cache import LRUCache
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip

from ollama_tui.formatting import inert
from ollama_tui.tui.rendering.diff import DrawnInOneFrame

BORDERS_KEPT = 128
"""Parts of a border that are kept as they were drawn."""
BORDERS_FROM = (100, 16)
"""Columns and rows of a screen from which its panes have borders."""


def has_borders(size: Size) -> bool:
    """Whether the panes of a screen of this size have borders."""
    return size.width >= BORDERS_FROM[0] and size.height >= BORDERS_FROM[1]


class Pane(DrawnInOneFrame, Vertical):
    """A region with a title; the one with the focus is told by its border and its title.

    Its screen has the class `-bordered` while there is room for borders.
    """

    DEFAULT_CSS = """
    Pane { width: 1fr; height: 1fr; }
    """

    def notify_style_update(self) -> None:
        """Forget how the border was drawn: its colors changed, or the focus."""
        super().notify_style_update()
        self._borders: LRUCache[object, list[Strip]] = LRUCache(BORDERS_KEPT)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the border and the ground that the rest lies on, drawn once for each title."""
        key = (crop, self.outer_size, self._border_title, self._border_subtitle)
        if (strips := self._borders.get(key)) is None:
            strips = self._borders[key] = super().render_lines(crop)
        return strips

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
