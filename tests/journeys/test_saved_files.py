"""Saved files that are bad or cannot be written: a sentence, and all else as usual."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_tui.config.settings import ConfigProblem, Settings
from ollama_tui.config.state_file import Problems
from ollama_tui.config.ui_state import UIState
from ollama_tui.services.cache import Cache, file_key
from ollama_tui.services.jobs.entries import Entry
from ollama_tui.services.jobs.journal import Journal
from ollama_tui.services.jobs.tasks import Pull
from tests.config.state_kinds import BAD, KINDS
from tests.journeys.driver import User, journey

HOST = Settings().host.url
BOX = "http://gpu-box:11434"


def all_bad(folder: Path, wrong: str) -> None:
    """Leave a file of each kind for the server that journeys use, each with the same wrong."""
    for kind in KINDS.values():
        kind.write(folder, Problems())
    left(folder, HOST)
    for file in list(folder.rglob("*.json")):
        BAD[wrong](file)


def left(folder: Path, host: str) -> None:
    """Leave a download of `host` unfinished."""
    journal = Journal(folder / "unfinished", file_key(host))
    journal.keep((Entry(Pull("left:1b")),))
    journal.close()


@pytest.mark.parametrize("wrong", ["garbage", "deep list", "huge", "fifo", "looping link"])
async def test_all_files_bad_at_once_are_said_together(tmp_path: Path, wrong: str) -> None:
    all_bad(tmp_path, wrong)
    problems = Problems()
    cache, state = Cache(tmp_path, problems), UIState.read(tmp_path / "ui-state.json", problems)
    async with journey(
        cache=cache,
        ui_state=state,
        unfinished=tmp_path / "unfinished",
        problems=problems,
        config_problems=(ConfigProblem("config.toml: grace must be a number from 0 to 600."),),
        size=(120, 60),
    ) as user:
        assert len(user.names) == 36
        at_once, *later = user.toasts
        assert at_once.startswith("4 problems with settings and saved files")
        for name in ("config.toml: ", "ui-state.json ", "list-", "facts-by-version.json "):
            assert f"\n{name}" in at_once or f" {name}" in at_once
        [with_the_session] = later
        assert with_the_session.startswith(f"3 problems with saved files {file_key(HOST)}.")
        assert "\nupstream-" in with_the_session
        assert not user.jobs


async def wants(user: User, name: str) -> None:
    """Pull a model."""
    await user.presses("p")
    await user.empties_the_field()
    await user.types(name)
    await user.presses("enter")


async def test_what_cannot_be_saved_is_said_once_and_downloads_once_more(tmp_path: Path) -> None:
    folder = tmp_path / "in the way"
    folder.touch()
    problems = Problems()
    async with journey(
        cache=Cache(folder, problems),
        ui_state=UIState.read(folder / "ui-state.json", problems),
        unfinished=folder / "unfinished",
        problems=problems,
        size=(120, 60),
    ) as user:
        [lists] = user.toasts
        assert lists.startswith("Settings and lists are not remembered for the next start: ")
        await wants(user, "gemma3:12b")
        await user.sees("Jobs that are not finished are not remembered for the next start")
        await user.lets_toasts_go()
        await wants(user, "gemma3:1b")
        await user.until(lambda: "pull gemma3:1b" in user.screen)
        assert user.toasts == []
