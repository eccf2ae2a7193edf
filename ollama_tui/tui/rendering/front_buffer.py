"""What the terminal shows, and what makes it show something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rich.color import ColorSystem
from textual.strip import Strip

from ollama_tui.tui.rendering.pieces import Cells, changed_pieces
from ollama_tui.tui.rendering.scrolling import Span, find_shift
from ollama_tui.tui.rendering.sgr import TAIL, blank_codes, sgr_change, strip_cells
from ollama_tui.tui.rendering.terminfo import NO_EXTRAS, Extras
from ollama_tui.tui.rendering.writer import shortest

SCROLL_FROM = 400
"""Characters of a frame from which on it is tried whether scrolling makes it shorter."""

PLAIN = dict(
    zip(
        "─│╭╮╰╯┌┐└┘├┤┬┴┼━┃┏┓┗┛═║╔╗╚╝▁▂▃▄▅▆▇▔▏▕▊▎▌…–—·×•›‹“”‘’⏎↵↑↓←→⇧≠≥≤✓▸▐█░☁●○",
        "-|+++++++++++++=|++++=|++++____###-|||||~---x*><\"\"''<<^v<>^#><+>|#.~*o",
        strict=True,
    )
)
"""What is written in place of signs of ours, and of Textual's borders, that ASCII lacks."""

PlacedStrip = tuple[int, int, Strip]
"""A strip and where it goes: row, column, strip."""


@dataclass(slots=True)
class BufferRow:
    """What one line of the terminal shows; None is a cell we know nothing of."""

    chars: list[str | None] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    strips: dict[int, tuple[Strip, int]] = field(default_factory=dict)
    """What was stored last and is still shown whole, by the column it begins in, and its end."""

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
            self._blank(first)
        if end < len(self.chars) and self.chars[end] == TAIL:
            last = end + 1
            self._blank(end)
        self.chars[x:end] = chars
        self.codes[x:end] = codes
        for start, (_, other_end) in list(self.strips.items()):
            if start < last and first < other_end:
                del self.strips[start]
        self.strips[x] = strip, end

    def holds(self, x: int, strip: Strip) -> bool:
        """Whether this very strip is shown at column `x`."""
        held = self.strips.get(x)
        return held is not None and held[0] is strip

    def _blank(self, x: int) -> None:
        self.chars[x] = " "
        self.codes[x] = blank_codes(self.codes[x])


class FrontBuffer:
    """What the terminal shows, as far as we wrote it."""

    def __init__(
        self,
        colors: ColorSystem,
        plain: bool = False,
        extras: Extras = NO_EXTRAS,
    ) -> None:
        self._colors = colors
        self._plain = plain
        """Whether the terminal has no signs but those of ASCII."""
        self._extras = extras
        self._rows: dict[int, BufferRow] = {}
        self._sgr: str | None = None
        """The SGR codes that the terminal has set; None where that is not certain."""

    def hold(self, rows: Iterable[tuple[list[str], list[str]]]) -> None:
        """Begin with what the terminal shows already: characters and SGR codes of each line."""
        for y, (chars, codes) in enumerate(rows):
            looks = [
                blank_codes(c) if char == " " else c for char, c in zip(chars, codes, strict=True)
            ]
            self._rows[y] = BufferRow(list(chars), looks)

    def forget_sgr(self) -> None:
        """Take nothing for granted of the SGR that is set: somebody else may have written."""
        self._sgr = None

    def changes(self, strips: Iterable[PlacedStrip]) -> str:
        """Return the bytes that make the terminal show `strips`, and remember them as shown.

        The SGR is left as it was last set, so that the next frame need not set all of it.
        """
        before, changed = self._store(strips)
        if not before:
            return ""
        rows = {y: (row.chars, row.codes) for y, row in self._rows.items()}
        width = max(len(chars) for chars, _ in rows.values())
        sequence, sgr = self._sequence(before, rows, width, self._sgr)
        if len(sequence) >= SCROLL_FROM and self._extras.scrolls:
            shift = find_shift(changed, before, rows, width)
            if shift is not None:
                scrolled = before | shift.applied(rows | before, width)
                rest, sgr_after = self._sequence(scrolled, rows, width, "")
                instead = sgr_change(self._sgr, "") + shift.sequence + rest
                if len(instead.encode()) < len(sequence.encode()):
                    sequence, sgr = instead, sgr_after
        self._sgr = sgr
        return sequence

    def _sequence(
        self, before: Mapping[int, Cells], rows: Mapping[int, Cells], width: int, sgr: str | None
    ) -> tuple[str, str | None]:
        """Return what takes the terminal from what rows showed before to what they are, and the
        SGR that is set then."""
        pieces = [
            piece
            for y in sorted(before)
            for piece in changed_pieces(y, before[y], rows[y], self._extras)
        ]
        return shortest(pieces, rows, width, sgr)

    def _store(self, strips: Iterable[PlacedStrip]) -> tuple[dict[int, Cells], list[Span]]:
        """Remember `strips` as shown; return what the changed rows showed before, and where."""
        before: dict[int, Cells] = {}
        changed: list[Span] = []
        for y, x, strip in strips:
            row = self._rows.get(y)
            if row is None:
                row = self._rows[y] = BufferRow()
            if row.holds(x, strip):
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
