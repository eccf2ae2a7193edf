"""The difference of two texts, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import unified_diff
from itertools import islice

from ollama_tui.formatting import StyledLine, plural

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
