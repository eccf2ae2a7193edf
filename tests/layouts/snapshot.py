"""A screen as a text that can be read, kept and compared: its characters, and how each looks.

== text
 NAME       SIZE
▸qwen3:8b 5.2 GB
== looks
.aaaa......aaaa
bbbbbbbbbbbbbbbb
== legend
. #dadada on #1c1c1c
a #9e9e9e on #1c1c1c bold
b #ffffff on #005f87
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest
from string import ascii_letters, digits

from tests.pictures.cells import Cell, Look, Screen

SECTIONS = ("== text", "== looks", "== legend")
LETTERS = f".{ascii_letters}{digits}"
SHOWN = 12
"""Differences that a message lists."""


def written(screen: Screen) -> str:
    """Return a screen as text; screens that look the same give the same text."""
    looks = [[cell.look for cell in row] for row in map(_without_ink, screen)]
    votes = Counter(look for row in looks for look in row)
    commonest = votes.most_common(1)[0][0]
    order = list(dict.fromkeys([commonest, *(look for row in looks for look in row)]))
    letters = dict(zip(order, LETTERS, strict=False))
    assert len(letters) == len(order), "more looks on one screen than there are letters"
    text = ["".join(cell.text for cell in row).rstrip() for row in screen]
    maps = ["".join(map(letters.__getitem__, row)).rstrip(".") for row in looks]
    legend = [f"{letter} {described(look)}" for look, letter in letters.items()]
    parts = zip(SECTIONS, (text, maps, legend), strict=True)
    return "\n".join(line for head, lines in parts for line in (head, *lines)) + "\n"


def _without_ink(row: tuple[Cell, ...]) -> Iterator[Cell]:
    """Yield the cells of a row; a blank has the look before it if that is what is seen of it."""
    before: Look | None = None
    for cell in row:
        look = cell.look
        if cell.text == " " and not (look.underline or look.strike):
            plain = before and not (before.underline or before.strike)
            if before and plain and before.background == look.background:
                look = before
            else:
                look = Look("", look.background)
        before = look
        yield replace(cell, look=look)


def described(look: Look) -> str:
    """Return a look in words."""
    names = ("bold", "italic", "underline", "strike")
    extras = "".join(f" {name}" for name in names if getattr(look, name))
    return f"{look.foreground or '-'} on {look.background}{extras}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a text holds."""

    text: list[str]
    looks: list[str]
    legend: dict[str, str]

    @staticmethod
    def parsed(kept: str) -> Snapshot:
        """Read a text that `written` wrote."""
        lines = kept.splitlines()
        first, second, third = (lines.index(head) for head in SECTIONS)
        legend = dict(line.split(" ", 1) for line in lines[third + 1 :])
        return Snapshot(lines[first + 1 : second], lines[second + 1 : third], legend)

    def look(self, y: int, x: int) -> str:
        """Return the look of a cell in words."""
        row = self.looks[y] if y < len(self.looks) else ""
        return self.legend.get(row[x] if x < len(row) else ".", "")


def differences(kept: str, now: str) -> list[str]:
    """Return what differs, in lines for a person; nothing for equal texts."""
    if kept == now:
        return []
    before, after = Snapshot.parsed(kept), Snapshot.parsed(now)
    found = [*_in_text(before, after), *_in_looks(before, after)]
    more = len(found) - SHOWN
    return found[:SHOWN] + ([f"… and {more} more"] if more > 0 else [])


def _in_text(before: Snapshot, after: Snapshot) -> Iterator[str]:
    for y, (old, new) in enumerate(zip_longest(before.text, after.text, fillvalue=""), 1):
        if old != new:
            width = max(len(old), len(new))
            pairs = zip(old.ljust(width), new.ljust(width), strict=True)
            marks = "".join(" " if a == b else "^" for a, b in pairs)
            yield f"line {y:2} was │{old}\n         is │{new}\n            │{marks.rstrip()}"


def _in_looks(before: Snapshot, after: Snapshot) -> Iterator[str]:
    """Yield the stretches of equal lines that look different."""
    for y, (old, new) in enumerate(zip(before.text, after.text, strict=False)):
        if old != new:
            continue
        width = max(len(before.looks[y]), len(after.looks[y]))
        pairs = [(before.look(y, x), after.look(y, x)) for x in range(width)]
        x = 0
        for (was, now), group in groupby(pairs):
            length = len(list(group))
            if was != now:
                words = old.ljust(width)[x : x + length]
                where = f"line {y + 1:2} {words.rstrip() or words!r} at column {x + 1}"
                yield f"{where}: was {was}, is {now}"
            x += length
