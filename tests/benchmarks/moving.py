"""A cursor on the move, a filter being typed, and nothing at all: bytes, time, processor."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from tests.benchmarks.meter import Meter
from tests.benchmarks.report import Row, percentile
from tests.benchmarks.stage import NO_DELAY, Stage
from tests.benchmarks.starts import seen
from tests.terminal.pty import KEYS

MODELS = 1_000
MOVE_CPU = 1.3
"""Of a bare list, which has no details to draw beside it."""
MOVE_TIME = 1.0
BURST = 30
BURST_TIME = 1.0
FILTER_10_000 = 1.0
"""Of a bare list that shows the rows which have the text in them, and sorts or parses nothing."""
P95 = 0.95
IDLE_CPU = 0.5
TYPED = "qwen"


@dataclass
class Moves:
    """What single moves cost."""

    cpu: list[float] = field(default_factory=list)
    """Milliseconds a move, one sample for each round of moves."""
    shown: list[float] = field(default_factory=list)
    """Milliseconds from a key to the last byte that it caused."""
    slow: list[float] = field(default_factory=list)
    """Of `shown` what nineteen of twenty keys stay below, one sample for each round."""
    burst: list[float] = field(default_factory=list)
    """The same of `BURST` moves that arrive in one read."""


def measure(stage: Stage, repetitions: int) -> list[Row]:
    """Measure the program and the bare list with each key in turn, several times."""
    ours, bare = Moves(), Moves()
    for _ in range(max(1, repetitions // 3)):
        with settled(stage, MODELS) as program, stage.floor(fetch=MODELS) as floor:
            _move([(program, ours), (floor, bare)])
    return [
        Row("processor per move", "ms", ours.cpu, bare.cpu, MOVE_CPU),
        Row("cursor move, key to screen", "ms", ours.shown, bare.shown, MOVE_TIME),
        Row("the same, 95 of 100", "ms", ours.slow, bare.slow, MOVE_TIME),
        Row(f"{BURST} moves in one read", "ms", ours.burst, bare.burst, BURST_TIME),
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


def _move(programs: Sequence[tuple[Meter, Moves]]) -> None:
    for meter, _ in programs:
        for _ in range(20):  # so that the details of these rows are known
            meter.cost_of(partial(meter.press, "down"), NO_DELAY)
        meter.wait_idle(1.0)  # what was learned of them last is shown in the list a little later
    rounds: list[list[float]] = [[] for _ in programs]
    for key in ["up"] * 16 + ["down"] * 16:
        for (meter, _), shown in zip(programs, rounds, strict=True):
            shown.append(meter.cost_of(partial(meter.press, key), NO_DELAY)[1] * 1000)
    for key in ("down", "up"):
        for meter, moves in programs:
            keys = partial(meter.type, KEYS[key] * BURST)
            moves.burst.append(meter.cost_of(keys, NO_DELAY)[1] * 1000)
    for (meter, moves), shown in zip(programs, rounds, strict=True):
        moves.shown += shown
        moves.slow.append(percentile(shown, P95))
        moves.cpu.append(_cpu_per_move(meter))


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
    times: dict[int, tuple[list[float], list[float]]] = {30: ([], []), 10_000: ([], [])}
    for models, (ours, bare) in times.items():
        with settled(stage, models) as program, stage.floor(fetch=models) as floor:
            floor.wait_idle(1.0)
            for _ in range(max(1, repetitions // 3)):
                _filter([(program, ours), (floor, bare)])
    return [
        Row(f"filter keystroke, {models:,} models", "ms", ours, bare, FILTER_10_000)
        for models, (ours, bare) in times.items()
    ]


def _filter(programs: Sequence[tuple[Meter, list[float]]]) -> None:
    for meter, _ in programs:
        meter.cost_of(partial(meter.press, "/"), 0.5)
    for char in TYPED:
        for meter, times in programs:
            times.append(meter.cost_of(partial(meter.type, char), 0.5)[1] * 1000)
    for meter, _ in programs:
        meter.cost_of(partial(meter.press, "escape"), 1.0)
