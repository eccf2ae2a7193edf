import pytest

from ollama_tui.api.replies import Message, Show
from ollama_tui.api.requests import CreateRequest
from ollama_tui.domain.modelfile.convert import ModelfileRequest, edited, modelfile_of, request_from
from ollama_tui.domain.modelfile.syntax import InvalidModelfile, parse, write
from tests.recordings import recorded_show


def drafted(text: str, *paths: str) -> ModelfileRequest:
    return request_from(parse(text), "mine", is_path=paths.__contains__)


def test_a_whole_modelfile_becomes_a_request() -> None:
    made = drafted(
        "FROM qwen3:8b\n"
        "TEMPLATE old\n"
        "TEMPLATE {{ .Prompt }}!\n"
        'SYSTEM """a\nb"""\n'
        "RENDERER r\nPARSER p\nREQUIRES v0.14\nCAPABILITY decision\n"
        "LICENSE one\nLICENSE two\n"
        "PARAMETER temperature 1\nPARAMETER temperature 0.5\n"
        "PARAMETER stop x\nPARAMETER num_ctx 8192\nPARAMETER stop y\nPARAMETER use_mmap f\n"
        "MESSAGE user hi\nMESSAGE assistant ho\n"
    )
    assert made == ModelfileRequest(
        CreateRequest(
            model="mine",
            from_="qwen3:8b",
            template="{{ .Prompt }}!",
            system="a\nb",
            license=["one", "two"],
            parameters={"temperature": 0.5, "num_ctx": 8192, "use_mmap": False, "stop": ["x", "y"]},
            messages=[Message("user", "hi"), Message("assistant", "ho")],
            renderer="r",
            parser="p",
            requires="v0.14",
            capabilities=["decision"],
        )
    )


def test_paths_are_reported_apart_from_the_request() -> None:
    made = drafted(
        "FROM ./a.gguf\nFROM base\nFROM ./b.gguf\nFROM other\n"
        "ADAPTER ./one\nADAPTER ./two\nDRAFT ./d1\nDRAFT ./d2\n",
        "./a.gguf",
        "./b.gguf",
    )
    assert made.request == CreateRequest(model="mine", from_="other")
    assert made.files == ("./a.gguf", "./b.gguf")
    assert made.adapter == "./two"
    assert made.drafts == ("./d1", "./d2")


def test_without_a_name_only_files_are_the_source() -> None:
    made = drafted("FROM ./a.gguf", "./a.gguf")
    assert made.request.from_ == ""
    assert made.files == ("./a.gguf",)


def test_an_empty_stop_is_taken_as_it_is_there() -> None:
    made = drafted('FROM m\nPARAMETER stop ""\nPARAMETER stop x\n')
    assert made.request.parameters == {"stop": ["", "x"]}


def test_retired_parameters_are_left_out_with_a_warning() -> None:
    made = drafted("FROM m\nPARAMETER mirostat 2\nPARAMETER top_k 5\n")
    assert made.request.parameters == {"top_k": 5}
    assert made.warnings == ("mirostat is retired and left out (line 2).",)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("PARAMETER num_ctx 8k", "(line 2): invalid int value [8k]"),
        ("PARAMETER top_p high", "(line 2): invalid float value [high]"),
        ("PARAMETER use_mmap yes", "(line 2): invalid bool value [yes]"),
        ("PARAMETER heat 1", "(line 2): unknown parameter 'heat'"),
        ("PARAMETER  heat 1", "(line 2): unknown parameter ''"),
        ("REQUIRES soon", "(line 2): requires must be a valid semver (e.g. 0.14.0)"),
        ("REQUIRES 01.2", "(line 2): requires must be a valid semver (e.g. 0.14.0)"),
        ("REQUIRES 1.2-rc1", "(line 2): requires must be a valid semver (e.g. 0.14.0)"),
    ],
)
def test_values_of_the_wrong_type_are_errors_with_their_line(command: str, words: str) -> None:
    with pytest.raises(InvalidModelfile) as caught:
        drafted(f"FROM m\n{command}\n")
    assert str(caught.value) == words


@pytest.mark.parametrize("version", ["1", "0.14", "0.14.0", "v0.14.0", "1.2.3-rc1+5"])
def test_versions(version: str) -> None:
    assert drafted(f"FROM m\nREQUIRES {version}").request.requires == version


