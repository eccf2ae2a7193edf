"""What a form stands for: what differs from its base, since create takes nothing away."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.replies import Message, Show
from ollama_tui.api.requests import CreateRequest, ParameterValue
from ollama_tui.domain.create.form import (
    MAX_EDITED_CHARS,
    CreateForm,
    ParameterRow,
    begin,
    inherited,
    new_name,
)
from ollama_tui.domain.create.preview import changes, curl, modelfile
from ollama_tui.domain.create.validation import first_problem, notices
from ollama_tui.domain.modelfile.convert import request_from
from ollama_tui.domain.modelfile.parameters import BY_NAME, BadParameter
from ollama_tui.domain.modelfile.syntax import parse, printable
from tests.domain.models import a_model

BASE = a_model(
    "qwen3:1.7b", size=3_400_000_000, quantization_level="F16", format="gguf", digest="a" * 64
)
OTHER = a_model("gemma3:4b", quantization_level="Q4_K_M", format="gguf")
STUB = a_model("gpt-oss:20b-cloud", size=384, cloud=True)
SHOW = Show(
    system="You are terse.",
    template="{{ .System }} {{ .Prompt }}",
    license="MIT",
    parameters='stop   "</s>"\nstop   "<eot>"\ntemperature   0.6\nnum_ctx   8192',
    messages=[Message("user", "hi"), Message("assistant", "hello")],
)


def a_form(show: Show | None = SHOW, *, edit: bool = False) -> CreateForm:
    return begin((BASE, OTHER, STUB), BASE, show, edit=edit)


def row_of(form: CreateForm, name: str, place: int = 0) -> ParameterRow:
    return next(r for r in form.rows() if (r.name, r.place) == (name, place))


def words(form: CreateForm) -> str:
    return "\n".join(note.words for note in notices(form))


# ---- names


@pytest.mark.parametrize(
    ("base", "installed", "offered"),
    [
        ("qwen3:1.7b", [], "qwen3:1.7b-custom"),
        ("qwen3", [], "qwen3:custom"),
        ("qwen3:latest", [], "qwen3:custom"),
        ("qwen3:latest", ["qwen3:custom", "QWEN3:custom2"], "qwen3:custom3"),
        ("gpt-oss:20b-cloud", [], "gpt-oss:20b-custom"),
        ("gpt-oss:cloud", [], "gpt-oss:custom"),
        ("alice/helper", [], "alice/helper:custom"),
        ("hf.co/User/Repo-GGUF:Q4_K_M", [], "Repo-GGUF:Q4_K_M-custom"),
        ("m:" + "t" * 80, [], "m:" + "t" * 60 + "-custom"),
        ("not a name", [], ""),
    ],
)
def test_a_new_name_is_like_the_base_and_free(
    base: str, installed: list[str], offered: str
) -> None:
    models = begin(tuple(a_model(name) for name in installed), None, None).installed
    assert new_name(base, models) == offered


def test_another_base_brings_another_name_unless_one_was_typed() -> None:
    assert a_form().with_base("gemma3:4b").name == "gemma3:4b-custom"
    assert a_form().with_base("gemma3:4b").with_base("qwen3:1.7b") == a_form()
    assert a_form().with_base("nothing:here").name == "qwen3:1.7b-custom"
    assert replace(a_form(), name="mine").with_base("gemma3:4b").name == "mine"
    assert a_form(edit=True).with_base("gemma3:4b").name == "qwen3:1.7b"


def test_editing_keeps_the_name() -> None:
    form = a_form(edit=True)
    assert (form.name, form.source) == ("qwen3:1.7b", "qwen3:1.7b")


def test_an_untouched_form_sends_the_names_only() -> None:
    request = a_form().request()
    assert request == CreateRequest(model="qwen3:1.7b-custom", from_="qwen3:1.7b")


def test_a_pasted_command_is_taken_for_the_base_it_names() -> None:
    form = replace(a_form(), base="ollama run gemma3:4b")
    assert form.request().from_ == "gemma3:4b"
    assert form.base_model == OTHER


@pytest.mark.parametrize(
    ("name", "base", "tab", "said"),
    [
        ("", "qwen3", "base", "Type the name of a model."),
        ("a b", "qwen3", "base", "a space"),
        ("foo:cloud", "qwen3", "base", "cloud"),
        ("foo:local", "qwen3", "base", "local"),
        ("foo", "", "base", "Type the name of the model to start from."),
        ("foo", "a//b", "base", "The base: "),
        ("QWEN3:1.7B", "qwen3:1.7b", "base", "Nothing is changed yet."),
    ],
)
def test_what_is_wrong_with_the_names_is_said(name: str, base: str, tab: str, said: str) -> None:
    wrong = first_problem(replace(a_form(), name=name, base=base))
    assert wrong is not None
    assert wrong.tab == tab
    assert said in wrong.words


def test_a_cloud_model_is_not_edited_in_place() -> None:
    wrong = first_problem(begin((STUB,), STUB, Show(), edit=True))
    assert wrong is not None
    assert "with another name" in wrong.words


@pytest.mark.parametrize(
    ("name", "base", "said"),
    [
        ("Gemma3:4B", "qwen3:1.7b", "Replaces gemma3:4b (1 GB)"),
        ("new", "phi4", "phi4 is not on the server, which pulls it first."),
        ("new", "qwen3:1.7b", "Nothing is changed: this makes a copy of qwen3:1.7b."),
        ("new", "gpt-oss:20b-cloud", "runs in the cloud"),
        ("new", "gpt-oss:120b:cloud", "runs in the cloud"),
        ("new", "gemma3:4b", "What gemma3:4b brings is not known"),
    ],
)
def test_what_the_names_lead_to_is_said(name: str, base: str, said: str) -> None:
    assert said in words(replace(a_form(), name=name, base=base))


# ---- system prompt and template


def test_a_changed_prompt_is_sent_and_the_template_is_not() -> None:
    request = a_form().with_text("system", "Rhyme.").request()
    assert (request.system, request.template) == ("Rhyme.", "")


def test_a_prompt_changed_back_is_not_sent() -> None:
    form = a_form().with_text("system", "Rhyme.").with_text("system", "You are terse.")
    assert form == a_form()


@pytest.mark.parametrize("which", ["system", "template"])
def test_a_cleared_text_is_not_sent_and_it_is_said_that_it_stays(which: str) -> None:
    form = a_form().with_text(which, "")  # type: ignore[arg-type]
    assert not form.changes
    assert "Create cannot clear an inherited" in words(form)


def test_clearing_what_is_not_inherited_needs_no_words() -> None:
    form = a_form(Show()).with_text("system", "x").with_text("system", "")
    assert form == a_form(Show())


def test_the_template_a_server_shows_for_none_is_none() -> None:
    assert a_form(Show(template="{{ .Prompt }}")).text("template") == ""


def test_another_base_takes_the_inherited_texts_away_but_not_the_typed_ones() -> None:
    form = replace(a_form().with_text("system", "Rhyme."), base="gemma3:4b")
    assert (form.text("system"), form.text("template"), form.rows()) == ("Rhyme.", "", ())


def test_hostile_text_is_shown_inert_and_not_sent_while_untouched() -> None:
    form = a_form(Show(system="a\x1b[31m\u202eb\r\nc"))
    assert form.text("system") == "a�[31m�b\nc"
    assert not form.with_text("system", form.text("system")).changes
    assert "sent as �" in words(form.with_text("system", "a�[31m�b\nd"))


def test_a_text_of_megabytes_is_not_loaded_but_can_be_replaced() -> None:
    form = a_form(Show(system="x" * (MAX_EDITED_CHARS + 1)))
    assert form.text("system") == ""
    assert not form.with_text("system", "").changes
    assert "too long to show" in words(form)
    assert form.with_text("system", "short").request().system == "short"


def test_a_jinja_template_is_pointed_out() -> None:
    assert "Jinja" in words(a_form().with_text("template", "{% for m in messages %}"))


# ---- parameters


def listed(form: CreateForm) -> list[tuple[str, str, str]]:
    return [(row.name, row.text, row.origin) for row in form.rows()]


def test_inherited_parameters_are_listed_with_where_they_are_from() -> None:
    assert listed(a_form()) == [
        ("num_ctx", "8192", "inherited"),
        ("temperature", "0.6", "inherited"),
        ("stop", "</s>", "inherited"),
        ("stop", "<eot>", "inherited"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "sent"),
    [
        ("temperature", "0.2", {"temperature": 0.2}),
        ("temperature", "0.6", {}),
        ("num_ctx", "8192", {}),
        ("num_ctx", "1000000", {"num_ctx": 1_000_000}),
        ("use_mmap", "false", {"use_mmap": False}),
        ("top_k", "0", {"top_k": 0}),
        ("stop", "###", {"stop": ["</s>", "<eot>", "###"]}),
        ("stop", "</s>", {}),
    ],
)
def test_only_new_and_changed_parameters_are_sent(
    name: str, text: str, sent: dict[str, ParameterValue]
) -> None:
    assert a_form().put(name, text).request().parameters == sent


@pytest.mark.parametrize(
    ("name", "text"), [("temprature", "1"), ("num_ctx", "4k"), ("mirostat", "1"), ("stop", "")]
)
def test_what_a_server_would_choke_on_later_is_refused_now(name: str, text: str) -> None:
    with pytest.raises(BadParameter):
        a_form().put(name, text)


def test_a_number_stored_for_a_truth_is_corrected() -> None:
    form = a_form(Show(parameters="use_mmap   1")).put("use_mmap", "true")
    assert form.request().parameters == {"use_mmap": True}


def test_a_changed_parameter_says_what_it_was_and_goes_back_when_removed() -> None:
    form = a_form().put("temperature", "1.5")
    row = row_of(form, "temperature")
    assert (row.origin, row.own) == ("was 0.6", True)
    assert form.take(row) == a_form()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("temperature", "Set it to 0.8, the default, instead."),
        ("num_ctx", "num_ctx is inherited: create cannot remove it."),
    ],
)
def test_an_inherited_parameter_cannot_be_removed(name: str, said: str) -> None:
    form = a_form()
    assert said in (form.why_not_take(row_of(form, name)) or "")


def test_a_hostile_name_of_a_parameter_is_said_inert() -> None:
    form = a_form(Show(parameters="\x1b[2J\u202ex   1"))
    reason = form.why_not_take(form.rows()[0])
    assert reason == "�[2J�x is inherited: create cannot remove it."


def test_one_of_several_stops_can_be_removed_since_the_list_is_sent_whole() -> None:
    form = a_form()
    row = row_of(form, "stop", 0)
    assert form.why_not_take(row) is None
    assert form.take(row).request().parameters == {"stop": ["<eot>"]}


def test_all_stops_can_be_removed_and_brought_back() -> None:
    form = a_form()
    for _ in range(2):
        form = form.take(row_of(form, "stop"))
    assert form.request().parameters == {"stop": []}
    assert row_of(form, "stop").origin == "inherited ones left out"
    assert form.take(row_of(form, "stop")) == a_form()


def test_the_last_stop_of_ones_own_leaves_nothing_behind() -> None:
    form = a_form(Show()).put("stop", "###")
    assert form.take(row_of(form, "stop")) == a_form(Show())


def test_a_stop_is_changed_in_its_place() -> None:
    form = a_form()
    changed = form.put("stop", "###", row_of(form, "stop", 0))
    assert changed.request().parameters == {"stop": ["###", "<eot>"]}


def test_a_row_that_becomes_another_parameter_gives_up_its_own_value() -> None:
    form = a_form().put("top_k", "5")
    assert form.put("top_p", "0.5", row_of(form, "top_k")).parameters == {"top_p": 0.5}


OTHER_BRINGS = inherited(
    "gemma3:4b",
    Show(parameters='stop   "<end>"\nnum_ctx   4096', messages=[Message("user", "ho")]),
)


@given(st.data())
def test_an_answer_changes_nothing_of_what_was_typed_meanwhile(data: st.DataObject) -> None:
    """Whether it comes before, between or after the changes."""
    other = replace(a_form(), base="gemma3:4b")
    changes = data.draw(
        st.lists(
            st.sampled_from([("stop", "###"), ("stop", "<end>"), ("stop", "a"), ("top_k", "3"),
                             ("num_ctx", "4096"), ("num_ctx", "2048"), ("say", "hey")]),
            max_size=6,
        )
    )  # fmt: skip
    at = data.draw(st.integers(0, len(changes)))

    def typed(form: CreateForm, part: list[tuple[str, str]]) -> CreateForm:
        for name, text in part:
            if name == "say":
                form = form.with_messages((*form.shown_messages, Message("user", text)))
            else:
                form = form.put(name, text)
        return form

    before = typed(other.with_known(OTHER_BRINGS), changes)
    between = typed(typed(other, changes[:at]).with_known(OTHER_BRINGS), changes[at:])
    assert between.request() == before.request()
    assert between.rows() == before.rows()


def test_a_stop_that_is_added_is_added_to_those_of_the_base_chosen_last() -> None:
    form = replace(a_form().put("stop", "###"), base="gemma3:4b").with_known(OTHER_BRINGS)
    assert form.request().parameters == {"stop": ["<end>", "###"]}
    assert replace(form, base="phi4").request().parameters == {"stop": ["###"]}


def test_a_row_is_changed_where_it_stands_by_then() -> None:
    form = replace(a_form(), base="gemma3:4b").put("stop", "###")
    row = row_of(form, "stop")
    known = form.with_known(OTHER_BRINGS)
    assert known.put("stop", "##", row).request().parameters == {"stop": ["<end>", "##"]}
    assert known.take(row).request().parameters == {}


def test_a_value_nobody_wants_is_doubted() -> None:
    assert "temperature is between 0 and 2." in words(a_form().put("temperature", "7"))


@given(st.data())
def test_whatever_is_put_can_be_taken_away_again(data: st.DataObject) -> None:
    form = start = a_form()
    for name in data.draw(st.lists(st.sampled_from(sorted(BY_NAME)), max_size=8)):
        kind = BY_NAME[name].kind
        text = "true" if kind == "bool" else str(data.draw(st.integers(0, 9)))
        form = form.put(name, text)
    for row in reversed(form.rows()):
        if row.own and row.origin != "inherited":
            form = form.take(row)
    assert form == start


# ---- messages and licenses


def test_messages_replace_all_inherited_ones() -> None:
    hey = Message("user", "hey")
    form = a_form().with_messages((hey,))
    assert form.request().messages == [hey]
    assert "replace all 2 inherited messages" in words(form)


def test_messages_put_back_as_they_were_are_not_sent() -> None:
    form = a_form()
    assert form.with_messages(()).with_messages(tuple(SHOW.messages)) == form


def test_messages_cannot_be_cleared() -> None:
    form = a_form().with_messages(())
    assert not form.changes
    assert "cannot clear inherited messages" in words(form)


def test_a_message_by_nobody_we_know_is_refused() -> None:
    wrong = first_problem(a_form().with_messages((Message("robot", "x"),)))
    assert wrong is not None
    assert wrong.tab == "messages"


def test_licenses_are_added() -> None:
    form = replace(a_form(), licenses=("Apache", "More"))
    assert form.request().license == ["Apache", "More"]
    assert "Added to the inherited license" in words(form)


# ---- quantizing


@pytest.mark.parametrize(
    ("free", "said"),
    [(None, "about 1.8 GB."), (10**12, "; 1 TB free on"), (10**6, "; only 1 MB free on")],
)
def test_the_room_on_the_servers_disk_is_said_where_it_is_known(
    free: int | None, said: str
) -> None:
    assert said in words(replace(a_form(), quantize="Q8_0", free=free))


def test_a_type_chosen_for_another_base_is_not_sent() -> None:
    form = replace(a_form(), quantize="Q8_0")
    assert form.request().quantize == "Q8_0"
    assert "about 1.8 GB" in words(form)
    moved = replace(form, base="gemma3:4b")
    assert moved.request().quantize == ""
    assert "Not quantized. gemma3:4b is Q4_K_M already" in words(moved)


# ---- preview


def test_the_modelfile_holds_what_is_sent() -> None:
    form = a_form().put("temperature", "0.2").with_text("system", "Two\nlines")
    assert modelfile(form.request()) == (
        'FROM qwen3:1.7b\nSYSTEM """Two\nlines"""\nPARAMETER temperature 0.2\n'
    )


def test_what_no_modelfile_can_hold_is_a_comment_and_the_text_still_reads() -> None:
    form = a_form().with_text("system", 'a"""\nb').put("seed", "1")
    for _ in range(2):
        form = form.take(row_of(form, "stop"))
    text = modelfile(replace(form, quantize="Q8_0").request())
    assert [c.name for c in parse(text).commands] == ["from", "parameter"]
    assert text.count("# Left out: ") == 2
    assert "--quantize Q8_0" in text


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: text == printable(text) and '"""' not in text and "\r" not in text
)


