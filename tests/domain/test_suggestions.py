import pytest

from ollama_tui.domain.suggestions import (
    FAMILIES,
    common_start,
    completions,
    did_you_mean,
    nearest,
    pullable,
)
from tests.domain.models import a_model

KNOWN = (
    "qwen3:30b-a3b",
    "qwen3:8b",
    "qwen3:1.7b",
    "qwen2.5-coder:7b",
    "gemma3:4b",
    "Gemma3:12b",
    "me/qwen3:mine",
    "hf.co/acme/Bot-GGUF:Q4_K_M",
)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("qwen3", ["qwen3:1.7b", "qwen3:8b", "qwen3:30b-a3b"]),
        ("qwen3:", ["qwen3:1.7b", "qwen3:8b", "qwen3:30b-a3b"]),
        ("QWEN2", ["qwen2.5-coder:7b"]),
        ("gem", ["gemma3:4b", "Gemma3:12b"]),
        ("hf.co/a", ["hf.co/acme/Bot-GGUF:Q4_K_M"]),
        ("qwen3:8b", []),
        ("", []),
        ("mistral", []),
    ],
)
def test_a_name_goes_on_as_the_known_ones_do_in_the_order_people_read(
    typed: str, offered: list[str]
) -> None:
    assert completions(typed, KNOWN) == offered


@pytest.mark.parametrize(
    ("typed", "longer"),
    [
        ("q", "qwen"),
        ("qwen3", "qwen3:"),
        ("qwen3:", "qwen3:"),
        ("QWEN2", "qwen2.5-coder:7b"),
        ("gem", "gemma3:"),
        ("me", "me/qwen3:mine"),
        ("xyz", "xyz"),
    ],
)
def test_what_all_have_in_common_is_added(typed: str, longer: str) -> None:
    assert common_start(typed, completions(typed, KNOWN)) == longer


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("qwen3", ["qwen3:1.7b", "qwen3:8b", "qwen3:30b-a3b"]),
        ("qwen9:8b", ["qwen3:8b", "qwen3:1.7b"]),
        ("qwen3:30b", ["qwen3:30b-a3b", "qwen3:8b", "qwen3:1.7b"]),
        ("gema3:4b", ["gemma3:4b", "Gemma3:12b"]),
        ("qwen2.5-coder", ["qwen2.5-coder:7b"]),
        ("llama3.3:70b", []),
    ],
)
def test_a_wrong_name_may_have_meant_what_is_near(wrong: str, meant: list[str]) -> None:
    found = nearest(wrong, KNOWN)
    assert found[: len(meant)] == meant
    assert meant or not found


def test_it_is_asked_as_a_question() -> None:
    assert did_you_mean("gema3:4b", ["gemma3:4b"]) == "Did you mean gemma3:4b?"
    assert did_you_mean("gemma3", KNOWN) == "Did you mean gemma3:4b or Gemma3:12b?"
    assert did_you_mean("qwen3", KNOWN) == "Did you mean qwen3:1.7b, qwen3:8b or qwen3:30b-a3b?"
    assert did_you_mean("xyz", KNOWN) == ""


def test_what_can_be_pulled_is_known_from_the_list_the_catalogue_and_the_library() -> None:
    old = a_model("qwen3:8b", digest="1" * 64)
    models = (
        old,
        a_model("gemma3:4b", digest="2" * 64),
        a_model("mine:1b", digest="3" * 64, parent_model="qwen3:8b"),
        a_model("gpt-oss:120b-cloud", digest="4" * 64, cloud=True),
    )
    known = pullable(models, {old.key}, {"gemma3:4b": "recommended", "gemma3:12b": "recommended"})
    assert "mine:1b" not in known
    assert {name: words for name, words in known.items() if name not in FAMILIES} == {
        "qwen3:8b": "outdated",
        "gemma3:4b": "installed",
        "gemma3:12b": "recommended",
        "gpt-oss:120b-cloud": "installed, cloud",
    }
    assert known["qwen3"] == "in the library"
    assert "qwen3" not in pullable(models, (), {}, ())
