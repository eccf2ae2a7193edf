"""The diff of frames: an app that writes only the cells that changed since the last frame.

Textual sends every dirty region whole; over a slow link that is most of the traffic. `DiffApp`
keeps what the terminal shows and sends the difference. It is also the last guard: a character that
`formatting.inert` would replace never gets past it, whoever drew it.

It reaches into Textual (`App._display`, the compositor's updates, the driver's writer thread),
which is why the minor version is pinned. Where there is no such writer (headless, inline, web), or
with `OLLAMA_TUI_FULL_FRAMES=1`, it steps aside and Textual draws as usual, without the guard.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from rich.color import ColorSystem
from rich.control import Control
from textual import events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.geometry import Offset, Region, Size
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

from ollama_tui.start.terminal import FULL_FRAMES
from ollama_tui.tui.rendering.compositor import SparseCompositor
from ollama_tui.tui.rendering.driver import TerminalDriver, Typed
from ollama_tui.tui.rendering.front_buffer import FrontBuffer, PlacedStrip
from ollama_tui.tui.rendering.terminfo import known_extras

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.dom import DOMNode
    from textual.driver import Driver

    from ollama_tui.tui.rendering.painted import Painted

ReturnType = TypeVar("ReturnType")

POLL_SECONDS = 0.1
SGR_LASTS = 1.0
"""Seconds from one frame to the next within which the SGR is taken to be what we set last.

Others may write to the terminal too, such as a job of the shell in the background.
"""
DRAWN_WITHIN = 0.1
"""Seconds after which a frame is drawn though more is about to change."""
SHORT_FRAME = 1000
"""Characters: below, a frame reaches the terminal in one piece, and it is shown as it comes.

What tells a terminal to show nothing before the end (mode 2026) costs 16 bytes.
"""

NOWHERE = Offset(0, 0)
"""Where Textual has the cursor while no text field has it."""


def strips_of(update: LayoutUpdate | ChopsUpdate) -> Iterator[PlacedStrip]:
    """Yield what a compositor's update would draw."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            x = update.region.x
            for part in line:
                yield y, x, part
                x += part.cell_length
        return
    for y, left, right in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x >= right or end <= left:
                continue
            yield y, x, strip if end <= right else strip.crop(0, right - x)


class DrawnInOneFrame(Widget):
    """A widget that `DiffApp.one_frame` draws together with others."""

    def check_idle(self) -> None:
        """Have Textual draw what was refreshed, unless `one_frame` does."""
        is_seen = self._running and self._repaint_required
        refreshed = getattr(self.app, "refreshed", None) if is_seen else None
        if refreshed is None:
            super().check_idle()
        else:
            refreshed.add(self)


