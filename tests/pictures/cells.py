"""What a screen shows, cell by cell: the character of each and how it looks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual._context import visible_screen_stack
from textual.app import App

TERMINAL = TerminalTheme(
    (16, 16, 16),
    (208, 208, 208),
    [
        (0, 0, 0), (205, 49, 49), (13, 188, 121), (229, 229, 16),
        (36, 114, 200), (188, 63, 188), (17, 168, 205), (229, 229, 229),
    ],
    [
        (102, 102, 102), (241, 76, 76), (35, 209, 139), (245, 245, 67),
        (59, 142, 234), (214, 112, 214), (41, 184, 219), (255, 255, 255),
    ],
)  # fmt: skip
"""A terminal's own colours, for what leaves the choice to it."""
DIM = 0.5
"""How much of a dim colour is left."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a cell looks; colours are `#rrggbb`, dim and reverse already in them."""

    foreground: str
    background: str
    bold: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; a wide character has the cell after it too, whose text is empty."""

    text: str
    look: Look


Row = tuple[Cell, ...]
Screen = tuple[Row, ...]


def blend(one: str, other: str, share: float) -> str:
    """Mix two colours; `share` is that of the first."""
    pairs = [(int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


def _hex(color: Color | None, *, foreground: bool) -> str:
    triplet = (color or Color.default()).get_truecolor(TERMINAL, foreground)
    return triplet.hex


@lru_cache(1024)
def look_of(style: Style | None) -> Look:
    """Return how text of a style looks."""
    style = style or Style()
    foreground = _hex(style.color, foreground=True)
    background = _hex(style.bgcolor, foreground=False)
    if style.reverse:
        foreground, background = background, foreground
    if style.dim:
        foreground = blend(foreground, background, DIM)
    flags = (style.bold, style.italic, style.underline, style.strike)
    return Look(foreground, background, *map(bool, flags))


def row_of(segments: Iterable[Segment]) -> Row:
    """Return the cells of a line; what takes no cell of its own goes with the cell before it."""
    cells: list[Cell] = []
    for segment in segments:
        look = look_of(segment.style)
        for character in segment.text:
            width = cell_len(character)
            if width:
                cells += [Cell(character, look), *[Cell("", look)] * (width - 1)]
            elif cells:
                at = next(i for i in reversed(range(len(cells))) if cells[i].text)
                cells[at] = Cell(cells[at].text + character, cells[at].look)
    return tuple(cells)


def screen_of(app: App[int]) -> Screen:
    """Return what an app shows, with what is to be seen behind a dialog."""
    token = visible_screen_stack.set(list(app._background_screens))
    try:
        strips = app.screen._compositor.render_strips()
    finally:
        visible_screen_stack.reset(token)
    return tuple(map(row_of, strips))


def text_of(row: Sequence[Cell]) -> str:
    """Return the characters of a row."""
    return "".join(cell.text for cell in row)
