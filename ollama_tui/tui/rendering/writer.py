"""Frames: write only the cells that changed since the last frame.

Textual sends every dirty region whole; over a slow link that is most of the traffic. `DiffFrames`
keeps what the terminal shows and sends the difference. It is also the last guard: a character that
`text.inert` would replace never gets past it, whoever drew it.

It reaches into Textual (`App._display`, the compositor's updates, the driver's writer thread),
which is why the minor version is pinned. Where there is no such writer (headless, inline, web), or
with `OLLAMA_TUI_FULL_FRAMES=1`, it steps aside and Textual draws as usual, without the guard.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App

from ollama_tui.tui.rendering.diff import Front, Piece
from ollama_tui.tui.rendering.driver import TerminalDriver

if TYPE_CHECKING:
    from queue import Queue

    from rich.console import Console, RenderableType
    from textual.driver import Driver
    from textual.screen import Screen

ReturnType = TypeVar("ReturnType")

FULL_FRAMES = "OLLAMA_TUI_FULL_FRAMES"
QUEUE_LIMIT = 6
"""Writes waiting for the terminal above which frames are skipped (Textual blocks at 30)."""
POLL_SECONDS = 0.1


def pieces_of(update: object) -> Iterator[Piece] | None:
    """Return what a compositor's update would draw, or None if it is not one we know."""
    if isinstance(update, LayoutUpdate):
        return _layout_pieces(update)
    if isinstance(update, ChopsUpdate):
        return _chop_pieces(update)
    return None


def _layout_pieces(update: LayoutUpdate) -> Iterator[Piece]:
    for y, line in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in line:
            yield y, x, strip
            x += strip.cell_length


def _chop_pieces(update: ChopsUpdate) -> Iterator[Piece]:
    for y, left, right in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x >= right or end <= left:
                continue
            yield y, x, strip if end <= right else strip.crop(0, right - x)


class Drawn(CompositorUpdate):
    """An update that is bytes already."""

    def __init__(self, sequence: str) -> None:
        self.sequence = sequence

    def render_segments(self, console: Console) -> str:
        """Return the bytes."""
        return self.sequence


class DiffFrames(App[ReturnType]):
    """An app that writes only the cells that changed, and skips frames on a frozen link."""

    _front: Front | None = None
    _front_writer: object = None
    _holding = False

    def get_driver_class(self) -> type[Driver]:
        """Return the driver for a terminal; tests run without one."""
        return TerminalDriver

    def redraw(self) -> None:
        """Draw everything anew, for when another program wrote to the terminal."""
        self._front = None
        self.screen.refresh()

    def on_resize(self) -> None:
        """Draw anew: terminals reflow, clear or cut what they show when resized.

        The driver tells the size after a stop (ctrl+z) too, where Textual would draw nothing.
        """
        if self._front is not None:
            self.redraw()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        writer = self._frame_writer()
        pieces = None if writer is None else pieces_of(renderable)
        if pieces is None or self._batch_count or not self._running or self._closed:
            if renderable is not None and not self._batch_count:
                self._front = None  # somebody else draws
            super()._display(screen, renderable)
        elif self._holding or _is_stuck(writer):
            self._hold()
            super()._display(screen, None)
        else:
            sequence = self._front_of(writer).changes(pieces)
            drawn = Drawn(sequence) if sequence or self._cursor_moved() else None
            super()._display(screen, drawn)  # type: ignore[arg-type]  # as Textual's own updates

    def _frame_writer(self) -> Any:
        """Return the driver's writer thread, or None if Textual should draw by itself."""
        driver = self._driver
        if driver is None or driver.is_headless or driver.is_inline or driver.is_web:
            return None
        if os.environ.get(FULL_FRAMES) == "1":
            return None
        writer = getattr(driver, "_writer_thread", None)
        return writer if hasattr(getattr(writer, "_queue", None), "qsize") else None

    def _front_of(self, writer: object) -> Front:
        """Return what this writer's terminal shows; a new writer means the app was suspended."""
        if self._front is None or self._front_writer is not writer:
            colors = self.console._color_system or ColorSystem.TRUECOLOR
            self._front, self._front_writer = Front(colors), writer
        return self._front

    def _cursor_moved(self) -> bool:
        place = self.screen.outer_size.clamp_offset(self.cursor_position)
        return place != self._previous_cursor_position

    def _hold(self) -> None:
        """Skip frames until the terminal has taken what is queued, then draw the newest."""
        if not self._holding:
            self._holding = True
            self.set_timer(POLL_SECONDS, self._look_again)

    def _look_again(self) -> None:
        self._holding = False
        if _is_stuck(self._frame_writer()):
            self._hold()
        else:
            # What was queued is what the terminal shows, so the buffer still tells the truth.
            self.screen.refresh()


def _is_stuck(writer: Any) -> bool:
    """Whether the terminal does not take what we write (or nobody writes any more)."""
    if writer is None:
        return False
    queue: Queue[str | None] = writer._queue
    return queue.qsize() >= QUEUE_LIMIT or not writer.is_alive()
