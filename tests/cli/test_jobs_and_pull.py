"""`jobs` reads what is under way; `pull` downloads here. In the background: see tests/terminal."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from ollama_tui.api.errors import Unreachable
from ollama_tui.cli import jobs
from ollama_tui.cli.context import CommandRefused, UsageError
from ollama_tui.config.settings import Folders, user_folders
from ollama_tui.services.jobs.entries import Entry, JobFile
from ollama_tui.services.jobs.job import Problem, State
from ollama_tui.services.jobs.journal import Journal
from ollama_tui.services.jobs.tasks import Pull, Push
from tests.cli.scripted import Shell

DESK, RACK = "http://127.0.0.1:11434", "http://rack:11434"
FULL = Problem("b was not pulled: no space left on device.", "Free some space.", "no space left")


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    for name in ("STATE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    return user_folders()


def a_program(folders: Folders, url: str, *entries: Entry, keeper: bool = False) -> Journal:
    """Return the journal of a program that is open."""
    journal = Journal(folders.unfinished, url[-5:], header=JobFile(host_url=url, is_keeper=keeper))
    journal.keep(entries)
    return journal


def shown(folders: Folders, capsys: pytest.CaptureFixture[str], **options: object) -> list[str]:
    assert jobs.run(argparse.Namespace(json=False, stop=False, **options), folders) == 0
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_who_is_at_what(folders: Folders, capsys: pytest.CaptureFixture[str]) -> None:
    open_ones = [
        a_program(folders, DESK, Entry(Pull("a", expected=4_000_000_000), done=1_000_000_000)),
        a_program(folders, RACK, Entry(Push("m"), State.QUEUED), keeper=True),
    ]
    a_program(folders, DESK, Entry(Pull("c"), done=5_000), Entry(Pull("d"), State.PAUSED)).close()
    ended = (
        Entry(Pull("e"), State.DONE, 7_000, ended=1_800_000_000),
        Entry(Pull("b"), State.FAILED, problem=FULL, ended=1_800_000_000),
    )
    a_program(folders, DESK, *ended, keeper=True).close()
    lines = shown(folders, capsys)
    assert lines[0] == "JOB NAME STATE DONE WHERE SERVER"
    assert set(lines[1:]) == {
        f"pull a running 1.0/4.0 GB program {DESK}",
        f"push m queued background {RACK}",
        f"pull c interrupted 5 KB {DESK}",
        f"pull d paused {DESK}",
        f"pull e done 7 KB {DESK}",
        f"pull b failed {DESK}",
    }
    assert shown(folders, capsys, host="rack") == [lines[0], f"push m queued background {RACK}"]
    folders.config_file.parent.mkdir(parents=True)
    folders.config_file.write_text('[hosts.prod]\naddress = "rack"\n')
    assert shown(folders, capsys, host="prod") == [lines[0], f"push m queued background {RACK}"]
    assert jobs.run(argparse.Namespace(json=True, stop=False), folders) == 0
    printed = json.loads(capsys.readouterr().out)["jobs"]
    by_name = {job["name"]: job for job in printed}
    assert by_name["a"]["where"] == "program"
    assert by_name["b"]["error"] == f"{FULL.title} {FULL.hint}"
    assert by_name["e"]["ended_at"] == "2027-01-15T08:00:00+00:00"
    for journal in open_ones:
        journal.close()


def test_what_several_files_list_is_shown_once(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    a_program(folders, DESK, Entry(Pull("a"))).close()
    journal = a_program(folders, DESK, Entry(Pull("a"), done=1_000), keeper=True)
    assert shown(folders, capsys)[1:] == [f"pull a running 1 KB background {DESK}"]
    journal.close()


def test_no_jobs(folders: Folders, capsys: pytest.CaptureFixture[str]) -> None:
    assert jobs.run(argparse.Namespace(json=False, stop=False), folders) == 0
    assert capsys.readouterr().err == "ollama-tui: There are no jobs.\n"
    assert jobs.run(argparse.Namespace(json=True, stop=False), folders) == 0
    assert json.loads(capsys.readouterr().out) == {"jobs": []}
    assert jobs.run(argparse.Namespace(json=False, stop=False, host="http://a:b@c"), folders) == 2


@pytest.mark.usefixtures("folders")
async def test_pull_says_how_it_ends(shell: Shell) -> None:
    printed = await shell.prints("pull", "llama3.2:1b", "nonexistent:1b")
    assert shell.code == 1
    assert printed["pulled"] == ["llama3.2:1b"]
    assert list(printed["failed"]) == ["nonexistent:1b"]
    assert "Pulled llama3.2:1b." in shell.err
    assert "nonexistent:1b was not pulled" in shell.err
    await shell.runs("pull", "llama3.2:1b", "llama3.2:1b")
    assert shell.code == 0
    assert shell.err.count("Pulled") == 1


async def test_a_pull_leaves_no_file_behind(shell: Shell, folders: Folders) -> None:
    await shell.runs("pull", "llama3.2:1b")
    assert list(folders.unfinished.iterdir()) == []


async def test_what_is_under_way_already_is_not_pulled_twice(
    shell: Shell, folders: Folders
) -> None:
    journal = a_program(folders, DESK, Entry(Pull("llama3.2:1b")))
    for words, code in (("--detach",), 0), ((), 1):  # here, one waits for the model
        await shell.runs("pull", "LLAMA3.2:1b", *words)
        assert shell.code == code
        assert shell.err == "ollama-tui: Under way already: LLAMA3.2:1b. See: ollama-tui jobs\n"
    assert (await shell.prints("pull", "llama3.2:1b", "--detach"))["under_way"] == ["llama3.2:1b"]
    assert shell.pulled == []
    journal.close()


async def test_what_can_be_joined_is_waited_for_here(shell: Shell, folders: Folders) -> None:
    journal = a_program(folders, DESK, Entry(Pull("llama3.2:1b"), joins=True), keeper=True)
    await shell.runs("pull", "llama3.2:1b")
    assert (shell.code, shell.pulled) == (0, ["llama3.2:1b"])
    journal.close()


@pytest.mark.usefixtures("folders")
async def test_what_cannot_be_pulled_is_refused_before_anything_is_sent(shell: Shell) -> None:
    with pytest.raises(UsageError, match="a b: A model name cannot contain a space"):
        await shell.runs("pull", "qwen3:0.6b", "a b")
    shell.is_told(read_only=True)
    with pytest.raises(CommandRefused, match="Nothing was pulled: read-only"):
        await shell.runs("pull", "qwen3:0.6b")
    assert shell.demo.requests == []


@pytest.mark.usefixtures("folders")
async def test_the_demo_cannot_go_on_in_the_background(shell: Shell) -> None:
    shell.is_told(demo=True)
    with pytest.raises(UsageError, match="The demo ends with the command"):
        await shell.runs("pull", "qwen3:0.6b", "--detach")
    await shell.runs("pull", "llama3.2:1b")
    assert shell.code == 0


@pytest.mark.usefixtures("folders")
async def test_a_server_that_does_not_answer_is_said_at_once(shell: Shell) -> None:
    shell.demo.online = False
    with pytest.raises(Unreachable):
        await shell.runs("pull", "qwen3:0.6b", "--detach")
