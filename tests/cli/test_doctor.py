"""`doctor`: what it finds, what it advises, and what it keeps to itself."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from ollama_tui import __version__
from ollama_tui.api.replies import ListedModel
from ollama_tui.cli.checks import PACKAGES, colors
from ollama_tui.cli.server_checks import store
from ollama_tui.domain.model import Model
from ollama_tui.domain.storage.contents import Contents
from ollama_tui.domain.storage.usage import Usage
from tests.cli.scripted import program
from tests.terminal.conftest import NOBODY, served
from tests.terminal.logind import logind_that_kills
from tests.terminal.pty import Terminal

SECRETS = {"OLLAMA_API_KEY": "hunter2", "OLLAMA_HOST": "me:swordfish@box"}
WELL = {"OLLAMA_HOST": "", "EDITOR": "cat", "VISUAL": "", "OLLAMA_MODELS": ""}


def examined(folder: Path, *words: str, **environ: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code and the report as JSON; state and settings are in `folder`."""
    state = {"XDG_STATE_HOME": str(folder)}
    done = program(["doctor", *words, "--json"], folder, **{**WELL, **state, **environ})
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_all_is_well_with_the_demo(tmp_path: Path) -> None:
    done = program(["doctor", "--demo"], tmp_path, **WELL, XDG_STATE_HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[-1] == "No problems found."
    titles = [line for line in lines[:-1] if line and not line.startswith(" ")]
    assert titles == ["Program", "Files", "Environment", "Terminal", "Server", "Store"]
    assert f"  version         {__version__}" in lines
    places = [re.match(r"  \S.{13} *(?=\S)", line) for line in lines if line.startswith("  ")]
    assert {match.end() for match in places if match and not match[0].isspace()} == {18}


def test_the_report_for_programs_names_files_packages_and_what_the_server_is(
    tmp_path: Path,
) -> None:
    code, report = examined(tmp_path, "--demo")
    assert (code, report["problems"]) == (0, [])
    assert set(report["program"]["packages"]) == set(PACKAGES)
    assert report["files"]["config"] == str(tmp_path / "ollama-tui" / "config.toml")
    assert {"config", "state", "notes", "drafts", "downloads", "cache"} == set(report["files"])
    server = report["server"]
    assert (server["address"], server["version"], server["models"]) == ("demo", "0.40.2", 36)
    assert "Quantizing a GGUF model" in server["cannot"]
    assert server["memory"] == {
        "gpu": 12_000_000_000,
        "ram": 64_000_000_000,
        "source": "demo",
        "devices": ["Demo GPU"],
        "at_least": False,
    }
    assert report["store"]["readable"] is True


def test_a_server_that_is_not_there_is_a_problem_with_advice(tmp_path: Path) -> None:
    code, report = examined(tmp_path, OLLAMA_HOST=NOBODY)
    assert code == 1
    (problem,) = report["problems"]
    assert problem["problem"] == f"Cannot connect to {NOBODY}: connection refused."
    assert "ollama serve" in problem["advice"]


def test_a_server_is_asked_for_its_version_and_how_long_that_takes(tmp_path: Path) -> None:
    with served() as url:
        code, report = examined(tmp_path, "--host", url)
    assert code == 0
    assert report["server"]["address"] == url
    assert 0 < report["server"]["answers"] < 60_000
    assert report["store"] == {"found_in": None}
    assert "qwen3" not in json.dumps(report)


def test_the_memory_of_this_machine_is_read_for_a_server_on_it(tmp_path: Path) -> None:
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho '0, NVIDIA GeForce RTX 4090, 24564, 23592'\n")
    tool.chmod(0o755)
    path = f"{tool.parent}{os.pathsep}{os.environ['PATH']}"
    with served() as url:
        code, report = examined(tmp_path, "--host", url, PATH=path)
    assert code == 0
    memory = report["server"]["memory"]
    assert (memory["source"], memory["gpu"]) == ("machine", 24_564 << 20)
    assert memory["devices"] == ["NVIDIA GeForce RTX 4090"]


def test_neither_key_nor_password_is_ever_printed(tmp_path: Path) -> None:
    done = program(["doctor"], tmp_path, **{**WELL, **SECRETS})
    assert done.returncode == 1
    assert "OLLAMA_HOST cannot hold a user name or password." in done.stdout
    code, report = examined(tmp_path, "--demo", OLLAMA_API_KEY="hunter2", OLLAMA_HOST="box:1")
    assert (code, report["environment"]["OLLAMA_API_KEY"]) == (0, True)
    everything = done.stdout + done.stderr + json.dumps(report)
    assert [secret for secret in ("hunter2", "swordfish") if secret in everything] == []


def test_problems_of_the_config_file_are_those_the_app_tells(tmp_path: Path) -> None:
    file = tmp_path / "ollama-tui" / "config.toml"
    file.parent.mkdir()
    file.write_text('sort = "sise"\ngrace = "long"\ntheme = "pink"\n[keys]\n"model.pul" = "p"\n')
    code, report = examined(tmp_path, "--demo")
    assert code == 1
    said = [problem["problem"] for problem in report["problems"]]
    assert [text.partition(": ")[0] for text in said] == [
        f"config.toml, line {line}" for line in (1, 2, 3, 5)
    ]
    assert all("Correct that line" in problem["advice"] for problem in report["problems"])


def test_a_state_file_that_is_damaged_is_named_and_left_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "ollama-tui" / "ui-state.json"
    file.parent.mkdir()
    file.write_text("{")
    code, report = examined(tmp_path, "--demo")
    assert code == 1
    assert [p["problem"] for p in report["problems"]] == [f"{file} is damaged."]
    assert file.read_text() == "{"


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, report = examined(tmp_path, "--demo", XDG_STATE_HOME=str(tmp_path / "file"))
    assert code == 1
    (problem,) = report["problems"]
    assert "cannot be written" in problem["problem"]
    assert problem["problem"].endswith("file is not a folder.")


def test_an_editor_that_is_not_installed_is_a_problem(tmp_path: Path) -> None:
    code, report = examined(tmp_path, "--demo", EDITOR="no-such-editor --wait")
    assert code == 1
    assert report["environment"]["editor"] == "no-such-editor"
    assert "Set EDITOR" in report["problems"][0]["advice"]


@pytest.mark.parametrize("linger", [True, False])
def test_whether_downloads_go_on_after_a_logout_is_said(tmp_path: Path, linger: bool) -> None:
    path = logind_that_kills(tmp_path / "bin", linger=linger)
    code, report = examined(tmp_path, "--demo", PATH=path)
    assert report["environment"]["after_a_logout"] is linger
    assert code == (0 if linger else 1)
    advice = [problem["advice"] for problem in report["problems"]]
    assert advice == ([] if linger else ["To let them go on: loginctl enable-linger"])


def test_a_terminal_that_is_too_small_is_a_problem() -> None:
    command = [sys.executable, "-m", "ollama_tui", "doctor", "--demo"]
    with Terminal(command, size=(39, 30), env={"TERM": "xterm-256color"}) as terminal:
        terminal.wait_for("needs 40x10")
        assert terminal.wait_exit() == 1


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "16 million"),
        ({"TERM": "tmux-256color"}, "256"),
        ({"TERM": "linux"}, "16"),
        ({}, "16"),
        ({"NO_COLOR": "1", "COLORTERM": "truecolor"}, "none"),
    ],
)
def test_colors_are_those_that_are_sent(environ: dict[str, str], wanted: str) -> None:
    assert colors(environ) == wanted


def test_a_store_of_another_user_says_whose_it_is(tmp_path: Path) -> None:
    models = (Model(ListedModel("m:1")),)
    contents = Contents(str(tmp_path), (), {}, (), (), (), unseen=2, free=1)
    section = store(Usage(models, contents), {}, is_local=True, is_demo=False)
    (problem,) = section.problems
    assert problem.sentence.startswith("2 files or folders of the store cannot be read")
    assert tmp_path.owner() in problem.advice


def test_a_store_of_another_machine_is_no_problem() -> None:
    section = store(Usage(()), {}, is_local=False, is_demo=False)
    assert section.facts[0].text == "on another machine: amounts are estimated"
    assert section.problems == ()
