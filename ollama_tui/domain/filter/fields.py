"""The fields one can filter by: each a row that turns the value of `field:value` into a test."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

from ollama_tui.domain.columns import Listing
from ollama_tui.domain.filter import quantities as amounts
from ollama_tui.domain.filter.quantities import BadValue
from ollama_tui.domain.model import Model, ModelKey, key_of
from ollama_tui.domain.names import listed_as
from ollama_tui.formatting import inert

Test = Callable[[Model], bool | None]
"""Whether a model matches; None when that is not known."""


@dataclass(frozen=True)
class Scope:
    """What a test may need to know besides the model itself."""

    models: tuple[Model, ...]
    """All models of the server, filtered or not."""
    now: datetime
    """Timezone-aware."""
    marked: frozenset[ModelKey] = frozenset()
    """Marked models."""
    outdated: frozenset[ModelKey] = frozenset()
    """Those known to have a newer version."""
    current: frozenset[ModelKey] = frozenset()
    """Those known to have none; of models in neither set nobody knows."""
    uncertain: frozenset[ModelKey] = frozenset()
    """Those that were asked about, and nobody can tell."""
    watched_since: datetime | None = None
    """Since when runs of the server's models are noted; None while they are not."""
    ready: Listing | None = None
    """A listing of the same models in any order, where there is one already."""

    @cached_property
    def listing(self) -> Listing:
        """What is computed of `models` once for all tests."""
        return self.ready or Listing(self.models)

    def called(self, text: str) -> tuple[Model, ...]:
        """Return the models that `text` names, or else those whose name begins with it."""
        start, meant = text.lower(), listed_as(text).lower()
        exact = tuple(model for model in self.models if model.name.lower() == meant)
        return exact or tuple(m for m in self.models if m.name.lower().startswith(start))


@dataclass(frozen=True, slots=True)
class FilterField:
    """One field of the filter language."""

    name: str
    help: str
    example: str
    compile: Callable[[str], Callable[[Scope], Test]]
    """Value to test; raises BadValue."""
    needs_details: bool = False
    """Whether it tests details that the server's list may lack."""
    compares: bool = False
    """Whether `size>8g` is read as `size:>8g`."""
    values: Callable[[Model], Iterable[str]] | None = None
    """What a model has for a value, lower-case, where those of a list can be offered."""

    def known(self, scope: Scope) -> tuple[str, ...]:
        """Return the values that can be offered: those of the field, then the list's, by number."""
        fixed = FIXED_VALUES.get(self.name, ())
        if self.values is None:
            return fixed
        return tuple(dict.fromkeys((*fixed, *scope.listing.distinct(self.name, self.values))))


CAPABILITIES = (
    "vision",
    "tools",
    "thinking",
    "embedding",
    "insert",
    "audio",
    "decision",
    "completion",
)


def _quantity(
    read: amounts.Reader, value_of: Callable[[Model], float], sentence: str, unit: str = ""
) -> Callable[[str], Callable[[Scope], Test]]:
    """Return the compiler of a numeric field, for which 0 means that the value is not known.

    A number without its unit is probably meant with `unit`.
    """

    def compile_(text: str) -> Callable[[Scope], Test]:
        try:
            within = amounts.within(text, read)
        except BadValue as error:
            bare = bool(unit) and re.fullmatch(r"[<>=]*\d+(\.\d+)?", text) is not None
            raise BadValue(sentence, text + unit if bare else "") from error
        return lambda scope: lambda model: within(v) if (v := value_of(model)) else None

    return compile_


def _age(older: bool) -> Callable[[str], Callable[[Scope], Test]]:
    def compile_(text: str) -> Callable[[Scope], Test]:
        try:
            seconds = amounts.hours(text) * 3600
        except BadValue as error:
            meant = text.lstrip("<>=")
            meant += "d" * meant.isdigit()
            sentence = "Write an age with h, d, w, m or y: 90d, 2w, 1y."
            raise BadValue(sentence, meant if _is_age(meant) else "") from error

        def bind(scope: Scope) -> Test:
            then = scope.now.timestamp() - seconds
            return lambda model: (
                (at.timestamp() < then) is older if (at := model.listed.modified_at) else None
            )

        return bind

    return compile_


