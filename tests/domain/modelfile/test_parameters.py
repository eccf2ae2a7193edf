import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.requests import ParameterValue
from ollama_tui.domain.modelfile import parameters
from ollama_tui.domain.modelfile.parameters import BY_NAME, PARAMETERS, RETIRED, BadParameter
from tests.recordings import recorded_show

CASES: list[tuple[str, str, ParameterValue, str, str]] = [
    ("num_ctx", "8192", 8192, "8k", "num_ctx takes a whole number."),
    ("num_predict", "-1", -1, "1.5", "num_predict takes a whole number."),
    ("temperature", "0.7", 0.7, "hot", "temperature takes a number."),
    ("top_k", "+40", 40, "", "top_k takes a whole number."),
    ("top_p", ".9", 0.9, "0,9", "top_p takes a number."),
    ("min_p", "5e-2", 0.05, "nan", "min_p takes a number."),
    ("typical_p", "1", 1.0, "inf", "typical_p takes a number."),
    ("repeat_penalty", "1.", 1.0, "1.1.1", "repeat_penalty takes a number."),
    ("repeat_last_n", "64", 64, "0x40", "repeat_last_n takes a whole number."),
    ("presence_penalty", "-0.5", -0.5, "--1", "presence_penalty takes a number."),
    ("frequency_penalty", "2", 2.0, "1e999", "frequency_penalty takes a number."),
    ("seed", "9223372036854775807", 2**63 - 1, "9223372036854775808", "seed takes a whole number."),
    ("stop", "</s>", ["</s>"], "", "stop takes a text that is not empty."),
    ("num_keep", "24", 24, "1_000", "num_keep takes a whole number."),
    ("num_batch", "512", 512, "many", "num_batch takes a whole number."),
    ("num_gpu", "99", 99, " 1", "num_gpu takes a whole number."),
    ("main_gpu", "0", 0, "true", "main_gpu takes a whole number."),
    ("use_mmap", "T", True, "yes", "use_mmap takes true or false."),
    ("num_thread", "8", 8, "eight", "num_thread takes a whole number."),
    ("draft_num_predict", "4", 4, "٤", "draft_num_predict takes a whole number."),
]


def test_every_parameter_has_a_case_and_its_own_help() -> None:
    assert [case[0] for case in CASES] == [p.name for p in PARAMETERS]
    assert len({p.help for p in PARAMETERS}) == len(PARAMETERS) == len(BY_NAME)
    assert not RETIRED & BY_NAME.keys()


@pytest.mark.parametrize(
    ("name", "good", "value", "bad", "sentence"), CASES, ids=[c[0] for c in CASES]
)
def test_a_text_becomes_the_parameters_type_or_a_sentence(
    name: str, good: str, value: ParameterValue, bad: str, sentence: str
) -> None:
    converted = parameters.convert(name, good)
    assert converted == value
    assert type(converted) is type(value)
    with pytest.raises(BadParameter) as caught:
        parameters.convert(name, bad)
    assert str(caught.value) == sentence


def test_defaults_are_of_their_own_type() -> None:
    for parameter in PARAMETERS:
        if parameter.default not in ("memory-based", "unset", "none", "4 with a draft"):
            value = parameters.convert(parameter.name, parameter.default)
            assert parameters.doubt(parameter.name, value) is None


@pytest.mark.parametrize(
    ("true", "false"),
    [("1", "0"), ("t", "f"), ("T", "F"), ("TRUE", "FALSE"), ("true", "false"), ("True", "False")],
)
def test_truth_is_spelt_as_in_go(true: str, false: str) -> None:
    assert parameters.convert("use_mmap", true) is True
    assert parameters.convert("use_mmap", false) is False


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("tempature", "There is no parameter “tempature”. Did you mean temperature?"),
        ("max_tokens", "There is no parameter “max_tokens”. Did you mean num_predict?"),
        ("top", "There is no parameter “top”. Did you mean top_k?"),
        ("zzz", "There is no parameter “zzz”."),
        ("", "There is no parameter “”."),
        ("a\x1b", "There is no parameter “a\ufffd”."),
        ("mirostat", "mirostat is retired: servers ignore it."),
    ],
)
def test_an_unknown_name_is_answered_with_the_one_meant(name: str, sentence: str) -> None:
    with pytest.raises(BadParameter) as caught:
        parameters.convert(name, "1")
    assert str(caught.value) == sentence
    assert caught.value.words == f"unknown parameter '{name}'"


