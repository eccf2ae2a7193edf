"""Pictures of the first screen: where they are, what they say, what they may send."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ollama_tui.start.picture import AGE_WIDTH, age_text, folder_of, paints_only
from tests.terminal.conftest import ROOT

FOLDERS = (
    "import os;from ollama_tui.config.settings import user_folders as f;"
    "from ollama_tui.start.picture import folder_of as g; x = f();"
    "print([str(x.cache), str(x.config_file.parent), str(x.ui_state_file.parent)] =="
    "[g(os.environ, k) for k in ('CACHE', 'CONFIG', 'STATE')])"
)


@pytest.mark.parametrize("xdg", ["", " ", "/elsewhere", "/with/../dots"])
def test_the_folders_are_those_of_the_settings(xdg: str, tmp_path: Path) -> None:
    names = {f"XDG_{kind}_HOME": xdg for kind in ("CACHE", "CONFIG", "STATE")}
    environ = {"HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]} | names
    done = subprocess.run(
        [sys.executable, "-c", FOLDERS], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"
    assert folder_of(environ, "CACHE").endswith("ollama-tui")


def test_what_paints_first_loads_next_to_nothing() -> None:
    code = "import sys, ollama_tui.__main__; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = set(done.stdout.split())
    heavy = {"argparse", "json", "pathlib", "typing", "re", "enum", "dataclasses", "hashlib"}
    assert loaded & (heavy | {"textual", "msgspec", "asyncio", "importlib.metadata"}) == set()


@pytest.mark.parametrize("seconds", [-5, 0, 59, 60, 3_599, 3_600, 200_000, 86_400 * 10**7])
def test_an_age_takes_always_the_same_room(seconds: float) -> None:
    assert len(age_text(seconds)) == AGE_WIDTH


@pytest.mark.parametrize(
    ("text", "is_safe"),
    [
        ("\x1b[1;1H\x1b[1;38;5;3ma\x1b[m\r\nb\x1b[5C\x1b[3G\x1b[2X\x1b[K", True),
        ("\x1b[?25h", False),
        ("\x1b[2J", False),
        ("\x1b[6n", False),
        ("\x1b[1", False),
        ("\x1b", False),
        ("\x1b]0;title\x07", False),
        ("\x1bc", False),
        ("a\n", False),
        ("\x9b1m", False),
        ("\u200b", False),
        ("\x1b[" + "1;" * 40 + "m", False),
    ],
)
def test_only_what_paints_is_sent(text: str, is_safe: bool) -> None:
    assert paints_only(text) is is_safe
