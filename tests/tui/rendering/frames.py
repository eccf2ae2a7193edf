"""Frames made at random, and the plain way of drawing them: every cell, from the first."""

from __future__ import annotations

import random
from collections.abc import Iterable

from rich.cells import set_cell_size
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ollama_tui.tui.rendering.front_buffer import PlacedStrip
from ollama_tui.tui.rendering.sgr import TAIL, blank_codes, strip_cells
from ollama_tui.tui.rendering.terminfo import Extras

ALL_EXTRAS = Extras(repeats=True, erases=True, keeps_background=True, scrolls=True)
KINDS_OF_EXTRAS = (
    ALL_EXTRAS,
    Extras(),
    Extras(erases=True, keeps_background=True),
    Extras(erases=True),
    Extras(repeats=True),
    Extras(scrolls=True),
)
STYLES = [
    Style.parse(text)
    for text in (
        "none",
        "red",
        "bold on blue",
        "underline green",
        "#87afd7 on #1c1c1c",
        "#b2b2b2 on #1c1c1c",
        "bold #b2b2b2 on #1c1c1c",
        "reverse #b2b2b2 on #1c1c1c",
        "strike italic on #123456",
    )
]
WORDS = (
    "a",
    "model-7b",
    "   ",
    " ",
    "          ",
    "────────",
    "▏",
    "漢字",
    "é한",
    "e\u0301",
    "😀",
    "·",
)


class Grid:
    """What a screen shows after frames, made as plainly as can be."""

    def __init__(self, width: int, height: int) -> None:
        self.cells = [[(" ", "")] * width for _ in range(height)]

    def put(self, strips: Iterable[PlacedStrip]) -> None:
        """Draw strips one after the other; of a wide character cut in half nothing is left."""
        for y, x, strip in strips:
            row = self.cells[y]
            for column, cell in enumerate(zip(*strip_cells(strip, COLORS), strict=True), x):
                row[column] = cell
            for column, (char, codes) in enumerate(row):
                cut_before = char == TAIL and column in (x, x + strip.cell_length)
                cut_after = column == x - 1 and is_wide(char) and row[x][0] != TAIL
                if cut_before or cut_after:
                    row[column] = (" ", blank_codes(codes))

    def drawn(self) -> str:
        """Return what draws every cell, each with a move and its whole SGR."""
        return "".join(
            f"\x1b[{y};{x}H\x1b[0;{codes}m{char}"
            for y, row in enumerate(self.cells, 1)
            for x, (char, codes) in enumerate(row, 1)
            if char != TAIL
        )


COLORS = ColorSystem.TRUECOLOR
ACCENT = "\u0301"
"""Not used at the end of a strip: in the last column Ghostty gives it to the column before."""


def is_wide(char: str) -> bool:
    """Whether a character takes two cells."""
    return Segment(char).cell_length == 2


class Drawer:
    """Makes frames: strips here and there, pages, lists that scroll, another page over it all."""

    def __init__(self, seed: int, width: int, height: int) -> None:
        self._random = random.Random(seed)
        self._width, self._height = width, height
        self._lines = [self.strip(width - 4) for _ in range(3 * height)]
        self._at = height

    def frame(self) -> list[PlacedStrip]:
        """Return the next frame."""
        kind = self._random.choice(
            (self._few, self._few, self._page, self._scrolled, self._scrolled)
        )
        return kind()

    def strip(self, width: int) -> Strip:
        """Return a strip of so many cells, of a few words in a few styles."""
        segments: list[Segment] = []
        left = width
        while left > 0:
            text = self._random.choice(WORDS) * self._random.choice((1, 1, 1, 2, 5))
            text = set_cell_size(text, min(left, Segment(text).cell_length))
            segments.append(Segment(text, self._random.choice(STYLES)))
            left -= Segment(text).cell_length
        text, style, _ = segments[-1]
        segments[-1] = Segment(text.rstrip(ACCENT), style)
        return Strip(segments)

    def _few(self) -> list[PlacedStrip]:
        return [self._somewhere() for _ in range(self._random.randint(1, 4))]

    def _somewhere(self) -> PlacedStrip:
        x = self._random.randrange(self._width)
        width = self._random.randint(1, self._width - x)
        return self._random.randrange(self._height), x, self.strip(width)

    def _page(self) -> list[PlacedStrip]:
        return [(y, 0, self.strip(self._width)) for y in range(self._height)]

    def _scrolled(self) -> list[PlacedStrip]:
        """Return a list that moved by some lines, beside a bar that did not."""
        self._at += self._random.choice((-3, -2, -1, 1, 1, 2, 3, self._height))
        self._at %= 2 * self._height
        top = self._random.choice((0, 0, 1))
        bar = Strip([Segment("│", STYLES[4])])
        rows = [(y, 2, self._lines[self._at + y]) for y in range(top, self._height)]
        return [*rows, *((y, self._width - 1, bar) for y in range(self._height))]
