"""The look: themes, the signs that a terminal can show, and where the style sheets are.

Our themes take their colors from the 256 that terminals number: naming one is half the bytes of
mixing it. `terminal-16` has the terminal's own 16.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from textual.app import App
from textual.theme import Theme

ReturnType = TypeVar("ReturnType")

MEANINGS: Mapping[str, str] = {
    # What a colour says, and Textual's variable that stands in where a theme has none of its own.
    "heat-1": "text-muted",  # a small size …
    "heat-2": "text-accent",
    "heat-3": "text-warning",
    "heat-4": "text-error",  # … to the largest
    "aging": "foreground",
    "old": "text-warning",
    "loaded": "text-success",
    "outdated": "text-warning",
    "danger": "text-error",
    "cloud": "text-primary",
    "can-vision": "text-warning",
    "can-tools": "text-success",
    "can-thinking": "text-secondary",
    "can-embedding": "text-primary",
    "can-insert": "text-accent",
    "can-audio": "text-error",
    "syntax-keyword": "text-accent",
    "syntax-string": "text-success",
    "syntax-comment": "text-muted",
    "syntax-tag": "text-secondary",
    "syntax-number": "text-warning",
    "bar": "text-accent",
    "track": "panel",
    "edge": "border-blurred",  # of a pane without the focus
    "edge-now": "accent",  # of the pane with it
    "title-now": "background",  # of its title, on the color of its edge
    "field": "panel",  # the ground that is typed on
}
"""Theme variables that are ours: a colour has one meaning, and each meaning one variable."""


NOT_OF_TEXT = frozenset({"edge", "edge-now", "title-now", "field"})
"""Those that only the sheets use, for what is not text."""


def with_meanings(variables: Mapping[str, str]) -> dict[str, str]:
    """Return a theme's variables with those of `MEANINGS` that it does not set."""
    return {name: variables[other] for name, other in MEANINGS.items()} | dict(variables)


class ThemedApp(App[ReturnType]):
    """An app whose sheets may use the variables of `MEANINGS` under any theme."""

    def get_css_variables(self) -> dict[str, str]:
        """Return the variables of the theme, those that are ours among them."""
        self.theme_variables = with_meanings(super().get_css_variables())
        return self.theme_variables


