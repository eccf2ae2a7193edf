"""What the names of text styles look like: which theme variables they take their colors from.

These are no component classes of Textual. Its sheets would be parsed for them twice before the
first frame, and each widget would match every rule against every name that it draws with: together
that was a tenth of the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from textual.color import Color
from textual.style import Style

from ollama_tui.tui.look import MEANINGS, NOT_OF_TEXT


@dataclass(frozen=True, slots=True)
class TextStyle:
    """What one name changes of the style that lies under it; empty for what it leaves alone."""

    color: str = ""
    """A theme variable, or one of the terminal's own colors, such as `ansi_black`."""
    background: str = ""
    emphasis: str = ""
    """Words such as `bold`, or the theme variable that holds them."""
    opacity: float = 1.0
    """Of the background."""


STYLES: Mapping[str, TextStyle] = {
    **{name: TextStyle(name) for name in MEANINGS if name not in NOT_OF_TEXT},
    "strong": TextStyle(emphasis="bold"),  # what the eye looks for first
    "muted": TextStyle("text-muted"),  # what it may skip
    "accent": TextStyle("text-accent"),
    "good": TextStyle("text-success"),
    "warning": TextStyle("text-warning"),
    "bad": TextStyle("text-error"),
    "title": TextStyle("text-muted", emphasis="bold"),  # of a column or a section
    "key": TextStyle("text-accent", emphasis="bold"),  # something to press
    "cursor": TextStyle("block-cursor-blurred-foreground", "block-cursor-blurred-background"),
    "mark": TextStyle("text-warning", emphasis="bold"),
    "added": TextStyle(background="success", opacity=0.16),  # what a difference has more, and
    "removed": TextStyle(background="error", opacity=0.16),  # less: the ground under it
    "unchanged": TextStyle(),  # what it has as before
    "match": TextStyle("text-warning", emphasis="bold underline"),  # found by a search
    "match-now": TextStyle("background", "warning", "bold"),  # the one being looked at
    "tab": TextStyle("text-muted"),
    "tab-now": TextStyle("text-accent", emphasis="bold underline"),
    "thumb": TextStyle("scrollbar"),  # of a scroll bar
    "bar": TextStyle("bar", "track"),
    "track": TextStyle("foreground", "track"),
    "mark-part": TextStyle("background", "text-warning"),  # of a bar: what is marked,
    "danger-part": TextStyle("background", "danger"),  # what is being deleted
}
FOCUSED: Mapping[str, TextStyle] = {
    "cursor": TextStyle(
        "block-cursor-foreground", "block-cursor-background", "block-cursor-text-style"
    ),
}
"""What looks different in the widget that has the focus."""
LIGHT: Mapping[str, TextStyle] = {
    "added": TextStyle(background="success", opacity=0.1),
    "removed": TextStyle(background="error", opacity=0.1),
}
"""What looks different in light themes, so that text on it can be read."""
ANSI: Mapping[str, TextStyle] = {
    "muted": TextStyle("text-muted", emphasis="dim"),
    "tab": TextStyle("text-muted", emphasis="dim"),
    "match-now": TextStyle("ansi_black", "warning", "bold"),
    "added": TextStyle("success", "ansi_default"),
    "removed": TextStyle("error", "ansi_default"),
    "unchanged": TextStyle("ansi_default"),
    "mark-part": TextStyle("ansi_black", "text-warning"),
    "danger-part": TextStyle("ansi_black", "danger"),
}
"""What looks different where the terminal's own colors are used, which cannot be mixed."""


def styled(
    under: Style,
    names: str,
    variables: Mapping[str, str],
    differing: Iterable[Mapping[str, TextStyle]],
) -> Style:
    """Return `under` as the styles of these names change it, one after the other.

    Those in `differing` come before those in `STYLES`, the last of them first.

    Raises:
        KeyError: a name is not in `STYLES`.
    """
    for name in names.split():
        look = STYLES[name]
        for others in differing:
            look = others.get(name, look)
        under = _changed(under, look, variables)
    return under


def _changed(under: Style, look: TextStyle, variables: Mapping[str, str]) -> Style:
    ground = under.background or Color(0, 0, 0, 0)
    if look.background:
        ground += _parsed(look.background, variables).multiply_alpha(look.opacity)
    color = _parsed(look.color, variables, ground) if look.color else under.foreground
    words = variables.get(look.emphasis, look.emphasis)
    return Style(
        ground,
        color,
        bold=under.bold or "bold" in words,
        dim=under.dim or "dim" in words,
        italic=under.italic or "italic" in words,
        underline=under.underline or "underline" in words,
        strike=under.strike or "strike" in words,
        reverse=under.reverse or "reverse" in words,
    )


def _parsed(name: str, variables: Mapping[str, str], ground: Color | None = None) -> Color:
    """Return the color of a variable, whose value may end with its share of opacity.

    `auto` is black or white, whichever is seen better on the ground.
    """
    text, _, share = variables.get(name, name).partition(" ")
    opacity = float(share.rstrip("%")) / 100 if share else 1.0
    if text == "auto":
        return (ground or Color(0, 0, 0)).get_contrast_text(opacity)
    return Color.parse(text).multiply_alpha(opacity)
