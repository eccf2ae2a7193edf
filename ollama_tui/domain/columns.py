"""The columns of the list, and the order they can put models in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import groupby
from typing import Any, Literal

from ollama_tui.domain import columns as order
from ollama_tui.domain.model import Model, aliases
from ollama_tui.formatting import UNKNOWN, age, context, inert, size

SortKey = str | int | float
_DIGITS = re.compile(r"0*(\d+)")
_LETTERS = {
    "vision": "V",
    "tools": "T",
    "thinking": "K",
    "embedding": "E",
    "insert": "I",
    "audio": "A",
}
_UNREMARKABLE = frozenset({*_LETTERS, "completion"})
CAPABILITY_LETTERS = "".join(_LETTERS.values()) + "+"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it says of a model, and the raw value it sorts by."""

    key: str
    title: str
    width: int
    """Cells; the name's is a minimum."""
    align: Literal["left", "right"]
    priority: int
    """Columns with the highest number leave first when there is no room; 0 never leaves."""
    sort_key: Callable[[Model], SortKey | None]
    """Raw value; None when it is missing, which always comes last."""
    text: Callable[[Model, datetime], str]
    """What the cell says, inert, given the time now."""
    descending: bool = False
    """Whether the natural order begins with the biggest."""
    optional: bool = False
    """Whether it is shown only when asked for."""


def natural(text: str) -> str:
    """Return a key that sorts `text` without regard to case and its numbers by value."""
    return _DIGITS.sub(_sized, text.lower())


def _sized(digits: re.Match[str]) -> str:
    return f"{min(len(digits[1]), 99):02}{digits[1]}"


@lru_cache(maxsize=65_536)
def _name_key(name: str) -> str:
    return f"{natural(name)}\0{name}"


@lru_cache(maxsize=4096)
def _quantization_key(level: str) -> str | None:
    """Order by bits, then by name: Q4_0, Q4_K_M, MXFP4, Q8_0, F16."""
    bits = re.search(r"\d+", level)
    return f"{int(bits[0][:4]):04}{natural(level)}" if bits else None


def capability_letters(model: Model, absent: str = "·") -> str:
    """Return one letter per known capability in fixed places; a lone `?` while nobody has said."""
    known = model.capabilities
    return "?".ljust(len(CAPABILITY_LETTERS)) if known is None else _letters(known, absent)


@lru_cache(maxsize=1024)
def _letters(capabilities: frozenset[str], absent: str) -> str:
    places = [letter if word in capabilities else absent for word, letter in _LETTERS.items()]
    return "".join(places) + (absent if capabilities <= _UNREMARKABLE else "+")


def _capability_key(model: Model) -> str | None:
    known = model.capabilities
    return None if known is None else _letters(known, "~")


def _modified_key(model: Model) -> float | None:
    modified = model.listed.modified_at
    return modified.timestamp() if modified else None


def _loaded_text(model: Model, now: datetime) -> str:
    return size(model.running.size) if model.running else ""


def _said(text: str) -> str:
    return inert(text) or UNKNOWN


def _text_key(text: str) -> str | None:
    return natural(text) if text else None


NAME = Column("name", "NAME", 20, "left", 0, lambda m: _name_key(m.name), lambda m, _: m.label)

COLUMNS: tuple[Column, ...] = (
    NAME,
    Column(
        "params", "PARAMS", 7, "right", 3,
        lambda m: m.parameter_count or None,
        lambda m, _: _said(m.listed.details.parameter_size),
        descending=True,
    ),
    Column(
        "quant", "QUANT", 7, "left", 4,
        lambda m: _quantization_key(m.listed.details.quantization_level),
        lambda m, _: _said(m.listed.details.quantization_level),
    ),
    Column(
        "size", "SIZE", 7, "right", 1,
        lambda m: None if m.is_cloud else m.size,
        lambda m, _: UNKNOWN if m.is_cloud else size(m.size),
        descending=True,
    ),
    Column(
        "ctx", "CTX", 5, "right", 6,
        lambda m: m.context_length or None,
        lambda m, _: context(m.context_length),
        descending=True,
    ),
    Column(
        "can", "CAN", len(CAPABILITY_LETTERS), "left", 5,
        _capability_key,
        lambda m, _: capability_letters(m),
    ),
    Column(
        "modified", "MODIFIED", 10, "left", 2,
        _modified_key,
        lambda m, now: age(m.listed.modified_at, now),
        descending=True,
    ),
    Column(
        "loaded", "LOADED", 7, "right", 7,
        lambda m: m.running.size if m.running else None,
        _loaded_text,
        descending=True,
        optional=True,
    ),
    Column(
        "family", "FAMILY", 10, "left", 8,
        lambda m: _text_key(m.listed.details.family),
        lambda m, _: _said(m.listed.details.family),
        optional=True,
    ),
    Column(
        "digest", "DIGEST", 12, "left", 9,
        lambda m: m.digest or None,
        lambda m, _: _said(m.digest[:12]),
        optional=True,
    ),
    Column(
        "format", "FORMAT", 11, "left", 10,
        lambda m: _text_key(m.listed.details.format),
        lambda m, _: _said(m.listed.details.format),
        optional=True,
    ),
    Column(
        "parent", "PARENT", 20, "left", 11,
        lambda m: _text_key(m.listed.details.parent_model),
        lambda m, _: _said(m.listed.details.parent_model),
        optional=True,
    ),
)  # fmt: skip
"""All columns in display order; the first seven are shown unless the user chose others."""