def test_mistakes_are_also_worded_as_ollamas_own_program_does() -> None:
    for name, kind in (("num_ctx", "int"), ("top_p", "float"), ("use_mmap", "bool")):
        with pytest.raises(BadParameter) as caught:
            parameters.convert(name, "x")
        assert caught.value.words == f"invalid {kind} value [x]"


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_each_name_is_found_with_one_letter_lost(name: str) -> None:
    assert name in parameters.suggestions(name[:-1])
    assert name in parameters.suggestions(name[:1] + name[2:])


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("temperature", 2.0, None),
        ("temperature", 2.1, "temperature is between 0 and 2."),
        ("top_p", -0.1, "top_p is between 0 and 1."),
        ("num_ctx", 0, "num_ctx is 1 or more."),
        ("num_gpu", -1, None),
        ("seed", -(2**63), None),
        ("stop", ["x"], None),
        ("use_mmap", True, None),
        ("unheard_of", 1, None),
    ],
)
def test_values_nobody_wants_are_doubted_not_refused(
    name: str, value: ParameterValue, sentence: str | None
) -> None:
    assert parameters.doubt(name, value) == sentence


SHOWN = (
    'stop                           "<|im_end|>"\n'
    "num_ctx                        1.048576e+06\n"
    "temperature                    0.7\n"
    'stop                           "a \\"b\\"\\n\\t\\\\"\n'
    "use_mmap                       true\n"
    "seed                           <nil>\n"
    "top_p                          1\n"
    "unheard_of                     1e+06\n"
    'min_p                          "hot"\n'
    "a_name_that_is_longer_than_thirty_columns 5\n"
)


def test_shows_text_is_read_into_types_and_put_in_order() -> None:
    assert parameters.parse_show(SHOWN) == [
        ("num_ctx", 1_048_576),
        ("temperature", 0.7),
        ("top_p", 1),
        ("min_p", "hot"),
        ("seed", None),
        ("stop", "<|im_end|>"),
        ("stop", 'a "b"\n\t\\'),
        ("use_mmap", True),
        ("a_name_that_is_longer_than_thirty_columns", 5),
        ("unheard_of", 1e6),
    ]
    assert isinstance(parameters.parse_show("num_ctx 1e+06")[0][1], int)
    assert isinstance(parameters.parse_show("top_p 1e+06")[0][1], float)
    assert parameters.parse_show("") == []


def test_what_was_read_merges_into_what_create_takes() -> None:
    merged = parameters.merged(parameters.parse_show(SHOWN))
    assert merged["stop"] == ["<|im_end|>", 'a "b"\n\t\\']
    assert merged["num_ctx"] == 1_048_576
    assert "seed" not in merged
    assert parameters.merged([("stop", "x")]) == {"stop": ["x"]}
    assert parameters.merged([("odd", 1), ("odd", "b")]) == {"odd": ["1", "b"]}


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        ("plain", "plain"),
        (r"\a\b\f\n\r\t\v", "\a\b\f\n\r\t\v"),
        (r"\\n", "\\n"),
        (r"\"q\" \'", '"q" \''),
        (r"\x1b[0m", "\x1b[0m"),
        (r"\u00e9\U0001f600", "é😀"),
        (r"\xc3\xa9", "é"),
        (r"\xff", "\ufffd"),
        (r"\101", "A"),
        (r"\U00110000", "\ufffd"),
        ("日本", "日本"),
        ("ends in \\", "ends in \\"),
    ],
)
def test_go_literals_are_unescaped(literal: str, text: str) -> None:
    assert parameters.unquoted(literal) == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_literals_which_go_shares_come_back(text: str) -> None:
    literal = json.dumps(text, ensure_ascii=False)
    assert parameters.parse_show(f"stop {literal}") == [("stop", text)]


@given(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False))
def test_rendered_numbers_convert_back(whole: int, fraction: float) -> None:
    assert parameters.convert("seed", parameters.rendered(whole)) == whole
    assert parameters.convert("temperature", parameters.rendered(fraction)) == fraction


def test_lists_are_written_as_several_lines() -> None:
    values: dict[str, ParameterValue] = {"stop": ["a", "b"], "use_mmap": False, "num_ctx": 4096}
    assert parameters.lines(values) == [
        ("stop", "a"),
        ("stop", "b"),
        ("use_mmap", "false"),
        ("num_ctx", "4096"),
    ]


def test_a_recorded_reply_is_read() -> None:
    shown = recorded_show("show-all-fields").parameters
    assert parameters.merged(parameters.parse_show(shown)) == {
        "num_ctx": 2048,
        "temperature": 0.2,
        "top_k": 40,
        "stop": ["</s>", "<|user|>"],
    }


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    for name, _ in parameters.parse_show(text):
        assert name
