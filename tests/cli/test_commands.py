"""`show`, `space` and `outdated`, in words and as JSON."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from ollama_tui.api.errors import NotFound
from ollama_tui.cli.context import UsageError
from ollama_tui.cli.export import plain, script
from ollama_tui.cli.output import print_text, table
from ollama_tui.services.cache import Cache
from tests.cli.scripted import Shell, program
from tests.domain.models import a_model
from tests.recordings import recorded


def test_hostile_names_are_printed_inert() -> None:
    name = "\x1b[31mred\u202e\n:x"
    lines = [*table(("A",), [(name,)]), *script([a_model(name)]), *plain([a_model(name)])]
    assert all(line.isprintable() for line in lines)


async def test_show_prints_what_a_person_asks_for_first(shell: Shell) -> None:
    await shell.runs("show", "GEMMA3:4b")
    assert shell.lines[0] == "gemma3:4b"
    assert "Same as       gemma3:latest" in shell.lines
    assert "  top_k 64" in shell.lines


async def test_show_says_how_long_the_texts_are_and_what_prints_them(shell: Shell) -> None:
    shown = await shell.prints("show", "gemma3:4b")
    await shell.runs("show", "gemma3:4b")
    lines = {name: len(shown[name].strip().splitlines()) for name in ("template", "license")}
    assert f"Template      {lines['template']} lines (--template prints it)" in shell.lines
    begins = shown["license"].strip().splitlines()[0].strip()
    said = f"License       {begins}, {lines['license']} lines (--license prints it)"
    assert said.replace(" 1 lines", " 1 line") in shell.lines
    assert min(lines.values()) > 0


async def test_show_says_that_there_is_no_text(shell: Shell) -> None:
    answer = recorded("r040-show-list").answer
    shell.demo.fail(
        "/api/show", 200, {**answer, "license": "", "template": "", "system": ""}, times=3
    )
    await shell.runs("show", "gemma3:4b")
    assert {"Template      none", "License       none"} <= set(shell.lines)
    await shell.runs("show", "gemma3:4b", "--license")
    assert (shell.code, shell.out) == (0, "")
    assert shell.err == "ollama-tui: gemma3:4b has no license.\n"
    await shell.runs("show", "gemma3:4b", "--system")
    assert shell.err == "ollama-tui: gemma3:4b has no system prompt.\n"


@pytest.mark.parametrize("name", ["license", "modelfile", "system", "template"])
async def test_show_prints_one_text_as_it_is(shell: Shell, name: str) -> None:
    answer = recorded("r040-show-list").answer
    text = f"{name} \u200d of\r\nlines\n\n"
    shell.demo.fail("/api/show", 200, {**answer, name: text}, times=1)
    await shell.runs("show", "gemma3:4b", f"--{name}")
    assert shell.out == text


async def test_show_prints_the_parameters_that_are_set(shell: Shell) -> None:
    await shell.runs("show", "gemma3:4b", "--parameters")
    assert sorted(" ".join(line.split()) for line in shell.lines) == [
        'stop "<end_of_turn>"', "temperature 1", "top_k 64", "top_p 0.95",
    ]  # fmt: skip


@pytest.mark.parametrize("others", [["--json"], ["--license"]])
async def test_show_prints_one_text_and_nothing_else(shell: Shell, others: list[str]) -> None:
    with pytest.raises((UsageError, SystemExit)):
        await shell.runs("show", "gemma3:4b", "--template", *others)


def test_a_text_cannot_act_on_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    with contextlib.redirect_stdout(Terminal()) as terminal:
        print_text("\x1b[31mred\tof\r\ntwo")
    assert terminal.getvalue() == "�[31mred\tof\ntwo\n"


async def test_show_as_json_has_parameters_and_texts(shell: Shell) -> None:
    shown = await shell.prints("show", "gemma3:4b")
    assert shown["parameters"]["top_k"] == 64
    assert shown["parameters"]["stop"] == ["<end_of_turn>"]
    assert shown["modelfile"].startswith("# Modelfile")
    assert shown["info"]["general.architecture"] == "gemma3"


async def test_show_as_json_has_what_0_40_adds(shell: Shell) -> None:
    answer = recorded("r040-show-list").answer
    thinking = {"values": [True, False], "default": True}
    more = {"thinking": thinking, "template_source": "go_template", "requires": "0.40.0"}
    shell.demo.fail("/api/show", 200, {**answer, **more})
    shown = await shell.prints("show", "gemma3:4b")
    assert shown.items() >= more.items()
    assert [(one["runner"], one["selected"]) for one in shown["manifests"]] == [
        ("ggml", False),
        ("llamacpp", True),
    ]


async def test_show_of_a_model_that_is_not_there_is_an_error(shell: Shell) -> None:
    with pytest.raises(NotFound, match="nope"):
        await shell.runs("show", "nope")


async def test_show_of_no_model_says_what_may_have_been_meant(shell: Shell) -> None:
    with pytest.raises(NotFound) as refused:
        await shell.runs("show", "qwen3")
    assert str(refused.value) == (
        "No model qwen3. Did you mean qwen3:1.7b, qwen3:8b or qwen3:30b-a3b?"
    )


async def test_space_says_that_it_estimates_and_sums_up(shell: Shell) -> None:
    await shell.runs("space")
    assert shell.lines[1].startswith("Estimated from what the server reports")
    assert any(line.startswith("mixtral:8x7b") and "26 GB" in line for line in shell.lines)
    spent = await shell.prints("space")
    assert spent["exact"] is False
    assert spent["orphans"] is spent["partials"] is spent["free"] is None
    alone = {model["name"]: model["alone"] for model in spent["models"]}
    shared = sum(group["bytes"] for group in spent["groups"])
    assert sum(alone.values()) + shared == spent["unique"]
    assert alone["gemma3:4b"] == alone["gemma3:latest"] == 0


def test_space_says_what_is_part_of_what(tmp_path: Path) -> None:
    done = program(["space", "--demo"], tmp_path)
    first = done.stdout.splitlines()[0]
    assert re.fullmatch(
        r"\d+ GB used by models \(13 GB of it kept by an upgrade\), \d+ GB free; sizes as listed "
        r"add up to \d+ GB, as shared weights are counted each time\.",
        first,
    ), first


async def test_outdated_tells_what_an_update_fetches_and_pulls_nothing(shell: Shell) -> None:
    await shell.runs("outdated")
    assert shell.lines[0].split() == ["OUTDATED", "FETCH", "CHANGES"]
    assert "3 outdated" in shell.lines[-1]
    (found,) = (await shell.prints("outdated", "llama3.1:8b"))["models"]
    assert found["standing"] == "outdated"
    assert found["fetch"] > 4_000_000_000
    assert shell.pulled == []


async def test_details_of_a_known_digest_are_not_asked_for_again(
    shell: Shell, tmp_path: Path
) -> None:
    shell.cache = Cache(tmp_path)
    first = await shell.prints("show", "qwen3:8b")
    shell.demo.requests.clear()
    assert await shell.prints("show", "qwen3:8b") == first
    assert "/api/show" not in [seen.path for seen in shell.demo.requests]
