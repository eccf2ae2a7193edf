"""Downloads while the terminal takes nothing: what the tests and `tests.faults.frozen` share."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import replace
from urllib.request import urlopen

from tests.terminal.pty import Cell, Terminal

PULLS = ("qwen3:0.6b", "gemma3:1b", "llama3.2:1b", "qwen3:4b")
"""Models to download: 0.5, 0.8, 1.3 and 2.5 GB."""


def seen(cell: Cell) -> Cell:
    """Return the cell as it looks: a blank without a line or reversed shows no ink."""
    _, _, *lines, _ = cell.attributes
    return replace(cell, ink="", attributes=()) if cell.char == " " and not any(lines) else cell


def installed(url: str) -> set[str]:
    """Return the names that a server lists."""
    with urlopen(f"{url}/api/tags") as answer:
        return {model["name"] for model in json.load(answer)["models"]}


def pull_all(terminal: Terminal) -> None:
    """Have all of `PULLS` downloaded, and wait until the first bytes have come."""
    terminal.press("p")
    terminal.wait_for("Pull a model")
    terminal.type(" ".join(PULLS))
    terminal.wait_for(PULLS[-1])
    terminal.press("enter")
    terminal.wait_for("B/s")


def wait_pulled(terminal: Terminal, url: str) -> None:
    """Wait until the server has all of them; the screen is not looked at."""
    terminal.wait_unread(lambda: installed(url) >= set(PULLS))


def settle(terminal: Terminal) -> None:
    """Wait until what follows from the downloads is known, with the cursor out of the way."""
    terminal.press("g")
    terminal.wait_until(lambda text: "disk …" not in text)
    terminal.wait_idle(0.5)


PASSING = re.compile("· Pulled|just now|seconds ago")
"""In a line that changes as time passes: a message, which ends, or an age."""


def differences(before: list[list[Cell]], after: list[list[Cell]]) -> list[str]:
    """Return the lines that do not look alike, but for those that change as time passes."""
    found = []
    for old, new in zip(before, after, strict=True):
        texts = ["".join(cell.char for cell in row) for row in (old, new)]
        if not any(map(PASSING.search, texts)) and [*map(seen, old)] != [*map(seen, new)]:
            found.append(f"- {texts[0]}\n+ {texts[1]}")
    return found


def redrawn(terminal: Terminal, stop: int = signal.SIGTSTP) -> list[list[Cell]]:
    """Return the screen as it is drawn from nothing: after a stop, everything is."""
    terminal.signal(stop)
    terminal.wait_stopped()
    mark = terminal.mark()
    terminal.signal(signal.SIGCONT)
    terminal.wait_until(lambda _: b"\x1b[?1049h" in terminal.bytes_since(mark))
    terminal.wait_idle(0.5)
    return terminal.cells()
