"""Words found in a text: all of them counted, and none at a wrong place."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.tui.widgets.text_search import Match, TextSearch, folded

LINES = st.lists(st.text("aAbB İσς", max_size=12), min_size=1, max_size=6)


def test_no_letter_grows_or_shrinks() -> None:
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    assert all(len(folded(letter)) == 1 for letter in every)
    assert len(folded(every)) == len(every)


def test_case_is_ignored() -> None:
    search = TextSearch(["Σίσυφος", "ISTANBUL"])
    for words in ("σίσυφοσ", "istanbul"):
        search.look_for(words)
        assert search.count == 1


@given(lines=LINES, words=st.text("ab ", min_size=1, max_size=3))
def test_every_match_is_met_once_a_round_in_both_directions(lines: list[str], words: str) -> None:
    search = TextSearch(lines)
    search.look_for(words)
    assert search.count == sum(folded(line).count(words) for line in lines)
    met: list[Match] = []
    place = (0, 0)
    for _ in range(search.count):
        match = search.next(place)
        assert match is not None
        assert search.is_match(match)
        assert folded(lines[match.line][match.start : match.end]) == words
        assert search.number(match) == len(met) + 1
        met.append(match)
        place = (match.line, match.end)
    assert met == sorted(set(met))
    assert search.next(place) == (met[0] if met else None)
    assert search.previous((0, 0)) is None or met
    seen = [
        (line, start)
        for line, text in enumerate(lines)
        for start, _ in search.within(line, 0, len(text))
    ]
    assert seen == [match[:2] for match in met]


def test_nothing_is_found_for_nothing() -> None:
    search = TextSearch(["a"])
    search.look_for("")
    assert (search.count, search.next((0, 0)), search.previous((0, 0))) == (0, None, None)
    assert list(search.within(0, 0, 1)) == []
