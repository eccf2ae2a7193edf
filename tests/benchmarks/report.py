"""What was measured, next to its floor and its limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

HEAD = ("what", "min", "median", "max", "floor", "x floor", "limit", "")


@dataclass(frozen=True)
class Row:
    """One measure: samples of one unit, and what they are held to."""

    what: str
    unit: str
    samples: Sequence[float]
    floor: Sequence[float] = ()
    """Samples of the floor from the same run."""
    at_most: float | None = None
    """Limit of the ratio if there is a floor, else of the median itself; None to only tell."""
    worst: bool = False
    """Hold the worst sample to the limit instead of the median."""

    @property
    def ratio(self) -> float | None:
        """Median over the floor's median."""
        if not self.floor:
            return None
        return median(self.samples) / max(1e-9, median(self.floor))

    @property
    def is_over(self) -> bool:
        """Whether the limit is not kept."""
        if self.at_most is None:
            return False
        own = max(self.samples) if self.worst else median(self.samples)
        return (own if self.ratio is None else self.ratio) > self.at_most

    def as_json(self) -> dict[str, Any]:
        """Return everything, samples included."""
        return asdict(self) | {"ratio": self.ratio, "over": self.is_over}


def percentile(samples: Sequence[float], share: float) -> float:
    """Return the sample below which `share` of all lie."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [HEAD, ("---", *("---:",) * 6, "---"), *map(_cells, rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(row: Row) -> tuple[str, ...]:
    numbers = (min(row.samples), median(row.samples), max(row.samples))
    return (
        row.what,
        *(f"{_number(n)} {row.unit}" for n in numbers),
        f"{_number(median(row.floor))} {row.unit}" if row.floor else "–",
        f"{row.ratio:.2f}" if row.ratio is not None else "–",
        _limit(row),
        "" if row.at_most is None else "OVER" if row.is_over else "ok",
    )


def _limit(row: Row) -> str:
    if row.at_most is None:
        return "–"
    return f"{row.at_most:g} x" if row.floor else f"{row.at_most:,g} {row.unit}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
