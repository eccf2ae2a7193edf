"""The filter language: `qwen cap:vision !is:cloud size:2g..8g` as a value that selects models.

    query = { term }            all must match
    term  = { "!" | "-" } ( word | field ":" value | "@" name of a saved filter )
    word, value = piece { "," piece }       any may match
    piece = text, or '"' text '"' with '""' for a quote

A field that compares numbers may leave out its colon: `size>8g`.
Matching is three-valued: what is not known of a model matches neither a term nor its negation.
A saved filter stands for its terms. A term prints as canonical text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from ollama_tui.domain.filter.fields import BY_NAME, WORD, Scope, Test, closest, quoted
from ollama_tui.domain.filter.near_misses import (
    no_field,
    not_compared,
    unknown_field,
    unknown_value,
    wrong_value,
)
from ollama_tui.domain.filter.quantities import BadValue
from ollama_tui.domain.model import Model
from ollama_tui.formatting import inert

SavedFilters = tuple[tuple[str, str], ...]
"""Filters by their names, which are lower-case: `@name` in a filter stands for one."""

_QUOTED = r'"(?:[^"]|"")*(?:"|$)'
_TOKEN = re.compile(rf'(?:{_QUOTED}|[^\s"])+')
_PIECE = re.compile(rf'(?:{_QUOTED}|[^,"])+')
_UNQUOTE = re.compile(r'"((?:[^"]|"")*)(?:"|$)')
_FIELD = re.compile(r"([A-Za-z_]+)(:|(?=[<>=]))(.*)", re.DOTALL)
_PLAIN = re.compile(r'[^\s",!@-][^\s",]*')
_SIGNS = "!-"
"""Each negates."""


@dataclass(frozen=True, slots=True)
class FilterProblem:
    """What is wrong with the characters from `start` up to `end` of the text."""

    start: int
    end: int
    sentence: str
    meant: str = ""
    """What probably was to be typed there; empty if nothing is near."""

    def quoting(self, text: str) -> str:
        """Return the sentence with the words of `text` it is about, for where none can be shown."""
        return f"{quoted(text[self.start : self.end])}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; `field` is empty for a word."""

    field: str
    values: tuple[str, ...]
    """Lower-case; any of them may match."""
    negated: bool = False

    def __str__(self) -> str:
        field = self.field and f"{self.field}:"
        values = ",".join(printed(value, bool(field)) for value in self.values)
        return f"{'!' * self.negated}{field}{values}"

    def test(self, scope: Scope) -> Test:
        """Return the test of the condition as if it were not negated."""
        row = BY_NAME.get(self.field, WORD)
        tests = [row.compile(value)(scope) for value in self.values]
        if len(tests) == 1:
            return tests[0]

        def any_of(model: Model) -> bool | None:
            answers = [test(model) for test in tests]
            return True if True in answers else None if None in answers else False

        return any_of

    def keep(self, models: Iterable[Model], scope: Scope) -> list[Model]:
        """Return the models known to meet the condition."""
        wanted = not self.negated
        if models is scope.models and not self.field and len(self.values) == 1:
            word = self.values[0]  # among all models, which each key typed asks for again
            named = zip(scope.models, scope.listing.lowered(scope.models), strict=True)
            return [model for model, name in named if (word in name) is wanted]
        test = self.test(scope)
        return [model for model in models if test(model) is wanted]


@dataclass(frozen=True, slots=True)
class Query:
    """A filter that was understood as far as `problems` allow."""

    terms: tuple[Term, ...] = ()
    problems: tuple[FilterProblem, ...] = field(default=(), compare=False)
    places: tuple[tuple[int, str, Term], ...] = field(default=(), compare=False)
    """Each term with a field that stands in the text itself: where, as typed, and what it is."""

    def problems_among(self, scope: Scope) -> tuple[FilterProblem, ...]:
        """Return `problems` and values that no model has while one has something near."""
        found = list(self.problems)
        for start, typed, term in self.places:
            for value in term.values:
                if meant := unknown_value(term.field, value, scope):
                    field, _, right = meant.partition(":")
                    values = tuple(right if each == value else each for each in term.values)
                    if field != term.field:
                        values = (right,)
                    whole = f"{_split(typed)[0]}{Term(field, values)}"
                    sentence = f"Did you mean {inert(meant)}?"
                    found.append(FilterProblem(start, start + len(typed), sentence, whole))
                    break
        return tuple(sorted(found, key=lambda problem: problem.start))

    def select(self, models: Sequence[Model], scope: Scope) -> tuple[Model, ...]:
        """Return the models known to meet every condition, in the order given."""
        selected = models
        for term in self.terms:
            selected = term.keep(selected, scope)
        return tuple(selected)

    def no_matches(self, models: Sequence[Model], scope: Scope) -> str | None:
        """Return one sentence on the condition that left nothing; None if something is left."""
        before = list(models)
        for term in self.terms:
            after = term.keep(before, scope)
            if before and not after:
                test = term.test(scope)
                unknown = sum(test(model) is None for model in before)
                doubt = f" ({unknown} not known)" if unknown else ""
                return f"No matches for {quoted(str(term))}{doubt}."
            before = after
        return None


