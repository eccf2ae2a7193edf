"""The bytes that write the pieces of a frame, in the order that needs the fewest.

Pieces are disjoint, so that any order shows the same. Row by row the moves of the cursor are short;
style by style each SGR is sent once, which is shorter as soon as a few rows have changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ollama_tui.tui.rendering.pieces import CLOSE_GAP, Cells, Piece, fits
from ollama_tui.tui.rendering.sgr import blank_codes, sgr_change

_NEAR = 4
"""Up to so many steps, one character a step is no longer than a sequence with their number."""

_FEW = 40
"""Pieces; of more than so many the order style by style is the shorter one."""


def shortest(
    pieces: Sequence[Piece], rows: Mapping[int, Cells], width: int, sgr: str | None = ""
) -> tuple[str, str | None]:
    """Return the sequence that writes `pieces`, which come row by row, and the SGR after it.

    `rows` is what the rows will show, by their number, on a screen of `width` columns; `sgr` is
    what the terminal has set before, None where that is not certain.
    """
    if not pieces:
        return "", sgr
    adopted = _adopted(pieces, sgr)
    written = []
    orders = [_by_style(adopted, sgr)]
    if len(pieces) <= _FEW:
        orders.append(adopted)
    for order in orders:
        writer = _FrameWriter(rows, width, sgr)
        written.append((writer.write(order), writer.sgr))
    return min(written, key=lambda each: len(each[0]))


class _FrameWriter:
    """Where the cursor is and which SGR is set while a frame is written."""

    def __init__(self, rows: Mapping[int, Cells], width: int, sgr: str | None) -> None:
        self._rows = rows
        self._width = width
        self.sgr = sgr
        self._y = self._x = -1
        """The cursor's place; -1 where the terminal's idea of it is not certain."""

    def write(self, pieces: Sequence[Piece]) -> str:
        """Return the sequence that writes the pieces in this order."""
        out: list[str] = []
        for y, x, end, sgr, last, text, is_blank in pieces:
            if y != self._y or x != self._x:
                out.append(self._move(y, x))
            if not (sgr == self.sgr or (is_blank and _look_alike(sgr, self.sgr))):
                out.append(sgr_change(self.sgr, sgr))
                self.sgr = last
            elif last != sgr:
                self.sgr = last
            out.append(text)
            # In the last column terminals differ in what the next relative move is from.
            self._y, self._x = y, end if end < self._width else -1
        return "".join(out)

    def _move(self, y: int, x: int) -> str:
        """Return the shortest move of the cursor."""
        absolute = f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H"
        if self._y < 0:
            return absolute
        relative = _vertical(y - self._y)
        if len(relative) < len(absolute):
            relative += self._horizontal(y, x)
        return relative if len(relative) < len(absolute) else absolute

    def _horizontal(self, y: int, x: int) -> str:
        """Return the shortest move to column `x` in row `y`, where the cursor is already."""
        if x == self._x:
            return ""
        if x == 0:
            return "\r"
        step = x - self._x
        if self._x < 0:
            return f"\x1b[{x + 1}G"
        if step < 0:
            relative = "\b" * -step if step >= -_NEAR else f"\x1b[{-step}D"
        elif step <= CLOSE_GAP and (again := self._again(y, x)):
            return again
        else:
            relative = f"\x1b[{step}C" if step > 1 else "\x1b[C"
        return min(relative, f"\x1b[{x + 1}G", key=len)

    def _again(self, y: int, x: int) -> str:
        """Return the cells from the cursor to column `x`, if they may be written with this SGR."""
        chars, codes = self._rows[y]
        again = ""
        for char, code in zip(chars[self._x : x], codes[self._x : x], strict=True):
            if char is None or not " " <= char <= "~" or not fits(char, code, self.sgr):
                return ""
            again += char
        return again


def _vertical(step: int) -> str:
    """Return the shortest move down (or up, if negative) that keeps the column.

    Not by a line feed, which the system's driver of terminals turns into two characters, one of
    which goes to the first column. A vertical tab moves alike, and is left as it is.
    """
    if step >= 0:
        return "\v" * step if step <= _NEAR else f"\x1b[{step}B"
    return "\x1bM" if step == -1 else f"\x1b[{-step}A"


def _look_alike(sgr: str, other: str | None) -> bool:
    """Whether a blank looks the same with both."""
    return other is not None and blank_codes(sgr) == blank_codes(other)


def _adopted(pieces: Sequence[Piece], sgr: str | None) -> list[Piece]:
    """Give blanks the style of the text before or after them where they look the same in it."""
    adopted: list[Piece] = []
    for piece in pieces:
        if not piece.is_blank:
            for index in range(len(adopted) - 1, -1, -1):
                if not adopted[index].is_blank or adopted[index].sgr != blank_codes(piece.sgr):
                    break
                adopted[index] = adopted[index]._replace(sgr=piece.sgr, last=piece.sgr)
            sgr = piece.last
        elif sgr is not None and piece.sgr == blank_codes(sgr):
            piece = piece._replace(sgr=sgr, last=sgr)
        adopted.append(piece)
    return adopted


def _by_style(pieces: Sequence[Piece], sgr: str | None) -> list[Piece]:
    """Return the pieces style by style, from each style to the one that is reached for the least.

    Within a style they are written row by row, each row beginning at the nearer end.
    """
    styles: dict[str, dict[int, list[Piece]]] = {}
    for piece in pieces:
        styles.setdefault(piece.sgr, {}).setdefault(piece.y, []).append(piece)
    ordered: list[Piece] = []
    x = 0
    while styles:
        rows = styles.pop(min(styles, key=lambda style: len(sgr_change(sgr, style))))
        for row in rows.values():
            if len(row) > 1 and abs(row[-1].x - x) < abs(row[0].x - x):
                row.reverse()
            ordered += row
            x = row[-1].end
        sgr = ordered[-1].last
    return ordered
