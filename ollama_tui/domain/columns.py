"""The columns of the list, and the order they put models in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import chain, groupby, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal

from ollama_tui.domain.model import Model, aliases
from ollama_tui.formatting import UNKNOWN, age, context, inert, size

if TYPE_CHECKING:
    from ollama_tui.domain.memory.fit import Need

_DIGITS = re.compile(r"0*(\d+)")
CAPABILITY_WORDS = {
    "vision": "vision",
    "tools": "tools",
    "thinking": "think",
    "embedding": "embed",
    "insert": "insert",
    "audio": "audio",
}
"""What is worth a word in the list, by capability, in the order shown."""
_UNREMARKABLE = "completion"
LOCK_CELLS = len(" L")
"""Cells of the sign after the name of a model that is locked."""
MANY_WORDS = len("vision tools think")
"""Cells of as many words as a model usually has."""
_LONG_FRACTION = re.compile(r"(\d{3,})\.\d+(?=[KMBT]$)")


@dataclass(frozen=True, slots=True)
class Column:
    """One column, all there is to it: a further one is one more row of `COLUMNS`."""

    key: str
    title: str
    width: int
    """Cells; the name's is a minimum."""
    align: Literal["left", "right"]
    priority: int
    """Columns with the highest number are dropped first when there is no room; 0 never is."""
    sort_key: Callable[[Model], str | float | timedelta | None]
    """Raw value; None when it is missing, which always comes last."""
    text: Callable[[Model, datetime], str]
    """What the cell says, inert, given the time now."""
    descending: bool = False
    """Whether the natural order begins with the biggest."""
    optional: bool = False
    """Whether it is shown only when asked for."""
    style: str = "muted"
    """Of the cell; one for most, as each change of style is more bytes than what a cell says."""
    extra: bool = False
    """Whether it is there only to use the room that names and the other columns leave."""
    most: int = 0
    """Cells that it has a use for, where there is room; 0 for its width."""


def natural(text: str) -> str:
    """Return a key that sorts `text` without regard to case and its numbers by value."""
    return _DIGITS.sub(lambda digits: f"{min(len(digits[1]), 99):02}{digits[1]}", text.lower())


_natural_of_few = lru_cache(maxsize=4096)(natural)
"""For texts that many models have in common."""


@lru_cache(maxsize=65_536)
def _name_key(name: str) -> str:
    return f"{natural(name)}\0{name}"


@lru_cache(maxsize=4096)
def _quantization_key(level: str) -> str | None:
    """Order by bits, then by name: Q4_0, Q4_K_M, MXFP4, Q8_0, F16."""
    bits = re.search(r"\d+", level)
    return f"{int(bits[0][:4]):04}{natural(level)}" if bits else None


