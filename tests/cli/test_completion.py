"""Completion of the command line, as bash, zsh and fish do it with the scripts for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ollama_tui.api.replies import ListedModel
from ollama_tui.cli.completion import command_line, filter_words
from ollama_tui.cli.parser import COMMANDS
from ollama_tui.cli.shells import script
from ollama_tui.domain.columns import BY_KEY
from ollama_tui.domain.filter.parser import parse
from ollama_tui.services.cache import Cache
from ollama_tui.tui.look import theme_names
from tests.cli.scripted import ROOT, program
from tests.terminal.pty import Terminal

HERE, BOX = "http://127.0.0.1:11434", "http://box:11434"
BREAKS = " \t\n\"'@><=;|&(:"
"""Where bash breaks words, unless its user says otherwise."""
HOSTILE = "$(touch harm):1b"


def needs(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"there is no {shell} here")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment with `ollama-tui` on the path, and a server that was listed before."""
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "ollama-tui"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ollama_tui "$@"\n')
    command.chmod(0o755)
    cache = Cache(tmp_path / "cache" / "ollama-tui")
    cache.keep_models(HERE, tuple(map(ListedModel, ("qwen3:8b", "qwen3:1.7b", "me/q:1", HOSTILE))))
    cache.keep_models(BOX, (ListedModel("far:1b"),))
    config = tmp_path / "config" / "ollama-tui" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[filters]\nsmall = "size:<4g"\n')
    places = {f"XDG_{n}_HOME": str(tmp_path / n.lower()) for n in ("CACHE", "CONFIG", "STATE")}
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "OLLAMA_HOST": ""}
    return {**os.environ, **own, **places}


def bash_offers(line: str, environ: dict[str, str], folder: Path) -> list[str]:
    """Return what bash is offered behind `line`."""
    (folder / "completion.bash").write_text(script("bash", *command_line()))
    test = (
        "source ./completion.bash; COMP_WORDBREAKS=$BREAKS; COMP_LINE=$LINE; COMP_POINT=${#LINE}; "
        '_ollama_tui; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", test],
        env={**environ, "LINE": line, "BREAKS": BREAKS},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


@needs("bash")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("ollama-tui li", ["list"]),
        ("ollama-tui --demo li", ["list"]),
        ("ollama-tui list li", []),
        ("ollama-tui -- li", []),
        ("ollama-tui export --s", ["--script"]),
        ("ollama-tui --ver", ["--version"]),
        ("ollama-tui list --sort si", ["size"]),
        ("ollama-tui --theme ollama-", ["ollama-dark", "ollama-light"]),
        ("ollama-tui show q x --runner l", ["llamacpp"]),
        ("ollama-tui list fam", ["family:"]),
        ("ollama-tui list is:loa", ["loaded"]),  # bash replaces what is behind the colon
        ("ollama-tui list 'is:loa", ["is:loaded"]),
        ("ollama-tui list @sm", ["@small"]),
        ("ollama-tui show qwen3:", ["1.7b", "8b"]),
        ("ollama-tui qwen3:", ["1.7b", "8b"]),
        ("ollama-tui show me", ["me/q:1"]),
        ("ollama-tui show $", []),
        ("ollama-tui --host box show f", ["far:1b"]),
        ("ollama-tui completion ", ["bash", "zsh", "fish"]),
        ("ollama-tui space ", []),
    ],
)
def test_bash_is_offered_what_may_come_next(
    line: str, offered: list[str], environ: dict[str, str], tmp_path: Path
) -> None:
    assert bash_offers(line, environ, tmp_path) == offered
    assert not (tmp_path / "harm").exists()


@needs("bash")
def test_bash_is_offered_all_there_is_where_nothing_is_typed(
    environ: dict[str, str], tmp_path: Path
) -> None:
    offered = bash_offers("ollama-tui ", environ, tmp_path)
    assert offered == [*COMMANDS, *filter_words(), "me/q:1", "qwen3:1.7b", "qwen3:8b", "@small"]


@needs("fish")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("ollama-tui li", ["list"]),
        ("ollama-tui list expo", []),
        ("ollama-tui export --s", ["--script"]),
        ("ollama-tui --ver", ["--version"]),
        ("ollama-tui list --sort si", ["size"]),
        ("ollama-tui list is:loa", ["is:loaded"]),
        ("ollama-tui show qwen3:", ["qwen3:1.7b", "qwen3:8b"]),
        ("ollama-tui completion z", ["zsh"]),
    ],
)
def test_fish_is_offered_what_may_come_next(
    line: str, offered: list[str], environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "completion.fish").write_text(script("fish", *command_line()))
    test = f"source ./completion.fish; complete -C '{line}'"
    command = ["fish", "--no-config", "-c", test]
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == ""
    assert [line.partition("\t")[0] for line in done.stdout.splitlines()] == offered


@needs("zsh")
def test_zsh_completes_commands_options_values_and_models(
    environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / ".zshrc").write_text(
        "PS1='> '; autoload -Uz compinit; compinit -u -d $HOME/dump\n"
        "source <(ollama-tui completion zsh)\n"
    )
    environ["ZDOTDIR"] = str(tmp_path)
    with Terminal(["zsh", "-d", "-i"], size=(100, 30), env=environ) as terminal:
        terminal.wait_for(">")
        for typed, completed in (
            ("exp\t--s\t", "ollama-tui export --script"),
            ("list --sort mod\t", "ollama-tui list --sort modified"),
            ("list is:loa\t", "ollama-tui list is:loaded"),
            ("show qwen3:1\t", "ollama-tui show qwen3:1.7b"),
            ("--host box show f\t", "ollama-tui --host box show far:1b"),
        ):
            terminal.type(f"ollama-tui {typed}")
            terminal.wait_for(completed)
            terminal.press("ctrl+u")
        terminal.type("ollama-tui \t")
        terminal.wait_for("Print a completion script")
        terminal.wait_for("qwen3:8b")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_names_every_command_option_and_field(shell: str, tmp_path: Path) -> None:
    done = program(["completion", shell], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    app, commands = command_line()
    flags = {flag for command in (app, *commands) for flag, _ in command.flags}
    assert {"--host", "--theme", "--sort", "--json", "--dry-run"} <= flags
    words = [*COMMANDS, *theme_names(), *BY_KEY, *filter_words()]
    words += [flag.lstrip("-") for flag in flags]
    assert [word for word in words if word not in done.stdout] == []


def test_every_value_that_is_offered_is_one() -> None:
    values = [word for word in filter_words() if not word.endswith(":")]
    assert len(values) > 10
    assert [word for word in values if parse(word).problems] == []


def test_names_are_those_of_the_last_list_and_ask_nobody(environ: dict[str, str]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "ollama_tui", "completion", "names"]
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["me/q:1", "qwen3:1.7b", "qwen3:8b", "@small"]
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "msgspec" in loaded
    assert {"httpx", "textual", "ollama_tui.api.prefetch"} & loaded == set()


def test_names_of_the_demo_or_of_an_address_that_is_none_are_nothing(tmp_path: Path) -> None:
    for words in (["--demo"], ["--host", "me:secret@box"]):
        done = program(["completion", "names", *words], tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_only_the_scripts_ask_for_is_not_offered(tmp_path: Path) -> None:
    asked = program(["completion", "--help"], tmp_path)
    wrong = program(["completion", "names2"], tmp_path)
    assert (asked.returncode, wrong.returncode) == (0, 2)
    assert "bash, zsh or fish" in asked.stdout
    assert "names" not in asked.stdout
    assert "not bash, zsh or fish: 'names2'" in wrong.stderr
    assert wrong.stderr.count("names") == 1
