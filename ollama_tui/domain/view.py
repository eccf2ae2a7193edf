"""What the user chose to look at: filter, order, marks. Models are named, never numbered."""

from __future__ import annotations

from dataclasses import dataclass

SavedFilters = tuple[tuple[str, str], ...]
"""Filters by their names, which are lower-case: `@name` in a filter stands for one."""


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
    marks: frozenset[str] = frozenset()
    """Names of marked models."""
    saved: SavedFilters = ()
    """What the filter may name."""


@dataclass(frozen=True, slots=True)
class KnownUpdates:
    """Which names are outdated, which are not; of the others nobody knows."""

    outdated: frozenset[str] = frozenset()
    current: frozenset[str] = frozenset()


NOTHING_KNOWN = KnownUpdates()
