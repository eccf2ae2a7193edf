"""The details of a model whose template has two megabytes, and learning about thousands."""

from __future__ import annotations

import json
import time
from functools import partial
from urllib.request import Request, urlopen

from ollama_tui.domain.details import TABS
from tests.benchmarks.meter import Meter
from tests.benchmarks.report import Row
from tests.benchmarks.server import HUGE, TOKENS, name_of
from tests.benchmarks.stage import FIRST, NO_DELAY, Stage
from tests.benchmarks.starts import seen

MANY = 10_000
HUGE_DETAILS = 4.0
"""Of a small model, whose details are asked for at once: what is left is to read the reply."""
HUGE_TEMPLATE = 3.0
HUGE_LICENSE = 1.5
LONGEST_STALL = 50.0
FETCHING = 120
"""Keys, within which the answer is there, and shown."""
LEARNING_CPU = 25.0
LEARNING_BYTES = 1_000
QUIET = 0.6
"""Seconds of silence: the details wait for the cursor to rest, then for the server."""


def measure(stage: Stage, repetitions: int) -> list[Row]:
    """Open the small model and the huge one, each with a cache that knows neither."""
    small: list[float] = []
    huge: list[float] = []
    small_tab: list[float] = []
    huge_tab: list[float] = []
    for _ in range(repetitions):
        _open(stage, 2, small, small_tab)
        _open(stage, 1, huge, huge_tab)
    return [
        Row("details of a model appear", "ms", small),
        Row("the same with a template of 2 MB", "ms", huge, small, HUGE_DETAILS),
        Row("its template appears, against a small one", "ms", huge_tab, small_tab, HUGE_TEMPLATE),
        *_scrolling(stage, repetitions),
        *_fetching(stage, repetitions),
        *_learning(stage, repetitions),
    ]


def _open(stage: Stage, number: int, opened: list[float], template: list[float]) -> None:
    home = stage.home()
    home.know_facts(30)
    with stage.program(30, home) as program:
        seen(program)
        seconds = program.cost_of(lambda: program.press(*["down"] * number), QUIET)[1]
        opened.append(seconds * 1000)
        template.append(_turn_to_template(program, number))


def _turn_to_template(program: Meter, number: int) -> float:
    # Something in one style: a frame is written style by style.
    needle = "template line 00000" if name_of(number) == HUGE else ".Messages }}"
    program.cost_of(lambda: program.press("enter"), 0.3)
    program.cost_of(lambda: program.press("tab"), 0.3)
    mark, since = program.mark(), time.monotonic()
    program.press("tab")
    return program.seconds_until(needle, mark=mark, since=since) * 1000


def _scrolling(stage: Stage, repetitions: int) -> list[Row]:
    """Scroll through a short license and one of two megabytes."""
    short: list[float] = []
    long: list[float] = []
    for _ in range(max(1, repetitions // 3)):
        _scroll(stage, 2, short)
        _scroll(stage, 1, long)
    return [
        Row("a row further in a license", "ms", short),
        Row("the same in one of 2 MB", "ms", long, short, HUGE_LICENSE),
    ]


def _scroll(stage: Stage, number: int, times: list[float]) -> None:
    home = stage.home()
    home.know_facts(30)
    with stage.program(30, home) as program:
        seen(program)
        program.cost_of(lambda: program.press(*["down"] * number), QUIET)
        program.cost_of(lambda: program.press("enter"), QUIET)
        _turn_to_license(program)
        for key in ["down", "pagedown", "down", "up", "end", "up", "down", "home", "down"]:
            seconds = program.cost_of(partial(program.press, key), NO_DELAY)[1]
            times.append(seconds * 1000)


def _fetching(stage: Stage, repetitions: int) -> list[Row]:
    """Move about in the details while a vocabulary comes and is shown."""
    stalls: list[float] = []
    usual: list[float] = []
    _ask_for_verbose(stage)  # the server makes it once
    for _ in range(max(1, repetitions // 2)):
        home = stage.home()
        home.know_facts(30)
        with stage.program(30, home) as program:
            seen(program)
            program.cost_of(lambda: program.press("enter"), QUIET)
            _turn_to_license(program)
            usual += [_row_further(program) for _ in range(10)]
            program.press("f")
            stalls.append(max([_row_further(program) for _ in range(FETCHING)]))
    what = f"longest wait of a key while {TOKENS:,} tokens are fetched and shown"
    return [
        Row("a key in the details", "ms", usual),
        Row(what, "ms", stalls, at_most=LONGEST_STALL),
    ]


def _turn_to_license(program: Meter) -> None:
    """Turn to the tab that is long enough to be scrolled through."""
    for _ in TABS:
        if b"Apache License" in program.bytes_of(lambda: program.press("tab"), 0.3):
            return
    raise AssertionError("there is no license")


def _ask_for_verbose(stage: Stage) -> None:
    body = json.dumps({"model": FIRST, "verbose": True}).encode()
    with urlopen(Request(f"{stage.url(30)}/api/show", body), timeout=60) as answer:
        answer.read()


def _row_further(program: Meter) -> float:
    """Return the milliseconds until a key has an effect."""
    mark, since = program.mark(), time.monotonic()
    program.press("down")
    took = (program.wait_for_any(mark) - since) * 1000
    program.watch(0.01)
    return took


def _learning(stage: Stage, repetitions: int) -> list[Row]:
    busy: list[float] = []
    written: list[float] = []
    with stage.program(MANY) as program:
        program.seconds_until(FIRST)
        program.watch(3.0)
        for _ in range(max(1, repetitions // 3)):
            mark, before, since = program.mark(), program.cpu, time.monotonic()
            program.watch(4.0)
            seconds = time.monotonic() - since
            busy.append((program.cpu - before) / seconds * 100)
            written.append(len(program.bytes_since(mark)) / seconds)
    return [
        Row("learning about 10,000 models", "% CPU", busy, at_most=LEARNING_CPU),
        Row("learning about 10,000 models", "B/s", written, at_most=LEARNING_BYTES),
    ]
