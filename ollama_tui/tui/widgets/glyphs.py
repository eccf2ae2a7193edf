"""The signs drawn on the screen, and plain ones for terminals that cannot show them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signs:
    """One sign each; all take one cell."""

    up: str = "●"
    down: str = "○"
    loaded: str = "●"
    cloud: str = "☁"
    alias: str = "="
    outdated: str = "↑"
    marked: str = "✓"
    separator: str = "│"
    dot: str = "·"
    full: str = "█"
    empty: str = "░"
    ascending: str = "↑"
    descending: str = "↓"
    pull: str = "↓"
    push: str = "↑"
    work: str = "*"
    delete: str = "×"
    kin: str = "└"


ASCII = Signs(
    up="*", down="o", loaded="*", cloud="~", outdated="^", marked="+", separator="|", dot="-",
    full="#", empty=".", ascending="^", descending="v", pull="v", push="^", delete="x",
    kin="`",
)  # fmt: skip
"""For the Linux console and terminals without UTF-8."""
UNICODE = Signs()


def signs_for(term: str, encoding: str) -> Signs:
    """Return the signs that a terminal of this type and encoding can show."""
    plain = term in ("linux", "dumb", "vt100", "vt220") or "utf" not in encoding.lower()
    return ASCII if plain else UNICODE
