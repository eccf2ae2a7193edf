"""A pane: what it holds, in a border with a title where the screen has room for one."""

from __future__ import annotations

from textual.containers import Vertical
from textual.content import Content

from ollama_tui.formatting import inert

BORDERS_FROM = (100, 16)
"""Columns and rows of a screen from which its panes have borders."""


class Pane(Vertical):
    """A region with a title; the one with the focus is told by its border and its title.

    Its screen has the class `-bordered` while there is room for borders.
    """

    DEFAULT_CSS = """
    Pane { width: 1fr; height: 1fr; }
    """

    def entitle(self, title: str, below: str = "") -> None:
        """Set the text on the upper and the lower border; the same again draws nothing."""
        for name, text in (("border_title", title), ("border_subtitle", below)):
            content = Content(inert(text)) if text else ""
            if str(getattr(self, name) or "") != str(content):
                setattr(self, name, content)
