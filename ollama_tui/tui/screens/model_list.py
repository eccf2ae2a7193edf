"""The list of models: its keys, its rows while filtering, and what an empty one says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from ollama_tui.domain.columns import Listing
from ollama_tui.domain.model import ConnectionState, Model, Snapshot
from ollama_tui.domain.rows import NOTHING_KNOWN, KnownUpdates, ListRows, View, list_rows
from ollama_tui.formatting import StyledLine, inert
from ollama_tui.tui.actions.action import Place
from ollama_tui.tui.screens.action_screen import bindings
from ollama_tui.tui.widgets.table import Table

if TYPE_CHECKING:
    from ollama_tui.domain.filter.completion import Completion
    from ollama_tui.domain.filter.parser import FilterProblem


class ModelTable(Table[Model]):
    """The list of models, with the keys of the list."""

    BINDINGS = [*bindings(Place.LIST), *bindings(Place.MODEL_TABLES)]


class LastValidFilter:
    """Arranges by the filter, and while that has a problem in it, by the last one without."""

    def __init__(self) -> None:
        self._filter = ""
        self._listing = Listing()

    def list_rows(
        self,
        models: tuple[Model, ...],
        view: View,
        *,
        now: datetime,
        known: KnownUpdates = NOTHING_KNOWN,
        watched_since: datetime | None = None,
    ) -> ListRows:
        """Return the rows, with the problems of the filter as it is."""
        if models is not self._listing.models:
            self._listing = self._listing.updated(models)
        rows_of = partial(
            list_rows, self._listing, now=now, known=known, watched_since=watched_since
        )
        asked = rows_of(view)
        if not asked.problems:
            self._filter = view.filter
            return asked
        self._filter = without_beginnings(self._filter, view.filter, asked.problems)
        good = rows_of(replace(view, filter=self._filter))
        return replace(good, problems=asked.problems)

    def completion(self, text: str, cursor: int, view: View, now: datetime) -> Completion:
        """Return how a filter may go on at the cursor, by what is in the list."""
        from ollama_tui.domain.filter.completion import completion_in
        from ollama_tui.domain.filter.fields import Scope

        scope = Scope(self._listing.models, now, ready=self._listing)
        return completion_in(scope, text, cursor, view.saved)


def without_beginnings(good: str, typed: str, problems: Sequence[FilterProblem]) -> str:
    """Return `good` without words that only were the first letters of a field being typed.

    Before it is `size:<8g`, a filter is the word `size`, which no model has in its name: those rows
    are not what to go back to.
    """
    for problem in reversed(problems):
        wrong = typed[problem.start : problem.end]
        word = good[problem.start :].split(" ", 1)[0]
        if word and ":" not in word and wrong.startswith(word):
            good = good[: problem.start] + good[problem.start + len(word) :]
    return good


def empty_lines(snapshot: Snapshot, view: View, blame: str, host_url: str) -> list[StyledLine]:
    """Return the lines that say why there are no models, and what to do."""
    if snapshot.models and view.filter:
        reason = blame or "No model matches the filter."
        return [(), ((f"  {reason}", ""),), (("  esc", "key"), (" shows all models", "muted"))]
    if snapshot.state is ConnectionState.CONNECTING:
        return [(), ((f"  Connecting to {inert(host_url)} …", "muted"),)]
    if snapshot.state is ConnectionState.DOWN and snapshot.problem is not None:
        return [
            (),
            ((f"  {snapshot.problem.title}", "bad"),),
            ((f"  {snapshot.problem.hint}", ""),),
            (),
            (("  Retrying automatically; ", "muted"), ("R", "key"), (" retries now.", "muted")),
            (("  ", ""), ("D", "key"), (" opens the demo, which needs no server.", "muted")),
        ]
    return [
        (),
        (("  This server has no models yet.", ""),),
        (("  ", ""), ("p", "key"), (" pulls one, for example qwen3:1.7b.", "muted")),
    ]
