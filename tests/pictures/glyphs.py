"""Characters that are drawn as shapes, so that they meet whatever the font is.

Blocks are rectangles in eighths of a cell, lines are arms from its middle.
"""

from __future__ import annotations

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in eighths of a cell."""

LOWER = {chr(0x2580 + n): [(0, 8 - n, 8, 8)] for n in range(1, 9)}
LEFT = {chr(0x2590 - n): [(0, 0, n, 8)] for n in range(1, 8)}
QUARTERS = {"1": (0, 0, 4, 4), "2": (4, 0, 8, 4), "3": (0, 4, 4, 8), "4": (4, 4, 8, 8)}
BLOCKS: dict[str, list[Box]] = {
    **LOWER,
    **LEFT,
    "▀": [(0, 0, 8, 4)],
    "▐": [(4, 0, 8, 8)],
    "▔": [(0, 0, 8, 1)],
    "▕": [(7, 0, 8, 8)],
    **{
        sign: [QUARTERS[which] for which in quarters]
        for sign, quarters in zip(
            "▖▗▘▙▚▛▜▝▞▟",
            ("3", "4", "1", "134", "14", "123", "124", "2", "23", "234"),
            strict=True,
        )
    },
}
SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}
"""How much of a cell is covered."""

_ARMS = {
    "─━": "lr", "│┃": "ud", "┌┏╭": "rd", "┐┓╮": "ld", "└┗╰": "ru", "┘┛╯": "lu",
    "├┣": "rud", "┤┫": "lud", "┬┳": "lrd", "┴┻": "lru", "┼╋": "lrud",
    "╴╸": "l", "╵╹": "u", "╶╺": "r", "╷╻": "d",
}  # fmt: skip
ARMS = {sign: arms for signs, arms in _ARMS.items() for sign in signs}
"""Where the lines of a character go: left, right, up and down."""
HEAVY = frozenset("━┃┏┓┗┛┣┫┳┻╋╸╹╺╻")
ROUND = {"╭": ("d", "r"), "╮": ("d", "l"), "╰": ("u", "r"), "╯": ("u", "l")}
"""Corners that are arcs, and the arms they join."""
