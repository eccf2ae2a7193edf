"""The barest Textual list there can be: what any program on Textual pays.

With `--url` it fetches its rows with httpx; with `--pulls N` it also reads N pull streams and draws
their progress four times a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator
from typing import Any

from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

DRAW_EVERY = 0.25


def made_up(count: int) -> Iterator[str]:
    """Yield rows of six columns."""
    for number in range(count):
        name = f"model-{number:05d}:8b"
        yield f"  {name:<40}{'4.7 GB':>10}  {'8B':>6}  {'Q4_K_M':<8}{'2 weeks ago':<14}"


class Rows(ScrollView, can_focus=True):
    """Lines with a cursor; a move refreshes two of them."""

    BINDINGS = [Binding("down", "move(1)"), Binding("up", "move(-1)"), Binding("pagedown", "page")]

    def __init__(self, rows: list[str]) -> None:
        super().__init__()
        self.rows = rows
        self.cursor = 0

    def fill(self, rows: list[str]) -> None:
        """Show these rows."""
        self.rows = rows
        self.virtual_size = Size(self.size.width, len(rows))
        self.refresh()

    def on_mount(self) -> None:
        """Tell how much there is to scroll."""
        self.virtual_size = Size(self.size.width, len(self.rows))

    def render_line(self, y: int) -> Strip:
        """Paint one row."""
        index = y + self.scroll_offset.y
        if index >= len(self.rows):
            return Strip.blank(self.size.width)
        sign = "▸" if index == self.cursor else " "
        line = Strip([Segment(sign + self.rows[index])])
        return line.adjust_cell_length(self.size.width)

    def action_page(self) -> None:
        """Go down by a page."""
        self.action_move(self.size.height)

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        was = self.cursor
        self.cursor = max(0, min(len(self.rows) - 1, was + step))
        top = self.scroll_offset.y
        if not top <= self.cursor < top + self.size.height:
            self.scroll_to(y=self.cursor - self.size.height // 2, animate=False)
        self.refresh(*(Region(0, at - top, self.size.width, 1) for at in (was, self.cursor)))


class Filter(Input):
    """What the rows shown have in them."""

    DEFAULT_CSS = "Filter, Filter:focus { dock: bottom; height: 1; border: none; display: none; }"


class Progress(Widget):
    """One line per pull."""

    DEFAULT_CSS = "Progress { dock: bottom; height: auto; }"

    def __init__(self, count: int) -> None:
        super().__init__()
        self.lines = [""] * count

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines there are."""
        return len(self.lines)

    def show(self, number: int, line: str) -> None:
        """Refresh a line that reads differently."""
        if self.lines[number] != line:
            self.lines[number] = line
            self.refresh(Region(0, number, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """Paint a line."""
        return Strip([Segment(self.lines[y])]).adjust_cell_length(self.size.width)


class Lines(App[None]):
    """The list, and the progress below it."""

    BINDINGS = [Binding("slash", "filter(True)"), Binding("escape", "filter(False)")]

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__()
        self.options = options
        self.every = list(made_up(0 if options.url else options.rows))
        self.rows = Rows(self.every)
        self.progress = Progress(options.pulls)
        self.events: list[dict[str, Any]] = [{} for _ in range(options.pulls)]

    def compose(self) -> ComposeResult:
        """Lay out the list, the filter and the progress."""
        yield self.rows
        field = Filter()
        field.cursor_blink = False
        yield field
        yield self.progress

    def action_filter(self, is_wanted: bool) -> None:
        """Type a filter, or show all rows."""
        field = self.query_one(Filter)
        field.value = ""
        field.display = is_wanted
        (field if is_wanted else self.rows).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show the rows with the text in them."""
        self.rows.fill([row for row in self.every if event.value in row])

    async def on_mount(self) -> None:
        """Fetch what there is to fetch."""
        self.rows.focus()
        if self.options.url:
            self.run_worker(self.fetch())
        if self.options.pulls:
            self.set_interval(DRAW_EVERY, self.draw)

    async def fetch(self) -> None:
        """Get the list, then read the streams."""
        import httpx

        async with httpx.AsyncClient(base_url=self.options.url, timeout=None) as client:
            models = (await client.get("/api/tags")).json()["models"]
            self.every = [f"  {m['name']:<40}{m['size']:>14}" for m in models]
            self.rows.fill(self.every)
            await asyncio.gather(*(self.pull(client, n) for n in range(self.options.pulls)))

    async def pull(self, client: Any, number: int) -> None:
        """Keep the newest event of one stream."""
        body = {"model": f"pulled-{number}:8b"}
        async with client.stream("POST", "/api/pull", json=body) as response:
            async for line in response.aiter_lines():
                self.events[number] = json.loads(line)

    def draw(self) -> None:
        """Say how far each pull is."""
        for number, event in enumerate(self.events):
            if event:
                share = event["completed"] / event["total"]
                bar = "█" * int(share * 40)
                self.progress.show(number, f" pulled-{number}:8b {bar:<40} {share:7.3%}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=30)
    parser.add_argument("--url", default="")
    parser.add_argument("--pulls", type=int, default=0)
    Lines(parser.parse_args()).run(mouse=False)
