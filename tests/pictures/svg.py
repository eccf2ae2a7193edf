"""Screens as SVG in which no font can shift anything.

Every character is centred in its own cell by its own coordinate; blocks and lines are shapes
(`glyphs`). What looks the same in a line is one element, so a screen takes some 20 kB.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from string import ascii_lowercase
from xml.sax.saxutils import escape

from tests.pictures.cells import Look, Row, Screen, blend
from tests.pictures.glyphs import ARMS, BLOCKS, HEAVY, ROUND, SHADES

WIDTH, HEIGHT = 8, 16
"""Of a cell: eighths of it are whole pixels."""
MIDDLE, AXIS, BASELINE = 4, (4.5, 8.5), 12
"""Where characters are centred, lines run and letters stand in it."""
UNDERLINE, STRIKE = 14, 8
BAR, MARGIN = 28, 10
"""Height of the title bar of the window, and the room around what is in it."""
FONT = (
    "ui-monospace,'SF Mono',Menlo,'Cascadia Mono',Consolas,'DejaVu Sans Mono',"
    "'Liberation Mono',monospace"
)
TEXT_FORM = "\ufe0e"
"""Asks for the plain form of a character that some systems draw as a coloured picture."""
PICTURED = frozenset("☁✓")


@dataclass(frozen=True, slots=True)
class Patch:
    """Cells of one line, to be drawn from a column on."""

    y: int
    x: int
    cells: Row


@dataclass
class Palette:
    """Class names of colours, in the order in which they were first used."""

    names: dict[str, str] = field(default_factory=dict)

    def name(self, colour: str) -> str:
        """Return the class that fills with a colour."""
        if colour not in self.names:
            number = len(self.names)
            letters = ascii_lowercase
            name = letters[number % 26] + (str(number // 26) if number > 25 else "")
            self.names[colour] = name
        return self.names[colour]

    @property
    def rules(self) -> str:
        """The style rules of all classes."""
        return "".join(f".{name}{{fill:{colour}}}" for colour, name in self.names.items())


def number(value: float) -> str:
    """Return a coordinate in as few characters as it takes."""
    return f"{value:g}"


def drawn(patches: Sequence[Patch], palette: Palette, blank: str | None = None) -> str:
    """Return the elements of some patches; of colour `blank` there is a background already."""
    parts = [*_backgrounds(patches, palette, blank), *_shapes(patches, palette)]
    parts += _lines(patches)
    for patch in patches:
        parts += _texts(patch, palette)
    return "".join(parts)


def patches_of(screen: Screen) -> list[Patch]:
    """Return a whole screen as patches."""
    return [Patch(y, 0, row) for y, row in enumerate(screen)]


def _backgrounds(patches: Sequence[Patch], palette: Palette, blank: str | None) -> Iterable[str]:
    """Yield a rectangle for each stretch of one colour, as high as it goes on below."""
    tall: dict[tuple[int, int, str], list[int]] = {}
    for patch in patches:
        column = patch.x
        for colour, group in groupby(patch.cells, key=lambda cell: cell.look.background):
            width = len(list(group))
            if colour != blank:
                spans = tall.setdefault((column, width, colour), [])
                if spans and spans[-1] + spans[-2] == patch.y:
                    spans[-1] += 1
                else:
                    spans += [patch.y, 1]
            column += width
    for (column, width, colour), spans in tall.items():
        for y, height in zip(spans[::2], spans[1::2], strict=True):
            yield (
                f'<rect class="{palette.name(colour)}" x="{column * WIDTH}" y="{y * HEIGHT}"'
                f' width="{width * WIDTH}" height="{height * HEIGHT}"/>'
            )


def _boxes(patch: Patch) -> Iterable[tuple[str, float, float, float, float]]:
    """Yield colour and corners of the blocks, shades and underlines of a patch."""
    top = patch.y * HEIGHT
    for column, cell in enumerate(patch.cells, patch.x):
        left, look = column * WIDTH, cell.look
        for x0, y0, x1, y1 in BLOCKS.get(cell.text, ()):
            yield look.foreground, left + x0, top + y0 * 2, left + x1, top + y1 * 2
        if cell.text in SHADES:
            colour = blend(look.foreground, look.background, SHADES[cell.text])
            yield colour, left, top, left + WIDTH, top + HEIGHT
        for wanted, at in ((look.underline, UNDERLINE), (look.strike, STRIKE)):
            if wanted:
                yield look.foreground, left, top + at, left + WIDTH, top + at + 1


def _shapes(patches: Sequence[Patch], palette: Palette) -> Iterable[str]:
    """Yield one path a colour; what meets side by side is one rectangle of it."""
    boxes: dict[str, list[list[float]]] = {}
    for patch in patches:
        for colour, x0, y0, x1, y1 in _boxes(patch):
            others = boxes.setdefault(colour, [])
            same = [o for o in others[-3:] if (o[1], o[2], o[3]) == (y0, x0, y1)]
            if same:
                same[0][2] = x1
            else:
                others.append([x0, y0, x1, y1])
    for colour, rectangles in boxes.items():
        path = "".join(
            f"M{number(x0)} {number(y0)}H{number(x1)}V{number(y1)}H{number(x0)}z"
            for x0, y0, x1, y1 in rectangles
        )
        yield f'<path class="{palette.name(colour)}" d="{path}"/>'


def _lines(patches: Sequence[Patch]) -> Iterable[str]:
    """Yield one path of strokes for each colour and weight."""
    strokes: dict[tuple[str, bool], list[str]] = {}
    for patch in patches:
        for (colour, heavy, sign), group in groupby(
            enumerate(patch.cells, patch.x),
            key=lambda at: (at[1].look.foreground, at[1].text in HEAVY, at[1].text),
        ):
            columns = [column for column, _ in group]
            if sign in ARMS:
                path = strokes.setdefault((colour, heavy), [])
                path.append(_stroke(sign, patch.y, columns))
    for (colour, heavy), paths in strokes.items():
        weight = ' stroke-width="2"' if heavy else ""
        yield f'<path class="L" stroke="{colour}"{weight} d="{"".join(paths)}"/>'


def _stroke(sign: str, y: int, columns: Sequence[int]) -> str:
    """Return the path of the same line character in adjoining columns."""
    top, arms = y * HEIGHT, ARMS[sign]
    if arms == "lr":
        return f"M{columns[0] * WIDTH} {number(top + AXIS[1])}H{(columns[-1] + 1) * WIDTH}"
    return "".join(_joint(sign, arms, column * WIDTH, top) for column in columns)


def _joint(sign: str, arms: str, left: int, top: int) -> str:
    x, y = left + AXIS[0], top + AXIS[1]
    ends = {"l": (left, y), "r": (left + WIDTH, y), "u": (x, top), "d": (x, top + HEIGHT)}
    if sign in ROUND:
        begin, end = (ends[arm] for arm in ROUND[sign])
        bend = begin[1] + (4 if begin[1] < y else -4)
        return (
            f"M{number(begin[0])} {number(begin[1])}V{number(bend)}"
            f"Q{number(x)} {number(y)} {number(end[0])} {number(end[1])}"
        )
    path = ""
    for arm in arms:
        to_x, to_y = ends[arm]
        path += f"M{number(x)} {number(y)}L{number(to_x)} {number(to_y)}"
    return path


def _texts(patch: Patch, palette: Palette) -> Iterable[str]:
    """Yield an element for each look of a line, and one for each character of several parts."""
    y = patch.y * HEIGHT + BASELINE
    plain: dict[Look, list[tuple[int, str]]] = {}
    for column, cell in enumerate(patch.cells):
        if cell.text.strip() and not _is_shape(cell.text):
            look = Look(cell.look.foreground, "", cell.look.bold, cell.look.italic)
            width = 1
            while patch.cells[column + width :] and not patch.cells[column + width].text:
                width += 1
            middle = (patch.x + column) * WIDTH + MIDDLE * width
            plain.setdefault(look, []).append((middle, cell.text))
    for look, letters in plain.items():
        kind = palette.name(look.foreground) + " B" * look.bold + " I" * look.italic
        simple = [(x, text) for x, text in letters if _is_simple(text)]
        if simple:
            places = " ".join(str(x) for x, _ in simple)
            text = escape("".join(text for _, text in simple))
            yield f'<text class="{kind}" y="{y}" x="{places}">{text}</text>'
        for x, text in letters:
            if not _is_simple(text):
                form = TEXT_FORM * (text in PICTURED)
                yield f'<text class="{kind}" y="{y}" x="{x}">{escape(text)}{form}</text>'


def _is_shape(text: str) -> bool:
    return text in BLOCKS or text in SHADES or text in ARMS


def _is_simple(text: str) -> bool:
    """Whether a text is one unit of UTF-16, to which browsers give one coordinate."""
    return len(text) == 1 and ord(text) < 0x10000 and text not in PICTURED


def window(
    inside: str,
    columns: int,
    rows: int,
    *,
    title: str,
    blank: str,
    rules: str,
    below: int = 0,
) -> str:
    """Return a document: a window with a title bar, and `inside` at the corner of its cells.

    `below` is the height of what else is drawn under them.
    """
    width, height = columns * WIDTH + 2 * MARGIN, rows * HEIGHT + BAR + MARGIN + below
    dots = "".join(
        f'<circle cx="{18 + 20 * place}" cy="14" r="6" fill="{colour}"/>'
        for place, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}">'
        f"<style>text{{font:13.3px {FONT};text-anchor:middle;white-space:pre}}"
        ".B{font-weight:700}.I{font-style:italic}.L{fill:none}rect,path{shape-rendering:crispEdges}"
        f".L{{shape-rendering:auto}}{rules}</style>"
        f'<rect width="{width}" height="{height}" rx="8" fill="{blank}" stroke="#55555588"/>'
        f'{dots}<text x="{width / 2:g}" y="18" fill="#8a8a8a">{escape(title)}</text>'
        f'<g transform="translate({MARGIN} {BAR})">{inside}</g></svg>\n'
    )


def picture(screen: Screen, *, title: str) -> str:
    """Return a screen as a document."""
    palette = Palette()
    blank = commonest_background(screen)
    inside = drawn(patches_of(screen), palette, blank)
    columns = max(map(len, screen))
    return window(inside, columns, len(screen), title=title, blank=blank, rules=palette.rules)


def commonest_background(screen: Screen) -> str:
    """Return the background that most cells have."""
    votes: dict[str, int] = {}
    for row in screen:
        for cell in row:
            votes[cell.look.background] = votes.get(cell.look.background, 0) + 1
    return max(votes, key=lambda colour: votes[colour])