def _unused(text: str) -> Callable[[Scope], Test]:
    """Compile an age: what was never seen running was not used only while it was watched."""
    try:
        seconds = amounts.hours(text) * 3600
    except BadValue as error:
        meant = text.lstrip("<>=")
        meant += "d" * meant.isdigit()
        sentence = "Write for how long it has not run with h, d, w, m or y: 90d, 2w, 1y."
        raise BadValue(sentence, meant if _is_age(meant) else "") from error

    def bind(scope: Scope) -> Test:
        then, since = scope.now.timestamp() - seconds, scope.watched_since
        watched = since is not None and since.timestamp() <= then

        def test(model: Model) -> bool | None:
            if model.running is not None:
                return False
            if model.last_run is not None:
                return model.last_run.timestamp() < then
            if not watched:
                return None
            made = model.listed.modified_at  # under its digest it can have run since then only
            return True if made is not None and made.timestamp() <= then else None

        return test

    return bind


def _tag(text: str) -> Callable[[Scope], Test]:
    """Compile a tag, or the beginning of tags where no model has just that."""

    def bind(scope: Scope) -> Test:
        known = scope.listing.distinct("tag", _tags_of)
        wanted = {text} if text in known else {tag for tag in known if tag.startswith(text)}
        return lambda model: model.note is not None and not wanted.isdisjoint(model.note.tags)

    return bind


def _tags_of(model: Model) -> tuple[str, ...]:
    return model.note.tags if model.note is not None else ()


def _is_age(text: str) -> bool:
    try:
        return bool(amounts.hours(text))
    except BadValue:
        return False


def _capability(text: str) -> Callable[[Scope], Test]:
    if not any(word.startswith(text) for word in CAPABILITIES) and (
        word := closest(text, CAPABILITIES)
    ):
        raise BadValue(meant=word)

    @lru_cache(maxsize=1024)
    def any_begins(words: frozenset[str]) -> bool:
        return any(word.lower().startswith(text) for word in words)

    def test(model: Model) -> bool | None:
        known = model.capabilities
        return None if known is None else any_begins(known)

    return lambda scope: test


def _family(text: str) -> Callable[[Scope], Test]:
    def test(model: Model) -> bool:
        details = model.listed.details
        if details.family.lower().startswith(text):
            return True
        return any(family.lower().startswith(text) for family in details.families or ())

    return lambda scope: test


def _fits(text: str) -> Callable[[Scope], Test]:
    """Return the test of `fits:24g`: all of a model in the memory of a GPU with as much."""
    from ollama_tui.domain.memory.available import configured, parse_memory

    try:
        available = configured(parse_memory(text))
    except ValueError as error:
        meant = f"{text}g" if text.isdigit() else ""
        raise BadValue("Write the memory of a GPU with its unit: 24g or 16.5g.", meant) from error

    def test(model: Model) -> bool | None:
        from ollama_tui.domain.memory.fit import Fits
        from ollama_tui.domain.model_memory import need_with

        if model.is_cloud:
            return False
        found = need_with(model, available)
        return None if found is None else found.fits is Fits.GPU

    return lambda scope: test


def _fits_server(model: Model) -> bool | None:
    """Whether all of a model fits the GPUs of its server."""
    from ollama_tui.domain.memory.fit import Fits
    from ollama_tui.domain.model_memory import need_of

    if model.is_cloud:
        return False
    found = need_of(model)
    return None if found is None or found.fits is None else found.fits is Fits.GPU


STATES: dict[str, Callable[[Scope, Model], bool | None]] = {
    "loaded": lambda scope, model: model.is_loaded,
    "cloud": lambda scope, model: model.is_cloud,
    "alias": lambda scope, model: model.digest in scope.listing.aliases,
    "outdated": lambda scope, model: (
        key_of(model) in scope.outdated
        or (False if key_of(model) in scope.current or model.is_cloud else None)
    ),
    "marked": lambda scope, model: key_of(model) in scope.marked,
    "fits": lambda scope, model: _fits_server(model),
    "locked": lambda scope, model: model.note is not None and model.note.locked,
    "uncertain": lambda scope, model: (
        key_of(model) in scope.uncertain
        or (False if STATES["outdated"](scope, model) is not None else None)
    ),
}


def field_of(word: str) -> str:
    """Return the term that a word is the value of, such as `cap:vision`; empty for others."""
    if word in CAPABILITIES:
        return f"cap:{word}"
    return f"is:{word}" if word in STATES else ""


def _state(text: str) -> Callable[[Scope], Test]:
    state = STATES.get(text)
    if state is None:
        begun = [word for word in STATES if word.startswith(text)]
        meant = begun[0] if len(begun) == 1 else closest(text, tuple(STATES))
        raise BadValue("is: knows " + ", ".join(STATES) + ".", meant or "")
    return lambda scope: lambda model: state(scope, model)


