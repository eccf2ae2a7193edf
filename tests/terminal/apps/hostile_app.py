"""Text that tries to act on the terminal, put into widgets that would let it."""

from __future__ import annotations

import sys

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from ollama_tui.tui.look import ThemedApp
from ollama_tui.tui.rendering.diff import DiffApp

HOSTILE = (
    "osc \x1b]52;c;aGFja2Vk\x07 end",
    "clear \x1b[2J end",
    "c1 \x9b2J \x9d52;c;aGk=\x9c end",
    "bidi \u202eevil\u202c end",
    "zero a\u200bb\u200dc\ufeff end",
    "tag \U000e0041 nul \x00 del \x7f end",
    "family \U0001f468\u200d\U0001f469\u200d\U0001f467 heart ❤\ufe0f end",
)


class PlainHostileApp(ThemedApp[None]):
    """Drawn by Textual."""

    def compose(self) -> ComposeResult:
        for number, text in enumerate(HOSTILE):
            yield Static(Content(f"{number} {text}"))
        yield Static("ready")


class HostileApp(DiffApp[None], PlainHostileApp):
    """Drawn by us."""


if __name__ == "__main__":
    (PlainHostileApp if "plain" in sys.argv else HostileApp)().run(mouse=False)
