"""The signs drawn on the screen, and plain ones for terminals that cannot show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signs:
    """One sign each; all take one cell."""

    cursor: str = "▸"
    thumb: str = "▐"
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
    shares: str = "└"


UNICODE = Signs()
ASCII = Signs(
    cursor=">", thumb="|", up="*", down="o", loaded="*", cloud="~", outdated="^", marked="+",
    separator="|", dot="-", full="#", empty=".", ascending="^", descending="v", pull="v",
    push="^", delete="x", shares="`",
)  # fmt: skip
"""For the Linux console and terminals without UTF-8."""


def signs_for(environ: Mapping[str, str]) -> Signs:
    """Return the signs that the terminal with these environment variables can show."""
    locale = next((environ[n] for n in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(n)), "")
    if locale and locale not in ("C", "POSIX") and "utf" not in locale.lower():
        return ASCII
    return ASCII if environ.get("TERM") in ("linux", "dumb", "vt100", "vt220") else UNICODE
