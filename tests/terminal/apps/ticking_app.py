"""An app that redraws its whole screen fifty times a second and tells a file that it still runs."""

from __future__ import annotations

import sys
from pathlib import Path

from textual.app import ComposeResult
from textual.widgets import Static

from ollama_tui.tui.look import ThemedApp
from ollama_tui.tui.rendering.diff import DiffApp


class TickingApp(DiffApp[None], ThemedApp[None]):
    """Counts."""

    count = 0

    def compose(self) -> ComposeResult:
        yield Static(id="all")

    def on_mount(self) -> None:
        self.set_interval(0.02, self.tick)

    def tick(self) -> None:
        self.count += 1
        width, height = self.size
        line = f"tick {self.count} " * width
        self.query_one(Static).update("\n".join(line[y:][:width] for y in range(height)))
        Path(sys.argv[1]).write_text(str(self.count))


if __name__ == "__main__":
    TickingApp().run(mouse=False)
