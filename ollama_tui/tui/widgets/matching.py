"""What is found by the words typed: how well a text matches them, and where."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial

from ollama_tui.formatting import Span, StyledLine


def rank(
    query: str, label: str, synonyms: Sequence[str] = (), id_: str = "", about: str = ""
) -> tuple[int, int] | None:
    """Return how well a row matches `query`, the least being the best; None when it does not.

    A row is called by its `label` and by `synonyms`, in lower case. A name that is the query comes
    before one that begins with it, the shortest first, and that before names with words that begin
    with each of its words, wherever they are. The id and a sentence `about` the row count less.
    """
    words, label = query.lower().split(), label.lower()
    wanted = " ".join(words)
    kinds = ((label,), synonyms)
    lengths = [[len(name) for name in names if name.startswith(wanted)] for names in kinds]
    places = [(tier, 0) for tier, names in enumerate(kinds) if wanted in names]
    places += [(tier, min(found)) for tier, found in enumerate(lengths, 2) if found]
    if places:
        return places[0]
    names = (label, *synonyms, id_)
    texts = (*names, about.lower())
    tests = (
        partial(begin, words, [label]),
        partial(begin, words, names[:-1]),
        partial(begin, words, names),
        partial(_inside, words, names),
        partial(begin, words, texts),
        partial(_inside, words, texts),
    )
    return next(((tier, 0) for tier, test in enumerate(tests, 4) if test()), None)


def _inside(words: Iterable[str], texts: Sequence[str]) -> bool:
    return all(any(word in text for text in texts) for word in words)


def begin(words: Iterable[str], texts: Iterable[str]) -> bool:
    """Whether each of `words` begins a word of `texts`."""
    text = "\n".join(texts)
    return all(_beginning(word).search(text) for word in words)


def highlighted(text: str, words: Sequence[str], style: str = "") -> StyledLine:
    """Return `text` in `style`, and where `words` begin words of it, else are in it, as matches."""
    spans: list[Span] = []
    end = 0
    for start, stop in _matches(text, words):
        if start >= end:
            spans += [(text[end:start], style), (text[start:stop], f"{style} match".strip())]
            end = stop
    return tuple(span for span in (*spans, (text[end:], style)) if span[0])


def _matches(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    found = []
    for word in words:
        patterns = (_beginning(word), re.compile(re.escape(word), re.IGNORECASE))
        match = next(filter(None, (pattern.search(text) for pattern in patterns)), None)
        if match is not None:
            found.append(match.span())
    return sorted(found)


@lru_cache(maxsize=256)
def _beginning(word: str) -> re.Pattern[str]:
    """Return the pattern of a word that begins with `word`, in any case."""
    before = r"(?<![^\W_])" if word[:1].isalnum() else ""
    return re.compile(before + re.escape(word), re.IGNORECASE)
