"""The filter language: `qwen cap:vision !is:cloud size:2g..8g` as a value that selects models.

    query = { term }            all must match
    term  = { "!" } ( word | field ":" value | "@" name of a saved filter )
    word, value = piece { "," piece }       any may match
    piece = text, or '"' text '"' with '""' for a quote

Matching is three-valued: what is not known of a model matches neither a term nor its negation.
A saved filter stands for its terms. A term prints as canonical text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from ollama_tui.domain.filter.fields import BY_NAME, WORD, Scope, Test, closest, quoted
from ollama_tui.domain.filter.quantities import BadValue
from ollama_tui.domain.model import Model

SavedFilters = tuple[tuple[str, str], ...]
"""Filters by their names, which are lower-case: `@name` in a filter stands for one."""

_QUOTED = r'"(?:[^"]|"")*(?:"|$)'
_TOKEN = re.compile(rf'(?:{_QUOTED}|[^\s"])+')
_PIECE = re.compile(rf'(?:{_QUOTED}|[^,"])+')
_UNQUOTE = re.compile(r'"((?:[^"]|"")*)(?:"|$)')
_FIELD = re.compile(r"([A-Za-z]+):(.*)", re.DOTALL)
_PLAIN = re.compile(r'[^\s",!@][^\s",]*')


@dataclass(frozen=True, slots=True)
class FilterProblem:
    """What is wrong with the characters from `start` up to `end` of the text."""

    start: int
    end: int
    sentence: str

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
        values = ",".join(_printed(value, bool(field)) for value in self.values)
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
    for match in _TOKEN.finditer(text):
        try:
            found = _terms(match[0], dict(saved))
        except BadValue as problem:
            problems.append(FilterProblem(match.start(), match.end(), str(problem)))
        else:
            terms |= dict.fromkeys(found)
    return Query(tuple(terms), tuple(problems))


def _terms(token: str, saved: dict[str, str]) -> tuple[Term, ...]:
    """Return the terms `token` stands for, none if it asks for nothing; raise BadValue."""
    bare = token.lstrip("!")
    negated = (len(token) - len(bare)) % 2 == 1
    if not bare:
        raise BadValue("After ! comes what must not match, as in !cap:tools.")
    if bare.startswith("@"):
        return _recalled(bare[1:].lower(), negated, saved)
    term = _term(bare, negated)
    return (term,) if term.values else ()


def _recalled(name: str, negated: bool, saved: dict[str, str]) -> tuple[Term, ...]:
    """Return the terms of a saved filter; raise BadValue."""
    if not saved:
        raise BadValue("No filter is saved: [filters] in config.toml gives them names.")
    if not name:
        raise BadValue(f"After @ comes the name of a saved filter: {', '.join(saved)}.")
    if name not in saved:
        raise BadValue(f"There is no saved filter {quoted(name)}, but {', '.join(saved)}.")
    terms = parse(saved[name]).terms
    if not negated:
        return terms
    if len(terms) > 1:
        raise BadValue(f"@{name} asks for several things, which ! cannot negate at once.")
    return tuple(replace(term, negated=not term.negated) for term in terms)


def _term(bare: str, negated: bool) -> Term:
    """Return the term `bare` spells, without values if it asks for nothing; raise BadValue."""
    named = _FIELD.fullmatch(bare)
    name = named[1].lower() if named else ""
    if named is None or name not in BY_NAME:
        if named is not None and (meant := closest(name, tuple(BY_NAME))):
            raise BadValue(f"There is no field {quoted(name)}. Did you mean {meant}:?")
        return Term("", _values(bare), negated)
    field, values = BY_NAME[name], _values(named[2])
    if not values:
        raise BadValue(f"After {name}: comes a value, as in {field.example}.")
    for value in values:
        field.compile(value)
    return Term(name, values, negated)


def _values(text: str) -> tuple[str, ...]:
    pieces = (
        _UNQUOTE.sub(lambda quoted: quoted[1].replace('""', '"'), piece).lower()
        for piece in _PIECE.findall(text)
    )
    return tuple(dict.fromkeys(filter(None, pieces)))


def _printed(value: str, in_field: bool) -> str:
    plain = _PLAIN.fullmatch(value) or (in_field and _PLAIN.fullmatch(f"_{value}"))
    if plain and (in_field or not _FIELD.fullmatch(value)):
        return value
    field = value.partition(":")[0]
    if plain and field not in BY_NAME and closest(field, tuple(BY_NAME)) is None:
        return value  # a name with a colon in it, which is read as a word again
    return '"' + value.replace('"', '""') + '"'
