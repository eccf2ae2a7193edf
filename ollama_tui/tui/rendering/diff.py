"""The front buffer: what the terminal shows, and the bytes that make it show something else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.color import ColorSystem
from textual.strip import Strip

from ollama_tui.tui.rendering.sgr import TAIL, is_sure, looks_blank_alike, pen_change, strip_cells

CLOSE_GAP = 6
"""Cells: rewriting fewer unchanged cells than this is cheaper than moving the cursor past them."""

Piece = tuple[int, int, Strip]
"""A strip and where it goes: row, column, strip."""


Run = tuple[int, int, list[str], list[str], int]
"""Cells to be written: row, column, characters, pens, and the column their strip begins in."""

FEW_RUNS = 40
"""Up to so many, the order in which they are written is worth a second thought."""


class Row:
    """What one line of the terminal shows; None is a cell we know nothing of."""

    __slots__ = ("chars", "pens", "strips")

    def __init__(self) -> None:
        self.chars: list[str | None] = []
        self.pens: list[str] = []
        self.strips: dict[int, Strip] = {}

    def reach(self, end: int) -> None:
        """Make the row at least `end` cells long."""
        missing = end - len(self.chars)
        if missing > 0:
            self.chars += [None] * missing
            self.pens += [""] * missing

    def changed(self, x: int, chars: list[str], pens: list[str]) -> list[tuple[int, int]]:
        """Return the runs, as offsets from `x`, in which these cells differ from what is shown."""
        end = x + len(chars)
        self.reach(end)
        old_chars, old_pens = self.chars[x:end], self.pens[x:end]
        if old_chars == chars and old_pens == pens:
            return []
        touched = (
            index
            for index, (old, new, old_pen, pen) in enumerate(
                zip(old_chars, chars, old_pens, pens, strict=True)
            )
            if old != new or old_pen != pen
        )
        return list(_runs(touched, chars, pens))

    def store(self, x: int, chars: list[str], pens: list[str], strip: Strip) -> None:
        """Remember that these cells are shown now."""
        end = x + len(chars)
        if x and self.chars[x] == TAIL:
            self._lose(x - 1)  # half of a wide character was overwritten
        if end < len(self.chars) and self.chars[end] == TAIL:
            self._lose(end)
        self.chars[x:end] = chars
        self.pens[x:end] = pens
        self._drop_strips(x, end)
        self.strips[x] = strip

    def _lose(self, x: int) -> None:
        self.chars[x] = None
        self._drop_strips(x, x + 1)

    def _drop_strips(self, x: int, end: int) -> None:
        for start, other in list(self.strips.items()):
            if start < end and x < start + other.cell_length:
                del self.strips[start]


def _runs(touched: Iterable[int], chars: list[str], pens: list[str]) -> Iterator[tuple[int, int]]:
    """Join touched cells into runs, closing small gaps and never splitting a wide character."""
    start = end = -1
    for index in touched:
        first = index - 1 if chars[index] == TAIL else index
        if start < 0:
            start = first
        elif not _closes(first, end, pens):
            yield start, end
            start = first
        end = index + 1
        if end < len(chars) and chars[end] == TAIL:
            end += 1
    if start >= 0:
        yield start, end


def _closes(first: int, end: int, pens: list[str]) -> bool:
    """Whether the gap from `end` to `first` is cheaper to rewrite than to jump."""
    gap = set(pens[end:first])
    return first - end < CLOSE_GAP and (gap <= {pens[end - 1]} or gap <= {pens[first]})


class Pencil:
    """Collects the bytes of one frame: cursor moves, pen changes, text."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._pen = ""
        self._at: tuple[int, int] | None = None

    def write(self, y: int, x: int, chars: list[str], pens: list[str]) -> None:
        """Write the cells at row `y`, column `x`."""
        out, current, lost = self._out, self._pen, False
        self._move(y, x)
        for column, (char, pen) in enumerate(zip(chars, pens, strict=True), x):
            if char == TAIL:
                continue
            if lost:
                out.append(f"\x1b[{column + 1}G")
            if pen != current and not (char == " " and looks_blank_alike(current, pen)):
                if char == " ":
                    pen = _pen_ahead(chars, pens, column - x)
                out.append(pen_change(current, pen))
                current = pen
            out.append(char)
            lost = not is_sure(char)
        self._pen = current
        self._at = None if lost else (y, x + len(chars))

    def finish(self) -> str:
        """Return the frame; the pen is put down, as others write to the terminal too."""
        self._out.append(pen_change(self._pen, ""))
        self._pen = ""
        return "".join(self._out)

    def _move(self, y: int, x: int) -> None:
        if self._at == (y, x):
            return
        if self._at is not None and self._at[0] == y:
            self._out.append(_along(x, x - self._at[1]))
        else:
            self._out.append(f"\x1b[{y + 1};{x + 1}H")


def _pen_ahead(chars: list[str], pens: list[str], index: int) -> str:
    """Return the pen of the text after these blanks, if they look the same in it."""
    pen = pens[index]
    for char, ahead in zip(chars[index:], pens[index:], strict=True):
        if not looks_blank_alike(pen, ahead):
            break
        if char != " ":
            return ahead
    return pen


def _along(x: int, step: int) -> str:
    """Return the shorter move within a row: to column `x`, or `step` cells to the right."""
    column = f"\x1b[{x + 1}G"
    if step < 1:
        return column
    return min(column, "\x1b[C" if step == 1 else f"\x1b[{step}C", key=len)


class Front:
    """What the terminal shows, as far as we wrote it."""

    def __init__(self, colors: ColorSystem) -> None:
        self._colors = colors
        self._rows: dict[int, Row] = {}

    def changes(self, pieces: Iterable[Piece]) -> str:
        """Return the bytes that make the terminal show `pieces`, and remember them as shown."""
        runs = [run for piece in pieces for run in self._changed(*piece)]
        written = _written(runs)
        if len(runs) > FEW_RUNS:
            return written
        # Row by row keeps moves short, region by region keeps the pen: the shorter is sent.
        return min(written, _written(_by_region(runs)), key=len)

    def _changed(self, y: int, x: int, strip: Strip) -> Iterator[Run]:
        row = self._rows.get(y)
        if row is None:
            row = self._rows[y] = Row()
        if row.strips.get(x) is strip:
            return
        chars, pens = strip_cells(strip, self._colors)
        if not chars:
            return
        for start, end in row.changed(x, chars, pens):
            yield y, x + start, chars[start:end], pens[start:end], x
        row.store(x, chars, pens, strip)


def _written(runs: Iterable[Run]) -> str:
    pencil = Pencil()
    for y, x, chars, pens, _ in runs:
        pencil.write(y, x, chars, pens)
    return pencil.finish()


def _by_region(runs: list[Run]) -> list[Run]:
    """Return runs region by region: strips of one begin in one column.

    Within a row the order stays, as strips may overlap; where it could not, it is left alone.
    """
    reached: dict[int, int] = {}
    for y, _, _, _, column in runs:
        if column < reached.get(y, 0):
            return runs
        reached[y] = column
    return sorted(runs, key=_column)


def _column(run: Run) -> int:
    return run[4]