def _shares(text: str) -> Callable[[Scope], Test]:
    def bind(scope: Scope) -> Test:
        others = scope.called(text)
        names = {other.name for other in others}
        digests = {other.digest for other in others if other.digest}
        blobs = {blob for other in others if other.facts for blob in other.facts.blobs}
        all_known = all(map(_tells_blobs, others))

        def test(model: Model) -> bool | None:
            if model.digest in digests or model.name in names:
                return True
            if blobs and model.facts and not blobs.isdisjoint(model.facts.blobs):
                return True
            return False if not others or (all_known and _tells_blobs(model)) else None

        return test

    return bind


def _tells_blobs(model: Model) -> bool:
    return model.is_cloud or bool(model.facts and model.facts.blobs)


def closest(text: str, words: Sequence[str]) -> str | None:
    """Return the one of `words` that `text`, or its beginning, is probably a misspelling of."""
    from difflib import get_close_matches  # 2 ms, for problems only

    if found := get_close_matches(text, words, 1, 0.75):
        return found[0]
    begun = {word[: len(text)]: word for word in reversed(words)}
    found = get_close_matches(text, tuple(begun), 1, 0.75) if len(text) > 3 else []
    return begun[found[0]] if found else None


WORD = FilterField(
    "", "the name contains the word", "qwen",
    lambda text: lambda scope: lambda model: text in model.listed.name.lower(),
)  # fmt: skip

FIELDS: tuple[FilterField, ...] = (
    FilterField(
        "cap", "what it can do", "cap:vision,tools", _capability, needs_details=True,
        values=lambda m: map(str.lower, m.capabilities or ()),
    ),
    FilterField(
        "family", "family starts with this", "family:qwen3", _family,
        values=lambda m: map(
            str.lower, (m.listed.details.family, *(m.listed.details.families or ()))
        ),
    ),
    FilterField(
        "quant", "quantization starts with this", "quant:q4",
        lambda text: lambda scope: (
            lambda model: model.listed.details.quantization_level.lower().startswith(text)
        ),
        values=lambda m: (m.listed.details.quantization_level.lower(),),
    ),
    FilterField(
        "runner", "runner starts with this", "runner:ggml",
        lambda text: lambda scope: lambda model: model.runner.lower().startswith(text),
        values=lambda m: (m.runner.lower(),),
    ),
    FilterField(
        "size", "bytes on disk", "size:2g..8g",
        _quantity(
            amounts.size,
            lambda m: 0 if m.is_cloud else m.size,
            "Write a size with its unit: >8g, <=500m or 2g..8g.",
            "g",
        ),
        compares=True,
    ),
    FilterField(
        "params", "number of parameters", "params:<=7b",
        _quantity(
            amounts.parameters,
            lambda m: m.parameter_count,
            "Write a number of parameters with its unit: <=7b, >500m or 1b..4b.",
            "b",
        ),
        compares=True,
    ),
    FilterField(
        "ctx", "context length in tokens", "ctx:>=128k",
        _quantity(
            amounts.tokens,
            lambda m: m.context_length,
            "Write a number of tokens: >=128k, <8192 or 32k..128k.",
        ),
        needs_details=True,
        compares=True,
    ),
    FilterField(
        "fits", "fits a GPU with this much memory", "fits:24g", _fits, needs_details=True
    ),
    FilterField("older", "modified longer ago than this", "older:90d", _age(older=True)),
    FilterField("newer", "modified more recently than this", "newer:7d", _age(older=False)),
    FilterField("unused", "not seen running for this long", "unused:90d", _unused),
    FilterField("is", ", ".join(STATES), "is:loaded", _state),
    FilterField(
        "tag", "has this tag, or one that starts with this", "tag:coding", _tag, values=_tags_of
    ),
    FilterField(
        "shares", "shares data on disk with a model", "shares:qwen3:8b", _shares,
        needs_details=True,
        values=lambda m: (m.name.lower(),),
    ),
)  # fmt: skip

FIXED_VALUES: dict[str, tuple[str, ...]] = {"cap": CAPABILITIES, "is": tuple(STATES)}
"""Values that can be offered whatever is in the list."""
BY_NAME = {field.name: field for field in FIELDS}


def quoted(text: str) -> str:
    """Return what was typed as it is quoted in a sentence."""
    return f"“{inert(text)}”"
