"""From exec to something on the screen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from tests.benchmarks.meter import Meter
from tests.benchmarks.report import Row
from tests.benchmarks.stage import FIRST, Home, Stage

COUNTS = (30, 1_000, 10_000)
FIRST_SIGN = 0.15
"""Of a first-ever start: where it is connecting to."""
REAL_ROWS = {30: 1.3, 1_000: 1.45, 10_000: 1.6}
PAINTED_ROWS = {30: 0.15, 1_000: 0.25, 10_000: 0.25}
"""Of any other start: the rows of the last one."""
TAKING_KEYS = {30: 1.25, 1_000: 1.25, 10_000: 1.5}
"""Until a key that is typed as soon as there are rows has moved the cursor."""
FIRST_SCREEN_BYTES = 9_000
CURSOR = "▸"

Samples = dict[str, list[float]]


def measure(stage: Stage, repetitions: int) -> list[Row]:
    """Measure all starts in turns, each turn beginning with another one."""
    starts = _starts(stage)
    samples: Samples = defaultdict(list)
    for start in starts:
        start(defaultdict(list))  # bytecode, page cache, the servers
    for turn in range(repetitions):
        for start in starts[turn % len(starts) :] + starts[: turn % len(starts)]:
            start(samples)
    return _rows(samples)


def _rows(samples: Samples) -> list[Row]:
    floor = samples["import"]

    def row(what: str, key: str, limit: float | None) -> Row:
        return Row(what, "ms", samples[key], floor, limit)

    return [
        row("`import textual.app`", "import", None),
        row("bare Textual list", "floor", None),
        row("bare Textual list, httpx, 30 models", "floor-30", None),
        row("bare Textual list, httpx, 10,000 models", "floor-10000", None),
        row("first start: connecting", "connecting", FIRST_SIGN),
        *(row(f"first start: real rows, {n:,} models", f"real-{n}", REAL_ROWS[n]) for n in COUNTS),
        *(
            row(f"rows of the last start, {n:,} models", f"painted-{n}", PAINTED_ROWS[n])
            for n in COUNTS
        ),
        *(
            row(f"a key typed then is done, {n:,} models", f"key-{n}", TAKING_KEYS[n])
            for n in COUNTS
        ),
        *(
            Row(
                f"first screen until it rests, {n:,} models",
                "B",
                samples[f"bytes-{n}"],
                at_most=FIRST_SCREEN_BYTES,
            )
            for n in COUNTS
        ),
    ]


def _starts(stage: Stage) -> list[Callable[[Samples], None]]:
    def bare_import(samples: Samples) -> None:
        with stage.bare_import() as python:
            python.wait_exit()
            samples["import"].append(_ms(python.age))

    def floor(samples: Samples) -> None:
        with stage.floor() as bare:
            samples["floor"].append(_ms(bare.seconds_until("model-00003:8b")))

    homes = {count: _grown_home(stage, count) for count in COUNTS}
    return [
        bare_import,
        floor,
        *(_fetched(stage, count) for count in (30, 10_000)),
        *(_real(stage, count) for count in COUNTS),
        *(_again(stage, count, homes[count]) for count in COUNTS),
        *(_untouched(stage, count, homes[count]) for count in COUNTS),
    ]


def _fetched(stage: Stage, count: int) -> Callable[[Samples], None]:
    def start(samples: Samples) -> None:
        with stage.floor(fetch=count) as bare:
            samples[f"floor-{count}"].append(_ms(bare.seconds_until(FIRST)))

    return start


def _real(stage: Stage, count: int) -> Callable[[Samples], None]:
    def start(samples: Samples) -> None:
        with stage.program(count) as program:
            if count == COUNTS[0]:
                samples["connecting"].append(_ms(program.seconds_until("Connecting")))
            samples[f"real-{count}"].append(_ms(program.seconds_until(FIRST)))

    return start


def _again(stage: Stage, count: int, home: Home) -> Callable[[Samples], None]:
    def start(samples: Samples) -> None:
        with stage.program(count, home) as program:
            samples[f"painted-{count}"].append(_ms(program.seconds_until(FIRST)))
            mark = program.mark()
            program.press("j")
            samples[f"key-{count}"].append(_ms(program.seconds_until(CURSOR, mark=mark)))

    return start


def _untouched(stage: Stage, count: int, home: Home) -> Callable[[Samples], None]:
    def start(samples: Samples) -> None:
        with stage.program(count, home) as program:
            seen(program)
            samples[f"bytes-{count}"].append(float(program.mark()))
            program.quit()

    return start


def _grown_home(stage: Stage, count: int) -> Home:
    """Return a home whose program has seen the list and learned all about it."""
    home = stage.home()
    home.know_facts(count)
    with stage.program(count, home) as program:
        seen(program)
        program.quit()
    return home


def seen(program: Meter) -> None:
    """Wait until the real rows are on the screen and nothing more comes."""
    program.seconds_until(FIRST)
    program.seconds_until("0.12.6")
    program.wait_idle(1.0)


def _ms(seconds: float) -> float:
    return seconds * 1000
