"""What a question says before it is answered: a number, sentences, a table; and its keys."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip
from textual.visual import VisualType
from textual.widgets import Static

from ollama_tui.formatting import Span, StyledLine, cells, plural
from ollama_tui.tui.widgets.styled_widget import StyledWidget
from ollama_tui.tui.widgets.text_layout import fit, width_of, wrap_line

LISTED = 200
"""The most items named one by one; the rest are counted."""
INDENT = 2

FactRow = tuple[str, str, str]
"""What an item is called, its size or another figure, and what there is to know of it; inert."""


@dataclass(frozen=True)
class Facts:
    """What yes does."""

    number: str = ""
    """The most important figure with the words to understand it: the first thing to see."""
    lines: tuple[str, ...] = ()
    """Short sentences."""
    rows: tuple[FactRow, ...] = ()
    """The items, shown as a table."""
    unlisted: int = 0
    """How many more items there are than `rows`."""
    requests: tuple[str, ...] = ()
    """What is sent to the server, a line each; shown when asked for."""


def facts_table(rows: Sequence[FactRow], width: int) -> list[StyledLine]:
    """Return `rows` aligned in `width` cells; what does not fit beside a name goes below it.

    A name is never cut: it says what is lost.
    """
    names, figures, rest = (max((cells(row[n]) for row in rows), default=0) for n in range(3))
    gap = (" " * INDENT, "")
    lines: list[StyledLine] = []
    for name, figure, note in rows:
        size = fit(((figure, "strong"),), figures, "right")
        if names + figures + rest + 2 * INDENT <= width:
            whole = (*fit(((name, ""),), names), gap, *size, gap, (note, "muted"))
            lines.append(_stripped(whole))
        elif names + INDENT + figures <= width:
            lines.append(_stripped((*fit(((name, ""),), names), gap, *size)))
            lines += _below(note, width)
        else:
            lines += wrap_line(((name, ""),), width)
            lines += _below(f"{figure}  {note}".strip(), width)
    return lines


def _below(note: str, width: int) -> list[StyledLine]:
    return wrap_line(((" " * INDENT + note, "muted"),), width) if note else []


def _stripped(line: StyledLine) -> StyledLine:
    """Return a line without spans of nothing but blanks at its end."""
    end = len(line)
    while end and not line[end - 1][0].strip():
        end -= 1
    return line[:end]


class _Wrapping(StyledWidget):
    """Lines that depend on the width."""

    DEFAULT_CSS = """
    _Wrapping { width: 1fr; height: auto; }
    """

    @abstractmethod
    def lines_in(self, width: int) -> list[StyledLine]:
        """Return the lines for `width` cells."""

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines there are in `width` cells."""
        return len(self.lines_in(width))

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        lines = self.lines_in(self.size.width)
        return self.to_strip(fit(lines[y] if y < len(lines) else (), self.size.width))


class FactsView(_Wrapping):
    """The sentences and the table of a question, below the requests where they are wanted."""

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self.facts = facts
        self.shows_requests = False
        self._drawn: tuple[object, list[StyledLine]] = (None, [])

    def show(self, facts: Facts, *, requests: bool) -> None:
        """Show `facts` instead, with the requests or without."""
        self.facts, self.shows_requests = facts, requests
        self.refresh(layout=True)

    def lines_in(self, width: int) -> list[StyledLine]:
        """Return the lines for `width` cells."""
        key = (self.facts, self.shows_requests, width)
        if self._drawn[0] != key:
            self._drawn = (key, list(self._lines(width)))
        return self._drawn[1]

    def _lines(self, width: int) -> Iterable[StyledLine]:
        facts = self.facts
        if self.shows_requests:
            for request in facts.requests[:LISTED]:
                yield from wrap_line(((request, "accent"),), width)
            if (left := len(facts.requests) - LISTED) > 0:
                yield ((f"… and {plural(left, 'more request')}", "muted"),)
            yield ()
        for text in facts.lines:
            yield from wrap_line(((text, ""),), width) if text else [()]
        if facts.rows:
            if facts.lines and facts.lines[-1]:
                yield ()
            yield from facts_table(facts.rows, width)
        if facts.unlisted:
            yield ((f"… and {facts.unlisted:,} more", "muted"),)


DialogKey = tuple[str, str, str]
"""A key, what it does, and the style of the key."""


class DialogKeys(_Wrapping):
    """The keys that answer a question, as many in a line as fit."""

    def __init__(self, keys: Sequence[DialogKey], *, classes: str = "keys") -> None:
        super().__init__(classes=classes)
        self.keys = tuple(keys)

    def show(self, keys: Sequence[DialogKey]) -> None:
        """Show these keys instead."""
        if self.keys != tuple(keys):
            self.keys = tuple(keys)
            self.refresh(layout=True)

    def lines_in(self, width: int) -> list[StyledLine]:
        """Return the lines for `width` cells."""
        lines: list[list[Span]] = [[]]
        for key, label, style in self.keys:
            spans: list[Span] = [(key, style), (f" {label}", "")]
            gap: list[Span] = [("   ", "")] if lines[-1] else []
            if lines[-1] and width_of([*lines[-1], *gap, *spans]) > width:
                lines.append([])
                gap = []
            lines[-1] += [*gap, *spans]
        return [tuple(line) for line in lines]


KEY_WORDS = frozenset(
    {"enter", "esc", "tab", "space", "left", "right", "up", "down", "home", "end", "pgdn", "pgup"}
)
"""Names of keys as lines of keys have them."""


class KeysLine(Static):
    """A line such as `enter pull   esc cancel`, three blanks between its parts; keys stand out."""

    def __init__(self, text: str = "", *, classes: str = "keys") -> None:
        super().__init__(classes=classes, markup=False)
        self.update(text)

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Show another line."""
        parts: list[Content] = []
        for part in str(content).split("   "):
            keys, label = split_keys(part)
            parts.append(Content.assemble((keys, "bold $text-accent"), label))
        super().update(Content("   ").join(parts), layout=layout)


def split_keys(part: str) -> tuple[str, str]:
    """Return the keys that a part of a line of keys begins with, and the rest of it."""
    end = 0
    for word in part.split(" "):
        is_key = word in KEY_WORDS or len(word) == 1 or word.startswith("ctrl+")
        if not is_key or end + len(word) >= len(part):
            break
        end += len(word) + 1
    return part[: max(end - 1, 0)], part[max(end - 1, 0) :]
