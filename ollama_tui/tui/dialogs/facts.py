"""What a question says before it is answered: a number, sentences, a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ollama_tui.formatting import StyledLine, cells, plural
from ollama_tui.tui.widgets.styled_widget import WrappedLines
from ollama_tui.tui.widgets.text_layout import fit, wrap_line

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


class FactsView(WrappedLines):
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
