"""The command line: commands and filters, help, exit codes, and output that cannot be written."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ollama_tui.cli.parser import (
    COMMANDS,
    close_command,
    first_word,
    module_of,
    parsed,
    parser_with,
)
from tests.cli.scripted import ROOT, program


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("list", "list"),
        ("list qwen --json", "list"),
        ("--host gpu:1 show m", "show"),
        ("--demo space", "space"),
        ("export list", "export"),
        ("qwen list", "qwen"),
        ("-- list", ""),
        ("--demo -- list", ""),
        ("--host list", ""),
        ("cap:vision", "cap:vision"),
        ("", ""),
    ],
)
def test_the_first_word_is_the_command_or_else_a_filter(words: str, first: str) -> None:
    assert first_word(words.split()) == first


@pytest.mark.parametrize(
    ("word", "command"),
    [
        ("lst", "list"),
        ("lists", "list"),
        ("lsit", "list"),
        ("LIST", "list"),
        ("sow", "show"),
        ("exprot", "export"),
        ("outdate", "outdated"),
        ("mist", None),
        ("snow", None),
        ("llama", None),
        ("", None),
    ],
)
def test_a_misspelled_command_is_told_from_a_filter(word: str, command: str | None) -> None:
    assert close_command(word) == command


def test_options_in_common_stand_before_or_after_the_command() -> None:
    for words in (["--host", "gpu:1", "show", "m"], ["show", "m", "--host", "gpu:1"]):
        options = vars(parser_with("show").parse_args(words))
        assert (options["host"], options["name"], "demo" in options) == ("gpu:1", "m", False)


@pytest.mark.parametrize(
    ("words", "filter_words"),
    [
        ("list cap:vision --demo size<8g", "cap:vision size<8g"),
        ("--host gpu:1 list a --sort name b --json c", "a b c"),
        ("list a --so name b", "a b"),
        ("list a --sort=name b", "a b"),
        ("list --json a --host gpu:1 b -- -coder --demo", "a b -coder --demo"),
        ("list -- -coder a", "-coder a"),
        ("list list --json list", "list list"),
        ("export a --script b", "a b"),
        ("--host list list a --json b", "a b"),
        ("outdated", ""),
        ("qwen --demo coder", "qwen coder"),
        ("qwen --host gpu:1 coder --theme x q4 -- -b", "qwen coder q4 -b"),
        ("--demo -- list", "list"),
    ],
)
def test_words_of_a_filter_stand_anywhere_among_the_options(words: str, filter_words: str) -> None:
    arguments = words.split()
    command = first_word(arguments)
    options = parsed(arguments, command if command in COMMANDS else "")
    assert " ".join(options.filter) == filter_words


def test_the_value_of_an_option_is_no_word_of_the_filter() -> None:
    options = parsed(["list", "a", "--sort", "name", "b", "--host", "gpu:1", "c"], "list")
    assert (options.sort, options.host) == ("name", "gpu:1")
    assert parsed(["restore", "--dry-run", "-"], "restore").file == "-"
    assert parsed(["show", "a:1", "--runner", "ggml"], "show").runner == "ggml"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--host", "127.0.0.1:1", "list"], 3, "connection refused"),
        (["list", "--demo", "size:foo"], 2, "Write a size with its unit"),
        (["list", "--demo", "is:outdated"], 1, "ollama-tui outdated --demo shows them"),
        (["restore", "--demo", str(ROOT / "README.md")], 1, "not a model name: "),
        (["list", "--nonsense"], 2, "unrecognized arguments"),
        (["export", "--json", "--script"], 2, "either --json or --script"),
        (["lst", "qwen"], 2, "“lst” is not a command. Did you mean list?"),
        (["list", "--host", "user:secret@host"], 2, "cannot hold a user name"),
        (["show", "nope", "--demo"], 1, "nope"),
        (["list", "--demo"], 0, ""),
        (["list", "cap:vision", "--demo", "size<8g"], 0, ""),
    ],
)
def test_exit_codes_and_sentences_are_what_scripts_expect(
    words: list[str], code: int, sentence: str, tmp_path: Path
) -> None:
    done = program(words, tmp_path)
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert bool(done.stdout) is (code == 0)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["list", "--nonsense"], "list"),
        (["list", "--host"], "list"),
        (["--nonsense", "space"], "space"),
        (["show", "a", "b"], "show"),
        (["restore"], "restore"),
        (["completion", "csh"], "completion"),
    ],
)
def test_errors_show_the_usage_of_their_command(
    words: list[str], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(words, command)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(f"usage: ollama-tui {command} ")
    assert f"ollama-tui {command}: error: " in said


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m ollama_tui list --demo --json | head -n 1"
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(command, shell=True, env=environ, capture_output=True, text=True)
    assert done.stdout == "{\n"
    assert done.stderr == ""


COMMAND_LINES = [
    ["list"],
    ["list", "--json"],
    ["show", "qwen3:8b"],
    ["space"],
    ["outdated"],
    ["export"],
    ["export", "--script"],
    ["restore", "-", "--dry-run"],
    ["doctor"],
    ["doctor", "--json"],
    ["completion", "bash"],
]


HELP_LINES = [["--help"], ["list", "--help"], ["--version"]]


SMALL = "llama3.2:1b"
"""What the demo takes the least time to pull."""


def in_shell(words: list[str], redirection: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the program on the demo, its output redirected by a shell, its files in `folder`."""
    command = shlex.join([sys.executable, "-m", "ollama_tui", *words, "--demo"])
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder)}
    return subprocess.run(
        f"{command} {redirection}",
        shell=True,
        env=environ,
        capture_output=True,
        text=True,
        input=f"{SMALL}\n",
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [*COMMAND_LINES, *HELP_LINES], ids=" ".join)
def test_output_that_cannot_be_written_is_one_sentence(words: list[str], tmp_path: Path) -> None:
    done = in_shell(words, ">/dev/full", tmp_path)
    sentence = "ollama-tui: The output cannot be written: no space left on device.\n"
    assert (done.returncode, done.stderr) == (1, sentence)


