"""What is shipped. The wheel itself is built, installed and started by `.ci/run`."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import ollama_tui

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
VERSION = re.compile(r"(?<![\w.])" + re.escape(ollama_tui.__version__) + r"(?![\w.])")


def shipped() -> dict[str, Path]:
    """Return the files of the wheel, by their place in it, as pyproject lists them."""
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    folders = {name: name for name in wheel["packages"]} | wheel["force-include"]
    return {
        f"{there}/{file.relative_to(ROOT / here).as_posix()}": file
        for here, there in folders.items()
        for file in (ROOT / here).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def test_the_version_stands_in_one_place_only() -> None:
    assert "version" not in PROJECT["project"]
    assert PROJECT["project"]["dynamic"] == ["version"]
    source = ROOT / PROJECT["tool"]["hatch"]["version"]["path"]
    assert f'__version__ = "{ollama_tui.__version__}"' in source.read_text().splitlines()
    modules = (ROOT / "ollama_tui").rglob("*.py")
    strings = {file: list(texts_of(file)) for file in modules if file != source}
    assert [file for file, texts in strings.items() if any(map(VERSION.fullmatch, texts))] == []


def texts_of(file: Path) -> list[str]:
    nodes = ast.walk(ast.parse(file.read_text()))
    return [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def test_the_program_says_the_version_of_the_package() -> None:
    command = [sys.executable, "-m", "ollama_tui", "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stdout == f"ollama-tui {ollama_tui.__version__}\n"


def test_the_wheel_holds_every_sheet_where_the_program_looks_for_it() -> None:
    sheets = {file.name for file in (ROOT / "styles").glob("*.tcss")}
    assert sheets
    assert {f"ollama_tui/styles/{name}" for name in sheets} <= shipped().keys()


def test_every_sheet_the_code_names_exists_and_none_is_left_over() -> None:
    named = {
        text
        for file in (ROOT / "ollama_tui").rglob("*.py")
        for text in texts_of(file)
        if re.fullmatch(r"[\w-]+\.tcss", text)
    }
    assert named == {file.name for file in (ROOT / "styles").glob("*.tcss")}


def test_the_wheel_says_that_it_is_typed() -> None:
    assert shipped()["ollama_tui/py.typed"].read_bytes() == b""


def test_no_file_of_the_wheel_is_ignored_by_git() -> None:
    ignored = subprocess.run(
        ["git", "check-ignore", "--stdin"],
        input="\n".join(map(str, shipped().values())),
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    # 128: not a checkout, such as an unpacked source distribution.
    assert ignored.returncode in (1, 128), ignored.stdout


@pytest.mark.parametrize("command", list(PROJECT["project"]["scripts"]))
def test_every_command_starts_something_callable(command: str) -> None:
    module, _, function = PROJECT["project"]["scripts"][command].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_the_files_that_pyproject_names_exist() -> None:
    project = PROJECT["project"]
    sdist = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    named = [project["readme"], *project["license-files"], *sdist]
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_library_the_code_imports_is_required() -> None:
    required = {re.split(r"[^\w-]", line)[0] for line in PROJECT["project"]["dependencies"]}
    ours = set(sys.stdlib_module_names) | {"ollama_tui"}
    imported = {
        name.partition(".")[0]
        for file in (ROOT / "ollama_tui").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in modules_of(node)
    }
    # Rich is Textual's own renderer: whoever pins Textual has it.
    assert imported - ours - {"rich"} == required


def modules_of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
