"""Bars, stacked bars and sparklines, in cells."""

from __future__ import annotations

from collections.abc import Sequence

from ollama_tui.formatting import Span, StyledLine
from ollama_tui.tui.look import Signs

EIGHTHS = 8
Part = tuple[float, str, str]
"""A part of a stacked bar: how much it is, the glyph of its cells, their style."""


def bar(share: float, width: int, signs: Signs, style: str = "bar") -> StyledLine:
    """Return a bar of `width` cells with its rest, filled to an eighth of a cell.

    What is there at all shows, and only what is whole fills the bar. `share` is from 0 to 1.
    """
    filled = length_of(share, width, signs)
    rest = " " * (width - _cells(filled))
    if signs.eighths:
        return ((solid(filled, signs), style), (rest, "track"))
    return ((solid(filled, signs), style), (rest.replace(" ", signs.empty), "muted"))


def length_of(share: float, width: int, signs: Signs) -> int:
    """Return how many eighths of a cell stand for a share of `width` cells."""
    step = 1 if signs.eighths else EIGHTHS
    whole = width * EIGHTHS
    filled = round(min(max(share, 0.0), 1.0) * whole / step) * step
    if 0 < share < 1:
        filled = min(max(filled, step), whole - step) if width > 1 else step
    return filled


def solid(eighths: int, signs: Signs) -> str:
    """Return so many eighths of a cell as full cells and one that is not."""
    full, part = divmod(eighths, EIGHTHS)
    return signs.full * full + (signs.eighths[part] if part else "")


def _cells(eighths: int) -> int:
    return -(-eighths // EIGHTHS)


def stacked_bar(parts: Sequence[Part], width: int, signs: Signs, whole: float = 0) -> StyledLine:
    """Return parts side by side in `width` cells; what they leave of `whole` is the track.

    A part that is there at all has a cell, taken from the largest. Without a `whole`, or with one
    that is too small, the parts fill the bar.
    """
    whole = max(whole, sum(amount for amount, _, _ in parts))
    if whole <= 0 or width <= 0:
        return _rest(width, signs)
    rest = whole - sum(amount for amount, _, _ in parts)
    amounts = [*(amount for amount, _, _ in parts), rest]
    exact = [amount * width / whole for amount in amounts]
    cells = [int(amount) for amount in exact]
    by_remainder = sorted(range(len(cells)), key=lambda n: cells[n] - exact[n])
    for index in by_remainder[: width - sum(cells)]:
        cells[index] += 1
    for index, (amount, _, _) in enumerate(parts):
        if amount > 0 and not cells[index] and max(cells) > 1:
            cells[cells.index(max(cells))] -= 1
            cells[index] = 1
    spans: list[Span] = [
        (glyph * count, style) for (_, glyph, style), count in zip(parts, cells, strict=False)
    ]
    return (*(span for span in spans if span[0]), *_rest(cells[-1], signs))


def _rest(width: int, signs: Signs) -> StyledLine:
    if width <= 0:
        return ()
    return ((" " * width, "track"),) if signs.eighths else ((signs.empty * width, "muted"),)


def sparkline(values: Sequence[float], width: int, signs: Signs) -> str:
    """Return the last `width` values as levels up to the highest of them, padded on the left."""
    shown = values[-width:] if width > 0 else ()
    top = max(shown, default=0.0)
    last = len(signs.levels) - 1
    levels = (
        signs.levels[round(max(value, 0.0) * last / top)] if top > 0 else signs.levels[0]
        for value in shown
    )
    return "".join(levels).rjust(max(width, 0))
