"""The difference of two texts, and of two models: what is the same and what is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice

from ollama_tui.api.replies import Show
from ollama_tui.domain.model import Model, context_length, facts_of
from ollama_tui.formatting import UNKNOWN, StyledLine, exact, inert, listing, plural, shorten, size

LABEL_CELLS = 14
"""Cells of the label column."""
VALUE_CELLS = 40
"""Cells of one value at most, where two stand side by side."""
MAX_COMPARED_CHARS = 200_000
"""Characters of a text that is still compared line by line; longer ones would take seconds."""
MAX_COMPARED_LINES = 4_000
"""Lines of a text that is still compared line by line."""
MAX_DIFFERENCE_LINES = 2_000
"""Lines of one difference that are shown."""
MAX_HIGHLIGHTED_CHARS = 4_096
"""Characters of one line of a difference that are highlighted."""
STYLES = {"+": "good", "-": "bad", "@": "muted"}
GROUNDS = {"+": " added", "-": " removed", " ": " unchanged"}
"""Styles that keep what is new, or gone, apart below the colours of a language."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: what the list and the details say of it."""

    model: Model
    show: Show


def report(a: Side, b: Side) -> list[StyledLine]:
    """Return the whole comparison as styled lines: `-` and red is only `a`, `+` and green only `b`.

    Texts are those of the server; whoever draws the lines makes them inert.
    """
    lines: list[StyledLine] = [
        (("- ", "bad"), (a.model.label, "strong")),
        (("+ ", "good"), (b.model.label, "strong")),
    ]
    lines += [(), (("Weights        ", "muted"), weights(a, b)), *_facts(a, b)]
    for title, part in PARTS:
        lines += [(), ((title, "title"),), *part(a, b)]
    return lines


def weights(a: Side, b: Side) -> tuple[str, str]:
    """Return whether both have the same weights, and the style of the answer."""
    if a.model.digest and a.model.digest == b.model.digest:
        return ("the same in everything: two names of one model", "good")
    if a.model.is_cloud or b.model.is_cloud:
        return ("elsewhere: a cloud model shows none", "warning")
    of_a, of_b = facts_of(a.show), facts_of(b.show)
    if not of_a.blobs or not of_b.blobs:
        return ("not known: the server names no files of them", "warning")
    if of_a.blobs == of_b.blobs:
        return ("the same", "good")
    if of_a.weights == of_b.weights:
        return ("the same, with other projectors or adapters", "warning")
    return ("different", "bad")


def _facts(a: Side, b: Side) -> Iterator[StyledLine]:
    """Yield the facts that differ, both values side by side."""
    same = []
    for label, value_of in FACTS:
        one, other = (inert(value_of(side)) or UNKNOWN for side in (a, b))
        if one == other:
            same += [label.lower()] if one != UNKNOWN else []
            continue
        shown = [shorten(value, VALUE_CELLS) for value in (one, other)]
        yield (
            (f"{label:<{LABEL_CELLS}} ", "muted"),
            (shown[0], "bad"),
            ("  →  ", "muted"),
            (shown[1], "good"),
        )
    if same:
        yield ((f"{'The same':<{LABEL_CELLS}} ", "muted"), (listing(same), "muted"))


FACTS: tuple[tuple[str, Callable[[Side], str]], ...] = (
    ("Size", lambda s: size(s.model.size)),
    ("Bytes", lambda s: exact(s.model.size)),
    ("Family", lambda s: s.show.details.family or s.model.listed.details.family),
    ("Parameters", lambda s: s.model.listed.details.parameter_size),
    ("Quantization", lambda s: s.model.listed.details.quantization_level),
    ("Format", lambda s: s.model.listed.details.format),
    ("Runner", lambda s: s.model.runner),
    (
        "Context",
        lambda s: (
            plural(n, "token") if (n := context_length(s.show) or s.model.context_length) else ""
        ),
    ),
    ("Made from", lambda s: s.model.listed.details.parent_model),
    ("Requires", lambda s: s.show.requires),
    ("Digest", lambda s: s.model.digest[:12]),
)


def _capabilities(a: Side, b: Side) -> Iterator[StyledLine]:
    one, other = (frozenset(s.show.capabilities or s.model.capabilities or ()) for s in (a, b))
    yield from _sets(one, other, "capability", "capabilities")


def _parameters(a: Side, b: Side) -> Iterator[StyledLine]:
    """Yield the parameters only one of them has; a server lists them in random order."""
    one, other = (
        frozenset(" ".join(line.split(None, 1)).rstrip() for line in s.show.parameters.split("\n"))
        for s in (a, b)
    )
    yield from _sets(one - {""}, other - {""}, "parameter")


