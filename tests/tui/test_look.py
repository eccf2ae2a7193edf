"""What is written in one of our themes can be read, and which theme and signs a terminal gets."""

from __future__ import annotations

import pytest
from textual.color import Color

from ollama_tui.tui.look import (
    ASCII_SIGNS,
    MEANINGS,
    NOT_OF_TEXT,
    OWN_THEMES,
    UNICODE_SIGNS,
    Signs,
    own_themes,
    signs_for,
    theme_for,
    with_meanings,
)
from tests.pictures.cells import TERMINAL

READ, SKIPPED = 4.5, 3.0
"""The least contrast of what is read, and of what the eye may skip."""
OF_BARS = frozenset({"bar", "track", "heat-1", "heat-2", "heat-3", "heat-4"})
QUIET = frozenset({"hint", "syntax-comment", "text-muted"})
TEXTS = ("foreground", "text-muted", "text-accent", "text-success", "text-warning", "text-error")
"""Variables of text that are Textual's."""
SUBTLE = 0.05
"""The share of the foreground that Textual mixes into the ground of a field with the focus."""


def shown(value: str, otherwise: str = "") -> Color:
    """Return a colour as a terminal shows it."""
    color = Color.parse(value)
    if color.ansi is None:
        return color
    ansi = color.ansi
    if ansi >= 0:
        return Color(*TERMINAL.ansi_colors[ansi])
    return Color.parse(otherwise)


def contrast(one: Color, other: Color) -> float:
    """Return the contrast of two colours as WCAG defines it, from 1 to 21."""

    def light(color: Color) -> float:
        parts = [part / 255 for part in color.rgb]
        red, green, blue = (
            p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", OWN_THEMES, ids=lambda theme: theme.name)
def test_text_can_be_read_on_every_ground(theme) -> None:  # type: ignore[no-untyped-def]
    generated = theme.to_color_system().generate() | theme.variables
    variables = with_meanings(generated, ansi=theme.ansi)
    text = Color(*TERMINAL.foreground_color).hex
    plain = Color(*TERMINAL.background_color).hex

    def ground(name: str) -> Color:
        return shown(variables[name], plain)

    def ink(name: str) -> Color:
        return shown(variables[name], text)

    texts = [*TEXTS, *(name for name in MEANINGS if name not in NOT_OF_TEXT | OF_BARS)]
    pairs = {
        (name, under): (ink(name), ground(under))
        for name in texts
        for under in ("background", "surface", "panel")
    }
    field = ground("field")
    focused = field if theme.ansi else field.blend(ink("foreground"), SUBTLE)
    for name in ("typed", "hint"):
        pairs |= {(name, "field"): (ink(name), field), (name, "focused"): (ink(name), focused)}
    for cursor in ("block-cursor", "block-cursor-blurred"):
        names = (f"{cursor}-foreground", f"{cursor}-background")
        pairs[names] = (ink(names[0]), ground(names[1]))
    pairs["caret-text", "caret"] = (ink("caret-text"), ground("caret"))
    pairs["title-now", "edge-now"] = (ink("title-now"), ground("edge-now"))
    if not theme.ansi:  # where a difference has no ground but colours its text
        share = 0.16 if theme.dark else 0.1
        for name in (each for each in texts if each.startswith("syntax-")):
            for change in ("success", "error"):
                under = ground("surface").blend(ink(change), share)
                pairs[name, change] = (ink(name), under)
    low = {
        names: round(contrast(*colors), 2)
        for names, colors in pairs.items()
        if contrast(*colors) < (SKIPPED if names[0] in QUIET else READ)
    }
    assert not low


@pytest.mark.parametrize(
    ("environ", "theme"),
    [
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "ollama-dark"),
        ({"TERM": "screen-256color"}, "ollama-dark"),
        ({"TERM": "xterm-kitty"}, "ollama-dark"),
        ({"TERM": "screen"}, "terminal-16"),
        ({"TERM": "linux"}, "terminal-16"),
    ],
)
def test_a_terminal_of_16_colors_begins_with_its_own(environ: dict[str, str], theme: str) -> None:
    assert theme_for(environ) == theme


@pytest.mark.parametrize(
    ("environ", "signs"),
    [
        ({}, UNICODE_SIGNS),
        ({"LANG": "de_DE.UTF-8"}, UNICODE_SIGNS),
        ({"LANG": "de_DE.ISO-8859-1"}, ASCII_SIGNS),
        ({"LANG": "C"}, UNICODE_SIGNS),
        ({"LC_ALL": "C"}, ASCII_SIGNS),
        ({"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, ASCII_SIGNS),
        ({"LC_ALL": "C.UTF-8"}, UNICODE_SIGNS),
        ({"TERM": "linux", "LANG": "C.UTF-8"}, ASCII_SIGNS),
    ],
)
def test_signs_are_those_that_locale_and_terminal_have(
    environ: dict[str, str], signs: Signs
) -> None:
    assert signs_for(environ) is signs


@pytest.mark.parametrize("name", ["ollama-dark", "ollama-light"])
def test_without_color_what_is_larger_or_dangerous_stands_out_more(name: str) -> None:
    (theme,) = (each for each in own_themes(in_greys=True) if each.name == name)
    variables = with_meanings(theme.to_color_system().generate() | theme.variables)
    ground = shown(variables["background"])

    def distance(meaning: str) -> float:
        return contrast(shown(variables[meaning]), ground)

    heats = [distance(f"heat-{n}") for n in (1, 2, 3, 4)]
    assert heats == sorted(heats)
    assert heats[0] > distance("track")
    assert distance("danger") > distance("foreground") > distance("text-muted")
    # The parts of a bar differ by their glyphs, which one shade tells apart best.
    assert len({variables[part] for part in ("bar", "loaded", "aging", "cloud")}) == 1
