"""How verbs print: aligned columns for people, JSON for programs, sentences on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from ollama_tui.formatting import cells, inert

GAP = "  "


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], right: str = "") -> list[str]:
    """Return aligned lines; columns whose title is among the words of `right` end together."""
    body = [list(map(inert, row)) for row in rows]
    widths = [max(map(cells, column)) for column in zip(titles, *body, strict=True)]
    ends = [title in right.split() for title in titles]
    return [
        GAP.join(_padded(*cell) for cell in zip(row, widths, ends, strict=True)).rstrip()
        for row in [list(titles), *body]
    ]


def _padded(text: str, width: int, right: bool) -> str:
    blank = " " * (width - cells(text))
    return blank + text if right else text + blank


def say(lines: Iterable[str]) -> None:
    """Print lines on standard output."""
    text = "".join(f"{line}\n" for line in lines)
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))


def say_json(value: Any) -> None:
    """Print a value as JSON, in which everything but ASCII is escaped."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def complain(sentence: str) -> None:
    """Print a sentence on standard error."""
    print(f"ollama-tui: {inert(sentence)}", file=sys.stderr)


def when(time: datetime | None) -> str | None:
    """Return a time as RFC 3339; None for none."""
    return time.isoformat() if time else None
