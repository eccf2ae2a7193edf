"""What the tests of widgets share: an app of one widget, and its screen as text."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.message import Message
from textual.widget import Widget

from ollama_tui.tui.look import UNICODE_SIGNS, ThemedApp
from ollama_tui.tui.rendering.diff import DiffApp


class OneWidget(DiffApp[None], ThemedApp[None]):
    """An app that shows one widget and keeps the messages it posts."""

    signs = UNICODE_SIGNS

    def __init__(self, *widgets: Widget) -> None:
        super().__init__()
        self.shown = widgets
        self.heard: list[Message] = []

    def compose(self) -> ComposeResult:
        yield from self.shown

    def on_mount(self) -> None:
        self.animation_level = "none"


def screen_lines(app: App[None]) -> list[str]:
    """Return the lines of the screen without trailing blanks."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]
