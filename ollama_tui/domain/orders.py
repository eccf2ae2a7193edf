"""Columns that the rows of a table can be sorted by, and sorting by one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

R = TypeVar("R")
AS_GIVEN = "given"
"""Key of the order in which rows come."""


class SortColumn(Protocol):
    """A column that rows can be sorted by."""

    @property
    def key(self) -> str:
        """What identifies it in a `View`."""

    @property
    def title(self) -> str:
        """Its title."""

    @property
    def descending(self) -> bool:
        """Whether its natural order begins with the biggest."""


@dataclass(frozen=True, slots=True)
class Order(Generic[R]):
    """A column to sort by."""

    key: str
    title: str
    value: Callable[[R], Any] = lambda _: None
    """What is compared; None where it is missing, which always comes last."""
    descending: bool = False
    """Whether the natural order begins with the biggest."""


def arranged(
    rows: Iterable[R], orders: Sequence[Order[R]], key: str, reverse: bool
) -> tuple[R, ...]:
    """Return rows in the order of a column; equal ones stay as they are. Raises KeyError."""
    if key == AS_GIVEN:
        return tuple(reversed(tuple(rows))) if reverse else tuple(rows)
    order = {each.key: each for each in orders}[key]
    valued = [(order.value(row), row) for row in rows]
    present = [pair for pair in valued if pair[0] is not None]
    present.sort(key=lambda pair: pair[0], reverse=order.descending is not reverse)
    return (*(row for _, row in present), *(row for value, row in valued if value is None))
