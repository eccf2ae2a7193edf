"""The size of the terminal now counts, not the one that was read when a signal came."""

from __future__ import annotations

from textual import events
from textual.geometry import Size
from textual.widgets import Static

from ollama_tui.tui.rendering.diff import DiffApp

BEFORE, NOW, STALE = Size(80, 24), Size(100, 30), Size(120, 40)


class OneLine(DiffApp[None]):
    """Draws one line, on a terminal of a known size."""

    @property
    def terminal_size(self) -> Size:
        return NOW

    def compose(self) -> list[Static]:
        return [Static("one line")]


async def test_a_size_that_is_told_too_late_is_not_taken() -> None:
    async with OneLine().run_test(size=(BEFORE.width, BEFORE.height)) as pilot:
        for size in (NOW, STALE):
            pilot.app.post_message(events.Resize(size, size))
        await pilot.pause()
        assert pilot.app.size == NOW