def test_details_become_a_modelfile_on_top_of_a_name() -> None:
    text = write(modelfile_of(recorded_show("show-all-fields"), "helper:latest"))
    assert text == (
        "FROM helper:latest\n"
        'TEMPLATE """{{ if .System }}<|system|>{{ .System }}</s>\n'
        "{{ end }}{{ range .Messages }}<|{{ .Role }}|>{{ .Content }}</s>\n"
        '{{ end }}<|assistant|>"""\n'
        'SYSTEM """You are a terse helper.\nAnswer in one line."""\n'
        "PARAMETER num_ctx 2048\n"
        "PARAMETER temperature 0.2\n"
        "PARAMETER top_k 40\n"
        "PARAMETER stop </s>\n"
        "PARAMETER stop <|user|>\n"
        'MESSAGE user Hi "there"\n'
        'MESSAGE assistant """Hello.\nSecond line."""\n'
    )


def test_renderer_and_parser_come_from_the_shown_modelfile() -> None:
    shown = modelfile_of(recorded_show("show-renderer-parser"), "m")
    assert shown.last("renderer")
    assert shown.last("parser")


def test_the_chat_template_of_the_weights_is_not_the_models_own() -> None:
    shown = recorded_show("show-tokenizer-150k")
    assert "{%" in shown.template
    assert write(modelfile_of(shown, "m")) == "FROM m\n"


def test_nothing_is_said_of_what_a_model_does_not_have() -> None:
    assert write(modelfile_of(Show(template="{{ .Prompt }}"), "m")) == "FROM m\n"
    assert write(modelfile_of(Show(modelfile='SYSTEM "open'), "m")) == "FROM m\n"


def test_a_model_edited_not_at_all_sends_nothing() -> None:
    before = modelfile_of(recorded_show("show-all-fields"), "helper:latest")
    after = request_from(parse(write(before)), "helper")
    made = edited(before, after)
    assert made.request == CreateRequest(model="helper", from_="helper:latest")
    assert made.warnings == ()


def test_only_what_changed_is_sent() -> None:
    before = modelfile_of(recorded_show("show-all-fields"), "helper:latest")
    text = write(before).replace("top_k 40", "top_k 20").replace("terse", "chatty")
    made = edited(before, request_from(parse(text), "helper"))
    assert made.request == CreateRequest(
        model="helper",
        from_="helper:latest",
        system="You are a chatty helper.\nAnswer in one line.",
        parameters={"top_k": 20},
    )


def test_what_cannot_be_cleared_is_said() -> None:
    before = modelfile_of(recorded_show("show-all-fields"), "helper:latest")
    made = edited(before, drafted("FROM helper:latest\nPARAMETER stop </s>\nTEMPLATE x"))
    assert made.request == CreateRequest(
        model="mine", from_="helper:latest", template="x", parameters={"stop": ["</s>"]}
    )
    assert made.warnings == (
        "A server cannot clear the system prompt, the messages, the parameter num_ctx, "
        "the parameter temperature and the parameter top_k: inherited values stay.",
    )


def test_a_stored_value_of_the_wrong_type_counts_as_it_is() -> None:
    before = modelfile_of(recorded_show("show-bad-parameter"), "badparam:latest")
    assert before.all("parameter")[0].value == "hot"
    made = edited(before, drafted("FROM badparam:latest\nPARAMETER temperature 0.5"))
    assert made.request.parameters == {"temperature": 0.5}


def test_on_top_of_another_model_all_is_sent() -> None:
    before = modelfile_of(recorded_show("show-all-fields"), "helper:latest")
    for source in ("FROM tiny\nSYSTEM x", "FROM ./a.gguf\nSYSTEM x"):
        made = drafted(source, "./a.gguf")
        assert edited(before, made) is made
    shorter = drafted("FROM HELPER\nSYSTEM x")
    assert edited(before, shorter) != shorter


def test_characters_a_modelfile_drops_do_not_count_as_a_change() -> None:
    before = modelfile_of(Show(system="a\u200bb\x1b[0m"), "m")
    made = edited(before, request_from(parse(write(before)), "m"))
    assert made.request == CreateRequest(model="m", from_="m")


def test_capabilities_are_added_and_cannot_be_taken_away() -> None:
    text = "FROM /blobs/x\nTEMPLATE x\nCAPABILITY completion\nCAPABILITY decision\n"
    before = modelfile_of(Show(template="x", modelfile=f"# FROM m\n\n{text}"), "m")
    assert [c.value for c in before.all("capability")] == ["completion", "decision"]
    made = edited(before, request_from(before, "m"))
    assert made == ModelfileRequest(CreateRequest(model="m", from_="m"))
    changed = "FROM m\nTEMPLATE x\nCAPABILITY decision\nCAPABILITY vision\n"
    made = edited(before, request_from(parse(changed), "m"))
    assert made.request.capabilities == ["vision"]
    assert made.warnings == (
        "A server cannot clear the capability completion: inherited values stay.",
    )