@given(system=texts, message=texts, stop=texts, license=texts)
def test_the_preview_reads_back_as_the_request(
    system: str, message: str, stop: str, license: str
) -> None:
    form = a_form(Show()).with_text("system", system).put("stop", stop)
    form = replace(form.with_messages((Message("user", message),)), licenses=(license,))
    request = form.request()
    assert request_from(parse(modelfile(request)), request.model).request == request


def test_the_curl_command_survives_a_shell() -> None:
    import json
    import shlex

    form = a_form().with_text("system", 'it\'s $HOME `x` \\ "q"\n')
    argv = shlex.split(curl(form.request()))
    assert argv[:1] + argv[2:3] == ["curl", "-d"]
    assert json.loads(argv[3])["system"] == 'it\'s $HOME `x` \\ "q"\n'


def test_the_changes_are_the_lines_that_differ() -> None:
    form = a_form(edit=True).put("temperature", "0.2").with_text("system", "Rhyme.")
    lines = ["".join(text for text, _ in line) for line in changes(form)]
    signed = [line for line in lines if line[:1] in "+-"]
    assert signed == [
        "-SYSTEM You are terse.",
        "+SYSTEM Rhyme.",
        "-PARAMETER temperature 0.6",
        "+PARAMETER temperature 0.2",
    ]


def test_without_changes_the_preview_says_so() -> None:
    assert changes(a_form(edit=True)) == [(("Nothing is changed.", "muted"),)]
