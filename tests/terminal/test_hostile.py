"""Models that mean harm, on every screen: nothing they say acts on the terminal."""

from __future__ import annotations

import re
import signal

import pytest

from tests.demo.crowd import EVIL
from tests.terminal.conftest import Start
from tests.terminal.pty import Terminal

OWN = re.compile(
    r"\x1b\[\d*;?\d*[HGABCD]|\x1bM|[\x08\x0b\r]"  # moving the cursor
    r"|\x1b\[\d+[bX]"  # repeating a character, erasing
    r"|\x1b\[(?:\d+;\d+)?r|\x1b\[\d+[ST]"  # scrolling between margins
    r"|\x1b\[[\d;]*m"  # colours
    r"|\x1b\[\?(?:2026|1049|25|1004|2004|7)[hl]"  # modes
    r"|\x1b\[\?(?:2026|2048)\$p|\x1b\[[>=<]\d*(?:;\d+)?u"  # questions, the keyboard protocol
    r"|\x07(?!\x1b\\)"  # the bell, for a form that cannot be sent yet
    r"|\x1b\]22;default\x1b\\|\x1b\]22;default\x07"  # the shape of the mouse pointer
)
"""Every sequence the program itself writes while it runs.

That none of the single characters is a name's, `tests/tui/rendering/test_sgr.py` makes sure.
"""
ACTING = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
"""What is left must hold none of these; a newline is caught by the count below."""


def check(terminal: Terminal) -> None:
    """Fail when anything but the program's own sequences was written so far."""
    terminal.wait_idle()
    assert "Traceback" not in terminal.text(), terminal.text()
    written = terminal.bytes_since().decode("utf-8")
    rest = OWN.sub("", written)
    found = ACTING.search(rest)
    assert found is None, ascii(rest[max(0, found.start() - 60) : found.end() + 60])
    assert "\n" not in rest
    assert "\x1b]52" not in written
    assert "\x1b[2J" not in written


def visit(terminal: Terminal, *keys: str) -> None:
    """Press keys one by one; an escape must not run into what follows it."""
    for key in keys:
        terminal.press(key)
        terminal.wait_idle(0.15)


@pytest.fixture(params=[(120, 40), (80, 24)], ids=["wide", "narrow"])
def terminal(request: pytest.FixtureRequest, start: Start, hostile_server: str) -> Terminal:
    opened = start(host=hostile_server, size=request.param)
    opened.wait_for("[@click")
    return opened


def test_the_list_shows_markup_literally_and_controls_not_at_all(terminal: Terminal) -> None:
    visit(terminal, "G", "g", "s", "escape", "1", "4", "4", "/")
    terminal.type("[/nope] \x07x")
    visit(terminal, "enter", "escape")
    # Without the pane the name stands only in the list, which cuts it short at a slash.
    has_pane = terminal.size[0] >= 100
    terminal.wait_for("[/nope] [bold red]" if has_pane else "etc/passwd]y[/link]")
    check(terminal)


@pytest.mark.parametrize("number", range(len(EVIL)), ids=list(EVIL))
def test_every_tab_of_the_details(start: Start, hostile_server: str, number: int) -> None:
    terminal = start(host=hostile_server, size=(100, 30))
    terminal.wait_for("[@click")
    visit(terminal, *["j"] * number, "enter")
    terminal.wait_for("Overview")
    terminal.wait_idle()
    for _ in range(9):
        visit(terminal, "tab", "G", "g")
    visit(terminal, "f")
    check(terminal)


@pytest.mark.parametrize("key", ["c", "r", "d", "P", "y", "C", "e", "%", "="])
def test_every_question_about_each_of_them(start: Start, hostile_server: str, key: str) -> None:
    terminal = start(host=hostile_server, env={"EDITOR": "true"})
    terminal.wait_for("[@click")
    for _ in EVIL:
        visit(terminal, key, "escape", "j")
    check(terminal)
    assert terminal.exit_code is None


def test_the_deletion_of_all_of_them_and_its_undoing(terminal: Terminal) -> None:
    visit(terminal, *["space"] * len(EVIL), "d")
    terminal.wait_for("Delete 9 models?")
    visit(terminal, "y", "J", "j", "escape", "z")
    check(terminal)


def test_copy_names_and_paths_pasted_with_controls_in_them(terminal: Terminal) -> None:
    visit(terminal, "p")
    terminal.paste(EVIL["bidi"] + EVIL["lines"] + EVIL["markup"] + EVIL["c1"])
    visit(terminal, "enter", "escape")
    visit(terminal, "c")
    terminal.paste(EVIL["screen"])
    visit(terminal, "enter", "escape")
    check(terminal)


def test_loading_unloading_and_refusals_in_toasts(terminal: Terminal) -> None:
    for _ in EVIL:
        visit(terminal, "w", "x", "j")
    check(terminal)


def test_keys_palette_jobs_and_places_of_their_own(terminal: Terminal) -> None:
    visit(terminal, "?", "G", "escape", ":", "p", "escape", "J", "escape")
    visit(terminal, "t", "escape", "b", "escape", "L", "escape", "H", "escape")
    check(terminal)


def test_it_lives_through_all_of_them_and_leaves_in_order(terminal: Terminal) -> None:
    visit(terminal, *["j", "enter", "tab", "escape"] * 3)
    terminal.signal(signal.SIGTERM)
    assert terminal.wait_exit() == 143
