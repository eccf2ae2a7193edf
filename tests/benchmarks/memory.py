"""What the program takes at its peak: with a few models, and with very many."""

from __future__ import annotations

from tests.benchmarks.meter import Meter
from tests.benchmarks.report import Row
from tests.benchmarks.stage import NO_DELAY, Stage
from tests.benchmarks.starts import seen

LIMITS = {30: 60.0, 10_000: 90.0}
"""Megabytes, by the number of models."""


def measure(stage: Stage, repetitions: int) -> list[Row]:
    """Start on a home where nothing is known of the list; look at details, filter, leave it."""
    peaks: dict[int, list[float]] = {models: [] for models in LIMITS}
    bare: dict[int, list[float]] = {models: [] for models in LIMITS}
    for _ in range(max(1, repetitions // 3)):
        for models in LIMITS:
            home = stage.home()
            home.know_facts(models)
            with stage.program(models, home) as program:
                seen(program)
                _use(program)
                peaks[models].append(program.peak_memory)
            with stage.floor(fetch=models) as floor:
                floor.wait_idle(1.0)
                bare[models].append(floor.peak_memory)
    return [
        Row(f"peak memory, {models:,} models", "MB", peaks[models], at_most=limit)
        for models, limit in LIMITS.items()
    ] + [
        Row(f"bare Textual list, httpx, {models:,} models", "MB", bare[models]) for models in LIMITS
    ]


def _use(program: Meter) -> None:
    program.cost_of(lambda: program.press(*["down"] * 5), 1.0)
    program.cost_of(lambda: program.type("/qwen"), 1.0)
    program.cost_of(lambda: program.press("escape", "pagedown"), NO_DELAY)
    program.watch(3.0)  # the services are there, and what models share is counted
