"""Bytes: of the first screen, of moves, pages, tabs, dialogs and a filter being typed.

How many go over a slow link is the same on every machine; the rows here have no floor.
"""

from __future__ import annotations

from functools import partial

from tests.benchmarks.meter import Meter
from tests.benchmarks.moving import settled
from tests.benchmarks.report import Row
from tests.benchmarks.stage import NO_DELAY, Stage

MOVES = 50
MOVE = 300
PAGE = 1_500
DIALOG = 4_000
UNCOVERED = 4_000
ALL_UNCOVERED = 6_200
"""Help fills the screen: closing it shows all of the list again."""
TAB = 2_000
FIRST_SCREEN = 9_000
FILTER = 1_500
DIALOGS = ("ctrl+p", "p", "d", "c", "r", "s", "I", "H")
TABS = 7
TYPED = "qwen"


def measure(stage: Stage, repetitions: int) -> list[Row]:
    """Count with few models and with many; repeating it would change nothing."""
    del repetitions
    few, many = Traffic(), Traffic()
    for models, traffic in ((30, few), (10_000, many)):
        with settled(stage, models) as program:
            _count(program, traffic, models)
    return [
        Row("first screen, 10,000 models", "B", many.first, at_most=FIRST_SCREEN),
        Row(f"cursor move, mean of {MOVES}, 30 models", "B", few.moves, at_most=MOVE),
        Row(f"cursor move, mean of {MOVES}, 10,000 models", "B", many.moves, at_most=MOVE),
        Row("page down, 10,000 models", "B", many.pages, at_most=PAGE, worst=True),
        Row("next tab of the details", "B", many.tabs, at_most=TAB, worst=True),
        Row("dialog opens", "B", many.opened, at_most=DIALOG, worst=True),
        Row("dialog closes", "B", many.closed, at_most=UNCOVERED, worst=True),
        Row("help opens", "B", many.help_opened, at_most=DIALOG),
        Row("help closes", "B", many.help_closed, at_most=ALL_UNCOVERED),
        Row(f"filter character, mean of {len(TYPED)}, 30 models", "B", few.typed, at_most=FILTER),
        Row("the same, 10,000 models", "B", many.typed, at_most=FILTER),
    ]


class Traffic:
    """Bytes that each kind of step cost."""

    def __init__(self) -> None:
        self.first: list[float] = []
        self.moves: list[float] = []
        self.pages: list[float] = []
        self.tabs: list[float] = []
        self.opened: list[float] = []
        self.closed: list[float] = []
        self.help_opened: list[float] = []
        self.help_closed: list[float] = []
        self.typed: list[float] = []


def _count(program: Meter, traffic: Traffic, models: int) -> None:
    program.wait_idle(1.0)
    traffic.first.append(program.mark())

    def cost(key: str, quiet: float = NO_DELAY) -> int:
        return program.cost_of(partial(program.press, key), quiet)[0]

    down = min(MOVES, models - 1)
    moves = [cost(key) for key in ["down"] * down + ["up"] * (MOVES - down)]
    traffic.moves.append(sum(moves) / MOVES)
    traffic.pages += [cost("pagedown", 2 * NO_DELAY) for _ in range(5)]
    traffic.tabs += [cost("tab", 2 * NO_DELAY) for _ in range(TABS)]
    for key in DIALOGS:
        traffic.opened.append(cost(key, 0.4))
        traffic.closed.append(cost("escape", 0.4))
    traffic.help_opened.append(cost("?", 0.4))
    traffic.help_closed.append(cost("escape", 0.4))
    cost("home", 0.5)
    cost("/", 0.5)
    # The first character changes every row, the others few.
    traffic.typed.append(sum(cost(char, 0.5) for char in TYPED) / len(TYPED))
