"""Colours: a dark and a light theme of our own; Textual's ansi-dark has the terminal's 16."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="ollama-dark",
    primary="#7aa2d8",
    secondary="#9a8fd0",
    accent="#8fbcd4",
    success="#8dbf7e",
    warning="#d9b36c",
    error="#e08080",
    foreground="#d4d7dd",
    background="#16181d",
    surface="#1d2027",
    panel="#262a33",
    dark=True,
    variables={
        "block-cursor-background": "#2f4a6b",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#2a2e38",
        "block-cursor-blurred-foreground": "#d4d7dd",
    },
)
LIGHT = Theme(
    name="ollama-light",
    primary="#2f5f9f",
    secondary="#6a5aa8",
    accent="#1f6f8f",
    success="#2f7a2f",
    warning="#8a5a00",
    error="#b02a2a",
    foreground="#24272e",
    background="#fbfbf9",
    surface="#f2f2ef",
    panel="#e6e6e2",
    dark=False,
    variables={
        "block-cursor-background": "#cfe0f5",
        "block-cursor-foreground": "#10131a",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#e6e6e2",
        "block-cursor-blurred-foreground": "#24272e",
    },
)
OWN = (DARK, LIGHT)
DEFAULT = DARK.name
