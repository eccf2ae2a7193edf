"""Whatever bytes a terminal sends, the program goes on, and takes what makes sense among them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.terminal.conftest import ROOT, Start
from tests.terminal.pty import Terminal

NOT_ASCII = bytes(range(0x80, 0x100))
BEYOND = b"\x1b[9999999999;5u\x1b[1114112u\x1b[1:2;3u\x1b[48;40;120;0;0t\x1b[<0;1;1M"
"""Keys of no code point, a place in a window of no pixels."""


@pytest.fixture
def field(start: Start, server: str) -> Terminal:
    """The dialog that asks what to pull, with an empty field."""
    terminal = start(host=server)
    terminal.wait_for("qwen3:1.7b")
    terminal.wait_idle()
    terminal.press("p")
    terminal.wait_for("Pull a model")
    terminal.wait_idle()
    return terminal


@pytest.mark.parametrize("data", [NOT_ASCII, NOT_ASCII[::-1], b"\xc3", b"\xf0\x9f", BEYOND])
def test_what_follows_bytes_that_are_no_text_is_taken_as_ever(field: Terminal, data: bytes) -> None:
    field.send(data + b"then-this")
    field.wait_for("then-this")


def test_a_paste_from_a_latin_1_terminal_keeps_all_but_the_one_character(field: Terminal) -> None:
    field.send(b"\x1b[200~mod\xe8le:7b\x1b[201~ ")
    field.wait_for("mod\ufffdle:7b")


@pytest.mark.parametrize("closed", ["0<&-", "0<&- 1>&-"])
def test_a_closed_stream_is_one_sentence(closed: str) -> None:
    command = f"exec {sys.executable} -m ollama_tui --demo {closed}"
    done = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("ollama-tui: This needs a terminal")
    assert done.stderr.count("\n") == 1
