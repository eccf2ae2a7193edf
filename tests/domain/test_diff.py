"""Comparing two models: what is said of each difference."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.replies import Message, Show
from ollama_tui.domain.diff import MAX_COMPARED_CHARS, Side, difference, report, weights
from ollama_tui.formatting import StyledLine
from tests.domain.models import a_model
from tests.effort import calls

W, X = "a" * 64, "b" * 64


def modelfile(*blobs: str) -> str:
    return "".join(f"FROM /models/blobs/sha256-{blob}\n" for blob in blobs)


def made_of(*blobs: str) -> Side:
    return side(show=Show(modelfile=modelfile(*blobs)))


def side(name: str = "m:latest", show: Show | None = None, **model: object) -> Side:
    return Side(a_model(name, **model), show or Show())  # type: ignore[arg-type]


def texts(lines: list[StyledLine]) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


def part(lines: list[StyledLine], title: str) -> list[str]:
    """Return the lines of one section."""
    every = texts(lines)
    start = every.index(title) + 1
    return every[start : every.index("", start) if "" in every[start:] else None]


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (side(digest="d1"), side("alias", digest="d1"), "the same in everything"),
        (made_of(W), made_of(W), "the same"),
        (made_of(W), made_of(X), "different"),
        (
            made_of(W),
            made_of(W, X),
            "the same, with other projectors or adapters",
        ),
        (side(), side(), "not known"),
        (side(cloud=True), side(), "elsewhere"),
    ],
)
def test_weights_are_compared_by_their_blobs(a: Side, b: Side, said: str) -> None:
    assert weights(a, b)[0].startswith(said)
    assert weights(b, a)[0].startswith(said)


def test_parameters_are_sets_in_whatever_order_the_server_tells_them() -> None:
    a = side(show=Show(parameters='stop    "<a>"\ntemperature   0.7\nstop "<b>"'))
    b = side(show=Show(parameters='temperature 0.7\nstop           "<b>"\ntop_k 40\n'))
    assert part(report(a, b), "Parameters") == [
        '- stop "<a>"',
        "+ top_k 40",
        "2 parameters in both",
    ]


def test_capabilities_are_sets_too() -> None:
    a = side(show=Show(capabilities=["completion", "vision"]))
    b = side(show=Show(capabilities=["tools", "completion"]))
    assert part(report(a, b), "Capabilities") == ["+ tools", "- vision", "1 capability in both"]


@pytest.mark.parametrize(
    ("title", "a", "b"),
    [
        ("System prompt", Show(system="one\ntwo"), Show(system="one\n2")),
        ("Template", Show(template="one\ntwo"), Show(template="one\n2")),
        ("License", Show(license="one\ntwo"), Show(license="one\n2")),
    ],
)
def test_texts_are_unified_differences(title: str, a: Show, b: Show) -> None:
    assert part(report(side(show=a), side(show=b)), title) == [
        "@@ -1,2 +1,2 @@",
        " one",
        "-two",
        "+2",
    ]


def test_messages_are_compared_with_their_roles() -> None:
    a = Show(messages=[Message("user", "hi")])
    b = Show(messages=[Message("assistant", "hi")])
    said = part(report(side(show=a), side(show=b)), "Messages")
    assert said[1:] == ["-user: hi", "+assistant: hi"]


def test_metadata_shows_what_differs_and_counts_the_rest() -> None:
    a = Show(model_info={"same": 1, "n": 4096, "only.a": True, "tokens": None})
    b = Show(model_info={"same": 1, "n": 8192, "tokens": None}, projector_info={"p": 0.5})
    assert part(report(side(show=a), side(show=b)), "Metadata") == [
        "n", "- 4096", "+ 8192", "only.a", "- True", "p", "+ 0.5",
        "1 value the same; 1 long list not compared",
    ]  # fmt: skip


def test_facts_that_differ_stand_side_by_side_and_the_others_are_named() -> None:
    a = side("a", size=2_000_000_000, quantization_level="Q4_K_M", family="llama")
    b = side("b", size=3_000_000_000, quantization_level="Q4_K_M", family="llama")
    lines = texts(report(a, b))
    assert "Size           2 GB  →  3 GB" in lines
    assert "The same       family and quantization" in lines


def test_two_models_alike_show_no_sign_of_a_difference() -> None:
    show = Show(system="s", template="t", license="l", parameters="a 1", modelfile=modelfile(W))
    a, b = side("a", show, digest="d"), side("b", show, digest="d")
    assert not [line for line in texts(report(a, b))[2:] if line[:1] in "+-" and line]


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
