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
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from rich.color import ColorSystem
from rich.control import Control
from textual import events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.geometry import Offset, Size
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from ollama_tui.tui.rendering.compositor import SparseCompositor
from ollama_tui.tui.rendering.driver import TerminalDriver
from ollama_tui.tui.rendering.pieces import Cells, changed_pieces
from ollama_tui.tui.rendering.scrolling import Span, find_shift
from ollama_tui.tui.rendering.sgr import TAIL, blank_codes, strip_cells
from ollama_tui.tui.rendering.terminfo import NO_EXTRAS, Extras, known_extras
from ollama_tui.tui.rendering.writer import shortest

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.dom import DOMNode
    from textual.driver import Driver

ReturnType = TypeVar("ReturnType")

FULL_FRAMES = "OLLAMA_TUI_FULL_FRAMES"
POLL_SECONDS = 0.1
SCROLL_FROM = 400
"""Characters of a frame from which on it is tried whether scrolling makes it shorter."""
SHORT_FRAME = 1000
"""Characters: below, a frame reaches the terminal in one piece, and it is shown as it comes.

What tells a terminal to show nothing before the end (mode 2026) costs 16 bytes.
"""

PLAIN = dict(
    zip(
        "─│╭╮╰╯┌┐└┘├┤┬┴┼━┃┏┓┗┛═║╔╗╚╝▁▂▃▄▅▆▇▔▏▕▊▎▌…–—·×•›‹“”‘’⏎↵↑↓←→⇧≠≥≤✓▸▐█░☁●○",
        "-|+++++++++++++=|++++=|++++____###-|||||~---x*><\"\"''<<^v<>^#><+>|#.~*o",
        strict=True,
    )
)
"""What is written in place of signs of ours, and of Textual's borders, that ASCII lacks."""

NOWHERE = Offset(0, 0)
"""Where Textual has the cursor while no text field has it."""

PlacedStrip = tuple[int, int, Strip]
"""A strip and where it goes: row, column, strip."""


@dataclass(slots=True)
class BufferRow:
    """What one line of the terminal shows; None is a cell we know nothing of."""

    chars: list[str | None] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    strips: dict[int, Strip] = field(default_factory=dict)
    """What was stored last and is still shown whole, by the column it begins in."""

    def reach(self, end: int) -> None:
        """Have cells up to column `end`."""
        if (missing := end - len(self.chars)) > 0:
            self.chars += [None] * missing
            self.codes += [""] * missing

    def shows(self, x: int, chars: list[str], codes: list[str]) -> bool:
        """Whether these cells are shown already."""
        end = x + len(chars)
        return self.chars[x:end] == chars and self.codes[x:end] == codes

    def store(self, x: int, chars: list[str], codes: list[str], strip: Strip) -> None:
        """Remember that these cells are to be shown, and blank the other half of what they cut.

        What terminals show of a wide character when half of it is written over is left to them.
        """
        end = x + len(chars)
        first, last = x, end
        if x and self.chars[x] == TAIL:
            first = x - 1
        if end < len(self.chars) and self.chars[end] == TAIL:
            last = end + 1
        self.chars[first:last] = [" "] * (x - first) + chars + [" "] * (last - end)
        halves = [blank_codes(code) for code in self.codes[first:x] + self.codes[end:last]]
        self.codes[first:last] = halves[: x - first] + codes + halves[x - first :]
        for start, other in list(self.strips.items()):
            if start < last and first < start + other.cell_length:
                del self.strips[start]
        self.strips[x] = strip


class FrontBuffer:
    """What the terminal shows, as far as we wrote it."""

    def __init__(
        self, colors: ColorSystem, plain: bool = False, extras: Extras = NO_EXTRAS
    ) -> None:
        self._colors = colors
        self._plain = plain
        """Whether the terminal has no signs but those of ASCII."""
        self._extras = extras
        self._rows: dict[int, BufferRow] = {}

    def changes(self, strips: Iterable[PlacedStrip]) -> str:
        """Return the bytes that make the terminal show `strips`, and remember them as shown."""
        before, changed = self._store(strips)
        if not before:
            return ""
        rows = {y: (row.chars, row.codes) for y, row in self._rows.items()}
        width = max(len(chars) for chars, _ in rows.values())
        sequence = self._sequence(before, rows, width)
        if len(sequence) < SCROLL_FROM or not self._extras.scrolls:
            return sequence
        shift = find_shift(changed, before, rows, width)
        if shift is None:
            return sequence
        scrolled = before | shift.applied(rows | before, width)
        instead = shift.sequence + self._sequence(scrolled, rows, width)
        return min(sequence, instead, key=lambda each: len(each.encode()))

    def _sequence(self, before: Mapping[int, Cells], rows: Mapping[int, Cells], width: int) -> str:
        """Return what takes the terminal from what some rows showed before to what they are."""
        pieces = [
            piece
            for y in sorted(before)
            for piece in changed_pieces(y, before[y], rows[y], self._extras)
        ]
        return shortest(pieces, rows, width)

    def _store(self, strips: Iterable[PlacedStrip]) -> tuple[dict[int, Cells], list[Span]]:
        """Remember `strips` as shown; return what the changed rows showed before, and where."""
        before: dict[int, Cells] = {}
        changed: list[Span] = []
        for y, x, strip in strips:
            row = self._rows.get(y)
            if row is None:
                row = self._rows[y] = BufferRow()
            if row.strips.get(x) is strip:
                continue
            chars, codes = strip_cells(strip, self._colors)
            if not chars:
                continue
            if self._plain:
                chars = [PLAIN.get(char, char) for char in chars]
            row.reach(end := x + len(chars))
            if not row.shows(x, chars, codes):
                changed.append((y, x, end))
                if y not in before:
                    before[y] = row.chars.copy(), row.codes.copy()
            row.store(x, chars, codes, strip)
        return before, changed


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
    _skips_frames = False
    refreshed: set[Widget] | None = None
    """Widgets to be drawn at the end of `one_frame`; None outside of it."""
    plain_signs = False
    """Whether the terminal can show no signs but those of ASCII."""

    def get_driver_class(self) -> type[Driver]:
        """Return the driver for a terminal; tests run without one."""
        return TerminalDriver

    def _register(self, parent: DOMNode, *widgets: Widget, **options: Any) -> list[Widget]:
        for screen in widgets:
            if isinstance(screen, Screen):
                screen._compositor = SparseCompositor()
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
        if not self._is_stuck:
            super()._set_pointer_shape(shape)

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
            if renderable is not None and not self._batch_count:
                self._front = None  # somebody else draws
            super()._display(screen, renderable)
        elif self._skips_frames or self._is_stuck:
            self._skip_frames()
            super()._display(screen, None)
        else:
            front = self._front
            if front is None or self._front_of != (writer, screen._compositor.size):
                front = self._front = self._new_front(writer, screen)
                update = screen._compositor.render_full_update()
            sequence = front.changes(strips_of(update))
            cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
            if sequence or cursor != self._previous_cursor_position:
                self._write(sequence, cursor)
            self.post_display_hook()

    def _new_front(self, writer: object, screen: Screen[Any]) -> FrontBuffer:
        """Return a buffer that knows nothing of what the terminal shows."""
        self._front_of = writer, screen._compositor.size
        colors = self.console._color_system or ColorSystem.TRUECOLOR
        return FrontBuffer(colors, self.plain_signs, known_extras(os.environ.get("TERM", "")))

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

    def _try_again(self) -> None:
        self._skips_frames = False
        if self._is_stuck:
            self._skip_frames()
        else:
            # What was queued is what the terminal shows, so the buffer is still right.
            self.screen.refresh()
