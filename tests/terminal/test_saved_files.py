"""The program itself starts on saved files of every bad sort, and on disks that take none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_tui.api.host import parse_host
from ollama_tui.services.cache import file_key
from ollama_tui.services.jobs.entries import Entry
from ollama_tui.services.jobs.journal import Journal
from ollama_tui.services.jobs.tasks import Pull
from tests.cli.scripted import program
from tests.config.state_kinds import BAD, CONFIGS, NEWER
from tests.terminal.conftest import Start
from tests.terminal.pty import Terminal

SIZE = (120, 60)


def leaves(terminal: Terminal) -> None:
    terminal.press("q")
    assert terminal.wait_exit() == 0
    assert b"Traceback" not in terminal.bytes_since()


def save_files(start: Start, server: str, folder: Path) -> list[Path]:
    """Let the program run once, and return what it has saved, and a journal of the last life."""
    terminal = start(host=server, size=SIZE)
    terminal.wait_for("36 models")
    terminal.wait_until(lambda _: len(list(folder.rglob("*.json"))) >= 4)
    leaves(terminal)
    key = file_key(parse_host(server).url)
    journal = Journal(folder / "STATE" / "ollama-tui" / "unfinished", key)
    journal.keep((Entry(Pull("left:1b")),))
    journal.close()
    files = list(folder.rglob("*.json"))
    names = {file.name for file in files}
    assert names >= {"ui-state.json", "facts-by-version.json"}
    assert any(name.startswith("list-") for name in names)
    return files


@pytest.mark.parametrize(
    "wrong",
    [
        "garbage",
        "a number",
        "deep list",
        "older",
        "newer",
        "huge",
        "folder",
        "fifo",
        "dangling link",
        "looping link",
        "link to zero",
    ],
)
def test_it_starts_whatever_all_its_files_are(
    start: Start, server: str, tmp_path: Path, wrong: str
) -> None:
    for file in save_files(start, server, tmp_path):
        (BAD | NEWER)[wrong](file)
    config = tmp_path / "CONFIG" / "ollama-tui"
    config.mkdir(parents=True)
    CONFIGS.get(wrong, CONFIGS["long number"])[0](config / "config.toml")
    terminal = start(host=server, size=SIZE)
    for words in ("problems with settings and saved files", "config.toml", "ui-state.json"):
        terminal.wait_for(words)
    terminal.wait_for(f"{file_key(parse_host(server).url)}.")  # of the journal
    terminal.wait_for("36 models")
    leaves(terminal)


def test_it_runs_on_a_full_disk(start: Start, server: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"
    )
    root = str(Path(__file__).resolve().parents[2])
    terminal = start(host=server, size=SIZE, env={"PYTHONPATH": f"{tmp_path}:{root}"})
    terminal.wait_for("36 models")
    terminal.wait_for("Settings and lists are not remembered")
    leaves(terminal)
    assert [path for path in tmp_path.rglob("*") if path.suffix in (".new", ".json")] == []


@pytest.mark.parametrize("wrong", ["garbage", "fifo", "newer"])
def test_a_command_complains_in_one_sentence_and_prints_what_it_should(
    start: Start, server: str, tmp_path: Path, wrong: str
) -> None:
    [facts] = [
        file for file in save_files(start, server, tmp_path) if file.name == "facts-by-version.json"
    ]
    (BAD | NEWER)[wrong](facts)
    done = program(["list", "--host", server], tmp_path / "CACHE")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 37
    [said] = done.stderr.splitlines()
    assert said.startswith("ollama-tui: facts-by-version.json ")


def test_a_command_that_cannot_remember_complains_and_prints(server: str, tmp_path: Path) -> None:
    (tmp_path / "ollama-tui").mkdir()
    (tmp_path / "ollama-tui" / "details").touch()
    done = program(["show", "qwen3:8b", "--host", server], tmp_path)
    assert done.returncode == 0
    [said] = done.stderr.splitlines()
    assert "are not remembered for the next start" in said


def test_two_programs_keep_notes_in_one_file(start: Start, server: str, tmp_path: Path) -> None:
    file = tmp_path / "DATA" / "ollama-tui" / "notes.toml"
    one, two = (start(host=server, size=SIZE) for _ in range(2))
    for terminal, note in ((one, "first"), (two, "second")):
        terminal.wait_for("36 models")
        terminal.press("m")
        terminal.wait_for("Note on ")
        terminal.type(note)
        terminal.press("\r")
        terminal.wait_for(f"“{note}”")
        terminal.press("j")
    one.press("m")
    one.wait_for("Note on ")
    one.type("third")
    one.press("\r")
    one.wait_for("“third”")
    text = file.read_text()
    assert "second" in text
    assert "third" in text
    assert text.count("note = ") == 2
    for terminal in (one, two):
        leaves(terminal)
