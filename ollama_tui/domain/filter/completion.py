"""What tab makes of a filter: what was meant, or the ways on from the word at the cursor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ollama_tui.domain.filter.fields import BY_NAME, FIELDS, Scope, field_of
from ollama_tui.domain.filter.parser import FilterProblem, SavedFilters, parse, printed
from ollama_tui.formatting import inert

MOST_CHOICES = 100
_WORD = re.compile(r"(?P<signs>[!-]*)(?:(?P<field>[A-Za-z]+):(?P<values>.*,)?)?(?P<begun>[^,]*)")


@dataclass(frozen=True, slots=True)
class Completion:
    """What may stand in a filter in place of the characters from `start` up to `end`."""

    start: int
    end: int
    choices: tuple[str, ...] = ()
    """What may stand there, the likeliest first."""
    help: str = ""
    """What to type there, where nothing can be offered."""

    def applied_to(self, text: str, number: int) -> tuple[str, int]:
        """Return `text` with a choice in it, and where the cursor goes."""
        choice = self.choices[number]
        return text[: self.start] + choice + text[self.end :], self.start + len(choice)

    @property
    def common(self) -> str:
        """What all choices begin with."""
        first, last = min(self.choices), max(self.choices)
        same = next((n for n, c in enumerate(first) if n >= len(last) or c != last[n]), len(first))
        return first[:same]


def completion(
    text: str,
    cursor: int,
    scope: Scope,
    saved: SavedFilters = (),
    problems: Sequence[FilterProblem] = (),
) -> Completion:
    """Return how the word at `cursor` may go on; what is wrong comes first, if something is near.

    That is the first of `problems`: the one that is shown.
    """
    if problems and problems[0].meant:
        return Completion(problems[0].start, problems[0].end, (problems[0].meant,))
    return _of_word(text, cursor, scope, saved)


def completion_in(scope: Scope, text: str, cursor: int, saved: SavedFilters = ()) -> Completion:
    """Return how a filter over the models of `scope` may go on at `cursor`."""
    problems = parse(text, saved).problems_among(scope)
    return completion(text, cursor, scope, saved, problems)


def _of_word(text: str, cursor: int, scope: Scope, saved: SavedFilters) -> Completion:
    start = cursor - len(re.split(r"\s", text[:cursor])[-1])
    word = text[start:cursor]
    parts = _WORD.fullmatch(word)
    if parts is None or '"' in word:
        return Completion(start, cursor)
    name, begun = parts["field"], parts["begun"].lower()
    before = cursor - len(begun)
    if name is None:
        term = (meant,) if (meant := field_of(begun)) else ()
        found = _first(_beginnings(begun, scope, saved), begun)
        return Completion(before, cursor, (*term, *found))
    if (field := BY_NAME.get(name.lower())) is None:
        return Completion(start, cursor)
    typed = set((parts["values"] or "").lower().split(","))
    known = (printed(value, True) for value in field.known(scope) if value not in typed)
    choices = _first(known, begun)
    return Completion(before, cursor, choices, "" if choices else f"{field.help}: {field.example}")


def _beginnings(begun: str, scope: Scope, saved: SavedFilters) -> Iterable[str]:
    """Yield what a word may become: a saved filter, a field, a name up to its colon."""
    if begun.startswith("@"):
        yield from (f"@{name}" for name, _ in saved)
        return
    yield from (f"{field.name}:" for field in FIELDS)
    if begun:
        stems = scope.listing.distinct("stems", lambda m: (m.name.partition(":")[0].lower(),))
        yield from map(printed, stems)


def _first(words: Iterable[str], begun: str) -> tuple[str, ...]:
    """Return the words that go on from `begun`, those that stand for themselves left out."""
    found = (inert(word) for word in words if word.startswith(begun) and word != begun)
    return tuple(word for word, _ in zip(found, range(MOST_CHOICES), strict=False))
