"""A whole screen as what a later start paints first: its cells, and the bytes that write them.

The file of `start.picture` holds both: the bytes are sent before anything is loaded, and the cells
are what the terminal shows once the app draws, so that it sends no more than what has changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from ollama_tui.start.picture import AGE_WIDTH, Picture, paints_only
from ollama_tui.tui.rendering.sgr import EMOJI, TAIL, blank_codes, sgr_change, strip_cells

if TYPE_CHECKING:
    from rich.color import ColorSystem
    from textual.strip import Strip

Row = tuple[list[str], list[str]]
"""The characters of a line, one a cell, and the SGR codes of each."""
_AGE = "\0"
"""Stands for the age of the list while the screen is written: no cell has it."""
_CODES = re.compile("[0-9;]*")


class _Cells(msgspec.Struct, array_like=True):
    """The cells as they are in the file."""

    age_at: int | None
    """Column of the age in the first line."""
    codes: list[str]
    lines: list[list[tuple[int, list[str] | str]]]
    """Runs of cells of one code: characters that take one cell each as one text."""


@dataclass
class Painted:
    """The cells of a screen, and where in its first line the age of the list is."""

    rows: list[Row]
    age_at: int | None = None

    @classmethod
    def of(
        cls,
        strips: Sequence[Strip],
        colors: ColorSystem,
        plain: dict[str, str] | None = None,
        age_at: int | None = None,
    ) -> Painted:
        """Return the cells that `strips` draw, with signs replaced by those of `plain`."""
        rows = [strip_cells(strip, colors) for strip in strips]
        if plain:
            rows = [([plain.get(char, char) for char in chars], codes) for chars, codes in rows]
        return cls(rows, age_at)

    def picture(self, seen_at: int) -> Picture | None:
        """Return the picture to keep; None where it could not be used."""
        lines = self.rows
        if self.age_at is not None:
            (chars, codes), *rest = self.rows
            end = self.age_at + AGE_WIDTH
            chars = [*chars[: self.age_at], _AGE, *[TAIL] * (AGE_WIDTH - 1), *chars[end:]]
            lines = [(chars, codes), *rest]
        written = _written(lines)
        before, _, after = written.partition(_AGE)
        if not (paints_only(before) and paints_only(after)):
            return None
        return Picture(before, after, seen_at if self.age_at is not None else 0, self._encoded())

    def _encoded(self) -> bytes:
        palette: dict[str, int] = {}
        lines = []
        for chars, codes in self.rows:
            runs: list[tuple[int, list[str]]] = []
            for char, code in zip(chars, codes, strict=True):
                number = palette.setdefault(code, len(palette))
                if not runs or runs[-1][0] != number:
                    runs.append((number, []))
                runs[-1][1].append(char)
            lines.append(
                [
                    (number, "".join(cells) if all(len(c) == 1 for c in cells) else cells)
                    for number, cells in runs
                ]
            )
        return msgspec.json.encode(_Cells(self.age_at, list(palette), lines))

    @classmethod
    def decoded(cls, data: bytes, size: tuple[int, int], age: str) -> Painted | None:
        """Return the cells of a screen of `size`, with `age` in it; None if they are not that."""
        width, height = size
        try:
            cells = msgspec.json.decode(data, type=_Cells)
            if not all(_CODES.fullmatch(code) for code in cells.codes):
                return None
            rows = [_row(line, cells.codes) for line in cells.lines]
        except (msgspec.MsgspecError, UnicodeDecodeError, IndexError):
            return None
        if len(rows) != height or any(len(chars) != width for chars, _ in rows):
            return None
        if cells.age_at is not None:
            if not 0 <= cells.age_at <= width - len(age):
                return None
            rows[0][0][cells.age_at : cells.age_at + len(age)] = age
        return cls(rows, cells.age_at)


def _written(rows: Sequence[Row]) -> str:
    """Return what writes these lines from the top of the screen, where lines do not wrap."""
    out: list[str] = []
    sgr = ""
    for y, (chars, codes) in enumerate(rows):
        out.append("\r\n" if y else "\x1b[H")
        is_lost = False
        for column, (char, code) in enumerate(zip(chars, codes, strict=True), 1):
            if char == TAIL:
                continue
            if is_lost:  # terminals disagree on how far the character before has gone
                out.append(f"\x1b[{column}G")
            look = blank_codes(code) if char == " " else code
            if look != (blank_codes(sgr) if char == " " else sgr):
                out.append(sgr_change(sgr, code))
                sgr = code
            out.append(char)
            is_lost = len(char) > 1 or char >= EMOJI
    return "".join([*out, sgr_change(sgr, "")])


def _row(line: list[tuple[int, list[str] | str]], palette: list[str]) -> Row:
    chars: list[str] = []
    codes: list[str] = []
    for number, run in line:
        chars += run
        codes += [palette[number]] * len(run)
    return chars, codes
