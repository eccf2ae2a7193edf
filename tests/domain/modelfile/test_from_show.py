"""What the made-up Modelfile of a server tells that show tells nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.replies import Show
from ollama_tui.domain.modelfile.convert import (
    NO_TEMPLATE,
    built_in,
    declared,
    licenses,
    own_template,
)
from tests.recordings import recorded_show

TEXTS = st.text(st.sampled_from('a"\n  LICENSE'), min_size=1, max_size=12)


def quoted(text: str) -> str:
    """As a server quotes: without any escape, with three quotes around quotes."""
    if "\n" not in text and text == text.strip(" "):
        return text
    return f'"""{text}"""' if '"' in text else f'"{text}"'


def made_up(*lines: tuple[str, str]) -> str:
    return "# FROM m:latest\n\nFROM /blobs/x\n" + "".join(
        f"{word} {quoted(text)}\n" for word, text in lines
    )


@pytest.mark.parametrize(
    "name", ["show-all-fields", "show-tools-insert", "show-verbose-small", "show-requires"]
)
def test_a_template_that_was_given_is_found(name: str) -> None:
    shown = recorded_show(name)
    assert own_template(shown) == ("" if shown.template == NO_TEMPLATE else shown.template)


def test_the_chat_template_of_the_weights_was_not_given() -> None:
    shown = recorded_show("show-tokenizer-150k")
    assert "{%" in shown.template
    assert own_template(shown) == ""


@pytest.mark.parametrize(
    "given", ["{{ .System }}", 'a "b"\nc "d"', "SYSTEM is a word", "two\nlines\n"]
)
def test_a_given_template_is_found_behind_the_one_of_the_weights(given: str) -> None:
    text = made_up(("TEMPLATE", given), ("SYSTEM", "x"), ("PARAMETER", "top_k 1"))
    shown = Show(template="{%- if tools %}", system="x", modelfile=text)
    assert own_template(shown) == given
    assert own_template(Show(template="{%", modelfile=made_up(("TEMPLATE", given)))) == given


@pytest.mark.parametrize("quotes", ["", '"', '"""'])
def test_a_template_is_found_in_any_quotes(quotes: str) -> None:
    text = f"FROM x\nTEMPLATE {quotes}{{{{ .System }}}}{quotes}\nSYSTEM x\n"
    assert own_template(Show(template="{{ .System }}", modelfile=text)) == "{{ .System }}"


def test_a_template_ends_before_the_capabilities_that_were_given() -> None:
    text = made_up(("TEMPLATE", "{{ .System }}"), ("CAPABILITY", "decision"))
    shown = Show(template="{%- if tools %}", modelfile=text)
    assert own_template(shown) == "{{ .System }}"
    assert declared(shown) == ("decision",)
    quoting = made_up(("SYSTEM", "\nCAPABILITY vision\n"))
    assert declared(Show(modelfile=quoting)) == ()
    assert declared(Show(modelfile="no\nCAPABILITY vision\n")) == ()


def test_renderer_and_parser_are_found() -> None:
    assert built_in(recorded_show("show-renderer-parser")) == {
        "renderer": "qwen3-coder",
        "parser": "qwen3-coder",
    }
    assert built_in(recorded_show("show-all-fields")) == {"renderer": "", "parser": ""}


@given(TEXTS, TEXTS)
def test_no_text_hides_the_renderer_or_stands_in_for_it(template: str, system: str) -> None:
    text = made_up(
        ("TEMPLATE", template), ("SYSTEM", system), ("RENDERER", "r"), ("LICENSE", "\nPARSER no\n")
    )
    shown = Show(template=template, system=system, modelfile=text)
    assert built_in(shown) == {"renderer": "r", "parser": ""}


def test_two_licenses_are_told_apart() -> None:
    first, second = licenses(recorded_show("show-all-fields"))
    assert first.startswith("MIT License\n\nCopyright")
    assert second == "Apache License\nVersion 2.0, January 2004"
    assert licenses(recorded_show("show")) == ()


@given(st.lists(TEXTS, min_size=1, max_size=4), TEXTS)
def test_licenses_are_told_apart_or_at_least_none_is_lost(texts: list[str], said: str) -> None:
    text = made_up(*(("LICENSE", one) for one in texts), ("MESSAGE user", said))
    found = licenses(Show(license="\n".join(texts), modelfile=text))
    assert "\n".join(found) == "\n".join(texts)


def test_quotes_at_the_end_of_a_line_do_not_end_a_license() -> None:
    texts = ['MIT "License"\n\nline', "Apache", 'The "end"\n']
    text = made_up(*(("LICENSE", one) for one in texts))
    assert list(licenses(Show(license="\n".join(texts), modelfile=text))) == texts


def test_without_a_readable_modelfile_all_is_one_license() -> None:
    assert licenses(Show(license="a\nb")) == ("a\nb",)
    many = made_up(*(("LICENSE", str(number)) for number in range(40)))
    assert len(licenses(Show(license="\n".join(map(str, range(40))), modelfile=many))) == 1
