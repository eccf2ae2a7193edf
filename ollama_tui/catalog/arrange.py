"""From a snapshot and a view to the rows shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ollama_tui.catalog import order
from ollama_tui.catalog.model import Model, aliases
from ollama_tui.catalog.view import NOTHING, Known, View

if TYPE_CHECKING:
    from ollama_tui.catalog.query import Mistake


@dataclass(frozen=True)
class Arranged:
    """The rows, and what there is to say of the filter."""

    rows: tuple[Model, ...]
    aliases: frozenset[str] = frozenset()
    """Digests that more than one of all models carries."""
    following: frozenset[str] = frozenset()
    """Names of rows that stand below another they share weights with, not by the order alone."""
    mistakes: tuple[Mistake, ...] = ()
    blame: str = ""
    """Why there are no rows, when a filter is the reason."""


def arrange(
    models: Sequence[Model], view: View, *, now: datetime, known: Known = NOTHING
) -> Arranged:
    """Return the models that pass the filter, in the order chosen.

    A filter with a mistake in it still selects by its other words.
    """
    if not view.filter.strip():
        rows, following = _in_order(models, view)
        return Arranged(rows, frozenset(aliases(models)), following)
    from ollama_tui.catalog import query  # the first frame has no use for the language
    from ollama_tui.catalog.terms import Scope

    asked = query.parse(view.filter, view.saved)
    scope = Scope(
        tuple(models), now, marked=view.marks, outdated=known.outdated, current=known.current
    )
    selected = asked.select(models, scope)
    rows, following = _in_order(selected, view)
    return Arranged(
        rows,
        frozenset(scope.aliases),
        following,
        mistakes=asked.mistakes,
        blame="" if selected or not models else asked.blame(models, scope) or "",
    )


def _in_order(models: Sequence[Model], view: View) -> tuple[tuple[Model, ...], frozenset[str]]:
    """Return the rows, and the names of those that follow their kin."""
    rows = order.sort(models, view.sort, view.reverse)
    if not view.grouped:
        return rows, frozenset()
    groups = order.grouped(rows)
    following = frozenset(model.name for group in groups for model in group[1:])
    return tuple(model for group in groups for model in group), following
