"""DiffApp against a real pty: the same screens for fewer bytes, and nothing that acts."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from textual.drivers._writer_thread import MAX_QUEUED_WRITES

from ollama_tui.tui.rendering.driver import QUEUE_LIMIT
from tests.terminal.frozen import seen
from tests.terminal.pty import Terminal

APPS = Path(__file__).parent / "apps"
F2, F3, F4, F5 = "\x1bOQ", "\x1bOR", "\x1bOS", "\x1b[15~"
COLOURS = {
    "truecolor": {},
    "256": {"COLORTERM": ""},
    "16": {"COLORTERM": "", "TERM": "xterm"},
    "none": {"NO_COLOR": "1"},
}


def run(app: str, *args: str, **options: object) -> Terminal:
    return Terminal([sys.executable, str(APPS / app), *args], **options)  # type: ignore[arg-type]


@contextmanager
def both(app: str, *, ready: str, **options: object) -> Iterator[tuple[Terminal, Terminal]]:
    """Run an app drawn by us and the same app drawn by Textual."""
    with ExitStack() as stack:
        ours = stack.enter_context(run(app, **options))
        textuals = stack.enter_context(run(app, "plain", **options))
        for terminal in (ours, textuals):
            terminal.wait_for(ready)
            terminal.wait_idle()
        yield ours, textuals


def differences(ours: Terminal, textuals: Terminal) -> list[str]:
    """Say where two screens differ, in characters, colours, attributes or the cursor's place.

    Without a text field Textual puts the hidden cursor into the corner, and we leave it anywhere.
    """
    pairs = zip(ours.cells(), textuals.cells(), strict=True)
    found = [
        f"{x},{y}: {mine} is not {theirs}"
        for y, rows in enumerate(pairs)
        for x, (mine, theirs) in enumerate(zip(*rows, strict=True))
        if seen(mine) != seen(theirs)
    ]
    places = [(t.screen.cursor.x, t.screen.cursor.y) for t in (ours, textuals)]
    is_right = places[1] in (places[0], (0, 0))
    return found if is_right else [*found, f"cursor: {places}"]


def step(ours: Terminal, textuals: Terminal, *keys: str) -> None:
    # One at a time: after two edits in one burst Textual's own screen, not ours, was seen to show
    # the Input's old text. Why is not known, and it is not what is tested here.
    for key in keys:
        for terminal in (ours, textuals):
            terminal.press(key)
            terminal.wait_idle(0.1)
    settle(ours, textuals, why=f"after {keys}")


def settle(ours: Terminal, textuals: Terminal, why: str) -> None:
    """Wait until both are quiet and the same; on a busy machine one may be seconds behind."""
    for terminal in (ours, textuals):
        terminal.wait_idle(0.2)
    try:
        ours.wait_until(lambda _: not differences(ours, textuals))
    except AssertionError:
        found = differences(ours, textuals)
        raise AssertionError("\n".join([why, *found[:5], ours.text(), textuals.text()])) from None


@pytest.mark.parametrize("colours", COLOURS)
def test_screens_are_the_same_as_textuals(colours: str) -> None:
    with both("mixed_app.py", ready="head", env=COLOURS[colours], size=(100, 30)) as pair:
        settle(*pair, why="at the start")
        for keys in (["down"] * 3, ["pagedown"], [F3], [F2], ["escape"], ["tab"], ["pagedown"]):
            step(*pair, *keys)


def test_screens_stay_the_same_through_mixed_keys_and_resizes() -> None:
    with both("mixed_app.py", ready="head", size=(100, 30)) as pair:
        for keys in (["tab"], ["tab"], ["a", "b", "漢"], ["left"], ["backspace"], ["x"]):
            step(*pair, *keys)
        for size in ((60, 20), (120, 40), (33, 9), (100, 30)):
            for terminal in pair:
                terminal.resize(*size)
            settle(*pair, why=f"at {size}")
            step(*pair, F3)
            step(*pair, "tab")
            step(*pair, "pagedown", "down", "up")
        for keys in ([F5], ["home"], [F5], [F2], [F3], ["escape"], ["end"]):
            step(*pair, *keys)


def test_the_screen_is_whole_again_after_another_program_wrote_to_it() -> None:
    with both("mixed_app.py", ready="head", size=(80, 24)) as pair:
        step(*pair, F4)
        assert "another program" not in pair[0].text()
        assert "漢字" in pair[0].text()


def test_the_screen_is_whole_again_after_being_stopped_and_continued() -> None:
    with run("mixed_app.py", size=(80, 24)) as terminal:
        terminal.wait_for("head")
        terminal.wait_idle()
        before = terminal.text()
        terminal.signal(signal.SIGTSTP)
        terminal.wait_stopped()
        terminal.wait_idle()
        mark = terminal.mark()
        terminal.signal(signal.SIGCONT)
        terminal.wait_until(lambda _: b"\x1b[?1049h" in terminal.bytes_since(mark))
        terminal.wait_idle(0.5)
        assert terminal.text() == before


def test_a_page_costs_a_tenth_and_a_move_less_than_300_bytes() -> None:
    with both("table_app.py", ready="model-20") as (ours, textuals):
        costs = {}
        for key in ("j", "k", "pagedown", "ctrl+u", "G"):
            marks = [(terminal, terminal.mark()) for terminal in (ours, textuals)]
            step(ours, textuals, key)
            costs[key] = tuple(terminal.mark() - mark for terminal, mark in marks)
        print("bytes a key, ours and Textual's:", costs)
        assert costs["j"][0] <= 300
        assert costs["k"][0] <= 300
        for key in ("pagedown", "ctrl+u", "G"):
            assert costs[key][0] * 10 < costs[key][1]


def test_a_first_frame_costs_a_fifth() -> None:
    with both("mixed_app.py", ready="head") as (ours, textuals):
        assert ours.mark() * 5 < textuals.mark()


def test_an_idle_app_writes_nothing() -> None:
    with run("table_app.py") as terminal:
        terminal.wait_for("model-20")
        terminal.wait_idle()
        assert terminal.wait_idle(1.0) == 0


def test_a_key_that_changes_nothing_writes_nothing() -> None:
    with run("table_app.py", "5") as terminal:
        terminal.wait_for("model-4")
        terminal.wait_idle()
        terminal.press("g", "pageup", "k")
        assert terminal.wait_idle() == 0


ACTING = re.compile(
    rb"\x1b\]52|\x1b\[2J|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae\x8b-\x8f]|\xef\xbb\xbf|\xf3\xa0|[\x00\x7f]"
)


def test_nothing_in_a_text_acts_on_the_terminal() -> None:
    with run("hostile_app.py") as terminal:
        terminal.wait_for("ready")
        terminal.wait_idle()
        assert ACTING.findall(terminal.bytes_since()) == []
        lines = terminal.text().split("\n")
        assert all(line.endswith("end") for line in lines[:7])


def test_the_guard_is_what_keeps_it_from_acting() -> None:
    with run("hostile_app.py", "plain") as terminal:
        terminal.wait_until(lambda _: b"\x1b]52" in terminal.bytes_since())


def test_it_can_be_switched_off() -> None:
    with run("table_app.py", env={"OLLAMA_TUI_FULL_FRAMES": "1"}) as terminal:
        terminal.wait_for("model-20")
        terminal.wait_until(lambda _: terminal.mark() > 50_000)


def test_the_terminal_is_left_with_the_default_sgr() -> None:
    with run("table_app.py") as terminal:
        terminal.wait_for("model-20")
        terminal.press("j", "ctrl+q")
        terminal.wait_exit()
        assert re.search(rb"\x1b\[m[^m]*\x1b\[\?1049l", terminal.bytes_since())


TICKS = 3 * MAX_QUEUED_WRITES
"""More than can be queued: an app that draws each of them stops before."""


def test_a_frozen_link_does_not_freeze_the_app(tmp_path: Path) -> None:
    counter = tmp_path / "count"
    with run("ticking_app.py", str(counter), size=(200, 60)) as terminal:
        terminal.wait_for("tick")

        def count() -> int:
            return int(counter.read_text() or 0) if counter.exists() else 0

        terminal.freeze()
        first = count()
        terminal.wait_until(lambda _: count() > first + TICKS)
        newest = count()
        terminal.thaw()
        terminal.wait_until(lambda text: int(text.split()[1]) > newest)
        frames = {int(number) for number in re.findall(rb"tick (\d+) ", terminal.bytes_since())}
        assert len([number for number in frames if first < number <= newest]) <= QUEUE_LIMIT + 1
