"""A model saved as a Modelfile makes the same model again."""

from __future__ import annotations

import pytest

from ollama_tui.api.replies import Message, ModelDetails, Show
from ollama_tui.domain.modelfile.convert import file_name, request_from, saved
from ollama_tui.domain.modelfile.syntax import parse

WEIGHTS, OTHER = "a" * 64, "b" * 64
PARENT = Show(modelfile=f"FROM /b/sha256-{WEIGHTS}\nTEMPLATE x\nLICENSE MIT\n", license="MIT")


def child(*head: str, license: str = "") -> Show:
    lines = [*(head or (f"FROM /b/sha256-{WEIGHTS}",)), "TEMPLATE x"]
    texts = "".join(f"LICENSE {text}\n" for text in license.splitlines())
    return Show(
        modelfile="\n".join(lines) + "\n" + texts,
        system='A "quoted"\nprompt',
        parameters='stop                           "</s>"\nstop                           "<x>"',
        messages=[Message("user", "hi")],
        license=license,
        details=ModelDetails(parent_model="base:latest"),
    )


def test_it_stands_on_its_parent_with_only_the_licenses_of_its_own() -> None:
    request = request_from(parse(saved("m", child(license="MIT\nApache"), PARENT)), "m").request
    assert request.from_ == "base:latest"
    assert request.license == ["Apache"]
    assert request.system == 'A "quoted"\nprompt'
    assert request.parameters == {"stop": ["</s>", "<x>"]}
    assert request.messages == [Message("user", "hi")]


def test_a_license_with_quotes_in_it_is_inherited_and_not_repeated() -> None:
    text = 'MIT License\n\nTHE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND.\n'
    head = f"FROM /b/sha256-{WEIGHTS}\nTEMPLATE x\n"
    base = Show(modelfile=f'{head}LICENSE """{text}"""\n', license=text)
    made = Show(
        modelfile=f'{head}LICENSE """{text}"""\nLICENSE Apache\n',
        license=f"{text}\nApache",
        details=ModelDetails(parent_model="base:latest"),
    )
    request = request_from(parse(saved("m", made, base)), "m").request
    assert (request.from_, request.license) == ("base:latest", ["Apache"])


def test_licenses_too_many_to_be_told_apart_are_not_repeated_either() -> None:
    many = "\n".join(map(str, range(9)))
    text = "".join(f"LICENSE {number}\n" for number in range(9))
    base = Show(modelfile=PARENT.modelfile.replace("LICENSE MIT\n", text), license=many)
    shown = child(license=f"{many}\nmine")
    assert request_from(parse(saved("m", shown, base)), "m").request.license == ["mine"]


@pytest.mark.parametrize(
    ("shown", "parent"),
    [
        (child(license="MIT"), None),
        (child(f"FROM /b/sha256-{OTHER}", license="MIT"), PARENT),
        (child(f"FROM /b/sha256-{WEIGHTS}", f"ADAPTER /b/sha256-{OTHER}"), PARENT),
        (child("FROM m", license="MIT"), Show(modelfile="FROM base\n")),
    ],
    ids=["no parent", "other weights", "an adapter", "no files to compare"],
)
def test_without_a_parent_of_the_same_files_it_stands_on_itself(
    shown: Show, parent: Show | None
) -> None:
    text = saved("m", shown, parent)
    request = request_from(parse(text), "m").request
    assert (request.from_, request.license) == ("m", [])
    assert "the model itself" in text


def test_what_no_modelfile_can_hold_is_left_out_with_a_word() -> None:
    text = saved("m", Show(system='a"""\nb', messages=[Message("tool", "x")]))
    assert parse(text).last("system") == ""
    assert text.count("# Left out: ") == 2


def test_nothing_in_it_acts_on_a_terminal_and_what_that_costs_is_said() -> None:
    text = saved("m", Show(system="a\x1b[2Jb\u200bc"))
    assert text.isascii()
    assert "\x1b" not in text
    assert parse(text).last("system") == "a[2Jbc"
    assert "# Left out: characters that cannot be printed" in text


def test_a_name_of_the_server_writes_no_second_line() -> None:
    assert [c.value for c in parse(saved("m\nFROM evil", Show())).commands] == ["m\nFROM evil"]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("qwen3:1.7b", "qwen3-1.7b.Modelfile"),
        ("studio/reviewer:latest", "studio-reviewer.Modelfile"),
        ("hf.co/a/b-GGUF:Q8_0", "hf.co-a-b-GGUF-Q8_0.Modelfile"),
        ("../../etc:latest", "etc.Modelfile"),
        ("", "model.Modelfile"),
        ("\x1b[2J\u202e", "2J.Modelfile"),
    ],
)
def test_the_file_is_named_after_the_model(name: str, file: str) -> None:
    assert file_name(name) == file