BY_KEY = {column.key: column for column in COLUMNS}
USUAL = tuple(column.key for column in COLUMNS if not column.optional)


def sort(models: Iterable[Model], column_key: str, reverse: bool = False) -> tuple[Model, ...]:
    """Return `models` in the natural order of a column, or turned around.

    Equal ones come by name, and those without a value last, whichever way. Raises KeyError.
    """
    column = BY_KEY[column_key]
    keyed = [(column.sort_key(model), model) for model in models]
    missing = [model for value, model in keyed if value is None]
    present = [pair for pair in keyed if pair[0] is not None]
    present.sort(key=_first, reverse=column.descending is not reverse)
    return (*_ties_by_name(present), *_by_name(missing))


def _ties_by_name(present: Sequence[tuple[Any, Model]]) -> list[Model]:
    """Return the models in their order, equal ones by name."""
    if len({value for value, _ in present}) == len(present):
        return [model for _, model in present]
    ties = ([model for _, model in tied] for _, tied in groupby(present, key=_first))
    return [model for tied in ties for model in _by_name(tied)]


def _by_name(models: list[Model]) -> list[Model]:
    """Return `models` by name; what stands alone is not asked, as keys of names take long."""
    return sorted(models, key=lambda m: _name_key(m.name)) if len(models) > 1 else models


def grouped(models: Iterable[Model]) -> tuple[tuple[Model, ...], ...]:
    """Return `models` with those that share weights together, where the first of them stands."""
    kin: dict[str, list[Model]] = {}
    for model in models:
        kin.setdefault(model.kin, []).append(model)
    return tuple(map(tuple, kin.values()))


def _first(pair: tuple[Any, Model]) -> Any:
    return pair[0]


def fitting(columns: Sequence[Column], room: int, gap: int = 2) -> tuple[Column, ...]:
    """Return the columns that fit into `room` cells, in order; the least wanted leave first."""
    kept = list(columns)
    while len(kept) > 1 and sum(c.width for c in kept) + gap * (len(kept) - 1) > room:
        leaving = max(kept, key=lambda column: column.priority)
        if leaving.priority == 0:
            break
        kept.remove(leaving)
    return tuple(kept)


class Listing:
    """Models, and what was found out about all of them; of orders it keeps the last."""

    def __init__(self, models: Sequence[Model] = ()) -> None:
        self.models = tuple(models)
        self._order: tuple[str, bool] | None = None
        self._sorted: tuple[Model, ...] = ()
        self._lowered: tuple[tuple[Model, ...], list[str]] = ((), [])

    @cached_property
    def aliases(self) -> Mapping[str, tuple[str, ...]]:
        """Names by digest, for digests with several."""
        return aliases(self.models)

    def sorted_by(self, column: str, reverse: bool) -> tuple[Model, ...]:
        """Return the models in an order."""
        if self._order != (column, reverse):
            self._sorted = order.sort(self.models, column, reverse)
            self._order = (column, reverse)
        return self._sorted

    def lowered(self, models: tuple[Model, ...]) -> list[str]:
        """Return the lower-case names of `models`: side by side, they are read in no time."""
        if self._lowered[0] is not models:
            self._lowered = (models, [model.name.lower() for model in models])
        return self._lowered[1]
