"""Finding words in a long text: whatever their case, forwards and backwards, and counted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, count
from operator import add
from typing import NamedTuple

from ollama_tui.tui.widgets.text_layout import Anchor


class Match(NamedTuple):
    """Something found: line, start, end."""

    line: int
    start: int
    end: int


class TextSearch:
    """A text prepared for searching: that of 2 MB takes some milliseconds once, then one a search.

    The whole text is one string in lower case, in which C finds and counts; a loop over matches or
    lines in Python would take seconds.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self._starts: list[int] = list(map(add, accumulate(map(len, lines), initial=0), count()))
        self._text = folded("\n".join(lines))
        self._needle = ""
        self.count = 0
        """How often the words are in the text."""

    def look_for(self, words: str) -> None:
        """Search for `words` from now on; for nothing if they are empty."""
        needle = folded(words)
        if needle != self._needle:
            self._needle = needle
            self.count = self._text.count(needle) if needle else 0

    def next(self, place: Anchor) -> Match | None:
        """Return the first match at or after `place`, else the first one of all."""
        if not self.count:
            return None
        at = self._text.find(self._needle, self._offset(place))
        return self._match(self._text.find(self._needle) if at < 0 else at)

    def previous(self, place: Anchor) -> Match | None:
        """Return the last match that ends at or before `place`, else the last one of all."""
        if not self.count:
            return None
        at = self._text.rfind(self._needle, 0, self._offset(place))
        return self._match(self._text.rfind(self._needle) if at < 0 else at)

    def number(self, match: Match) -> int:
        """Return which of all matches this is, from 1 on."""
        before = self._text.count(self._needle, 0, self._offset(match[:2]))
        return min(before + 1, self.count)

    def is_match(self, match: Match) -> bool:
        """Whether the words are found there."""
        at = self._offset(match[:2])
        length = match.end - match.start
        return length == len(self._needle) and self._text.startswith(self._needle, at)

    def within(self, line: int, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield start and end of the matches that touch a part of a line."""
        if not self.count:
            return
        length, begin = len(self._needle), self._starts[line]
        at, last = begin + max(0, start - length), begin + end
        while 0 <= (at := self._text.find(self._needle, at, last + length)) < last:
            yield at - begin, at - begin + length
            at += length

    def _offset(self, place: Anchor) -> int:
        line, offset = place
        return self._starts[min(line, len(self._starts) - 1)] + offset

    def _match(self, at: int) -> Match:
        line = bisect_right(self._starts, at) - 1
        start = at - self._starts[line]
        return Match(line, start, start + len(self._needle))


def folded(text: str) -> str:
    """Return `text` in lower case, as long as it was: of all letters only İ would become two."""
    return text.replace("İ", "i").lower().replace("ς", "σ")
