"""Styled text as one value for every widget that draws lines, and the smallest such widget.

Of a span, the text is literal and made inert, the style is one or more of the names in `STYLES`,
separated by spaces, or "" for plain. Each name is a component class `ink--NAME`, so a
sheet or a theme restyles it with `.ink--muted { … }` and NO_COLOR and 16 colours just work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.dom import DOMNode
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from ollama_tui.formatting import ELLIPSIS, Span, StyledLine, inert

Align = Literal["left", "right"]

STYLES = (
    "strong",  # what the eye looks for first
    "muted",  # what it may skip
    "accent",
    "good",
    "warning",
    "bad",
    "title",  # of a column or a section
    "key",  # something to press
    "cursor",
    "mark",
    "match",  # found by a search
    "match-now",  # the one being looked at
    "tab",
    "tab-now",
    "thumb",  # of a scroll bar
)


def plain(text: str, style: str = "") -> StyledLine:
    """Return a line of one span."""
    return ((text, style),)


def width_of(spans: Iterable[Span]) -> int:
    """Return the width in cells."""
    return sum(cell_len(inert(text)) for text, _ in spans)


def wrapped(line: StyledLine, width: int) -> list[StyledLine]:
    """Return a line of one style in as many rows as it takes, indented alike; others as one."""
    if len(line) != 1 or width_of(line) <= width:
        return [line]
    from ollama_tui.tui.widgets.wrap import row_end

    text, style = line[0]
    indent = text[: len(text) - len(text.lstrip())]
    rows: list[StyledLine] = []
    at = len(indent)
    while at < len(text):
        end = row_end(text, at, width - len(indent))
        rows.append(((indent + text[at:end].rstrip(), style),))
        at = end
    return rows or [line]


def fit(spans: Sequence[Span], width: int, align: Align = "left") -> StyledLine:
    """Return `spans` cut with an ellipsis or padded to exactly `width` cells, and inert."""
    safe = tuple((inert(text), style) for text, style in spans if text)
    spare = width - sum(cell_len(text) for text, _ in safe)
    if spare < 0:
        return _cut(safe, width)
    if not spare:
        return safe
    blank = (" " * spare, "")
    return (blank, *safe) if align == "right" else (*safe, blank)


def _cut(spans: StyledLine, width: int) -> StyledLine:
    kept: list[Span] = []
    left = width - cell_len(ELLIPSIS)
    for text, style in spans:
        if cell_len(text) > left:
            kept.append((set_cell_size(text, left) + ELLIPSIS, style))
            break
        kept.append((text, style))
        left -= cell_len(text)
    return tuple(kept) if width > 0 else ()


def spread(left: Sequence[Span], right: Sequence[Span], width: int) -> StyledLine:
    """Return a line of `width` cells with `left` at one end and `right` at the other.

    Where both do not fit, `right` stays whole as long as it takes less than half.
    """
    room = min(width_of(right), max(width // 2, width - width_of(left) - 1))
    if room <= 0:
        return fit(left, width)
    return (*fit(left, width - room), *fit(right, room, "right"))


class Inked(Widget):
    """A widget that turns spans into strips."""

    DEFAULT_CSS = """
    Inked {
        & > .ink--strong { text-style: bold; }
        & > .ink--muted { color: $text-muted; }
        & > .ink--accent { color: $text-accent; }
        & > .ink--good { color: $text-success; }
        & > .ink--warning { color: $text-warning; }
        & > .ink--bad { color: $text-error; }
        & > .ink--title { color: $text-muted; text-style: bold; }
        & > .ink--key { color: $text-accent; text-style: bold; }
        & > .ink--cursor {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground;
        }
        &:focus > .ink--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
        & > .ink--mark { color: $text-warning; text-style: bold; }
        & > .ink--match { color: $text-warning; text-style: bold underline; }
        & > .ink--match-now { background: $warning; color: $background; text-style: bold; }
        & > .ink--tab { color: $text-muted; }
        &:ansi > .ink--muted { text-style: dim; }
        &:ansi > .ink--tab { text-style: dim; }
        &:ansi > .ink--match-now { color: ansi_black; }
        & > .ink--tab-now { color: $text-accent; text-style: bold underline; }
        & > .ink--thumb { color: $scrollbar; }
    }
    """

    def ink(self, spans: Iterable[Span], base: str = "") -> Strip:
        """Return the spans as a strip; `base` names the style that lies under all of them.

        Raises:
            KeyError: a style name is not in `STYLES`.
        """
        return Strip(Segment(text, self._style(f"{base} {style}")) for text, style in spans)

    def notify_style_update(self) -> None:
        """Forget the styles made so far: the sheets say otherwise, or the focus does."""
        super().notify_style_update()
        self._inks: dict[tuple[str, bool, str], Style] = {}

    def _style(self, names: str) -> Style:
        looks = (names, self.has_focus, self.app.theme)
        if (style := self._inks.get(looks)) is None:
            for name in names.split():
                self._look_up(name)
            classes = (f"ink--{name}" for name in names.split())
            style = self._inks[looks] = self.get_visual_style(*classes).rich_style
        return style

    def _look_up(self, name: str) -> None:
        """Ask the sheets what a style looks like here.

        Textual would ask for every component class of every widget at each pass over the styles,
        which is a third of the time to the first frame; a widget paints with a few of them.
        """
        if name not in STYLES:
            raise KeyError(name)
        node = DOMNode(classes=f"ink--{name}")
        node._attach(self)
        self.app.stylesheet.apply(node, animate=False)
        self._component_styles[f"ink--{name}"] = node.styles


class Lines(Inked):
    """Lines of fixed content: `show` repaints only those that differ."""

    DEFAULT_CSS = """
    Lines { width: 1fr; height: auto; }
    """

    def __init__(self, lines: Sequence[StyledLine] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines = tuple(lines)

    @property
    def lines(self) -> tuple[StyledLine, ...]:
        """What is shown now."""
        return self._lines

    def show(self, lines: Sequence[StyledLine]) -> None:
        """Show these lines instead, each cut to the width of the widget."""
        old, self._lines = self._lines, tuple(lines)
        if len(old) != len(self._lines):
            self.refresh(layout=True)
            return
        width = self.size.width
        for y, (before, after) in enumerate(zip(old, self._lines, strict=True)):
            if before != after:
                self.refresh(Region(0, y, width, 1))

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        width = self.size.width
        return self.ink(fit(self._lines[y] if y < len(self._lines) else (), width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines there are."""
        return len(self._lines)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Return the width of the longest line, in cells."""
        return max(map(width_of, self._lines), default=0)
