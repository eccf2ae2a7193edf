from dataclasses import replace

import pytest

from ollama_tui.domain.filter.completion import completion
from ollama_tui.domain.filter.fields import Scope
from ollama_tui.domain.filter.parser import parse
from tests.domain.models import NOW, a_model

MODELS = (
    a_model("qwen3:8b", family="qwen3", quantization_level="Q4_K_M", capabilities=["vision"]),
    a_model("qwen3:1.7b", family="qwen3", quantization_level="Q4_K_M", capabilities=["tools"]),
    a_model("gemma3:4b", family="gemma3", quantization_level="Q8_0", capabilities=["tools"]),
    a_model("odd one", family="two words", quantization_level=""),
)
SCOPE = Scope(MODELS, NOW)
SAVED = (("big", "size:>8g"), ("bigger", "size:>80g"))


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("c|", "cap: ctx:"),
        ("fam|", "family:"),
        ("-fam|", "family:"),
        ("g|", "gemma3"),
        ("qw|", "qwen3"),
        ("q|", "quant: qwen3"),
        ("x siz| y", "size:"),
        ("family:|", "qwen3 gemma3 \"two words\""),
        ("family:q|", "qwen3"),
        ("!family:gemma3,q|", "qwen3"),
        ("family:qwen3,|", "gemma3 \"two words\""),
        ("quant:q|", "q4_k_m q8_0"),
        ("is:ma|", "is:marked"),
        ("cap:v|", "vision"),
        ("shares:qwen3:|", "qwen3:8b qwen3:1.7b"),
        ("@b|", "@big @bigger"),
        ("cap:visoin|", "cap:vision"),
        ("has:vis|", "cap:vis"),
        ("size>8| qwen", "size:>8g"),
        ("-age:<3d|", "-newer:3d"),
        ("family:qwne|", "family:qwen3"),
        ("cap:visoin zzz|", "cap:vision"),
        ("cap:visoin qw|", "cap:vision"),
        ("cap:vision|", ""),
        ("vision|", "cap:vision"),
        ("-vision|", "cap:vision"),
        ("loaded|", "is:loaded"),
        ("visio|", ""),
        ("<8gb|", "size:<8gb"),
        ("size:|", ""),
        ("zzz|", ""),
        ('"qw|', ""),
        (
            "",
            "cap: family: quant: runner: size: params: ctx: fits: older: newer: unused: is: tag: "
            "shares:",
        ),
    ],
)  # fmt: skip
def test_tab_offers_what_was_meant_or_what_the_word_may_become(text: str, choices: str) -> None:
    typed = text.replace("|", "")
    problems = parse(typed, SAVED).problems_among(SCOPE)
    found = completion(typed, text.find("|") if "|" in text else 0, SCOPE, SAVED, problems)
    assert " ".join(found.choices) == choices


@pytest.mark.parametrize(
    ("text", "number", "whole"),
    [
        ("x siz| y", 0, "x size:| y"),
        ("family:gemma3,q|", 0, "family:gemma3,qwen3|"),
        ("a has:vision| b", 0, "a cap:vision| b"),
        ("@b|", 1, "@bigger|"),
    ],
)
def test_a_choice_stands_in_place_of_the_word_with_the_cursor_after_it(
    text: str, number: int, whole: str
) -> None:
    typed = text.replace("|", "")
    found = completion(typed, text.index("|"), SCOPE, SAVED, parse(typed, SAVED).problems)
    after, cursor = found.applied_to(typed, number)
    assert after[:cursor] + "|" + after[cursor:] == whole


def test_what_all_choices_begin_with() -> None:
    assert completion("@", 1, SCOPE, SAVED).common == "@big"
    assert completion("fam", 3, SCOPE).common == "family:"
    assert completion("c", 1, SCOPE).common == "c"


def test_where_nothing_can_be_offered_help_says_what_to_type() -> None:
    assert completion("size:", 5, SCOPE).help == "bytes on disk: size:2g..8g"


def test_names_a_server_gives_are_offered_without_what_a_terminal_would_act_on() -> None:
    hostile = replace(SCOPE, models=(a_model("evil\x1b[2J:1b"),))
    (choice,) = completion("ev", 2, hostile).choices
    assert choice.isprintable()
