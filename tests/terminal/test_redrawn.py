"""The whole program under keys at random: what it sends shows what Textual's whole frames do.

Seen through two emulators that share no code.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ollama_tui.start.terminal import FULL_FRAMES
from tests.terminal.conftest import Start
from tests.terminal.emulators import EMULATORS, Emulator
from tests.terminal.frozen import seen
from tests.terminal.pty import KEYS as KEY_CODES
from tests.terminal.pty import Terminal

KEYS = (
    *["down"] * 6,
    *["up"] * 3,
    *["pagedown", "pageup", "end", "home", "tab", "shift+tab", "enter", "escape", "escape"],
    *[
        "?",
        "p",
        "d",
        "s",
        "c",
        "r",
        "C",
        "I",
        "H",
        "b",
        "=",
        "/",
        ":",
        "space",
        "q",
        "w",
        "3",
        "\\",
    ],
)
"""None of them starts anything: what goes on by itself is not the same in both at any moment."""
RESIZES = ((120, 40), (80, 24), (61, 17), (140, 45))


class Pair:
    """The program drawn by us, and the same drawn by Textual, in terminals of one size."""

    def __init__(self, ours: Terminal, textuals: Terminal) -> None:
        self.both = ours, textuals
        self._marks = [0, 0]
        self._emulators = self._new()

    def _new(self) -> list[Emulator]:
        return [EMULATORS["ghostty"](*terminal.size) for terminal in self.both]

    def press(self, *keys: str) -> None:
        """Press keys in both, one at a time."""
        for key in keys:
            for terminal in self.both:
                terminal.press(key)
            for terminal in self.both:
                terminal.wait_idle(0.06)

    def type(self, *keys: str) -> None:
        """Type keys in both, all at once."""
        for terminal in self.both:
            terminal.type("".join(KEY_CODES.get(key, key) for key in keys))
        for terminal in self.both:
            terminal.wait_idle(0.2)

    def resize(self, width: int, height: int) -> None:
        """Give both another size; Ghostty, which would reflow, is begun anew."""
        for terminal in self.both:
            terminal.wait_idle(0.1)
        self._marks = [terminal.mark() for terminal in self.both]
        for terminal in self.both:
            terminal.resize(width, height)
        self._emulators = self._new()

    def compare(self, why: str) -> None:
        """Wait until both show the same in pyte, then compare them in Ghostty."""
        ours, textuals = self.both
        try:
            ours.wait_until(lambda _: not self._differing())
        except AssertionError:
            found = "\n".join(self._differing()[:5])
            raise AssertionError(f"{why}\n{found}\n{ours.text()}\n{textuals.text()}") from None
        for index, terminal in enumerate(self.both):
            data = terminal.bytes_since(self._marks[index])
            self._marks[index] += len(data)
            self._emulators[index].feed(data.decode())
        mine, theirs = (emulator.looks() for emulator in self._emulators)
        assert mine == theirs, why

    def _differing(self) -> list[str]:
        rows = zip(*(terminal.cells() for terminal in self.both), strict=True)
        return [
            f"{x},{y}: {mine} is not {theirs}"
            for y, row in enumerate(rows)
            for x, (mine, theirs) in enumerate(zip(*row, strict=True))
            if seen(mine) != seen(theirs)
        ]


def press_at_random(pair: Pair, count: int, seed: int) -> None:
    """Press `count` keys, a few before each comparison, with a new size now and then.

    Every other time they come at once, as over a slow link; then without escape, which would make
    another key of the one behind it, and without enter, which would take what went into a field.
    """
    chosen = random.Random(seed)
    pressed: list[str] = []
    while len(pressed) < count:
        keys = chosen.choices(KEYS, k=chosen.randint(1, 6))
        if chosen.random() < 0.5 and not {"escape", "enter"} & set(keys):
            pair.type(*keys)
        else:
            pair.press(*keys)
        pressed += keys
        pair.compare(f"seed {seed}, after {len(pressed)} keys: {pressed[-20:]}")
        if chosen.random() < 0.04:
            now = pair.both[0].size
            pair.resize(*chosen.choice([size for size in RESIZES if size != now]))
            pair.press("escape", "down")
            pair.compare(f"seed {seed}, after {len(pressed)} keys, and a new size")


def ready(start: Start, folder: Path, host: str) -> Pair:
    """Start both, each with folders of its own."""
    environments: tuple[dict[str, str], ...] = ({}, {FULL_FRAMES: "1"})
    pair = []
    for name, environment in zip(("ours", "textuals"), environments, strict=True):
        own = {
            f"XDG_{kind}_HOME": str(folder / name / kind)
            for kind in ("CONFIG", "CACHE", "DATA", "STATE")
        }
        pair.append(start(host=host, env={**own, **environment}))
    for terminal in pair:
        terminal.wait_for("36 models")
        terminal.wait_for("p pull")
        terminal.wait_idle(1.0)
    return Pair(*pair)


@pytest.mark.parametrize("seed", [1, 2])
def test_keys_at_random_show_what_whole_frames_would(
    start: Start, server: str, tmp_path: Path, seed: int
) -> None:
    press_at_random(ready(start, tmp_path, server), 40, seed)
