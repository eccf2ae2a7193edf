"""A moving picture: screens in turn as one SVG, each drawn over the one before it.

Only the cells that change are drawn, in a group that becomes visible when its time has come; a
browser that is asked for less motion shows the last screen. Below the window stands which keys were
pressed and what they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

from tests.pictures.cells import Row, Screen
from tests.pictures.svg import (
    HEIGHT,
    MARGIN,
    WIDTH,
    Palette,
    Patch,
    commonest_background,
    drawn,
    number,
    patches_of,
    window,
)

GAP = 4
"""Equal cells between two changes that are drawn again: cheaper than a second patch."""
CAPTION = 34
"""Height of what stands below the screen."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A screen, for how many seconds it stays, and what is said of it."""

    screen: Screen
    seconds: float
    keys: str = ""
    """Pressed keys, separated by spaces."""
    caption: str = ""


def changes(before: Screen, after: Screen) -> list[Patch]:
    """Return the cells that differ; screens have the same size."""
    return [
        Patch(y, begin, new[begin:end])
        for y, (old, new) in enumerate(zip(before, after, strict=True))
        if old != new
        for begin, end in _spans(old, new)
    ]


def _spans(old: Row, new: Row) -> list[tuple[int, int]]:
    """Return where two lines differ; a wide character is in or out as a whole."""
    spans: list[list[int]] = []
    for column, (one, other) in enumerate(zip(old, new, strict=True)):
        if one != other:
            if spans and column - spans[-1][1] <= GAP:
                spans[-1][1] = column + 1
            else:
                spans.append([column, column + 1])
    for span in spans:
        while span[0] > 0 and not (old[span[0]].text and new[span[0]].text):
            span[0] -= 1
        while span[1] < len(new) and not (old[span[1]].text and new[span[1]].text):
            span[1] += 1
    return [(begin, end) for begin, end in spans]


def film(frames: Sequence[Frame], *, title: str) -> str:
    """Return the document of a film, which begins again when it ends."""
    palette = Palette()
    first = frames[0]
    columns, rows = len(first.screen[0]), len(first.screen)
    blank = commonest_background(first.screen)
    parts = [drawn(patches_of(first.screen), palette, blank), _caption(first, rows, columns)]
    length = sum(frame.seconds for frame in frames)
    rules = [f".F{{visibility:hidden;animation:{number(length)}s step-end infinite}}"]
    begin = 0.0
    for place, (before, frame) in enumerate(pairwise(frames), 1):
        begin += before.seconds
        body = drawn(changes(before.screen, frame.screen), palette)
        if (before.keys, before.caption) != (frame.keys, frame.caption):
            body += _caption(frame, rows, columns)
        parts.append(f'<g class="F" style="animation-name:f{place}">{body}</g>')
        share = f"{begin / length:.3%}"
        rules.append(f"@keyframes f{place}{{{share}{{visibility:visible}}}}")
    rules.append(
        "@media(prefers-reduced-motion:reduce){.F{animation:none;visibility:visible}}"
        ".K{font-weight:700;text-anchor:start}.C{text-anchor:start}"
    )
    return window(
        "".join(parts),
        columns,
        rows,
        title=title,
        blank=blank,
        rules=palette.rules + "".join(rules),
        below=CAPTION,
    )


def _caption(frame: Frame, rows: int, columns: int) -> str:
    """Return the keys in frames and the words beside them, over what stood there before."""
    top, right = rows * HEIGHT + MARGIN, columns * WIDTH
    parts = [f'<rect y="{top}" width="{right}" height="{CAPTION}" fill="#101010"/>']
    x = 0
    for key in frame.keys.split():
        width = WIDTH * len(key) + 14
        parts.append(
            f'<rect x="{x + 1}" y="{top + 5}" width="{width}" height="23" rx="5" fill="#303030"'
            f' stroke="#7a7a7a"/><text class="K" x="{x + 8}" y="{top + 21}" fill="#ffffff">'
            f"{escape(key)}</text>"
        )
        x += width + 8
    parts.append(
        f'<text class="C" x="{x + 6}" y="{top + 21}" fill="#c8c8c8">{escape(frame.caption)}</text>'
    )
    return "".join(parts)
