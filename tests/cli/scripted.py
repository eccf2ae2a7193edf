"""A command run on a demo server, and what it printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.cli.context import CommandContext
from ollama_tui.cli.parser import first_word, parsed
from ollama_tui.config.notes_file import NotesFile
from ollama_tui.config.settings import Settings
from ollama_tui.services.cache import Cache
from tests.clock import at_once
from tests.demo.levers import Demo

ROOT = Path(__file__).parents[2]


class Shell:
    """Runs commands on one server; `code`, `out` and `err` are of the last."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.demo = Demo(pace=at_once)
        self.settings = Settings()
        self.cache: Cache | None = None
        self.notes: NotesFile | None = None
        self._capsys = capsys
        self.code, self.out, self.err = -1, "", ""

    async def runs(self, *words: str) -> Shell:
        """Run a command."""
        options = parsed(words, first_word(words))
        transport = self.demo.transport()
        url, read_only = self.settings.host.url, self.settings.read_only
        async with Ollama(url, transport=transport, read_only=read_only) as ollama:
            context = CommandContext(
                self.settings,
                options,
                lambda: ollama,
                self.cache,
                transport,
                notes_file=self.notes,
            )
            self.code = await options.run(context)
        self.out, self.err = self._capsys.readouterr()
        return self

    async def prints(self, *words: str) -> Any:
        """Run a command with `--json` and return what it printed."""
        return json.loads((await self.runs(*words, "--json")).out)

    def is_told(self, *, read_only: bool = False, **changes: Any) -> None:
        """Change the settings; `read_only` is as with `--read-only`."""
        self.settings = replace(self.settings, always_read_only=read_only, **changes)

    @property
    def lines(self) -> list[str]:
        """The lines printed."""
        return self.out.splitlines()

    @property
    def shown(self) -> list[str]:
        """The models whose details were asked for."""
        return [seen.body["model"] for seen in self.demo.requests if seen.path == "/api/show"]

    @property
    def pulled(self) -> list[str]:
        """The models that were pulled."""
        return [seen.body["model"] for seen in self.demo.requests if seen.path == "/api/pull"]


def program(words: Sequence[str], folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the program itself, its files in `folder`."""
    folders = dict.fromkeys(("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), str(folder))
    own = {"PYTHONPATH": str(ROOT), **folders}
    return subprocess.run(
        [sys.executable, "-m", "ollama_tui", *words],
        env={**os.environ, **own, **environ},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
