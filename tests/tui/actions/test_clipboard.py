"""What goes to the clipboard as a command is one line that runs as nothing else."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ollama_tui.formatting import inert
from ollama_tui.tui.actions.app import clipboard_texts

HOST = "http://127.0.0.1:11434"
HOSTILE = [
    "a; touch x", "a`touch x`", "a$(touch x)", "a\ntouch x", "a\rtouch x\r", "a' ; touch x; '",
    'a" ; touch x', "a && touch x", "a | touch x", "a > x", "~/x", "a\x1b[201~touch x\r", "*", "",
]  # fmt: skip


def text(name: str, key: str, host: str = HOST) -> str:
    return next(t for a, t in clipboard_texts(name, "0" * 64, host).items() if a.key == key)


@given(st.text())
@example("a\x7f\x7f; touch x")
@example("\x85\u202e\u2028")
def test_a_command_is_one_line_with_the_name_as_one_word(name: str) -> None:
    for key in ("name", "digest", "run", "curl"):
        assert inert(text(name, key)) == text(name, key)
    words = shlex.split(text(name, "run"))
    assert (words[:2], words[-1]) == (["ollama", "run"], inert(name))
    assert words[2:-1] == (["--"] if name.startswith("-") else [])
    assert shlex.split(text(name, "curl"))[:3] == ["curl", f"{HOST}/api/show", "-d"]
    [body] = shlex.split(text(name, "curl"))[3:]
    assert json.loads(body) == {"model": name}


@pytest.mark.parametrize("key", ["run", "curl"])
@pytest.mark.parametrize("name", HOSTILE)
def test_pasted_into_a_shell_nothing_of_a_name_runs(name: str, key: str, tmp_path: Path) -> None:
    for program in ("ollama", "curl"):
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o700)
    subprocess.run(
        ["/bin/sh"],
        input=text(name, key) + "\n",
        text=True,
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        check=True,
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curl", "ollama"]


def test_nor_anything_of_an_address() -> None:
    assert shlex.split(text("a", "curl", "http://h;touch x"))[1] == "http://h;touch x/api/show"


@pytest.mark.parametrize("name", ["qwen3:8b", "hf.co/acme/M-GGUF:Q4_K_M", "studio/a.b_c:latest"])
def test_an_ordinary_name_stands_as_it_is(name: str) -> None:
    assert text(name, "run") == f"ollama run {name}"
