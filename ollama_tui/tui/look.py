"""The look: themes, the signs that a terminal can show, and where the style sheets are.

Our themes take their colors from the 256 that terminals number: naming one is half the bytes of
mixing it. `terminal-16` has the terminal's own 16.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
    "typed": "foreground",  # what is typed there
    "hint": "text-muted",  # what stands there until then
    "caret": "input-cursor-background",  # the cursor in it
    "caret-text": "input-cursor-foreground",
}
"""Theme variables that are ours: a colour has one meaning, and each meaning one variable."""


NOT_OF_TEXT = frozenset(
    {"edge", "edge-now", "title-now", "field", "typed", "hint", "caret", "caret-text"}
)
"""Those that only the sheets use, for what is not text."""
OF_ANSI: Mapping[str, str] = {
    "title-now": "ansi_black",
    "field": "ansi_bright_black",
    "typed": "ansi_bright_white",
    "hint": "ansi_white",
    "caret": "ansi_bright_white",
    "caret-text": "ansi_black",
}
"""What stands in where a theme has the terminal's colors: Textual's ground is the terminal's."""


def with_meanings(variables: Mapping[str, str], *, ansi: bool = False) -> dict[str, str]:
    """Return a theme's variables with those of `MEANINGS` that it does not set."""
    meant = {name: variables[other] for name, other in MEANINGS.items()}
    return meant | (dict(OF_ANSI) if ansi else {}) | dict(variables)


class ThemedApp(App[ReturnType]):
    """An app whose sheets may use the variables of `MEANINGS` under any theme."""

    def get_css_variables(self) -> dict[str, str]:
        """Return the variables of the theme, those that are ours among them."""
        variables = super().get_css_variables()
        self.theme_variables = with_meanings(variables, ansi=self.native_ansi_color)
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
        "aging": "#5f5f00",
        "old": "#875f00",
        "loaded": "#005f00",
        "outdated": "#875f00",
        "danger": "#d70000",
        "cloud": "#005fd7",
        "can-vision": "#870087",
        "can-tools": "#875f5f",
        "can-thinking": "#5f00af",
        "can-embedding": "#005f5f",
        "can-insert": "#005f87",
        "can-audio": "#af005f",
        "syntax-keyword": "#005faf",
        "syntax-string": "#005f00",
        "syntax-comment": "#6c6c6c",
        "syntax-tag": "#870087",
        "syntax-number": "#5f5f00",
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
    error="ansi_bright_red",
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
        "text-error": "ansi_bright_red",
        "text-primary": "ansi_bright_blue",
        "text-secondary": "ansi_bright_magenta",
        "scrollbar": "ansi_bright_black",
        "border": "ansi_bright_black",
        "border-blurred": "ansi_bright_black",
        "block-cursor-background": "ansi_blue",
        "block-cursor-foreground": "ansi_bright_white",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "ansi_bright_black",
        "block-cursor-blurred-foreground": "ansi_bright_white",
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
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
        "can-vision": "ansi_bright_magenta",
        "can-tools": "ansi_cyan",
        "can-thinking": "ansi_bright_blue",
        "can-embedding": "ansi_green",
        "can-insert": "ansi_bright_cyan",
        "can-audio": "ansi_bright_green",
        "syntax-keyword": "ansi_cyan",
        "syntax-string": "ansi_green",
        "syntax-comment": "ansi_default",
        "syntax-tag": "ansi_bright_magenta",
        "syntax-number": "ansi_yellow",
        "bar": "ansi_bright_cyan",
        "track": "ansi_bright_black",
        "edge": "ansi_bright_black",
        "edge-now": "ansi_bright_cyan",
    },
)
OWN_THEMES = (DARK, LIGHT, SIXTEEN)
GREYS: Mapping[bool, Mapping[str, str]] = {
    True: {
        **dict.fromkeys(("danger", "text-error"), "#ffffff"),
        **dict.fromkeys(("bar", "loaded", "aging", "old", "cloud"), "#d0d0d0"),
        "heat-1": "#6c6c6c",
        "heat-2": "#8a8a8a",
        "heat-3": "#b2b2b2",
        "heat-4": "#eeeeee",
    },
    False: {
        **dict.fromkeys(("danger", "text-error"), "#000000"),
        **dict.fromkeys(("bar", "loaded", "aging", "old", "cloud"), "#4e4e4e"),
        "heat-1": "#9e9e9e",
        "heat-2": "#767676",
        "heat-3": "#4e4e4e",
        "heat-4": "#1c1c1c",
    },
}
"""Shades for dark and for light themes: danger stands out most, and parts differ by glyph."""


def own_themes(*, in_greys: bool) -> tuple[Theme, ...]:
    """Return our themes, as they are or for NO_COLOR: a color turned grey would say little."""
    if not in_greys:
        return OWN_THEMES
    return tuple(
        theme if theme.ansi else replace(theme, variables={**theme.variables, **GREYS[theme.dark]})
        for theme in OWN_THEMES
    )


DEFAULT_THEME = DARK.name
TRUE_COLOR = 1 << 24


def color_count(environ: Mapping[str, str]) -> int:
    """Return how many colors the terminal with these variables is sent, as Textual decides."""
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return TRUE_COLOR
    kind = environ.get("TERM", "").strip().lower().rpartition("-")[2]
    return 256 if kind in ("256color", "kitty") else 16


def theme_for(environ: Mapping[str, str]) -> str:
    """Return the theme to begin with: where there are only 16 colors, those of the terminal."""
    return SIXTEEN.name if color_count(environ) == 16 else DEFAULT_THEME


def theme_names() -> tuple[str, ...]:
    """Return the names of all themes, ours first."""
    from textual.theme import BUILTIN_THEMES

    own = tuple(theme.name for theme in OWN_THEMES)
    return (*own, *sorted(BUILTIN_THEMES.keys() - set(own)))


KEY_WORDS = {
    ord(sign): f" {word} "
    for sign, word in zip("⏎↑↓←→", ("enter", "up", "down", "left", "right"), strict=True)
}


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
    locked: str = "◆"
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
    failed: str = "!"
    shares: str = "└"
    differs: str = "≠"
    then: str = "→"
    eighths: str = " ▏▎▍▌▋▊▉"
    """Cells filled by none to seven eighths from the left; empty where a terminal has no such."""
    levels: str = "▁▂▃▄▅▆▇█"
    """Cells filled from below, the lowest first."""

    def spelled(self, keys: str) -> str:
        """Return keys as the terminal can show them: words where it has no arrows."""
        return keys if self.eighths else " ".join(keys.translate(KEY_WORDS).split())


UNICODE_SIGNS = Signs()
ASCII_SIGNS = Signs(
    cursor=">", thumb="#", up="*", down="o", loaded="*", cloud="~", outdated="^", marked="+",
    locked="L", separator="|", dot="-", full="#", dense="=", medium=":", loose="%", empty=".",
    ascending="^", descending="v", pull="v", push="^", delete="x", shares="`", differs="!",
    then=">", eighths="", levels="_.-=^",
)  # fmt: skip
"""For the Linux console and terminals without UTF-8."""


def signs_for(environ: Mapping[str, str]) -> Signs:
    """Return the signs that the terminal with these environment variables can show."""
    # Set on purpose for everything, C means plain text; else it is what nobody has set up.
    plain = ("C", "POSIX")
    locale = next((environ[n] for n in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(n)), "")
    if environ.get("LC_ALL") in plain:
        return ASCII_SIGNS
    if locale and locale not in plain and "utf" not in locale.lower():
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