@pytest.mark.parametrize("words", COMMAND_LINES, ids=" ".join)
def test_output_that_is_closed_is_one_sentence(words: list[str], tmp_path: Path) -> None:
    done = in_shell(words, ">&-", tmp_path)
    sentence = "ollama-tui: The output cannot be written: bad file descriptor.\n"
    assert (done.returncode, done.stderr) == (1, sentence)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-"])
def test_sentences_that_cannot_be_written_change_no_exit_code(
    redirection: str, tmp_path: Path
) -> None:
    assert in_shell(["show", "nope"], redirection, tmp_path).returncode == 1
    assert in_shell(["list", "size:foo"], redirection, tmp_path).returncode == 2
    done = in_shell(["restore", "-"], redirection, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert SMALL in done.stdout
    assert f"{SMALL}: pulling" not in done.stdout


def test_a_closed_input_is_one_sentence(tmp_path: Path) -> None:
    done = in_shell(["restore", "-"], "<&-", tmp_path)
    assert (done.returncode, done.stderr) == (2, "ollama-tui: Standard input is closed.\n")


def test_no_command_loads_the_screen(tmp_path: Path) -> None:
    program_text = (
        "import sys\nsys.modules['click'] = None\n"  # with click, httpx loads rich for its own use
        "from ollama_tui.cli.main import run\n"
        "code = run(['list', '--demo'])\n"
        "heavy = {'textual', 'rich', 'ollama_tui.cli.restore'} & set(sys.modules)\n"
        "print(heavy, file=sys.stderr)\nsys.exit(code or bool(heavy))"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program_text], env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_help_names_every_command_and_says_what_it_does(tmp_path: Path) -> None:
    done = program(["--help"], tmp_path)
    assert done.returncode == 0
    for name in COMMANDS:
        about = module_of(name).HELP
        assert f"{name} " in done.stdout
        assert about in " ".join(program([name, "--help"], tmp_path).stdout.split())
