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
        return Arranged(order.sort(models, view.sort, view.reverse), frozenset(aliases(models)))
    from ollama_tui.catalog import query  # the first frame has no use for the language
    from ollama_tui.catalog.terms import Scope

    asked = query.parse(view.filter, view.saved)
    scope = Scope(
        tuple(models), now, marked=view.marks, outdated=known.outdated, current=known.current
    )
    selected = asked.select(models, scope)
    return Arranged(
        rows=order.sort(selected, view.sort, view.reverse),
        aliases=frozenset(scope.aliases),
        mistakes=asked.mistakes,
        blame="" if selected or not models else asked.blame(models, scope) or "",
    )
