"""The difference of two texts: what is said of each line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.domain.diff import MAX_COMPARED_CHARS, difference
from ollama_tui.formatting import StyledLine
from tests.effort import calls


def texts(lines: list[StyledLine]) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


lines = st.text("ab\n\x1b[\u202e", max_size=40)


@given(lines, lines)
def test_a_difference_holds_both_texts(before: str, after: str) -> None:
    said = ["".join(text for text, _ in line) for line in difference(before, after)]
    if before == after:
        assert said == ["None."] or said[0].startswith("The same")
        return
    removed = [line[1:] for line in said if line.startswith("-")]
    added = [line[1:] for line in said if line.startswith("+")]
    assert all(line in before.split("\n") for line in removed)
    assert all(line in after.split("\n") for line in added)
    assert removed or added


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x" * 5_000_000, "y" * 5_000_000),
        ("a\n" * 1_000_000, "a\n" * 999_999 + "b"),
        (
            "\n".join(str(n % 39) for n in range(3_900)),
            "\n".join(str(n % 41) for n in range(3_900)),
        ),
    ],
)
def test_megabytes_are_compared_without_looking_at_all_pairs(before: str, after: str) -> None:
    assert calls(lambda: list(difference(before, after))) < 200_000
    said = ["".join(text for text, _ in line) for line in difference(before, after)]
    assert said
    assert sum(map(len, said)) < MAX_COMPARED_CHARS


def test_a_difference_of_modelfiles_shows_signs_and_language() -> None:
    before = 'FROM a\nSYSTEM """\nBe\nbrief."""\nPARAMETER top_k 1'
    after = 'FROM a\nSYSTEM """\nBe\nkind."""\nPARAMETER top_k 1'
    lines = list(difference(before, after, "modelfile"))
    assert texts(lines) == texts(list(difference(before, after)))
    assert lines[3:5] == [
        (("-", "bad removed"), ('brief."""', "syntax-string removed")),
        (("+", "good added"), ('kind."""', "syntax-string added")),
    ]
    assert lines[5][1] == ("PARAMETER", "syntax-keyword unchanged")


MODELFILES = st.lists(
    st.sampled_from(["FROM a", 'SYSTEM """x', '"""', "# x", "PARAMETER top_k 1", ""]), max_size=12
).map("\n".join)


@given(MODELFILES, MODELFILES)
def test_a_highlighted_difference_says_what_a_plain_one_does(before: str, after: str) -> None:
    plain, lexed = (list(difference(before, after, name)) for name in ("", "modelfile"))
    assert texts(lexed) == texts(plain)