class DiffApp(App[ReturnType]):
    """An app that writes only the cells that changed, and skips frames on a frozen link."""

    _front: FrontBuffer | None = None
    """None where we do not know what the terminal shows: everything is drawn again."""
    _front_of: tuple[object, Size] | None = None
    """The writer and the size that it is of: a new writer means that the app was suspended."""
    _drawn_at = 0.0
    """The time of the event loop when the last frame was drawn."""
    _skips_frames = False
    _drawing_later: Timer | None = None
    refreshed: set[Widget] | None = None
    """Widgets to be drawn at the end of `one_frame`; None outside of it."""
    _holds_frames = False
    """Whether nothing is drawn yet, because the terminal shows a list already."""
    _is_over = False
    plain_signs = False
    """Whether the terminal can show no signs but those of ASCII."""

    def get_driver_class(self) -> type[Driver]:
        """Return the driver for a terminal; tests run without one."""
        return TerminalDriver

    def _register(self, parent: DOMNode, *widgets: Widget, **options: Any) -> list[Widget]:
        for screen in widgets:
            if isinstance(screen, Screen):
                screen._compositor = SparseCompositor()
                screen._compositor.is_held = self._holds_frames
                screen._compositor.waits = self._waits_to_draw
        return super()._register(parent, *widgets, **options)

    @property
    def terminal_size(self) -> Size | None:
        """The size of the terminal now; None where Textual's word for it is as good."""
        driver = self._driver
        return driver.size_now if isinstance(driver, TerminalDriver) else None

    def on_resize(self, event: events.Resize) -> None:
        """Draw everything again: terminals reflow, clear or cut what they show when resized.

        The driver tells the size after a stop (ctrl+z) too, where Textual would draw nothing. Its
        signal handler reads the size, and may be interrupted by itself before it tells of it: then
        the older size comes last. So what counts is the size now; Textual's handler comes after
        this one.
        """
        if (size := self.terminal_size) is not None:
            event.size = event.virtual_size = event.container_size = size
        if self._front is not None:
            self._front = None
            self.screen.refresh()

    def bell(self) -> None:
        """Ring, unless the terminal takes nothing: the app would wait until it does."""
        if not self._is_stuck:
            super().bell()

    def copy_to_clipboard(self, text: str) -> None:
        """Send `text` to the terminal's clipboard, unless the terminal takes nothing."""
        if self._is_stuck:
            self._clipboard = text  # for fields of ours
        else:
            super().copy_to_clipboard(text)

    def _set_pointer_shape(self, shape: str) -> None:
        """Leave the mouse's pointer as it is: each dialog would send its shape."""

    async def wait_written(self) -> None:
        """Return once the terminal has taken all that was written, and takes more.

        To be awaited before another program is given the terminal, which blocks until then.
        """
        driver = self._driver
        # A terminal sends no event when it takes more.
        while isinstance(driver, TerminalDriver) and not driver.has_written_all:  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)

    def action_suspend_process(self) -> None:
        """Stop the process, as soon as the terminal can be given back to the shell."""
        if isinstance(self._driver, TerminalDriver) and not self._driver.has_written_all:
            self.run_worker(self._suspend_once_written(), group="suspend", exclusive=True)
        else:
            super().action_suspend_process()

    async def _suspend_once_written(self) -> None:
        await self.wait_written()
        super().action_suspend_process()

    def take_at_once(self, keys: Sequence[events.Key | events.Paste]) -> bool:
        """Take what was typed, and return True; False where messages to the app come before.

        While it is being mounted, the app has not said yet which keys have to wait.
        """
        if not self.is_running or not self._is_mounted or self.message_queue_size:
            return False
        with self._context():
            self.take_typed(keys)
        return True

    def on_typed(self, message: Typed) -> None:
        """Take what was typed."""
        self.take_typed(message.keys)

    def take_typed(self, keys: Sequence[events.Key | events.Paste]) -> None:
        """Handle keys that were read together, one after the other."""
        for key in keys:
            self.post_message(key)

    @contextmanager
    def one_frame(self) -> Iterator[None]:
        """Draw all that is refreshed meanwhile as one frame, at the end of the block.

        Textual has each widget wait until it is idle, tell the screen, and the screen wait as well.
        """
        self.refreshed = refreshed = set[Widget]()
        try:
            yield
        finally:
            self.refreshed = None
        screen = self.screen
        for widget in refreshed:
            if widget._layout_required or widget.screen is not screen:
                widget.check_idle()
            elif widget._repaint_required:
                widget._repaint_required = False
                screen._dirty_widgets.add(widget)
        if screen._dirty_widgets:
            with screen._context():
                screen._on_timer_update()

    @property
    def expects_changes(self) -> bool:
        """Whether more is about to change: what has changed already may be drawn with it."""
        return False

    def _waits_to_draw(self) -> bool:
        now = asyncio.get_running_loop().time()
        if not self.expects_changes or now - self._drawn_at > DRAWN_WITHIN:
            return False
        if self._drawing_later is None:
            self._drawing_later = self.set_timer(DRAWN_WITHIN, self.draw_delayed)
        return True

    def draw_delayed(self) -> None:
        """Draw what was left to be drawn later."""
        if self._drawing_later is not None:
            self._drawing_later.stop()
            self._drawing_later = None
        for screen in self.screen_stack:
            compositor = screen._compositor
            if isinstance(compositor, SparseCompositor) and compositor.has_changed:
                with screen._context():
                    screen._compositor_refresh()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        writer = self._frame_writer()
        update = renderable if isinstance(renderable, LayoutUpdate | ChopsUpdate) else None
        if (
            update is None
            or writer is None
            or self._batch_count
            or not self._running
            or self._closed
        ):
            if renderable is not None and not self._batch_count and self._front is not None:
                self._front = None  # somebody else draws, and takes the SGR for the default
                if self._driver is not None:
                    self._driver.write("\x1b[m")
            super()._display(screen, renderable)
        elif self._is_over:
            super()._display(screen, None)
        elif self._skips_frames or self._is_stuck:
            self._skip_frames()
            super()._display(screen, None)
        else:
            front = self._front
            if front is None or self._front_of != (writer, screen._compositor.size):
                front = self._front = self._new_front(writer, screen)
                if (painted := self._take_painted()) is not None:
                    front.hold(painted.rows)
                else:
                    update = screen._compositor.render_full_update()
            now = asyncio.get_running_loop().time()
            if now - self._drawn_at > SGR_LASTS:
                front.forget_sgr()
            self._drawn_at = now
            sequence = front.changes(strips_of(update))
            cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
            if sequence or cursor != self._previous_cursor_position:
                self._write(sequence, cursor)
            self.post_display_hook()

    def _new_front(self, writer: object, screen: Screen[Any]) -> FrontBuffer:
        """Return a buffer that knows nothing of what the terminal shows."""
        self._front_of = writer, screen._compositor.size
        colors = self.console._color_system or ColorSystem.TRUECOLOR
        extras = known_extras(os.environ.get("TERM", ""))
        return FrontBuffer(colors, self.plain_signs, extras)

    def _take_painted(self) -> Painted | None:
        """Return what was painted before the app was there, if the terminal still shows it."""
        driver = self._driver
        return driver.take_painted() if isinstance(driver, TerminalDriver) else None

    def _write(self, sequence: str, cursor: Offset) -> None:
        """Write a frame, and put the terminal's cursor where a text field has it.

        Input methods show there what they offer. Without a text field it may stay anywhere, as it
        is hidden: that spares every move in the list six bytes.
        """
        self._previous_cursor_position = cursor
        if cursor != NOWHERE:
            sequence += Control.move_to(*cursor).segment.text
        if (driver := self._driver) is None:
            return
        if len(sequence) < SHORT_FRAME:
            driver.write(sequence)
        else:
            self._begin_update()
            driver.write(sequence)
            self._end_update()
        driver.flush()

    def _frame_writer(self) -> Any:
        """Return the driver's writer thread, or None if Textual should draw by itself."""
        driver = self._driver
        if driver is None or driver.is_headless or driver.is_inline or driver.is_web:
            return None
        if os.environ.get(FULL_FRAMES) == "1":
            return None
        writer = getattr(driver, "_writer_thread", None)
        return writer if hasattr(getattr(writer, "_queue", None), "qsize") else None

    @property
    def _is_stuck(self) -> bool:
        """Whether the terminal does not take what we write."""
        return isinstance(self._driver, TerminalDriver) and self._driver.is_stuck

    def _skip_frames(self) -> None:
        """Draw nothing until the terminal has taken what is queued, then the newest frame."""
        if not self._skips_frames:
            self._skips_frames = True
            self.set_timer(POLL_SECONDS, self._try_again)

    def draw_first(self, *regions: Region) -> None:
        """Draw what until now was held back: sizes, and what fits them, have settled.

        Of `regions`, where some are given, only those: the caller has the rest drawn later.
        """
        self._holds_frames = False
        for screen in self.screen_stack:
            compositor = screen._compositor
            if isinstance(compositor, SparseCompositor):
                compositor.is_held = False
        screen = self.screen
        screen.refresh(*regions)
        with screen._context():
            screen._on_timer_update()  # not at the next tick of its timer, 16 ms later

    def stop_drawing(self) -> None:
        """Draw nothing any more: the terminal shows the last frame until it is given back."""
        self._is_over = True

    def _try_again(self) -> None:
        self._skips_frames = False
        if self._is_stuck:
            self._skip_frames()
        else:
            # What was queued is what the terminal shows, so the buffer is still right.
            self.screen.refresh()
