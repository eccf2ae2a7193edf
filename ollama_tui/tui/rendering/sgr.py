"""Cells and pens: what a terminal shows in one place, and the bytes that change it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, split_graphemes
from textual.strip import Strip

from ollama_tui.formatting import REPLACEMENT, inert

if TYPE_CHECKING:
    from rich.color import ColorSystem
    from rich.style import Style

TAIL = ""
"""The second cell of a wide character."""
LONGEST = 8
"""Code points kept of one character: nobody writes more, and a pile of accents is not text."""
_CUBE = {0: 0, 95: 1, 135: 2, 175: 3, 215: 4, 255: 5}
"""Levels of a colour in the cube, by how much of it there is."""
_LIGHTEST_GREY = 238
_REDEFINED = 21
"""Numbers up to this one are what some people's shells make something else of."""
_MIXED = re.compile(r"\b([34]8);2;(\d+;\d+;\d+)")
_EMOJI = "\U0001f000"

_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "6": "25", "7": "27", "8": "28"}
_SEEN_ON_BLANKS = frozenset({"4", "7", "9", "21", "53"})
_OFF |= {"9": "29", "21": "24", "51": "54", "52": "54", "53": "55"}


class Pen(NamedTuple):
    """An SGR state: attribute codes and the codes of both colours ("" for the default)."""

    attributes: frozenset[str]
    ink: str
    paper: str


def is_sure(char: str) -> bool:
    """Whether every terminal agrees on the width of this character."""
    return len(char) < 2 and char < _EMOJI


def strip_cells(strip: Strip, colors: ColorSystem) -> tuple[list[str], list[str]]:
    """Return the characters of a strip, one a cell, and the pen of each; nothing in it can act."""
    chars: list[str] = []
    pens: list[str] = []
    for text, style, control in strip:
        if control:
            continue
        cells = _cells(text)
        chars += cells
        pens += [_pen_of(style, colors)] * len(cells)
    return chars, pens


def _pen_of(style: Style | None, colors: ColorSystem) -> str:
    if style is None:
        return ""
    # Rich keeps the codes on the style; links are left out, as text from a server may not link.
    codes = style._ansi if style._ansi is not None else Strip.render_ansi(style, colors)
    return numbered(codes)


def _cells(text: str) -> tuple[str, ...] | list[str]:
    if text.isascii() and text.isprintable():
        return list(text)
    return _odd_cells(text)


@lru_cache(maxsize=2048)
def _odd_cells(text: str) -> tuple[str, ...]:
    spans, _ = split_graphemes(text)
    return tuple(
        cell for start, end, width in spans for cell in _grapheme_cells(text[start:end], width)
    )


def _grapheme_cells(grapheme: str, width: int) -> Iterator[str]:
    """Yield `width` cells for one character, with what is unsafe in it left out."""
    if not width:
        return
    char = _safe(grapheme)
    yield char
    spare = width - cell_len(char)
    if spare and cell_len(char) < 2:
        yield " " * spare
    elif width > 1:
        yield TAIL


def _safe(grapheme: str) -> str:
    grapheme = grapheme[:LONGEST]
    if inert(grapheme) == grapheme:
        return grapheme
    base = inert(grapheme[0])
    accents = (char for char in grapheme[1:] if inert(char) == char and not cell_len(char))
    return base if base == REPLACEMENT else base + "".join(accents)


@lru_cache(maxsize=4096)
def numbered(codes: str) -> str:
    """Return SGR codes in which a mixed colour that has a number among the 256 is named by it.

    Those from 16 on are the same in every terminal that mixes colours: a cube and a row of greys.
    """
    return _MIXED.sub(_number, codes)


def _number(mixed: re.Match[str]) -> str:
    red, green, blue = (int(part) for part in mixed[2].split(";"))
    if {red, green, blue} <= _CUBE.keys():
        number = 16 + 36 * _CUBE[red] + 6 * _CUBE[green] + _CUBE[blue]
    elif red == green == blue <= _LIGHTEST_GREY and red % 10 == 8:
        number = 232 + red // 10
    else:
        return mixed[0]
    return f"{mixed[1]};5;{number}" if number > _REDEFINED else mixed[0]


@lru_cache(maxsize=4096)
def pen_change(old: str, new: str) -> str:
    """Return the shortest escape sequence that takes the terminal from pen `old` to pen `new`."""
    if not new:
        return "\x1b[m" if old else ""
    if not old:
        return f"\x1b[{new}m"
    step = ";".join(_steps(_parse(old), _parse(new)))
    return min(f"\x1b[{step}m", f"\x1b[0;{new}m", key=len) if step else ""


@lru_cache(maxsize=4096)
def looks_blank_alike(one: str, other: str) -> bool:
    """Whether a blank looks the same in both pens, whatever their ink."""
    return one == other or _on_blank(one) == _on_blank(other)


def _on_blank(pen: str) -> Pen:
    look = _parse(pen)
    seen = look.attributes & _SEEN_ON_BLANKS
    return Pen(seen, look.ink if seen else "", look.paper)


def _steps(old: Pen, new: Pen) -> Iterator[str]:
    off = sorted({_OFF[code] for code in old.attributes - new.attributes if code in _OFF})
    yield from off
    # One code ends two attributes (bold and dim, for one): those that stay are set again.
    kept = {code for code in new.attributes if _OFF.get(code) in off}
    yield from sorted((new.attributes - old.attributes) | kept)
    if old.ink != new.ink:
        yield new.ink or "39"
    if old.paper != new.paper:
        yield new.paper or "49"


@lru_cache(maxsize=4096)
def _parse(pen: str) -> Pen:
    codes = iter(pen.split(";"))
    attributes: set[str] = set()
    ink = paper = ""
    for code in filter(None, codes):
        if code in ("38", "48"):
            code = ";".join([code, *_color(codes)])
        if code.startswith(("38;", "3", "9")) and len(code) > 1:
            ink = "" if code == "39" else code
        elif code.startswith(("48;", "4", "10")) and len(code) > 1:
            paper = "" if code == "49" else code
        else:
            attributes.add(code)
    return Pen(frozenset(attributes), ink, paper)


def _color(codes: Iterator[str]) -> Iterator[str]:
    """Take the rest of a 256-colour or true-colour code."""
    kind = next(codes)
    yield kind
    for _ in range(1 if kind == "5" else 3):
        yield next(codes)