DARK = Theme(
    name="ollama-dark",
    primary="#87afd7",
    secondary="#afafd7",
    accent="#5fafd7",
    success="#87af87",
    warning="#d7af5f",
    error="#ff8787",
    foreground="#dadada",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    dark=True,
    variables={
        "text-muted": "#949494",
        "text-accent": "#87afd7",
        "text-success": "#87af87",
        "text-warning": "#d7af5f",
        "text-error": "#ff8787",
        "text-primary": "#87afd7",
        "text-secondary": "#afafd7",
        "scrollbar": "#585858",
        "block-cursor-background": "#005f87",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#303030",
        "block-cursor-blurred-foreground": "#dadada",
        "heat-1": "#5f87af",
        "heat-2": "#87af87",
        "heat-3": "#d7af5f",
        "heat-4": "#ff875f",
        "aging": "#afaf87",
        "old": "#d7875f",
        "loaded": "#87d787",
        "outdated": "#ffaf5f",
        "danger": "#ff5f5f",
        "cloud": "#5fafff",
        "can-vision": "#d787d7",
        "can-tools": "#d7af87",
        "can-thinking": "#af87ff",
        "can-embedding": "#87d7af",
        "can-insert": "#87d7ff",
        "can-audio": "#ff87af",
        "syntax-keyword": "#5fafff",
        "syntax-string": "#afd787",
        "syntax-comment": "#808080",
        "syntax-tag": "#d7afff",
        "syntax-number": "#d7af87",
        "bar": "#5fafd7",
        "track": "#303030",
        "edge": "#585858",
        "edge-now": "#5fafd7",
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
    surface="#f5f5f5",
    panel="#eeeeee",
    dark=False,
    variables={
        "text-muted": "#626262",
        "text-accent": "#005f87",
        "text-success": "#005f00",
        "text-warning": "#875f00",
        "text-error": "#af0000",
        "text-primary": "#005faf",
        "text-secondary": "#5f5faf",
        "scrollbar": "#9e9e9e",
        "block-cursor-background": "#afd7ff",
        "block-cursor-foreground": "#080808",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#dadada",
        "block-cursor-blurred-foreground": "#262626",
        "heat-1": "#5f87af",
        "heat-2": "#5f8700",
        "heat-3": "#af8700",
        "heat-4": "#d75f00",
        "aging": "#875f00",
        "old": "#af5f00",
        "loaded": "#008700",
        "outdated": "#af5f00",
        "danger": "#d70000",
        "cloud": "#005fd7",
        "can-vision": "#870087",
        "can-tools": "#875f00",
        "can-thinking": "#5f00af",
        "can-embedding": "#00875f",
        "can-insert": "#0087af",
        "can-audio": "#af005f",
        "syntax-keyword": "#005fd7",
        "syntax-string": "#008700",
        "syntax-comment": "#767676",
        "syntax-tag": "#870087",
        "syntax-number": "#af5f00",
        "bar": "#0087af",
        "track": "#d0d0d0",
        "edge": "#9e9e9e",
        "edge-now": "#005f87",
    },
)
SIXTEEN = Theme(
    name="terminal-16",
    primary="ansi_bright_blue",
    secondary="ansi_bright_magenta",
    accent="ansi_cyan",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    ansi=True,
    dark=True,
    variables={
        "text-muted": "ansi_default",
        "text-accent": "ansi_cyan",
        "text-success": "ansi_green",
        "text-warning": "ansi_yellow",
        "text-error": "ansi_red",
        "text-primary": "ansi_bright_blue",
        "text-secondary": "ansi_magenta",
        "scrollbar": "ansi_bright_black",
        "border": "ansi_bright_black",
        "border-blurred": "ansi_bright_black",
        "block-cursor-background": "ansi_blue",
        "block-cursor-foreground": "ansi_bright_white",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "ansi_white",
        "block-cursor-blurred-foreground": "ansi_black",
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "input-cursor-background": "ansi_bright_white",
        "input-cursor-foreground": "ansi_black",
        "input-selection-background": "ansi_blue",
        "input-selection-foreground": "ansi_white",
        "screen-selection-background": "ansi_blue",
        "screen-selection-foreground": "ansi_white",
        "heat-1": "ansi_cyan",
        "heat-2": "ansi_green",
        "heat-3": "ansi_yellow",
        "heat-4": "ansi_red",
        "aging": "ansi_default",
        "old": "ansi_yellow",
        "loaded": "ansi_bright_green",
        "outdated": "ansi_bright_yellow",
        "danger": "ansi_bright_red",
        "cloud": "ansi_bright_blue",
        "can-vision": "ansi_magenta",
        "can-tools": "ansi_yellow",
        "can-thinking": "ansi_bright_magenta",
        "can-embedding": "ansi_green",
        "can-insert": "ansi_cyan",
        "can-audio": "ansi_red",
        "syntax-keyword": "ansi_cyan",
        "syntax-string": "ansi_green",
        "syntax-comment": "ansi_default",
        "syntax-tag": "ansi_magenta",
        "syntax-number": "ansi_yellow",
        "bar": "ansi_bright_cyan",
        "track": "ansi_bright_black",
        "edge": "ansi_bright_black",
        "edge-now": "ansi_bright_cyan",
        "title-now": "ansi_black",
        "field": "ansi_bright_black",
    },
)
OWN_THEMES = (DARK, LIGHT, SIXTEEN)
DEFAULT_THEME = DARK.name


def theme_names() -> tuple[str, ...]:
    """Return the names of all themes, ours first."""
    from textual.theme import BUILTIN_THEMES

    own = tuple(theme.name for theme in OWN_THEMES)
    return (*own, *sorted(BUILTIN_THEMES.keys() - set(own)))


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
    dense: str = "▓"
    medium: str = "▒"
    loose: str = "▚"
    empty: str = "░"
    ascending: str = "↑"
    descending: str = "↓"
    pull: str = "↓"
    push: str = "↑"
    work: str = "*"
    delete: str = "×"
    shares: str = "└"
    differs: str = "≠"
    then: str = "→"
    eighths: str = " ▏▎▍▌▋▊▉"
    """Cells filled by none to seven eighths from the left; empty where a terminal has no such."""
    levels: str = "▁▂▃▄▅▆▇█"
    """Cells filled from below, the lowest first."""


UNICODE_SIGNS = Signs()
ASCII_SIGNS = Signs(
    cursor=">", thumb="|", up="*", down="o", loaded="*", cloud="~", outdated="^", marked="+",
    separator="|", dot="-", full="#", dense="=", medium=":", loose="%", empty=".", ascending="^",
    descending="v", pull="v", push="^", delete="x", shares="`", differs="!", then=">",
    eighths="", levels="_.-=^",
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
