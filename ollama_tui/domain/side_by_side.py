"""Two models side by side: every field of both, whether they differ, and how their texts do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ollama_tui.api.replies import Show
from ollama_tui.domain.diff import difference
from ollama_tui.domain.model import Model, context_length, facts_of
from ollama_tui.domain.storage.usage import Amount, Usage
from ollama_tui.formatting import UNKNOWN, StyledLine, as_one_line, exact, inert, plural, size

LONG_LIST = "a long list, not compared"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: what the list and the details say of it."""

    model: Model
    show: Show


@dataclass(frozen=True, slots=True)
class Field:
    """One row: a field with the values of both, inert; or the heading of those that follow."""

    label: str
    a: str = ""
    b: str = ""
    same: bool = True
    section: str = ""
    """The heading it stands under."""

    @property
    def is_heading(self) -> bool:
        """Whether it has no values."""
        return not self.section

    @property
    def key(self) -> tuple[str, str]:
        """What identifies the row."""
        return self.section, self.label


def weights(a: Side, b: Side) -> tuple[str, str]:
    """Return whether both have the same weights, and the style of the answer."""
    if a.model.digest and a.model.digest == b.model.digest:
        return ("the same in everything: two names of one model", "good")
    if a.model.is_cloud or b.model.is_cloud:
        return ("not known: the weights of a cloud model are at ollama.com", "warning")
    of_a, of_b = facts_of(a.show), facts_of(b.show)
    if not of_a.blobs or not of_b.blobs:
        return ("not known: the server does not name their files", "warning")
    if of_a.blobs == of_b.blobs:
        return ("the same", "good")
    if of_a.weights == of_b.weights:
        return ("the same, with other projectors or adapters", "warning")
    return ("different", "bad")


def shared(a: Side, b: Side, usage: Usage) -> Amount:
    """Return the bytes on the server's disk that both use: deleting one of them keeps those."""
    return usage.shared_by({a.model.name, b.model.name})


def fields(a: Side, b: Side) -> list[Field]:
    """Return the fields of both, section by section, each below a heading."""
    rows: list[Field] = []
    for section, part in SECTIONS:
        found = [
            Field(label, _shown(one), _shown(other), same, section)
            for label, one, other, same in part(a, b)
        ]
        if found:
            rows += [Field(section), *found]
    return rows


def differing(rows: list[Field]) -> list[Field]:
    """Return the fields that differ, and the headings above them."""
    sections = {row.section for row in rows if not row.same}
    return [row for row in rows if not row.same or (row.is_heading and row.label in sections)]


def texts(a: Side, b: Side) -> list[StyledLine]:
    """Return how the texts differ: `-` and red is only in `a`, `+` and green only in `b`.

    Texts are those of the server; whoever draws the lines makes them inert.
    """
    lines: list[StyledLine] = [
        (("- ", "bad"), (a.model.label, "strong")),
        (("+ ", "good"), (b.model.label, "strong")),
    ]
    for label, text_of, language in TEXTS:
        lines += [(), ((label, "title"),)]
        lines += difference(text_of(a.show), text_of(b.show), language)
    return lines


Values = Iterator[tuple[str, str, str, bool]]
"""Label, the values of both, raw, and whether they are the same."""


def _shown(value: str) -> str:
    return as_one_line(value) if value else UNKNOWN


def _facts(a: Side, b: Side) -> Values:
    for label, value_of in FACTS:
        one, other = value_of(a), value_of(b)
        if one or other:
            yield label, one, other, one == other


def _context(side: Side) -> str:
    tokens = context_length(side.show) or side.model.context_length
    return plural(tokens, "token") if tokens else ""


def _capabilities(side: Side) -> str:
    return ", ".join(sorted(side.show.capabilities or side.model.capabilities or ()))


FACTS: tuple[tuple[str, Callable[[Side], str]], ...] = (
    ("Size", lambda s: size(s.model.size)),
    ("Bytes", lambda s: exact(s.model.size)),
    ("Family", lambda s: s.show.details.family or s.model.listed.details.family),
    ("Parameters", lambda s: s.model.listed.details.parameter_size),
    ("Quantization", lambda s: s.model.listed.details.quantization_level),
    ("Context", _context),
    ("Can", _capabilities),
    ("Format", lambda s: s.model.listed.details.format),
    ("Runner", lambda s: s.model.runner),
    ("Made from", lambda s: s.model.listed.details.parent_model),
    ("Requires", lambda s: s.show.requires),
    ("Digest", lambda s: s.model.digest[:12]),
)


def _parameters(a: Side, b: Side) -> Values:
    """Yield each parameter with its values; a server lists them in random order."""
    one, other = _parameters_of(a.show), _parameters_of(b.show)
    for key in sorted(one.keys() | other.keys()):
        values = ["  ".join(sorted(each.get(key, ()))) for each in (one, other)]
        yield key, values[0], values[1], values[0] == values[1]


def _parameters_of(show: Show) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in show.parameters.split("\n"):
        key, _, value = line.strip().partition(" ")
        if key:
            found.setdefault(key, []).append(value.strip())
    return found


def _texts(a: Side, b: Side) -> Values:
    for label, text_of, _ in TEXTS:
        one, other = text_of(a.show), text_of(b.show)
        if one or other:
            yield label, _length(one), _length(other), one == other


def _length(text: str) -> str:
    return plural(text.count("\n") + 1, "line") if text else ""


TEXTS: tuple[tuple[str, Callable[[Show], str], str], ...] = (
    ("System prompt", lambda show: show.system, ""),
    ("Template", lambda show: show.template, "template"),
    ("Messages", lambda show: "\n".join(f"{m.role}: {m.content}" for m in show.messages), ""),
    ("License", lambda show: show.license, ""),
)
"""What they are called, where they are, and in which language they are."""


def _metadata(a: Side, b: Side) -> Values:
    """Yield the metadata; long lists are not part of the details."""
    one, other = ({**s.show.projector_info, **s.show.model_info} for s in (a, b))
    for key in sorted(one.keys() | other.keys()):
        same = key in one and key in other and one[key] == other[key]
        yield inert(key), _value(one, key), _value(other, key), same


def _value(info: Mapping[str, object], key: str) -> str:
    value = info.get(key, "")
    if value is None:
        return LONG_LIST
    return f"{value:g}" if isinstance(value, float) else str(value)


SECTIONS: tuple[tuple[str, Callable[[Side, Side], Values]], ...] = (
    ("Model", _facts),
    ("Parameters", _parameters),
    ("Texts", _texts),
    ("Metadata", _metadata),
)
