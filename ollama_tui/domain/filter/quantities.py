"""Amounts as people type them in a filter: `8g`, `>=128k`, `2g..8g`, `90d`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

_NUMBER = re.compile(r"(\d+(?:\.(\d+))?)\s*([a-z]*)")
_COMPARISON = re.compile(r"(>=|<=|>|<|=)?\s*(.+)", re.DOTALL)
_BYTES = {
    **{unit + end: 10 ** (3 * n) for n, unit in enumerate("kmgt", 1) for end in ("", "b")},
    **{unit + "ib": 2 ** (10 * n) for n, unit in enumerate("kmgt", 1)},
    "b": 1,
}
_COUNTS = {"k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}
_HOURS = {"h": 1, "d": 24, "w": 7 * 24, "m": 30 * 24, "mo": 30 * 24, "y": 365 * 24}


class BadValue(ValueError):  # noqa: N818 - a sentence for the person who typed it
    """The value means nothing for its field; the message says what would."""

    def __init__(self, sentence: str = "", meant: str = "") -> None:
        super().__init__(sentence)
        self.meant = meant
        """The value, or all that was typed, as it was probably meant; empty where none is near."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as typed: the least and the most it can stand for, exactly and roughly."""

    low: float
    high: float
    slack: float = 0.0


Reader = Callable[[str], Quantity]


def _number(text: str, units: dict[str, int]) -> tuple[float, int, float]:
    """Return value, scale and half of the last digit's worth; raise BadValue."""
    match = _NUMBER.fullmatch(text.strip())
    scale = units.get(match[3]) if match else None
    if match is None or scale is None:
        raise BadValue
    return float(match[1]), scale, 0.5 * 10.0 ** -len(match[2] or "") * scale


def _scaled(units: dict[str, int], text: str) -> Quantity:
    """Return a number with one of `units`, of which each has one meaning; raise BadValue."""
    value, scale, slack = _number(text, units)
    return Quantity(value * scale, value * scale, slack)


size: Reader = partial(_scaled, _BYTES)
"""Reads bytes: `8g` and `8gb` are decimal, `8gib` is binary."""
parameters: Reader = partial(_scaled, _COUNTS)
"""Reads a number of parameters: `500m`, `7b`."""


def tokens(text: str) -> Quantity:
    """Return tokens; raise BadValue.

    `128k` is said of 128000 as well as of 131072, so it stands for both and all between.
    """
    value, scale, _ = _number(text, {"": 0, "k": 1, "m": 2})
    return Quantity(value * 1000**scale, value * 1024**scale)


def within(text: str, read: Reader) -> Callable[[float], bool]:
    """Return the test of `>8g`, `2g..8g`, `..8g`, `8g` (about that); raise BadValue."""
    if ".." in text:
        first, last = (part.strip() for part in text.split("..", 1))
        least = read(first).low if first else 0.0
        most = read(last).high if last else float("inf")
        if not (first or last) or least > most:
            raise BadValue
        return lambda value: least <= value <= most
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise BadValue
    amount = read(match[2])
    low, high = amount.low, amount.high
    match match[1]:
        case ">":
            return lambda value: value > high
        case ">=":
            return lambda value: value >= low
        case "<":
            return lambda value: value < low
        case "<=":
            return lambda value: value <= high
    return lambda value: low - amount.slack <= value <= high + amount.slack


def hours(text: str) -> float:
    """Return the hours of `90d`, `2w`, `1y`; raise BadValue."""
    value, scale, _ = _number(text, _HOURS)
    return value * scale
