"""Tests that fail are run once more: what `.ci/run` says of a project, and whether it fails it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SETTINGS = """
[pytest]
addopts = -q -n 2
filterwarnings = error
asyncio_default_fixture_loop_scope = function
"""
GOOD = """
def test_good():
    pass
"""
FLAKY = """
import pathlib, pytest

@pytest.mark.parametrize("name", ["a b", "x::y[z]"])
def test_flaky(name):
    seen = pathlib.Path(name[0])
    was_there = seen.exists()
    seen.touch()
    assert was_there
"""
BROKEN = """
import pytest

@pytest.fixture
def thing():
    raise OSError

def test_broken():
    assert False

def test_cannot_be_set_up(thing):
    pass
"""
CANNOT_BE_READ = "import nothing_of_that_name"


def checked(folder: Path, *arguments: str, **files: str) -> tuple[int, list[str]]:
    """Run the tests of a project with these files; return the exit code and the lines said."""
    (folder / "pytest.ini").write_text(SETTINGS)
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "tests.flaky", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def said(lines: list[str], word: str) -> list[str]:
    """Return what is said after a word at the start of a line."""
    return [line.removeprefix(f"{word}: ") for line in lines if line.startswith(f"{word}: ")]


def test_a_run_without_failures_says_what_pytest_says(tmp_path: Path) -> None:
    code, lines = checked(tmp_path, good=GOOD)
    assert code == 0
    assert lines[-1].startswith("1 passed in ")


def test_what_passes_alone_is_named_and_fails_nothing(tmp_path: Path) -> None:
    code, lines = checked(tmp_path, good=GOOD, flaky=FLAKY)
    assert code == 0
    assert sorted(said(lines, "FLAKY: passed alone")) == [
        "test_flaky.py::test_flaky[a b]",
        "test_flaky.py::test_flaky[x::y[z]]",
    ]
    assert said(lines, "FAILED twice") == []
    assert lines[-1].startswith("3 passed, 2 of them flaky in ")
    alone = next(n for n, line in enumerate(lines) if line.startswith("== 2 failed"))
    assert sum(re.search(r"\d passed", line) is not None for line in lines[alone:]) == 1


def test_what_fails_twice_fails_the_run(tmp_path: Path) -> None:
    code, lines = checked(tmp_path, good=GOOD, flaky=FLAKY, broken=BROKEN)
    assert code == 1
    assert len(said(lines, "FLAKY: passed alone")) == 2
    assert sorted(said(lines, "FAILED twice")) == [
        "test_broken.py::test_broken",
        "test_broken.py::test_cannot_be_set_up",
    ]
    assert lines[-1].startswith("2 failed, 3 passed, 2 of them flaky in ")


def test_what_cannot_even_be_read_fails_the_run(tmp_path: Path) -> None:
    code, lines = checked(tmp_path, good=GOOD, unreadable=CANNOT_BE_READ)
    assert code not in (0, 5)
    assert any("nothing_of_that_name" in line for line in lines)


def test_arguments_are_those_of_pytest(tmp_path: Path) -> None:
    code, lines = checked(tmp_path, "-k", "good", good=GOOD, broken=BROKEN)
    assert code == 0
    assert "1 passed" in lines[-1]
