"""Which figures stand out: large sizes are warm, and what was not changed for long turns amber."""

from __future__ import annotations

from datetime import datetime, timedelta

HEAT = ((0.10, "heat-4"), (0.05, "heat-3"), (0.01, "heat-2"))
"""From which share of the whole on, and the style."""
AGES = ((timedelta(days=365), "old"), (timedelta(days=90), "aging"))


def heat(share: float) -> str:
    """Return the style of a size by its share of the whole, such as that of the disk."""
    return next((style for least, style in HEAT if share >= least), "heat-1")


def fading(then: datetime | None, now: datetime) -> str:
    """Return the style of an age: muted while it is recent or unknown."""
    age = now - then if then is not None else timedelta()
    return next((style for least, style in AGES if age > least), "muted")
