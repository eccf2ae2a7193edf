"""The rows to show while a filter is typed: a mistake must not take away what was there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from ollama_tui.domain.columns import Listing
from ollama_tui.domain.model import Model
from ollama_tui.domain.rows import Arranged, arrange
from ollama_tui.domain.view import NOTHING, Known, View

if TYPE_CHECKING:
    from ollama_tui.domain.filter.parser import Mistake


class LastValidFilter:
    """Arranges by the filter, and while that has a mistake in it, by the last one without."""

    def __init__(self) -> None:
        self._filter = ""
        self._listing = Listing()

    def arrange(
        self, models: tuple[Model, ...], view: View, *, now: datetime, known: Known = NOTHING
    ) -> Arranged:
        """Return the rows, with the mistakes of the filter as it is."""
        if models is not self._listing.models:
            self._listing = Listing(models)
        asked = arrange(self._listing, view, now=now, known=known)
        if not asked.mistakes:
            self._filter = view.filter
            return asked
        self._filter = without_beginnings(self._filter, view.filter, asked.mistakes)
        good = arrange(self._listing, replace(view, filter=self._filter), now=now, known=known)
        return replace(good, mistakes=asked.mistakes)


def without_beginnings(good: str, typed: str, mistakes: Sequence[Mistake]) -> str:
    """Return `good` without words that only were the first letters of a field being typed.

    On the way to `size:<8g` stands the word `size`, which no model has in its name: those rows
    are not what to go back to.
    """
    for mistake in reversed(mistakes):
        wrong = typed[mistake.start : mistake.end]
        word = good[mistake.start :].split(" ", 1)[0]
        if word and ":" not in word and wrong.startswith(f"{word}:"):
            good = good[: mistake.start] + good[mistake.start + len(word) :]
    return good
