"""The key table of the README, rendered from the actions: `python -m tests.readme` writes it."""

from __future__ import annotations

from pathlib import Path

from ollama_tui.tui.actions import ACTIONS
from ollama_tui.tui.actions.action import Action, ActionGroup, Place
from ollama_tui.tui.actions.keymap import Keymap

README = Path(__file__).resolve().parents[1] / "README.md"
UNNAMED = (Place.LIST, Place.LIST_AND_DETAILS, Place.MODEL_TABLES, Place.EVERYWHERE)
"""Places that the table leaves out."""
BEGIN, END = "<!-- keys -->", "<!-- /keys -->"


def key_table() -> str:
    """Return a Markdown table of every action, group by group."""
    lines = ["| Key | What it does | Id |", "|---|---|---|"]
    for group in ActionGroup:
        lines += [_row(action) for action in ACTIONS if action.group is group]
    return "\n".join(lines)


def _row(action: Action) -> str:
    keys = " ".join(_code(key) for key in Keymap().shown(action) if key)
    where = "" if action.place in UNNAMED else f" ({action.place})"
    return f"| {keys or 'palette'} | {action.help}{where} | `{action.id}` |"


def _code(key: str) -> str:
    return f"`{key}`"


def written() -> str:
    """Return what the README has between its markers."""
    return README.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip()


def write() -> None:
    """Put the table between the markers of the README."""
    text = README.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    README.write_text(f"{head}{BEGIN}\n{key_table()}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    write()
