"""Which cells of a row changed, cut into pieces that can be written in any order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from ollama_tui.tui.rendering.sgr import EMOJI, TAIL, blank_codes, is_erasable, sgr_change
from ollama_tui.tui.rendering.terminfo import NO_EXTRAS, Extras

CLOSE_GAP = 4
"""Cells: rewriting so many unchanged cells is no longer than moving the cursor past them."""
_BLOCK = 16
"""Cells that are compared at once, before each is."""
_REPEATED = re.compile(r"([ -~])\1{5,}")
"""Runs that REP shortens. Of ASCII alone, as ncurses has it: tmux repeats nothing else."""
_TRAILING = re.compile(" {5,}$")
_BLANKS = re.compile(" {10,}")

Cells = tuple[list[str | None], list[str]]
"""The characters of a row, None where they are not known, and the SGR codes of each."""


class Piece(NamedTuple):
    """Cells of one row that are written in one go."""

    y: int
    x: int
    end: int
    """The column of the cursor afterwards; -1 where terminals disagree."""
    sgr: str
    """The codes that its first cell has."""
    last: str
    """The codes that its last cell has."""
    text: str
    is_blank: bool
    """Whether it may be written with any codes that look the same on blanks."""


def fits(char: str | None, code: str, sgr: str | None) -> bool:
    """Whether a cell of codes `code` may be written while the terminal has `sgr` set."""
    return code == sgr or (char == " " and sgr is not None and code == blank_codes(sgr))


def changed_pieces(y: int, old: Cells, new: Cells, extras: Extras = NO_EXTRAS) -> Iterator[Piece]:
    """Yield the pieces in which row `y` differs; what is None in `new` is left as it is."""
    chars, codes = new
    for start, end in _runs(_differing(old, new), new, extras):
        run = [char or "" for char in chars[start:end]]
        if all(len(char) < 2 and char < EMOJI for char in run):
            yield from _by_style(y, start, run, codes[start:end], extras)
        else:
            yield _uncertain(y, start, run, codes[start:end])


def _differing(old: Cells, new: Cells) -> Iterator[int]:
    """Yield the columns that differ; the row may have grown, and what is not known stays."""
    for start in range(0, len(new[0]), _BLOCK):
        block = slice(start, start + _BLOCK)
        was, char, code, sgr = old[0][block], new[0][block], old[1][block], new[1][block]
        if was != char or code != sgr:
            cells = enumerate(zip_longest(was, char, code, sgr), start)
            yield from (x for x, (a, b, c, d) in cells if (a != b or c != d) and b is not None)


def _runs(differing: Iterable[int], cells: Cells, extras: Extras) -> Iterator[tuple[int, int]]:
    """Join cells into runs, closing small gaps and never splitting a wide character."""
    chars = cells[0]
    start = end = -1
    for index in differing:
        first = index - 1 if chars[index] == TAIL else index
        if start < 0:
            start = first
        elif first > end and not _is_closed(end, first, cells, extras):
            yield start, end
            start = first
        end = index + 1
        if end < len(chars) and chars[end] == TAIL:
            end += 1
    if start >= 0:
        yield start, end


def _is_closed(end: int, first: int, cells: Cells, extras: Extras) -> bool:
    """Whether writing the cells from `end` to before `first` again is shorter than a move."""
    chars, codes = cells
    gap = list(zip(chars[end:first], codes[end:first], strict=True))
    ends = [(chars[end - 1], codes[end - 1]), (chars[first], codes[first])]
    if first - end <= CLOSE_GAP:
        return all(char is not None and " " <= char <= "~" for char, _ in gap) and any(
            all(fits(char, code, sgr) for char, code in gap) for _, sgr in ends
        )
    # Blanks that go on, on either side, are one sequence with those in between.
    return (
        (extras.erases or extras.repeats)
        and set(gap) in ({ends[0]}, {ends[1]})
        and " " in {char for char, _ in gap}
    )


def _by_style(
    y: int, x: int, chars: Sequence[str], codes: Sequence[str], extras: Extras
) -> Iterator[Piece]:
    """Cut a run wherever its style changes; blanks go with the text before or after them."""
    start, sgr, is_blank = 0, codes[0], chars[0] == " "
    for index, (char, code) in enumerate(zip(chars, codes, strict=True)):
        if (code == sgr and (char != " " or is_blank)) or (
            char == " " and code == blank_codes(sgr)
        ):
            is_blank = is_blank and char == " "
        elif is_blank and blank_codes(code) == sgr:
            sgr, is_blank = code, False
        else:
            yield _piece(y, x + start, chars[start:index], sgr, is_blank, extras)
            start, sgr, is_blank = index, code, char == " "
    yield _piece(y, x + start, chars[start:], sgr, is_blank, extras)


def _piece(y: int, x: int, chars: Sequence[str], sgr: str, is_blank: bool, extras: Extras) -> Piece:
    text, end = "".join(chars), x + len(chars)
    if len(text) < 3:
        return Piece(y, x, end, sgr, sgr, text, is_blank)
    if extras.erases and is_erasable(sgr, extras.keeps_background):
        if trailing := _TRAILING.search(text):
            blanks = len(trailing[0])
            text = text[: trailing.start()]
            return Piece(y, x, end - blanks, sgr, sgr, f"{text}\x1b[{blanks}X", is_blank)
        if not extras.repeats:
            text = _BLANKS.sub(lambda run: f"\x1b[{(n := len(run[0]))}X\x1b[{n}C", text)
    if extras.repeats:
        text = _REPEATED.sub(_repeat, text)
    return Piece(y, x, end, sgr, sgr, text, is_blank)


def _repeat(run: re.Match[str]) -> str:
    short = f"{run[1]}\x1b[{len(run[0]) - 1}b"
    return short if len(short) < len(run[0]) else run[0]


def _uncertain(y: int, x: int, chars: Sequence[str], codes: Sequence[str]) -> Piece:
    """Return one piece, whatever its styles, of a run with characters of uncertain width.

    Written from left to right, with the cursor moved after each, what one covers too much of is
    written over.
    """
    out: list[str] = []
    sgr, is_lost = codes[0], False
    for column, (char, code) in enumerate(zip(chars, codes, strict=True), x):
        if char == TAIL:
            continue
        if is_lost:
            out.append(f"\x1b[{column + 1}G")
        if not fits(char, code, sgr):
            out.append(sgr_change(sgr, code))
            sgr = code
        out.append(char)
        is_lost = len(char) > 1 or char >= EMOJI
    end = -1 if is_lost else x + len(chars)
    return Piece(y, x, end, codes[0], sgr, "".join(out), False)