@lru_cache(maxsize=256)
def parse(text: str, saved: SavedFilters = ()) -> Query:
    """Read `text`; words that mean nothing become problems, the others terms."""
    terms: dict[Term, None] = {}
    problems: list[FilterProblem] = []
    places: list[tuple[int, str, Term]] = []
    for match in _TOKEN.finditer(text):
        signs, bare = _split(match[0])
        try:
            found = _terms(signs, bare, dict(saved))
        except BadValue as problem:
            meant = f"{signs}{problem.meant}" if problem.meant else ""
            problems.append(FilterProblem(match.start(), match.end(), str(problem), meant))
        else:
            terms |= dict.fromkeys(found)
            if len(found) == 1 and found[0].field and not bare.startswith("@"):
                places.append((match.start(), match[0], found[0]))
    return Query(tuple(terms), tuple(problems), tuple(places))


def _split(token: str) -> tuple[str, str]:
    """Return the signs that negate a term, and the rest of it."""
    bare = token.lstrip(_SIGNS)
    return token[: len(token) - len(bare)], bare


def _terms(signs: str, bare: str, saved: dict[str, str]) -> tuple[Term, ...]:
    """Return the terms that `bare` stands for, none if it asks for nothing; raise BadValue."""
    negated = len(signs) % 2 == 1
    if not bare:
        sign = signs[0]
        raise BadValue(f"{sign} needs something to negate, as in {sign}cap:tools.")
    if bare.startswith("@"):
        return _recalled(bare[1:].lower(), negated, saved)
    term = _term(bare, negated)
    return (term,) if term.values else ()


def _recalled(name: str, negated: bool, saved: dict[str, str]) -> tuple[Term, ...]:
    """Return the terms of a saved filter; raise BadValue."""
    if not saved:
        raise BadValue("No filter is saved yet: “save filter” in the palette saves this one.")
    if not name:
        raise BadValue(f"@ needs the name of a saved filter: {', '.join(saved)}.")
    if name not in saved:
        meant = closest(name, tuple(saved))
        raise BadValue(
            f"No saved filter {quoted(name)}. Saved: {', '.join(saved)}.",
            f"@{meant}" if meant else "",
        )
    terms = parse(saved[name]).terms
    if not negated:
        return terms
    if len(terms) > 1:
        raise BadValue(f"@{name} has several terms, which ! cannot negate together.")
    return tuple(replace(term, negated=not term.negated) for term in terms)


def _term(bare: str, negated: bool) -> Term:
    """Return the term `bare` spells, without values if it asks for nothing; raise BadValue."""
    named = _FIELD.fullmatch(bare)
    if named is None:
        if bare[0] in "<>=":
            raise no_field(bare)
        return Term("", _values(bare), negated)
    name, colon, rest = named[1].lower(), named[2], named[3]
    if (field := BY_NAME.get(name)) is None:
        if (problem := unknown_field(name, colon, rest)) is not None:
            raise problem
        return Term("", _values(bare), negated)
    if not (colon or field.compares):
        raise not_compared(name, rest)
    values = _values(rest)
    if not values:
        raise BadValue(f"{name}: needs a value, as in {field.example}.")
    for value in values:
        try:
            field.compile(value)
        except BadValue as problem:
            raise _in_term(wrong_value(name, value, problem), name, value, values) from problem
    return Term(name, values, negated)


def _in_term(problem: BadValue, name: str, value: str, values: tuple[str, ...]) -> BadValue:
    """Return the problem with one of several values, with the others in what was meant."""
    field, colon, right = problem.meant.partition(":")
    if len(values) == 1 or not colon:
        return problem
    if field != name:
        return BadValue(str(problem))
    meant = Term(name, tuple(right if each == value else each for each in values))
    return BadValue(str(problem), str(meant))


def _values(text: str) -> tuple[str, ...]:
    pieces = (
        _UNQUOTE.sub(lambda quoted: quoted[1].replace('""', '"'), piece).lower()
        for piece in _PIECE.findall(text)
    )
    return tuple(dict.fromkeys(filter(None, pieces)))


def printed(value: str, in_field: bool = False) -> str:
    """Return a value as it is typed: quoted where it would be read as something else."""
    if in_field:
        plain = _PLAIN.fullmatch(f"_{value}") is not None
    else:
        plain = _PLAIN.fullmatch(value) is not None and _is_word(value)
    return value if plain else '"' + value.replace('"', '""') + '"'


def _is_word(value: str) -> bool:
    try:
        return _term(value, False) == Term("", (value,))
    except BadValue:
        return False
