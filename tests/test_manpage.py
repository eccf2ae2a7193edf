"""The man page says what the command line is, and the wheel brings it where `man` looks."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from ollama_tui.cli.parser import COMMANDS, parser_with
from tests import manpage
from tests.test_package import PROJECT, ROOT


def test_the_page_is_up_to_date() -> None:
    written = manpage.FILE.read_text(encoding="utf-8")
    assert written == manpage.page(), "run python -m tests.manpage"


def test_the_page_has_every_option_and_command() -> None:
    page = manpage.page().replace("\\", "")
    options = [flag for action in parser_with()._actions for flag in action.option_strings]
    assert [flag for flag in options if f"fB{flag}fR" not in page] == []
    assert [name for name in COMMANDS if f".SS {name}" not in page] == []


def test_the_wheel_brings_it() -> None:
    shared = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    (source,) = [here for here, there in shared.items() if there == "share/man/man1/ollama-tui.1"]
    assert ROOT / source == manpage.FILE


@pytest.mark.parametrize(
    "command",
    [["mandoc", "-Tlint", "-Wwarning"], ["groff", "-man", "-ww", "-Tutf8", "-z"]],
    ids=lambda command: command[0],
)
def test_typesetters_have_nothing_to_say(command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} here")
    done = subprocess.run([*command, manpage.FILE], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
