"""The bases of the widgets that draw styled lines: one that draws, one that scrolls; fixed lines.

A span's style is one or more of the names in `text_styles.STYLES`, separated by spaces, or "" for
plain. Their colors are variables of the theme, so NO_COLOR and 16 colors just work.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial

from rich.segment import Segment
from rich.style import Style
from textual.actions import parse
from textual.binding import Binding
from textual.cache import LRUCache
from textual.color import Color
from textual.geometry import Region, Size
from textual.strip import Strip

from ollama_tui.formatting import Span, StyledLine
from ollama_tui.tui.look import UNICODE_SIGNS, Signs
from ollama_tui.tui.rendering.diff import DrawnInOneFrame
from ollama_tui.tui.text_styles import ANSI, FOCUSED, LIGHT, styled
from ollama_tui.tui.widgets.text_layout import fit, width_of

BAR_STYLES = frozenset({"bar", "track", "heat-1", "heat-2", "heat-3", "heat-4"})
"""What keeps its colour on the cursor's row, where text does not."""


STRIPS_KEPT = 512
"""Lines that each widget keeps as they were drawn."""
MOVEMENTS = ("move", "move_to_end", "page")
"""The actions of the movement keys."""


class StyledWidget(DrawnInOneFrame):
    """A widget that draws styled lines."""

    room = Size(0, 0)
    """What lines are drawn for: `size`, which is looked up in the layout once for all of them."""

    @property
    def signs(self) -> Signs:
        """The signs that the terminal can show."""
        return getattr(self.app, "signs", UNICODE_SIGNS)

    @property
    def is_active(self) -> bool:
        """Whether the keys go to it, so that its cursor is that of the focus."""
        return self.has_focus

    def to_strip(self, spans: Iterable[Span], base: str = "") -> Strip:
        """Return the spans as a strip; `base` names the style that lies under all of them.

        The same line is the same strip again: who draws it sees at once that it is shown already.

        Raises:
            KeyError: a style name is not in `text_styles.STYLES`.
        """
        is_active = self.is_active
        key = (tuple(spans), base, is_active)
        if (strip := self._strips.get(key)) is None:
            styles = ((text, self._style(base, style, is_active)) for text, style in key[0])
            strip = self._strips[key] = Strip(Segment(text, style) for text, style in styles)
        return strip

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines as they are drawn.

        Textual adds borders, padding, tint and opacity line by line, which takes longer than
        drawing does. No widget of ours has the last two, and those without the others need none.
        """
        self.room = size = self.size
        if self.styles.gutter:
            return super().render_lines(crop)
        strips = [self.render_line(y) for y in crop.line_range]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, self._ground) for strip in strips]
        if crop.column_span == (0, size.width):
            return strips
        return [strip.crop(*crop.column_span) for strip in strips]

    def notify_style_update(self) -> None:
        """Forget the styles resolved so far: the sheets, the theme or the focus changed."""
        super().notify_style_update()
        self._resolved: dict[tuple[str, str, bool], Style] = {}
        self._strips: LRUCache[tuple[StyledLine, str, bool], Strip] = LRUCache(STRIPS_KEPT)
        vars(self).pop("_ground", None)

    @cached_property
    def _ground(self) -> Color:
        """The color behind what is drawn."""
        return self.background_colors[1]

    def _style(self, base: str, names: str, is_active: bool) -> Style:
        """Return the style of these names under the current theme."""
        key = (base, names, is_active)
        if (style := self._resolved.get(key)) is None:
            app = self.app
            differing = (
                FOCUSED if is_active else {},
                {} if app.current_theme.dark else LIGHT,
                ANSI if app.native_ansi_color else {},
            )
            style = self._resolved[key] = styled(
                self.visual_style, f"{base} {names}", app.theme_variables, differing
            ).rich_style
        return style


class StaticLines(StyledWidget):
    """Fixed lines, like Textual's `Static`; `show` repaints only the lines that differ."""

    DEFAULT_CSS = """
    StaticLines { width: 1fr; height: auto; }
    """

    def __init__(self, lines: Sequence[StyledLine] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines = tuple(lines)
        """What is shown now; set it with `show`."""

    def show(self, lines: Sequence[StyledLine]) -> None:
        """Show these lines instead, each cut to the width of the widget."""
        old, self.lines = self.lines, tuple(lines)
        if len(old) != len(self.lines):
            self.refresh(layout=True)
            return
        for y, (before, after) in enumerate(zip(old, self.lines, strict=True)):
            if before != after:
                self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        return self.to_strip(fit(self.lines[y] if y < len(self.lines) else (), self.room.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines there are."""
        return len(self.lines)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Return the width of the longest line, in cells."""
        return max(map(width_of, self.lines), default=0)


class WrappedLines(StyledWidget):
    """Lines that depend on the width, as high as they are many."""

    DEFAULT_CSS = """
    WrappedLines { width: 1fr; height: auto; }
    """

    @abstractmethod
    def lines_in(self, width: int) -> Sequence[StyledLine]:
        """Return the lines for `width` cells."""

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines there are in `width` cells."""
        return len(self.lines_in(width))

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        lines = self.lines_in(self.room.width)
        return self.to_strip(fit(lines[y] if y < len(lines) else (), self.room.width))


class ScrollingWidget(StyledWidget):
    """A list or a text that the movement keys move, with a scroll bar of one column."""

    BINDINGS = [
        Binding("down,j", "move(1)", "Down", id="move.down", show=False),
        Binding("up,k", "move(-1)", "Up", id="move.up", show=False),
        Binding("home,g", "move_to_end(False)", "First", id="move.first", show=False),
        Binding("end,G", "move_to_end(True)", "Last", id="move.last", show=False),
        Binding("pagedown", "page(1)", "Page down", id="move.page-down", show=False),
        Binding("pageup", "page(-1)", "Page up", id="move.page-up", show=False),
        Binding("ctrl+d", "page(0.5)", "Half page down", id="move.half-down", show=False),
        Binding("ctrl+u", "page(-0.5)", "Half page up", id="move.half-up", show=False),
    ]

    @property
    def header(self) -> int:
        """How many lines at the top do not scroll."""
        return 0

    @property
    def page(self) -> int:
        """How many lines fit below the header."""
        return max(1, self.size.height - self.header)

    def movement(self, key: str) -> Callable[[], None] | None:
        """Return what a movement key does; None for any other key."""
        for binding in self._bindings.key_to_bindings.get(key, ())[:1]:
            _, name, parameters = parse(binding.action)
            if name in MOVEMENTS:
                return partial(getattr(self, f"action_{name}"), *parameters)
        return None

    @abstractmethod
    def action_move(self, step: int, scroll: bool = False) -> None:
        """Move by `step` lines; with `scroll` what is in view moves along."""

    @abstractmethod
    def action_move_to_end(self, last: bool) -> None:
        """Go to the first or the last line."""

    def action_page(self, pages: float) -> None:
        """Move what is in view by so many pages, at least by a line."""
        lines = max(1, int(self.page * abs(pages)))
        self.action_move(lines if pages > 0 else -lines, scroll=True)

    def scroll_bar(self, y: int, top: int, total: int, page: int) -> Span:
        """Return the scroll bar's cell on line `y` of `page` that show `total` from `top` on."""
        is_thumb = False
        if total > page:
            length = max(1, page * page // total)
            start = round(top * (page - length) / (total - page))
            is_thumb = start <= y < start + length
        return (self.signs.thumb if is_thumb else " ", "thumb")
