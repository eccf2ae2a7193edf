"""The look: themes, the signs that a terminal can show, and where the style sheets are.

Our themes take their colours from the 256 that terminals number: naming one is half the bytes of
mixing it. Textual's ansi-dark has the terminal's own 16.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from textual.theme import Theme

DARK = Theme(
    name="ollama-dark",
    primary="#87afd7",
    secondary="#afafd7",
    accent="#87afd7",
    success="#87af87",
    warning="#d7af5f",
    error="#d78787",
    foreground="#dadada",
    background="#1c1c1c",
    surface="#262626",
    panel="#303030",
    dark=True,
    variables={
        "text-muted": "#9e9e9e",
        "text-accent": "#87afd7",
        "text-success": "#87af87",
        "text-warning": "#d7af5f",
        "text-error": "#d78787",
        "scrollbar": "#585858",
        "block-cursor-background": "#005f87",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#3a3a3a",
        "block-cursor-blurred-foreground": "#dadada",
    },
)
LIGHT = Theme(
    name="ollama-light",
    primary="#005faf",
    secondary="#5f5faf",
    accent="#005f87",
    success="#005f00",
    warning="#875f00",
    error="#af0000",
    foreground="#262626",
    background="#ffffff",
    surface="#eeeeee",
    panel="#e4e4e4",
    dark=False,
    variables={
        "text-muted": "#626262",
        "text-accent": "#005f87",
        "text-success": "#005f00",
        "text-warning": "#875f00",
        "text-error": "#af0000",
        "scrollbar": "#9e9e9e",
        "block-cursor-background": "#afd7ff",
        "block-cursor-foreground": "#080808",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#dadada",
        "block-cursor-blurred-foreground": "#262626",
    },
)
OWN_THEMES = (DARK, LIGHT)
DEFAULT_THEME = DARK.name


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
    uncertain: str = "?"
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


UNICODE_SIGNS = Signs()
ASCII_SIGNS = Signs(
    cursor=">", thumb="|", up="*", down="o", loaded="*", cloud="~", outdated="^", marked="+",
    separator="|", dot="-", full="#", empty=".", ascending="^", descending="v", pull="v",
    push="^", delete="x", shares="`",
)  # fmt: skip
"""For the Linux console and terminals without UTF-8."""


def signs_for(environ: Mapping[str, str]) -> Signs:
    """Return the signs that the terminal with these environment variables can show."""
    locale = next((environ[n] for n in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(n)), "")
    if locale and locale not in ("C", "POSIX") and "utf" not in locale.lower():
        return ASCII_SIGNS
    return (
        ASCII_SIGNS if environ.get("TERM") in ("linux", "dumb", "vt100", "vt220") else UNICODE_SIGNS
    )


def styles_folder() -> Path:
    """Return the folder of sheets: inside the package of a wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "styles", package.parent / "styles"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"No styles folder beside or in {package}: reinstall the program.")
