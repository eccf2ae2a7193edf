"""A cursor on the move, a filter being typed, and nothing at all: bytes, time, processor."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from tests.benchmarks.meter import Meter
from tests.benchmarks.report import Row
from tests.benchmarks.stage import NO_DELAY, Stage
from tests.benchmarks.starts import seen
from tests.terminal.pty import KEYS

MODELS = 1_000
MOVE_BYTES = 500
WORST_MOVE_BYTES = 560
PAGE_BYTES = 1.0
MOVE_CPU = 3.0
MOVE_TIME = 3.5
BURST = 30
BURST_TIME = 12.0
"""Of a bare list, which does not wait for one key to be handled before it takes the next."""
FILTER_10_000 = 1.3
IDLE_CPU = 0.5
MEMORY = 1.5
"""Of a bare list: the details of what was looked at stay, one with a template of two megabytes."""
TYPED = "qwen"


@dataclass
class Moves:
    """What single moves cost."""

    bytes: list[float]
    cpu: list[float]
    """Milliseconds a move, one sample for each round of moves."""
    page_bytes: list[float]
    shown: list[float]
    """Milliseconds from a key to the last byte that it caused."""
    burst: list[float]
    """The same of `BURST` moves that arrive in one read."""


def measure(stage: Stage, repetitions: int) -> list[Row]:
    """Measure the program and the bare list one after the other, several times."""
    ours, bare = Moves([], [], [], [], []), Moves([], [], [], [], [])
    memory: tuple[list[float], list[float]] = [], []
    for _ in range(max(1, repetitions // 3)):
        with settled(stage, MODELS) as program:
            _move(program, ours)
            memory[0].append(program.peak_memory)
        with stage.floor(fetch=MODELS) as floor:
            floor.wait_idle(1.0)
            _move(floor, bare)
            memory[1].append(floor.peak_memory)
    return [
        Row("cursor move in view, details shown", "B", ours.bytes, at_most=MOVE_BYTES),
        Row("the worst of them", "B", ours.bytes, at_most=WORST_MOVE_BYTES, worst=True),
        Row("page down", "B", ours.page_bytes, bare.page_bytes, PAGE_BYTES),
        Row("processor per move", "ms", ours.cpu, bare.cpu, MOVE_CPU),
        Row("cursor move, key to screen", "ms", ours.shown, bare.shown, MOVE_TIME),
        Row(f"{BURST} moves in one read", "ms", ours.burst, bare.burst, BURST_TIME),
        Row("peak memory, 1,000 models", "MB", *memory, MEMORY),
        *_idle(stage, repetitions),
        *_filtering(stage, repetitions),
    ]


@contextmanager
def settled(stage: Stage, models: int) -> Iterator[Meter]:
    """Yield the program when it knows all about every model and is quiet."""
    home = stage.home()
    home.know_facts(models)
    with stage.program(models, home) as program:
        seen(program)
        yield program


def _move(meter: Meter, moves: Moves) -> None:
    for _ in range(20):  # so that the details of these rows are known
        meter.cost_of(lambda: meter.press("down"), NO_DELAY)
    meter.wait_idle(1.0)  # what was learned of them last is shown in the list a little later
    for key in ["up"] * 16 + ["down"] * 16:
        size, seconds = meter.cost_of(partial(meter.press, key), NO_DELAY)
        moves.bytes.append(size)
        moves.shown.append(seconds * 1000)
    for key in ("down", "up"):
        keys = KEYS[key] * BURST
        moves.burst.append(meter.cost_of(partial(meter.type, keys), NO_DELAY)[1] * 1000)
    moves.cpu.append(_cpu_per_move(meter))
    for _ in range(5):
        moves.page_bytes.append(meter.cost_of(lambda: meter.press("pagedown"), 2 * NO_DELAY)[0])


def _cpu_per_move(meter: Meter) -> float:
    keys = ["up", "down"] * 50
    before = meter.cpu
    for key in keys:
        meter.press(key)
        meter.watch(0.03)  # a key held down repeats about so often
    return (meter.cpu - before) * 1000 / len(keys)


def _idle(stage: Stage, repetitions: int) -> list[Row]:
    written: list[float] = []
    busy: list[float] = []
    with settled(stage, 30) as program:
        for _ in range(max(1, repetitions // 3)):
            mark, before, since = program.mark(), program.cpu, time.monotonic()
            program.watch(4.0)
            seconds = time.monotonic() - since
            written.append(len(program.bytes_since(mark)) / seconds)
            busy.append((program.cpu - before) / seconds * 100)
    return [
        Row("idle, 30 models", "B/s", written, at_most=0, worst=True),
        Row("idle, 30 models", "% CPU", busy, at_most=IDLE_CPU),
    ]


def _filtering(stage: Stage, repetitions: int) -> list[Row]:
    few, many = _filter(stage, 30, repetitions), _filter(stage, 10_000, repetitions)
    return [
        Row("filter keystroke, 30 models", "ms", few),
        Row("filter keystroke, 10,000 models, against 30", "ms", many, few, FILTER_10_000),
    ]


def _filter(stage: Stage, models: int, repetitions: int) -> list[float]:
    times = []
    with settled(stage, models) as program:
        for _ in range(max(1, repetitions // 3)):
            program.cost_of(lambda: program.press("/"), 0.5)
            for char in TYPED:
                seconds = program.cost_of(partial(program.type, char), 0.5)[1]
                times.append(seconds * 1000)
            program.cost_of(lambda: program.press("escape"), 1.0)
    return times