@lru_cache(maxsize=1024)
def capability_words(capabilities: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Return `(capability, word)` for what is worth a word, in a fixed order.

    Capabilities that we do not know come last, under their own names.
    """
    known = [(key, word) for key, word in CAPABILITY_WORDS.items() if key in capabilities]
    others = sorted(capabilities - CAPABILITY_WORDS.keys() - {_UNREMARKABLE})
    return (*known, *((other, inert(other)) for other in others))


def _capabilities_key(capabilities: frozenset[str] | None) -> str | None:
    """Order by the first capability, then by the next; those with none last, but known."""
    if capabilities is None:
        return None
    return "".join("a" if word in capabilities else "b" for word in CAPABILITY_WORDS)


def _capabilities_text(capabilities: frozenset[str] | None) -> str:
    if capabilities is None:
        return "?"
    return " ".join(word for _, word in capability_words(capabilities))


def _size(model: Model) -> str:
    """Return a size in 6 cells at most: `10 GB` also for what Ollama rounds up to `10.0 GB`."""
    return UNKNOWN if model.is_cloud else size(model.size).replace("10.0 ", "10 ")


def _short_age(then: datetime | None, now: datetime) -> str:
    """Return an age in 9 cells at most: `59 min`, `11 months`."""
    text = age(then, now)
    for unit in ("second", "minute"):
        if unit in text:
            return f"{text.split(unit)[0]}{unit[:3]}"
    return text


def _quantization(model: Model) -> str:
    level = model.listed.details.quantization_level
    return UNKNOWN if level in ("", "unknown") else inert(level)


def _need(model: Model) -> Need | None:
    """Return what a model takes in memory; None where nothing is known of it."""
    if model.facts is None or not model.facts.memory_text:
        return None
    from ollama_tui.domain.model_memory import need_of  # the first frame does not show it

    return need_of(model)


FITS_WORDS = {"gpu": "fully", "partly": "partly", "no": "no"}
"""How much of a model is on GPUs, by the value of `Fits`, in the order of the column."""


def _fits(model: Model) -> str:
    need = _need(model)
    return FITS_WORDS[need.fits] if need and need.fits else ""


def _parameters(text: str) -> str:
    """Return a parameter count without decimals that say little: `134.52M` as `134M`."""
    return _LONG_FRACTION.sub(r"\1", inert(text)) or UNKNOWN


def _detail(
    key: str,
    title: str,
    width: int,
    priority: int,
    text_of: Callable[[Model], str],
    sort_key: Callable[[str], str] = _natural_of_few,
) -> Column:
    """Return the column of a text that only some models have, shown only when asked for."""
    return Column(
        key, title, width, "left", priority,
        lambda m: sort_key(text) if (text := text_of(m)) else None,
        lambda m, _: inert(text_of(m)) or UNKNOWN,
        optional=True,
    )  # fmt: skip


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Time since then is compared faster than times in several time zones are."""

COLUMNS: tuple[Column, ...] = (
    Column(
        "name", "NAME", 20, "left", 0,
        lambda m: _name_key(m.listed.name),
        lambda m, _: m.label,
        style="",
    ),
    Column(
        "size", "SIZE", 6, "right", 1,
        lambda m: None if m.is_cloud else m.size,
        lambda m, _: _size(m),
        descending=True,
        style="",
    ),
    Column(
        "params", "PARAMS", 6, "right", 5,
        lambda m: m.parameter_count or None,
        lambda m, _: _parameters(m.listed.details.parameter_size),
        descending=True,
    ),
    Column(
        "quant", "QUANT", 6, "left", 6,
        lambda m: _quantization_key(m.listed.details.quantization_level),
        lambda m, _: _quantization(m),
    ),
    Column(
        "ctx", "CTX", 5, "right", 7,
        lambda m: m.context_length or None,
        lambda m, _: context(m.context_length),
        descending=True,
    ),
    Column(
        "can", "CAN", 8, "left", 2,
        lambda m: _capabilities_key(m.capabilities),
        lambda m, _: _capabilities_text(m.capabilities),
        style="accent",
        most=MANY_WORDS,
    ),
    Column(
        "modified", "MODIFIED", 9, "left", 3,
        lambda m: at - _EPOCH if (at := m.listed.modified_at) else None,
        lambda m, now: _short_age(m.listed.modified_at, now),
        descending=True,
    ),
    Column(
        "loaded", "LOADED", 7, "right", 9,
        lambda m: m.running.size if m.running else None,
        lambda m, _: size(m.running.size) if m.running else "",
        descending=True,
        style="loaded",
        extra=True,
    ),
    Column(
        "family", "FAMILY", 10, "left", 8,
        lambda m: _natural_of_few(text) if (text := m.listed.details.family) else None,
        lambda m, _: inert(m.listed.details.family) or UNKNOWN,
        extra=True,
    ),
    Column(
        "used", "LAST RUN", 9, "left", 10,
        lambda m: at - _EPOCH if (at := m.last_run) else None,
        lambda m, now: "now" if m.running else _short_age(m.last_run, now) if m.last_run else "",
        descending=True,
        extra=True,
    ),
    Column(
        "memory", "MEMORY", 7, "right", 11,
        lambda m: need.total if (need := _need(m)) else None,
        lambda m, _: size(need.total) if (need := _need(m)) else UNKNOWN,
        descending=True,
        extra=True,
    ),
    Column(
        "fits", "FITS", 6, "left", 12,
        lambda m: list(FITS_WORDS.values()).index(word) if (word := _fits(m)) else None,
        lambda m, _: _fits(m) or UNKNOWN,
        extra=True,
    ),
    _detail("digest", "DIGEST", 12, 13, lambda m: m.digest[:12], str),
    _detail("format", "FORMAT", 11, 14, lambda m: m.listed.details.format),
    _detail("parent", "PARENT", 20, 15, lambda m: m.listed.details.parent_model),
    _detail("runner", "RUNNER", 8, 16, lambda m: m.runner),
    _detail("tags", "TAGS", 14, 17, lambda m: " ".join(m.note.tags) if m.note else ""),
)  # fmt: skip
"""All columns in display order; those not `optional` are shown where there is room for them."""

BY_KEY = {column.key: column for column in COLUMNS}
USUAL = tuple(column.key for column in COLUMNS if not column.optional and not column.extra)
WIDE = tuple(column.key for column in COLUMNS if not column.optional)
"""Keys of the usual columns, and those with the ones for where there is room."""


@dataclass(frozen=True, slots=True)
class Extents:
    """What the widths of columns and bars go by; of all models, so that a filter moves nothing."""

    longest_name: int = 0
    """Letters of the longest name, with the runner where it is shown beside it."""
    longest_short_name: int = 0
    """The same of names without what comes before their last slash, and `…/` in place of it."""
    usual_short_name: int = 0
    """As many as most short names have at most."""
    usual_quantization: int = 0
    """Letters that most quantizations have at most."""
    largest: int = 0
    """Bytes of the largest model."""


def extents(models: Sequence[Model]) -> Extents:
    """Return the extents of `models`."""
    labels = [m.label if m.siblings else m.listed.name for m in models]
    for number, model in enumerate(models):
        if model.note is not None and model.note.locked:
            labels[number] += " " * LOCK_CELLS
    slashes = [label.rfind("/") for label in labels]
    short = sorted(
        [
            len(label) - slash + len("/") if slash >= 0 else len(label)  # … in place of the rest
            for label, slash in zip(labels, slashes, strict=True)
        ]
    )
    levels = sorted([len(m.listed.details.quantization_level) for m in models])
    return Extents(
        max(map(len, labels), default=0),
        short[-1] if short else 0,
        _usual(short),
        _usual(levels),
        max([m.listed.size for m in models], default=0),
    )


def _usual(lengths: Sequence[int]) -> int:
    """Return what nine of ten of these sorted lengths do not exceed."""
    return lengths[len(lengths) * 9 // 10] if lengths else 0


def sort(models: Iterable[Model], column_key: str, reverse: bool = False) -> tuple[Model, ...]:
    """Return `models` in the natural order of a column, or reversed.

    Equal ones come by name, and those without a value last, whichever way. Raises KeyError.
    """
    column = BY_KEY[column_key]
    first: Callable[[Any], Any] = itemgetter(0)
    keyed = [(column.sort_key(model), model) for model in models]
    missing = [model for value, model in keyed if value is None]
    present = [pair for pair in keyed if pair[0] is not None]
    present.sort(key=first, reverse=column.descending is not reverse)
    if all(one[0] != other[0] for one, other in pairwise(present)):  # keys of names take long
        return (*(model for _, model in present), *_by_name(missing))
    ties = (_by_name([model for _, model in tied]) for _, tied in groupby(present, key=first))
    return (*(model for tied in ties for model in tied), *_by_name(missing))


def _by_name(models: list[Model]) -> list[Model]:
    return sorted(models, key=lambda m: _name_key(m.listed.name)) if len(models) > 1 else models


def group_by_weights(models: Iterable[Model]) -> tuple[tuple[Model, ...], ...]:
    """Return `models` with those that share weights together, at the place of the first."""
    groups: dict[str, list[Model]] = {}
    for model in models:
        groups.setdefault(model.weights_key, []).append(model)
    return tuple(map(tuple, groups.values()))


class Listing:
    """A list of models with what each key typed into the filter would have to compute again."""

    def __init__(self, models: Sequence[Model] = ()) -> None:
        self.models = tuple(models)
        self._order: tuple[str, bool] | None = None
        self._sorted: tuple[Model, ...] = ()
        self._lowered: tuple[tuple[Model, ...], list[str]] = ((), [])
        self._distinct: dict[str, tuple[str, ...]] = {}

    @cached_property
    def aliases(self) -> Mapping[str, tuple[str, ...]]:
        """Names by digest, for digests with several."""
        return aliases(self.models)

    def sorted_by(self, column: str, reverse: bool) -> tuple[Model, ...]:
        """Return the models in an order."""
        if self._order != (column, reverse):
            self._sorted = sort(self.models, column, reverse)
            self._order = (column, reverse)
        return self._sorted

    def updated(self, models: Sequence[Model]) -> Listing:
        """Return the listing of `models`, without sorting where only details have changed.

        A model that was learned about or loaded takes the place it had, unless the column sorted
        by says something else of it now.
        """
        listing = Listing(models)
        if self._order is None or len(listing.models) != len(self.models):
            return listing
        sort_key, successors = BY_KEY[self._order[0]].sort_key, {}
        for before, model in zip(self.models, listing.models, strict=True):
            is_same = model.facts is before.facts and model.running is before.running
            is_same = is_same and model.server_memory is before.server_memory
            is_same = is_same and model.note is before.note
            if model.listed is not before.listed or not (
                is_same or sort_key(model) == sort_key(before)
            ):
                return listing
            successors[id(before)] = model
        listing._order = self._order
        listing._sorted = tuple([successors[id(model)] for model in self._sorted])
        return listing

    def distinct(self, name: str, values: Callable[[Model], Iterable[str]]) -> tuple[str, ...]:
        """Return what `values` says of all models, each once, the most frequent first.

        It is computed once by `name`; empty texts are left out.
        """
        if (found := self._distinct.get(name)) is None:
            counts = Counter(chain.from_iterable(map(values, self.models)))
            found = tuple(text for text, _ in counts.most_common() if text)
            self._distinct[name] = found
        return found

    def lowered(self, models: tuple[Model, ...]) -> list[str]:
        """Return the lower-case names of `models`: side by side, they are read in no time."""
        if self._lowered[0] is not models:
            self._lowered = (models, [model.name.lower() for model in models])
        return self._lowered[1]