def _sets(
    one: frozenset[str], other: frozenset[str], word: str, words: str = ""
) -> Iterator[StyledLine]:
    for text in sorted(one ^ other):
        sign = "-" if text in one else "+"
        yield ((f"{sign} {text}", STYLES[sign]),)
    both = len(one & other)
    if both or one == other:
        yield ((f"{plural(both, word, words)} in both" if both else "None in either.", "muted"),)


def _text(text_of: Callable[[Show], str]) -> Callable[[Side, Side], Iterator[StyledLine]]:
    return lambda a, b: difference(text_of(a.show), text_of(b.show))


def difference(before: str, after: str, language: str = "") -> Iterator[StyledLine]:
    """Yield a unified difference; a sentence when there is none or when it would take too long.

    `language` is that of both texts, if they are to be highlighted.
    """
    if before == after:
        text = f"The same: {plural(before.count(chr(10)) + 1, 'line')}." if before else "None."
        yield ((text, "muted"),)
        return
    one, other = (text.split("\n") if text else [] for text in (before, after))
    too_long = (
        max(len(before), len(after)) > MAX_COMPARED_CHARS
        or max(len(one), len(other)) > MAX_COMPARED_LINES
    )
    if too_long:
        pairs = zip(one, other, strict=False)
        first = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
        counts = f"{plural(len(one), 'line')} and {plural(len(other), 'line')}, different from"
        text = f"Too long to compare line by line: {counts} {first + 1:,} on."
        yield ((text, "muted"),)
        for sign, lines in (("-", one), ("+", other)):
            for line in lines[first : first + 1]:
                yield ((f"{sign}{line[: MAX_COMPARED_CHARS // 100]}", STYLES[sign]),)
        return
    difference_lines = islice(unified_diff(one, other, lineterm="", n=2), 2, None)
    some = islice(difference_lines, MAX_DIFFERENCE_LINES)
    if language:
        yield from _highlighted(some, one, other, language)
    else:
        yield from (((line, STYLES.get(line[:1], "")),) for line in some)
    if rest := sum(1 for _ in difference_lines):
        yield ((f"… {plural(rest, 'more line')}", "muted"),)


def _highlighted(
    lines: Iterable[str], before: Sequence[str], after: Sequence[str], language: str
) -> Iterator[StyledLine]:
    """Yield the lines of a unified difference of two texts in a language, signs in their colour."""
    from ollama_tui.domain.highlight import Highlighter  # most differences have no language

    texts = {"-": before, "+": after}
    lexed = {sign: Highlighter(text, language) for sign, text in texts.items()}
    at = {"-": 0, "+": 0}
    for line in lines:
        sign = line[:1]
        if numbers := _HUNK.match(line):
            # An empty side counts from the line before it.
            at = {"-": max(0, int(numbers[1]) - 1), "+": max(0, int(numbers[2]) - 1)}
            yield ((line, STYLES["@"]),)
            continue
        side = "-" if sign == "-" else "+"
        spans = lexed[side].spans(at[side], 0, MAX_HIGHLIGHTED_CHARS)
        rest = texts[side][at[side]][MAX_HIGHLIGHTED_CHARS:]
        ground = GROUNDS[sign]
        whole = (*spans, (rest, "")) if rest else spans
        yield (
            (sign, STYLES.get(sign, "") + ground),
            *((t, (s + ground).strip()) for t, s in whole),
        )
        for each in "-+" if sign == " " else sign:
            at[each] += 1


_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)")


def _metadata(a: Side, b: Side) -> Iterator[StyledLine]:
    """Yield the metadata that differs; long lists are not part of the details."""
    one, other = ({**s.show.projector_info, **s.show.model_info} for s in (a, b))
    keys = sorted(one.keys() | other.keys())
    different = [k for k in keys if k not in one or k not in other or one[k] != other[k]]
    for key in different:
        yield ((key, "muted"),)
        for sign, info in (("-", one), ("+", other)):
            if key in info:
                value = info[key]
                text = f"{value:g}" if isinstance(value, float) else str(value)
                text = "a long list" if value is None else shorten(inert(text), 2 * VALUE_CELLS)
                yield ((f"{sign} {text}", STYLES[sign]),)
    lists = sum(one[key] is None and other.get(key, 0) is None for key in one)
    same = len(one.keys() & other.keys()) - lists - sum(k in one and k in other for k in different)
    left_out = f"; {plural(lists, 'long list')} not compared" if lists else ""
    yield ((f"{plural(same, 'value')} the same{left_out}", "muted"),)


PARTS: tuple[tuple[str, Callable[[Side, Side], Iterator[StyledLine]]], ...] = (
    ("Capabilities", _capabilities),
    ("Parameters", _parameters),
    ("System prompt", _text(lambda show: show.system)),
    ("Template", _text(lambda show: show.template)),
    ("Messages", _text(lambda show: "\n".join(f"{m.role}: {m.content}" for m in show.messages))),
    ("License", _text(lambda show: show.license)),
    ("Metadata", _metadata),
)
