"""Two terminal emulators that share no code: pyte, and the core of Ghostty.

pyte lacks some sequences of ECMA-48 that we write: they are added here by its words.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any, NamedTuple, Protocol

import pyte
import pytest
from pyte.graphics import FG_BG_256
from pyte.screens import Margins


class Look(NamedTuple):
    """What can be seen of one cell."""

    char: str
    """The empty string in the second cell of a wide character."""
    ink: object
    """None on a blank on which it is not seen."""
    paper: object
    attributes: frozenset[str]


_SEEN_ON_BLANKS = frozenset({"underline", "strikethrough", "inverse", "overline"})


def look(char: str, ink: object, paper: object, attributes: frozenset[str]) -> Look:
    """Return a cell's look, without what is not seen on a blank."""
    if char in (" ", ""):
        attributes &= _SEEN_ON_BLANKS
        ink = ink if attributes else None
    return Look(char, ink, paper, attributes)


NO_WRAP = "\x1b[?7l"
"""What Textual's driver begins with: a line that is full is not gone on with in the next."""


class Emulator(Protocol):
    """A terminal without a process: bytes in, cells out."""

    def feed(self, data: str) -> None:
        """Take what a program writes."""
        ...

    def looks(self) -> list[list[Look]]:
        """Return what is seen, row by row."""
        ...


class Screen(pyte.Screen):
    """pyte's screen with REP, SU and SD."""

    _last = ""

    @property
    def display(self) -> list[str]:
        """The text, also while half of a wide character is written over, where pyte fails."""
        across = range(self.columns)
        return ["".join(self.buffer[y][x].data for x in across) for y in range(self.lines)]

    def draw(self, data: str) -> None:
        """Draw text, and remember its last character."""
        self._last = data[-1:]
        super().draw(data)

    def repeat(self, count: int = 1) -> None:
        """Repeat the graphic character just before (ECMA-48, 8.3.103)."""
        self.draw(self._last * (count or 1))

    def scroll_up(self, count: int = 1) -> None:
        """Move the lines between the margins up; empty ones come below (ECMA-48, 8.3.147)."""
        self._scroll(count, self._margins.bottom, self.index)

    def scroll_down(self, count: int = 1) -> None:
        """Move the lines between the margins down; empty ones come above (ECMA-48, 8.3.113)."""
        self._scroll(count, self._margins.top, self.reverse_index)

    @property
    def _margins(self) -> Margins:
        return self.margins or Margins(0, self.lines - 1)

    def _scroll(self, count: int, at: int, one_line: Any) -> None:
        cursor = self.cursor.y
        self.cursor.y = at
        for _ in range(count or 1):
            one_line()
            self._fill(at)
        self.cursor.y = cursor

    def _fill(self, y: int) -> None:
        """Give an empty line the background in use, as terminals with bce do."""
        blank = self.default_char._replace(bg=self.cursor.attrs.bg)
        self.buffer[y].update(dict.fromkeys(range(self.columns), blank))


class Stream(pyte.ByteStream):
    """pyte's stream with REP, SU and SD."""

    csi = {
        **pyte.ByteStream.csi,
        "b": "repeat",
        "S": "scroll_up",
        "T": "scroll_down",
    }
    events = frozenset(chain(pyte.ByteStream.events, csi.values()))


_PYTES = {
    "bold": "bold",
    "italics": "italic",
    "underscore": "underline",
    "strikethrough": "strikethrough",
    "reverse": "inverse",
    "blink": "blink",
}


class Pyte:
    """pyte; it does not know dim."""

    def __init__(self, width: int, height: int) -> None:
        self.screen = Screen(width, height)
        self._stream = Stream(self.screen)
        self.feed(NO_WRAP)

    def feed(self, data: str) -> None:
        """Take what a program writes."""
        self._stream.feed(data.encode())

    def looks(self) -> list[list[Look]]:
        """Return what is seen, row by row."""
        buffer, across = self.screen.buffer, range(self.screen.columns)
        return [[self._look(buffer[y][x]) for x in across] for y in range(self.screen.lines)]

    def _look(self, char: pyte.screens.Char) -> Look:
        attributes = frozenset(name for own, name in _PYTES.items() if getattr(char, own))
        return look(char.data, char.fg, char.bg, attributes)


def mixed(color: Any) -> Any:
    """Return one of Ghostty's colors; those with a number of their own as red, green and blue."""
    kind, value = color or ("", 0)
    if kind == "palette" and value >= 16:
        return ("rgb", tuple(bytes.fromhex(FG_BG_256[value])))
    return color


class Ghostty:
    """The core of Ghostty; a test that asks for it is skipped where its package is missing."""

    def __init__(self, width: int, height: int) -> None:
        core = pytest.importorskip("pyghostty.core", reason="Ghostty's core is not installed")
        self._ffi, self._lib = core.ffi, core.lib
        self._terminal = core.Terminal(width, height, scrollback=0)
        self._size = width, height
        self.feed(NO_WRAP)

    def feed(self, data: str) -> None:
        """Take what a program writes."""
        self._terminal.feed(data)

    def looks(self) -> list[list[Look]]:
        """Return what is seen, row by row."""
        width, height = self._size
        return [[self._look(x, y) for x in range(width)] for y in range(height)]

    def _look(self, x: int, y: int) -> Look:
        ffi, lib = self._ffi, self._lib
        ref = self._terminal.ref(x, y)
        cell = ffi.new("GhosttyCell*")
        assert lib.ghostty_grid_ref_cell(ref, cell) == 0
        style = self._terminal.style(x, y)
        names = ("bold", "italic", "faint", "blink", "inverse", "strikethrough", "overline")
        attributes = {name for name in names if style[name]}
        if style["underline"]:
            attributes.add("underline")
        wide = self._get(cell[0], "WIDE", "int")
        text, size = ffi.new("uint32_t[16]"), ffi.new("size_t*")
        assert lib.ghostty_grid_ref_graphemes(ref, text, 16, size) == 0
        char = "".join(chr(text[index]) for index in range(size[0])) or " "
        if wide == lib.GHOSTTY_CELL_WIDE_SPACER_TAIL:
            char = ""
        paper = self._paper(cell[0], style["bg"])
        return look(char, mixed(style["fg"]), mixed(paper), frozenset(attributes))

    def _paper(self, cell: Any, background: object) -> object:
        """Return the background; an erased cell has it in place of a character."""
        tag = self._get(cell, "CONTENT_TAG", "int")
        if tag == self._lib.GHOSTTY_CELL_CONTENT_BG_COLOR_PALETTE:
            return ("palette", self._get(cell, "COLOR_PALETTE", "uint8_t"))
        if tag == self._lib.GHOSTTY_CELL_CONTENT_BG_COLOR_RGB:
            color = self._get(cell, "COLOR_RGB", "GhosttyColorRgb")
            return ("rgb", (color.r, color.g, color.b))
        return background

    def _get(self, cell: Any, what: str, ctype: str) -> Any:
        value = self._ffi.new(f"{ctype}*")
        name = getattr(self._lib, f"GHOSTTY_CELL_DATA_{what}")
        assert self._lib.ghostty_cell_get(cell, name, value) == 0
        return value[0]


EMULATORS: dict[str, Callable[[int, int], Emulator]] = {"pyte": Pyte, "ghostty": Ghostty}
