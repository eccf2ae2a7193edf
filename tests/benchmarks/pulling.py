"""Eight pulls of 200 events a second each, and a user who keeps working."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tests.benchmarks.meter import Meter
from tests.benchmarks.report import Row, percentile
from tests.benchmarks.stage import NO_DELAY, Stage
from tests.benchmarks.starts import seen

PULLS = 8
CPU = 0.8
BYTES_A_SECOND = 1_000
LATENCY = 15.0
"""Milliseconds within which 95 of 100 keys have an effect, on a machine without other work."""
CURSOR = "▸"
KEY_PAUSES = (0.05, 0.083, 0.061, 0.097)
"""Seconds between keys: not a multiple of anything that ticks."""


@dataclass
class Load:
    """What the pulls cost."""

    cpu: list[float] = field(default_factory=list)
    bytes: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)


def measure(stage: Stage, repetitions: int) -> list[Row]:
    """Measure program and floor in turns; both read the same streams of one server."""
    ours, bare = Load(), Load()
    seconds, keys = (4.0, 30) if repetitions < 5 else (8.0, 100)
    for _ in range(max(1, repetitions // 3)):
        _measure_ours(stage, ours, seconds, keys)
        with stage.floor(fetch=30, pulls=PULLS) as floor:
            floor.watch(2.0)
            _window(floor, bare, seconds)
            _type(floor, bare, keys)
    return [
        Row("8 pulls, 200 events/s each", "% CPU", ours.cpu, bare.cpu, CPU),
        Row("8 pulls, 200 events/s each", "B/s", ours.bytes, at_most=BYTES_A_SECOND),
        Row("key while pulling", "ms", ours.latencies, bare.latencies),
        Row(
            "key while pulling, 95 of 100",
            "ms",
            [percentile(ours.latencies, 0.95)],
            at_most=LATENCY,
        ),
        Row("key while pulling, bare list", "ms", bare.latencies),
        Row("the same, 95 of 100", "ms", [percentile(bare.latencies, 0.95)]),
    ]


def _measure_ours(stage: Stage, load: Load, seconds: float, keys: int) -> None:
    home = stage.home()
    home.know_facts(30)
    home.configure(f"parallel = {PULLS}\n")
    with stage.program(30, home) as program:
        seen(program)
        for number in range(PULLS):
            _pull(program, f"pulled-{number}:8b")
        program.watch(2.0)
        _window(program, load, seconds)
        _type(program, load, keys)


def _pull(program: Meter, name: str) -> None:
    mark = program.mark()
    program.press("p")
    program.seconds_until("Pull a model", mark=mark)
    program.watch(NO_DELAY)
    mark = program.mark()
    program.type(name)
    program.seconds_until(name, mark=mark)
    program.press("enter")
    program.watch(2 * NO_DELAY)


def _window(meter: Meter, load: Load, seconds: float) -> None:
    mark, before, since = meter.mark(), meter.cpu, time.monotonic()
    meter.watch(seconds)
    took = time.monotonic() - since
    load.cpu.append((meter.cpu - before) / took * 100)
    load.bytes.append(len(meter.bytes_since(mark)) / took)


def _type(meter: Meter, load: Load, keys: int) -> None:
    for number in range(keys):
        mark, since = meter.mark(), time.monotonic()
        meter.press("up" if number % 2 else "down")
        load.latencies.append(meter.seconds_until(CURSOR, mark=mark, since=since) * 1000)
        meter.watch(KEY_PAUSES[number % len(KEY_PAUSES)])
