"""The table of what was measured through a slow link."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from textwrap import fill

from tests.benchmarks.ssh.measure import FEW, LISTED, MANY, MOVES, TYPED, Results
from tests.benchmarks.ssh.programs import PROGRAMS

FLOOR = "floor"
P95 = "moves-p95"
WIDTH = 104
"""Of a line of the README."""
ROWS = {
    f"first-{FEW}": f"first start ever, to the list of {FEW}",
    f"start-{FEW}": f"every further start, list of {FEW}",
    f"first-{MANY}": f"first start ever, to the list of {MANY:,}",
    f"start-{MANY}": f"every further start, list of {MANY:,}",
    "moves": f"{MOVES} moves of the cursor, one by one: each",
    P95: "95 of 100 of them within",
    "burst": f"{MOVES} moves in one burst",
    "filter": f"`{TYPED}` typed into the filter",
    "open": "a dialog opened",
    "close": "the dialog closed",
    "pull": "from the last key to the first progress of a pull",
    "pulling": "a pull, each second",
    "idle": "nothing at all, each second",
}
EACH = {"moves": MOVES}
"""Rows whose bytes are told for one of so many."""


def table(measured: Mapping[str, Results]) -> str:
    """Return a Markdown table: a row for each thing, a column for each program."""
    keys = list(measured)
    lines = [
        "| " + " | ".join(["", *map(_title, keys)]) + " |",
        "|---" * (len(keys) + 1) + "|",
    ]
    for row, what in ROWS.items():
        cells = [_cell(measured[key], row) for key in keys]
        lines.append("| " + " | ".join([what, *cells]) + " |")
    return "\n".join(lines)


def notes(measured: Mapping[str, Results], link: str, ssh: str) -> str:
    """Return what must be known to read the table."""
    shown = [PROGRAMS[key] for key in measured if key != FLOOR]
    dialogs = ", ".join(f"{program.dialog.what} ({program.key})" for program in shown)
    said = (
        f"Each cell: the seconds until it is on the user's screen, the bytes the program wrote, "
        f"and in parentheses what SSH made of them, both directions together. The link itself: a "
        f"command that prints a line, and keys that `cat` sends back. {ssh}, a connection that is "
        f"set up before, {link}, a terminal of 120x40 with 24-bit colours. Cursor, filter, dialog "
        f"and pull: in a list of {LISTED} models. The dialog is {dialogs}."
    )
    return fill(said, WIDTH, break_on_hyphens=False, break_long_words=False)


def _title(key: str) -> str:
    if key == FLOOR:
        return "the link itself"
    program = PROGRAMS[key]
    return program.package if key == "ours" else f"{program.package} {program.version}"


def _cell(results: Results, row: str) -> str:
    result = results.get("moves" if row == P95 else row)
    if result is None:
        return ""
    if result.missing:
        return f"– ({result.missing})"
    if row == P95:
        return f"{result.p95:.2f} s"
    parts = [f"{median(result.seconds):.2f} s"] if result.seconds else []
    if result.written:
        each = EACH.get(row, 1)
        written, wire = median(result.written) / each, median(result.wire) / each
        parts.append(f"{_size(written)} ({_size(wire)})")
    return ", ".join(parts)


def _size(number: float) -> str:
    if number < 1000:
        return f"{number:.0f} B"
    return f"{number / 1000:.1f} kB" if number < 99_950 else f"{number / 1000:.0f} kB"
