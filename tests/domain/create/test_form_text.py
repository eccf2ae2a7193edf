"""A draft of the create form is a Modelfile to read, and the form again to the letter."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.replies import Message, Show
from ollama_tui.domain.create.form import CreateForm, begin
from ollama_tui.domain.create.preview import HEAD, name_and_base, text_of, typed_into
from ollama_tui.domain.modelfile.parameters import BY_NAME, BadParameter, convert
from ollama_tui.domain.modelfile.syntax import parse
from tests.domain.models import a_model

BASE = a_model("qwen3:1.7b", quantization_level="F16", format="gguf")
SHOW = Show(system="Be terse.", parameters="top_k 40", messages=[Message("user", "hi")])
START = begin((BASE,), BASE, SHOW)
TEXTS = st.text() | st.sampled_from(
    ["", '"""', 'a\n"""\nb', "#: name 1", "a\r\nb", "\ufeff", "\x1b[2J", "\ud800", " a ", "FROM x"]
)


def _values(name: str, text: str) -> object:
    try:
        return convert(name, text)
    except BadParameter:
        return None


PARAMETERS = st.dictionaries(
    st.sampled_from(sorted(BY_NAME)), st.sampled_from(["1", "0.5", "true", "4096", "</s>"])
).map(lambda d: {k: v for k, t in d.items() if (v := _values(k, t)) is not None})


@given(
    name=TEXTS,
    base=TEXTS.filter(bool),
    system=st.none() | TEXTS,
    template=st.none() | TEXTS,
    parameters=PARAMETERS,
    messages=st.none()
    | st.lists(
        st.builds(Message, role=st.sampled_from(["user", "system", "x"]), content=TEXTS), max_size=3
    ).map(tuple),
    licenses=st.lists(TEXTS, max_size=3).map(tuple),
    quantize=st.sampled_from(["", "Q4_K_M"]),
)
def test_what_is_read_is_what_was_typed(**typed: object) -> None:
    form = replace(START, **typed)  # type: ignore[arg-type]
    # As it comes back from a file.
    text = text_of(form).encode("utf-8", "replace").decode()
    assert typed_into(START, text) == form


def test_it_reads_as_a_modelfile() -> None:
    form = replace(START, name="mine", system="Rhyme.\nAlways.", parameters={"num_ctx": 4096})
    assert text_of(form) == (
        f'{HEAD}#: name "mine"\n'
        'FROM qwen3:1.7b\nSYSTEM """Rhyme.\nAlways."""\nPARAMETER num_ctx 4096\n'
    )
    assert parse(text_of(form)).last("system") == "Rhyme.\nAlways."
    assert name_and_base(text_of(form)) == ("mine", "qwen3:1.7b")


def test_a_name_that_is_edited_is_the_models_own() -> None:
    edit = begin((BASE,), BASE, SHOW, edit=True)
    assert typed_into(edit, '#: name "other"\nFROM qwen3:1.7b\nSYSTEM x\n').name == "qwen3:1.7b"


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("", START),
        ("\0\x1b", START),
        ("# hello\n", START),
        ("#: name\n#: base [\n#: messages 3\n#: parameters [1]\nFROM qwen3:1.7b\n", START),
        ('#: messages [1, [2], [3, 4], ["user", "a"]]\n', "messages"),
        ("#: name " + "[" * 100_000, START),
        ('#: parameters {"num_ctx": [1], "stop": ["a"], "top_k": null}\n', "parameters"),
        ("FROM qwen3:1.7b\nPARAMETER num_ctx x\nPARAMETER nonsense 1\n", START),
    ],
)
def test_a_spoiled_draft_is_what_can_be_read_of_it(text: str, typed: CreateForm | str) -> None:
    read = typed_into(START, text)
    if typed == "messages":
        assert read.messages == (Message("user", "a"),)
    elif typed == "parameters":
        assert read.parameters == {"stop": ["a"]}
    else:
        assert read == replace(START, name="")
