"""The orders of the rows of storage."""

from __future__ import annotations

from collections.abc import Sequence

from ollama_tui.domain import orders
from ollama_tui.domain.columns import natural
from ollama_tui.domain.orders import Order
from ollama_tui.domain.storage.report import RowKind, StorageRow

LAST = (RowKind.SHARED, RowKind.OBSTACLES)
"""Rows that explain others, and stay below them."""


def _modified(row: StorageRow) -> float | None:
    return row.modified.timestamp() if row.modified else None


ORDERS: tuple[Order[StorageRow], ...] = (
    Order("name", "NAME", lambda row: natural(row.label)),
    Order("alone", "ALONE", lambda row: row.alone, descending=True),
    Order("shared", "SHARED", lambda row: row.shared, descending=True),
    Order("modified", "MODIFIED", _modified, descending=True),
)
"""In display order."""


def arranged(rows: Sequence[StorageRow], key: str, reverse: bool) -> tuple[StorageRow, ...]:
    """Return rows in the order of a column; equal ones stay as they are. Raises KeyError."""
    sorted_ = orders.arranged((r for r in rows if r.kind not in LAST), ORDERS, key, reverse)
    return (*sorted_, *(row for row in rows if row.kind in LAST))
