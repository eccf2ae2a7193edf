"""Everything a frame may hold: wide and combining text, an input, a dialog, a scrolling pane."""

from __future__ import annotations

import sys

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import DataTable, Input, Static

from ollama_tui.tui.look import ThemedApp
from ollama_tui.tui.rendering.diff import DiffApp

WORDS = (
    "plain",
    "漢字かな交じり",
    "e\u0301te\u0301 a\u0300",
    "mixed 漢 e\u0301 😀 end",
    "─│┐▸●",
    "한국어",
)


class Ask(ModalScreen[None]):
    """A dialog over the screen."""

    BINDINGS = [("escape", "dismiss", "Close")]
    CSS = "Ask { align: center middle; } #ask { width: 31; height: 5; border: round $primary; }"

    def compose(self) -> ComposeResult:
        yield Static("Really 漢字 delete e\u0301te\u0301?", id="ask", markup=False)


class PlainMixedApp(ThemedApp[None]):
    """Drawn by Textual."""

    CSS = """
    #pane { width: 1fr; } DataTable { width: 1fr; } Horizontal { height: 1fr; }
    .odd { background: $primary; text-style: bold italic; } .even { text-style: underline dim; }
    #pane:focus { border: round $accent; } #pane { border: round $surface; }
    """
    BINDINGS = [
        Binding("f2", "ask", "Ask", priority=True),
        Binding("f3", "flip", "Flip", priority=True),
        Binding("f4", "leave", "Leave", priority=True),
        Binding("f5", "theme", "Theme", priority=True),
    ]

    def compose(self) -> ComposeResult:
        yield Static("head 漢字 title", id="head", markup=False)
        with Horizontal():
            yield DataTable(cursor_type="row")
            with VerticalScroll(id="pane"):
                for number in range(60):
                    kind = "odd" if number % 3 else "even"
                    text = f"{number} {WORDS[number % len(WORDS)]} {WORDS[(number * 5) % 6]}"
                    yield Static(text, classes=kind, markup=False)
        yield Input(placeholder="filter")

    def on_mount(self) -> None:
        self.animation_level = "none"
        self.query_one(Input).cursor_blink = False
        table = self.query_one(DataTable)
        table.add_columns("one", "two", "three")
        for number in range(80):
            table.add_row(str(number), WORDS[number % 6], WORDS[number % 4])

    def action_ask(self) -> None:
        self.push_screen(Ask())

    def action_flip(self) -> None:
        head = self.query_one("#head", Static)
        head.update("漢head 字e\u0301 title" if str(head.content).startswith("head") else "head")

    def action_theme(self) -> None:
        self.theme = "textual-light" if self.theme != "textual-light" else "ansi-dark"

    def action_leave(self) -> None:
        with self.suspend():
            print("\x1b[2J\x1b[Hanother program was here")


class MixedApp(DiffApp[None], PlainMixedApp):
    """Drawn by us."""


if __name__ == "__main__":
    (PlainMixedApp if "plain" in sys.argv else MixedApp)().run(mouse=False)
