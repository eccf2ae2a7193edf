"""Finds what has moved by some lines, so that the terminal can move it.

A terminal scrolls whole lines, and what stands beside a list that was scrolled has to be written
again. Whether it is worth it is for the caller to find out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ollama_tui.tui.rendering.pieces import Cells

FEWEST = 4
"""Strips that have moved alike; fewer are not worth scrolling for."""

Span = tuple[int, int, int]
"""Row, first column, and the column behind the last."""


class Shift(NamedTuple):
    """Lines `top` to `bottom` move up by `lines` (down, if negative); empty ones come after."""

    top: int
    bottom: int
    lines: int

    @property
    def within(self) -> range:
        """The lines that move."""
        return range(self.top, self.bottom + 1)

    @property
    def sequence(self) -> str:
        """What makes the terminal do it. Where the cursor is then is not known."""
        step = f"{self.lines}S" if self.lines > 0 else f"{-self.lines}T"
        return f"\x1b[{self.top + 1};{self.bottom + 1}r\x1b[{step}\x1b[r"

    def applied(self, rows: Mapping[int, Cells], width: int) -> dict[int, Cells]:
        """Return what the lines show afterwards, where SGR was the default."""
        blank: Cells = [" "] * width, [""] * width
        sources = {y: y + self.lines for y in self.within}
        return {
            y: rows[source] if source in self.within else blank for y, source in sources.items()
        }


def find_shift(
    changed: Sequence[Span], before: Mapping[int, Cells], after: Mapping[int, Cells], width: int
) -> Shift | None:
    """Return by how many lines most of the wide strips among `changed` moved, if any did."""
    wide = [span for span in changed if 2 * (span[2] - span[1]) > width]
    if len(wide) < FEWEST:
        return None
    places = {(x, end, tuple(before[y][0][x:end])): y for y, x, end in wide}
    moved = []
    for y, x, end in wide:
        text = tuple(after[y][0][x:end])
        came_from = places.get((x, end, text), y)
        if came_from != y and set(text) != {" "}:
            moved.append((y, came_from))
    lines, count = Counter(old - new for new, old in moved).most_common(1)[0] if moved else (0, 0)
    if count < FEWEST:
        return None
    rows = [y for new, old in moved if old - new == lines for y in (new, old)]
    shift = Shift(min(rows), max(rows), lines)
    return shift if all(_is_known(after.get(y), width) for y in shift.within) else None


def _is_known(cells: Cells | None, width: int) -> bool:
    """Whether every cell of a line is: what is not would be whatever moves there."""
    return cells is not None and len(cells[0]) == width and None not in cells[0]
