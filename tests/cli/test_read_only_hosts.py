"""Servers that config.toml names: `--host NAME`, and one that is read-only refuses changes."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ollama_tui import ReadOnly
from ollama_tui.cli.context import open_context
from ollama_tui.config.hosts import NamedHost
from ollama_tui.config.settings import Settings
from tests.cli.scripted import program
from tests.terminal.conftest import served

REFUSED = (
    "ollama-tui: Nothing was pulled: read-only, so nothing on the server is changed. "
    "To change it, start without --read-only, and without read_only in config.toml.\n"
)


def configured(folder: Path, url: str) -> None:
    """Name the server at `url`, and make it read-only."""
    file = folder / "ollama-tui" / "config.toml"
    file.parent.mkdir()
    file.write_text(f'[hosts.prod]\naddress = "{url}"\nread_only = true\n')


def test_a_changing_command_on_a_read_only_server_is_refused(tmp_path: Path) -> None:
    wanted = tmp_path / "models.txt"
    wanted.write_text("127.0.0.1:1/me/m:1\n")
    with served() as url:
        configured(tmp_path, url)
        for words, environ in (
            (("restore", str(wanted), "--host", "prod"), ""),
            (("restore", str(wanted), "--host", url), ""),
            (("restore", str(wanted)), url),
        ):
            done = program(words, tmp_path, OLLAMA_HOST=environ)
            assert (done.returncode, done.stderr) == (1, REFUSED)
            assert "1 to pull" in done.stdout
        looked = program(["restore", str(wanted), "--dry-run", "--host", "prod"], tmp_path)
        assert (looked.returncode, looked.stderr) == (0, "")
        listed = program(["list", "--host", "prod", "--json"], tmp_path, OLLAMA_HOST="")
        assert len(json.loads(listed.stdout)["models"]) == 36


@pytest.mark.parametrize(
    "changes", [{"always_read_only": True}, {"hosts": (NamedHost("127.0.0.1", "", True),)}]
)
async def test_the_client_of_a_command_obeys_the_settings(changes: dict[str, Any]) -> None:
    options = argparse.Namespace()
    async with open_context(replace(Settings(), **changes), options, None) as context:
        with pytest.raises(ReadOnly):
            await context.ollama.delete("m")


def test_doctor_says_whether_the_server_is_read_only(tmp_path: Path) -> None:
    with served() as url:
        configured(tmp_path, url)
        state = {"XDG_STATE_HOME": str(tmp_path), "EDITOR": "cat", "VISUAL": ""}
        there = program(["doctor", "--host", "prod"], tmp_path, **state)
        assert "  read-only       yes: config.toml sets read_only for prod" in there.stdout
        demo = program(["doctor", "--demo", "--json"], tmp_path, **state, OLLAMA_HOST=url)
        assert json.loads(demo.stdout)["server"]["read_only"] is False
