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
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
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
from ollama_tui.tui.rendering.sgr import TAIL, FrameWriter, strip_cells

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.dom import DOMNode
    from textual.driver import Driver

ReturnType = TypeVar("ReturnType")

FULL_FRAMES = "OLLAMA_TUI_FULL_FRAMES"
POLL_SECONDS = 0.1
CLOSE_GAP = 6
"""Cells: rewriting fewer unchanged cells than this is cheaper than moving the cursor past them."""
FEW_RUNS = 40
"""Up to so many, two orders of writing them are tried."""

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
CellRun = tuple[int, int, list[str], list[str], int]
"""Cells to write: row, column, characters, SGR codes, and the column their strip begins in."""


@dataclass(slots=True)
class BufferRow:
    """What one line of the terminal shows; None is a cell we know nothing of."""

    chars: list[str | None] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    strips: dict[int, Strip] = field(default_factory=dict)
    """What was stored last and is still shown whole, by the column it begins in."""

    def changed(self, x: int, chars: list[str], codes: list[str]) -> Iterable[tuple[int, int]]:
        """Return the runs, as offsets from `x`, in which these cells differ from what is shown."""
        end = x + len(chars)
        if (missing := end - len(self.chars)) > 0:
            self.chars += [None] * missing
            self.codes += [""] * missing
        old_chars, old_codes = self.chars[x:end], self.codes[x:end]
        if old_chars == chars and old_codes == codes:
            return ()
        cells = enumerate(zip(old_chars, chars, old_codes, codes, strict=True))
        differing = (index for index, (old, new, was, sgr) in cells if old != new or was != sgr)
        return _runs(differing, chars, codes)

    def store(self, x: int, chars: list[str], codes: list[str], strip: Strip) -> None:
        """Remember that these cells are shown now."""
        end = x + len(chars)
        first, last = x, end
        if x and self.chars[x] == TAIL:  # half of a wide character is overwritten
            first = x - 1
            self.chars[first] = None
        if end < len(self.chars) and self.chars[end] == TAIL:
            self.chars[end] = None
            last = end + 1
        self.chars[x:end] = chars
        self.codes[x:end] = codes
        for start, other in list(self.strips.items()):
            if start < last and first < start + other.cell_length:
                del self.strips[start]
        self.strips[x] = strip


def _runs(
    differing: Iterable[int], chars: list[str], codes: list[str]
) -> Iterator[tuple[int, int]]:
    """Join cells into runs, closing small gaps and never splitting a wide character."""
    start = end = -1
    for index in differing:
        first = index - 1 if chars[index] == TAIL else index
        if start < 0:
            start = first
        else:
            # A gap is closed if writing it over changes the SGR no more than jumping it.
            gap = set(codes[end:first])
            if first - end >= CLOSE_GAP or not (gap <= {codes[end - 1]} or gap <= {codes[first]}):
                yield start, end
                start = first
        end = index + 1
        if end < len(chars) and chars[end] == TAIL:
            end += 1
    if start >= 0:
        yield start, end


class FrontBuffer:
    """What the terminal shows, as far as we wrote it."""

    def __init__(self, colors: ColorSystem, plain: bool = False) -> None:
        self._colors = colors
        self._plain = plain
        """Whether the terminal has no signs but those of ASCII."""
        self._rows: dict[int, BufferRow] = {}

    def changes(self, strips: Iterable[PlacedStrip]) -> str:
        """Return the bytes that make the terminal show `strips`, and remember them as shown."""
        runs = [run for strip in strips for run in self._changed(*strip)]
        written = _written(runs)
        if len(runs) > FEW_RUNS:
            return written
        # Row by row keeps moves short, region by region keeps the SGR: the shorter is sent.
        return min(written, _written(_by_region(runs)), key=len)

    def _changed(self, y: int, x: int, strip: Strip) -> Iterator[CellRun]:
        row = self._rows.get(y)
        if row is None:
            row = self._rows[y] = BufferRow()
        if row.strips.get(x) is strip:
            return
        chars, codes = strip_cells(strip, self._colors)
        if not chars:
            return
        if self._plain:
            chars = [PLAIN.get(char, char) for char in chars]
        for start, end in row.changed(x, chars, codes):
            yield y, x + start, chars[start:end], codes[start:end], x
        row.store(x, chars, codes, strip)


def _written(runs: Iterable[CellRun]) -> str:
    writer = FrameWriter()
    for y, x, chars, codes, _ in runs:
        writer.write(y, x, chars, codes)
    return writer.finish()


def _by_region(runs: list[CellRun]) -> list[CellRun]:
    """Return runs region by region: strips of one begin in one column.

    Within a row the order stays, as strips may overlap; where it could not, it is left alone.
    """
    reached: dict[int, int] = {}
    for y, _, _, _, column in runs:
        if column < reached.get(y, 0):
            return runs
        reached[y] = column
    return sorted(runs, key=itemgetter(4))


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
    _front_writer: object = None
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
            # A new writer means that the app was suspended.
            if self._front is None or self._front_writer is not writer:
                colors = self.console._color_system or ColorSystem.TRUECOLOR
                self._front = FrontBuffer(colors, self.plain_signs)
                self._front_writer = writer
            sequence = self._front.changes(strips_of(update))
            cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
            if sequence or cursor != self._previous_cursor_position:
                self._write(sequence, cursor)
            self.post_display_hook()

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
        self._begin_update()
        try:
            driver.write(sequence)
        finally:
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
