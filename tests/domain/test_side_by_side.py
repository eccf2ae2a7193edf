"""Two models side by side: which fields there are, which differ, what their texts say."""

from __future__ import annotations

import pytest

from ollama_tui.api.replies import Message, Show
from ollama_tui.domain.side_by_side import Side, differing, fields, shared, texts, weights
from ollama_tui.domain.storage.usage import Usage
from ollama_tui.formatting import UNKNOWN
from tests.domain.models import a_model

W, X = "a" * 64, "b" * 64


def modelfile(*blobs: str) -> str:
    return "".join(f"FROM /models/blobs/sha256-{blob}\n" for blob in blobs)


def made_of(*blobs: str) -> Side:
    return side(show=Show(modelfile=modelfile(*blobs)))


def side(name: str = "m:latest", show: Show | None = None, **model: object) -> Side:
    return Side(a_model(name, **model), show or Show())  # type: ignore[arg-type]


def values(a: Side, b: Side, section: str) -> dict[str, tuple[str, str, bool]]:
    rows = [row for row in fields(a, b) if row.section == section]
    return {row.label: (row.a, row.b, row.same) for row in rows}


def said(a: Side, b: Side, title: str) -> list[str]:
    """Return the lines of one text."""
    every = ["".join(text for text, _ in line) for line in texts(a, b)]
    start = every.index(title) + 1
    return every[start : every.index("", start) if "" in every[start:] else None]


@pytest.mark.parametrize(
    ("a", "b", "sentence"),
    [
        (side(digest="d1"), side("alias", digest="d1"), "the same in everything"),
        (made_of(W), made_of(W), "the same"),
        (made_of(W), made_of(X), "different"),
        (
            made_of(W),
            made_of(W, X),
            "the same, with other projectors or adapters",
        ),
        (side(), side(), "not known: the server"),
        (side(cloud=True), side(), "not known: the weights of a cloud model"),
    ],
)
def test_weights_are_compared_by_their_blobs(a: Side, b: Side, sentence: str) -> None:
    assert weights(a, b)[0].startswith(sentence)
    assert weights(b, a)[0].startswith(sentence)


def test_parameters_are_sets_in_whatever_order_the_server_tells_them() -> None:
    a = side(show=Show(parameters='stop    "<a>"\ntemperature   0.7\nstop "<b>"'))
    b = side(show=Show(parameters='temperature 0.7\nstop           "<b>"\ntop_k 40\n'))
    assert values(a, b, "Parameters") == {
        "stop": ('"<a>" "<b>"', '"<b>"', False),
        "temperature": ("0.7", "0.7", True),
        "top_k": (UNKNOWN, "40", False),
    }
    turned = Show(parameters='stop "<b>"\nstop "<a>"\ntemperature 0.7')
    assert all(same for *_, same in values(a, side(show=turned), "Parameters").values())


def test_capabilities_are_sets_too() -> None:
    a = side(show=Show(capabilities=["completion", "vision"]))
    b = side(show=Show(capabilities=["vision", "completion"]))
    assert values(a, b, "Model")["Can"] == ("completion, vision", "completion, vision", True)
    assert not values(a, side(show=Show(capabilities=["tools"])), "Model")["Can"][2]


@pytest.mark.parametrize(
    ("title", "a", "b"),
    [
        ("System prompt", Show(system="one\ntwo"), Show(system="one\n2")),
        ("Template", Show(template="one\ntwo"), Show(template="one\n2")),
        ("License", Show(license="one\ntwo"), Show(license="one\n2")),
    ],
)
def test_texts_are_counted_in_the_table_and_unified_differences_beside_it(
    title: str, a: Show, b: Show
) -> None:
    one, other = side(show=a), side(show=b)
    assert values(one, other, "Texts") == {title: ("2 lines", "2 lines", False)}
    assert said(one, other, title) == ["@@ -1,2 +1,2 @@", " one", "-two", "+2"]


def test_messages_are_compared_with_their_roles() -> None:
    a = side(show=Show(messages=[Message("user", "hi")]))
    b = side(show=Show(messages=[Message("assistant", "hi")]))
    assert said(a, b, "Messages")[1:] == ["-user: hi", "+assistant: hi"]


def test_metadata_is_compared_but_for_long_lists() -> None:
    a = Show(model_info={"same": 1, "n": 4096, "only.a": True, "tokens": None})
    b = Show(model_info={"same": 1, "n": 8192, "tokens": None}, projector_info={"p": 0.5})
    assert values(side(show=a), side(show=b), "Metadata") == {
        "n": ("4096", "8192", False),
        "only.a": ("True", UNKNOWN, False),
        "p": (UNKNOWN, "0.5", False),
        "same": ("1", "1", True),
        "tokens": ("a long list, not compared", "a long list, not compared", True),
    }


def test_what_is_the_same_can_be_left_out_with_the_headings_above_it() -> None:
    a = side("a", Show(parameters="top_k 1"), size=2_000_000_000, family="llama")
    b = side("b", Show(parameters="top_k 1"), size=3_000_000_000, family="llama")
    every = fields(a, b)
    assert values(a, b, "Model")["Size"] == ("2 GB", "3 GB", False)
    assert values(a, b, "Model")["Family"][2]
    assert [row.label for row in every if row.is_heading] == ["Model", "Parameters"]
    left = differing(every)
    assert [row.label for row in left if row.is_heading] == ["Model"]
    assert {row.label for row in left if not row.is_heading} == {"Size", "Bytes"}


def test_two_models_alike_differ_in_nothing() -> None:
    show = Show(system="s", template="t", license="l", parameters="a 1", modelfile=modelfile(W))
    assert differing(fields(side("a", show, digest="d"), side("b", show, digest="d"))) == []


def test_a_hostile_value_is_inert_and_on_one_line() -> None:
    a = side(show=Show(parameters="stop \x1b[2J", model_info={"k\x1b": "a\nb"}))
    for row in fields(a, side()):
        assert not {c for c in row.label + row.a + row.b if ord(c) < 32}


def test_what_two_share_on_the_disk_is_what_both_use() -> None:
    a = a_model("a", digest="1" * 64, size=10_000_000_000)
    b = a_model("b", digest="1" * 64, size=10_000_000_000)
    c = a_model("c", digest="2" * 64, size=4_000_000_000)
    usage = Usage((a, b, c))
    assert shared(Side(a, Show()), Side(b, Show()), usage).bytes == 10_000_000_000
    assert shared(Side(a, Show()), Side(c, Show()), usage).bytes == 0
