"""What a terminal shows in one cell, and the bytes that write cells: characters and SGR codes.

SGR (select graphic rendition) is the escape sequence that sets colors and attributes of all text
that follows, `ESC [ 1 ; 34 m`. Here it is handled as its codes alone, `1;34`; "" is the default.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, split_graphemes
from textual.strip import Strip

from ollama_tui.formatting import REPLACEMENT, inert

if TYPE_CHECKING:
    from rich.color import ColorSystem

TAIL = ""
"""The second cell of a wide character."""
LONGEST = 8
"""Code points drawn of one character: nobody writes more, and a pile of accents is not text."""
_CUBE = {0: 0, 95: 1, 135: 2, 175: 3, 215: 4, 255: 5}
"""Levels of red, green or blue in the cube of the 256 colors, by their intensity."""
_LIGHTEST_GREY = 238
_REDEFINED = 21
"""Colour numbers up to this one are redefined by some terminals' themes."""
_TRUE_COLOR = re.compile(r"\b([34]8);2;(\d+;\d+;\d+)")
EMOJI = "\U0001f000"
"""From here on terminals disagree on the width of characters."""

_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "6": "25", "7": "27", "8": "28"}
_OFF |= {"9": "29", "21": "24", "51": "54", "52": "54", "53": "55"}
"""The code that ends an attribute, by the one that begins it."""
_SEEN_ON_BLANKS = frozenset({"4", "7", "9", "21", "53"})


class SgrState(NamedTuple):
    """SGR codes by what they set; colors are "" for the terminal's default."""

    attributes: frozenset[str]
    foreground: str
    background: str


def strip_cells(strip: Strip, colors: ColorSystem) -> tuple[list[str], list[str]]:
    """Return the characters of a strip, one a cell, and the SGR codes of each.

    A blank has only those codes that are seen on it, so that blanks that look alike are equal.
    No character can act on the terminal. Links are left out: text from a server may not link.
    """
    chars: list[str] = []
    codes: list[str] = []
    for text, style, control in strip:
        if control:
            continue
        sgr = ""
        if style is not None:
            # Rich keeps the codes on the style once it has made them.
            ansi = style._ansi
            sgr = numbered(Strip.render_ansi(style, colors) if ansi is None else ansi)
        its_chars, its_codes = _text_cells(text, sgr)
        chars += its_chars
        codes += its_codes
    return chars, codes


@lru_cache(maxsize=1024)
def _text_cells(text: str, sgr: str) -> tuple[Sequence[str], Sequence[str]]:
    """Return the cells of text, and the codes of each; the same few are drawn all the time."""
    cells = tuple(text) if text.isascii() and text.isprintable() else _cells_of(text)
    blank = blank_codes(sgr)
    return cells, tuple(blank if cell == " " else sgr for cell in cells)


def _cells_of(text: str) -> tuple[str, ...]:
    """Return the cells of text that is not printable ASCII, with what could act left out."""
    cells: list[str] = []
    for start, end, width in split_graphemes(text)[0]:
        if not width:
            continue
        char = text[start : min(end, start + LONGEST)]
        if inert(char) != char:
            base = inert(char[0])
            accents = "".join(c for c in char[1:] if inert(c) == c and not cell_len(c))
            char = base if base == REPLACEMENT else base + accents
        cells.append(char)
        spare = width - cell_len(char)
        if spare and cell_len(char) < 2:
            cells.append(" " * spare)
        elif width > 1:
            cells.append(TAIL)
    return tuple(cells)


@lru_cache(maxsize=4096)
def numbered(codes: str) -> str:
    """Return SGR codes in which true colors that are among the 256 are named by their number.

    Those from 16 on are the same in every terminal that has true color: a cube and a row of greys.
    """
    return _TRUE_COLOR.sub(_color_number, codes)


def _color_number(match: re.Match[str]) -> str:
    red, green, blue = (int(part) for part in match[2].split(";"))
    if {red, green, blue} <= _CUBE.keys():
        number = 16 + 36 * _CUBE[red] + 6 * _CUBE[green] + _CUBE[blue]
    elif red == green == blue <= _LIGHTEST_GREY and red % 10 == 8:
        number = 232 + red // 10
    else:
        return match[0]
    return f"{match[1]};5;{number}" if number > _REDEFINED else match[0]


@lru_cache(maxsize=4096)
def sgr_change(old: str | None, new: str) -> str:
    """Return the shortest escape sequence that takes the terminal from codes `old` to `new`.

    Where `old` is None, it may have any.
    """
    if old is None:
        return f"\x1b[0;{new}m" if new else "\x1b[m"
    if not new:
        return "\x1b[m" if old else ""
    if not old:
        return f"\x1b[{new}m"
    before, after = _parse(old), _parse(new)
    off = sorted({_OFF[code] for code in before.attributes - after.attributes if code in _OFF})
    # One code ends two attributes (bold and dim, for one): those that stay are set again.
    again = {code for code in after.attributes if _OFF.get(code) in off}
    step = [*off, *sorted((after.attributes - before.attributes) | again)]
    if before.foreground != after.foreground:
        step.append(after.foreground or "39")
    if before.background != after.background:
        step.append(after.background or "49")
    return min(f"\x1b[{';'.join(step)}m", f"\x1b[0;{new}m", key=len) if step else ""


@lru_cache(maxsize=4096)
def blank_codes(codes: str) -> str:
    """Return those of the codes that are seen on a blank: mostly the background alone."""
    state = _parse(codes)
    seen = sorted(state.attributes & _SEEN_ON_BLANKS)
    return ";".join(filter(None, [*seen, state.foreground if seen else "", state.background]))


@lru_cache(maxsize=4096)
def is_erasable(codes: str, uses_background: bool) -> bool:
    """Whether erasing a cell makes it a blank with these codes.

    A terminal erases with the background in use (`uses_background`, terminfo's bce), or with none.
    """
    state = _parse(codes)
    return not state.attributes & _SEEN_ON_BLANKS and (uses_background or not state.background)


@lru_cache(maxsize=4096)
def _parse(codes: str) -> SgrState:
    parts = iter(codes.split(";"))
    attributes: set[str] = set()
    foreground = background = ""
    for code in filter(None, parts):
        if code in ("38", "48"):  # a number of the 256, or red, green and blue
            kind = next(parts)
            code = ";".join([code, kind, *(next(parts) for _ in range(1 if kind == "5" else 3))])
        if code.startswith(("38;", "3", "9")) and len(code) > 1:
            foreground = "" if code == "39" else code
        elif code.startswith(("48;", "4", "10")) and len(code) > 1:
            background = "" if code == "49" else code
        else:
            attributes.add(code)
    return SgrState(frozenset(attributes), foreground, background)
