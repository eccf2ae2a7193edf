"""The rows of the list: what the user chose to see, a `View`, applied to the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from ollama_tui.domain.columns import Listing, group_by_weights
from ollama_tui.domain.model import Model, ModelKey, key_of

if TYPE_CHECKING:
    from ollama_tui.domain.filter.parser import FilterProblem, SavedFilters


@dataclass(frozen=True, slots=True)
class View:
    """The user's own state over a snapshot; survives every refresh."""

    filter: str = ""
    """Text in the filter language."""
    sort: str = "modified"
    """Key of the column sorted by."""
    reverse: bool = False
    """Whether the column's natural order is reversed."""
    grouped: bool = False
    """Whether aliases and models that share weights follow the first of them."""
    marks: frozenset[ModelKey] = frozenset()
    """Marked models."""
    saved: SavedFilters = ()
    """The saved filters, which `@name` in `filter` stands for."""


@dataclass(frozen=True, slots=True)
class KnownUpdates:
    """Which models are outdated, which are not, of which nobody can tell; others were not asked of.

    `updates.known` makes it; it is here because the first frame need not load `updates`.
    """

    outdated: frozenset[ModelKey] = frozenset()
    current: frozenset[ModelKey] = frozenset()
    uncertain: frozenset[ModelKey] = frozenset()


NOTHING_KNOWN = KnownUpdates()


@dataclass(frozen=True)
class ListRows:
    """The rows, and what there is to say of the filter."""

    rows: tuple[Model, ...]
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of all models by digest, for digests with several."""
    following: frozenset[ModelKey] = frozenset()
    """Rows moved below another that they share weights with."""
    problems: tuple[FilterProblem, ...] = ()
    no_matches: str = ""
    """Why there are no rows, when a filter is the reason."""


def list_rows(
    listing: Listing,
    view: View,
    *,
    now: datetime,
    known: KnownUpdates = NOTHING_KNOWN,
    watched_since: datetime | None = None,
) -> ListRows:
    """Return the models that pass the filter, in the order chosen.

    A filter that is partly wrong still selects by its other words. `watched_since` is since when
    runs of the models are noted.
    """
    rows = models = listing.sorted_by(view.sort, view.reverse)
    problems: tuple[FilterProblem, ...] = ()
    no_matches = None
    if view.filter.strip():  # without one, the first frame has no use for the language
        from ollama_tui.domain.filter import parser as query
        from ollama_tui.domain.filter.fields import Scope

        asked = query.parse(view.filter, view.saved)
        scope = Scope(
            models,
            now,
            view.marks,
            outdated=known.outdated,
            current=known.current,
            uncertain=known.uncertain,
            watched_since=watched_since,
            ready=listing,
        )
        rows, problems = asked.select(models, scope), asked.problems_among(scope)
        no_matches = None if rows or not models else asked.no_matches(models, scope)
    following = frozenset[ModelKey]()
    if view.grouped:
        groups = group_by_weights(rows)
        following = frozenset(key_of(model) for group in groups for model in group[1:])
        rows = tuple(model for group in groups for model in group)
    return ListRows(rows, listing.aliases, following, problems, no_matches or "")
