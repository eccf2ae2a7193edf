"""The order of 10,000 models: what the slowest column costs when it is chosen first."""

from __future__ import annotations

import time

from ollama_tui.api.decode import listed_models
from ollama_tui.domain import columns as order
from ollama_tui.domain.model import Model, models_from
from tests.benchmarks.report import Row
from tests.benchmarks.server import listed
from tests.benchmarks.stage import Stage

MODELS = 10_000
SORT_CPU = 100.0


def measure(stage: Stage, repetitions: int) -> list[Row]:
    """Measure the processor time of each order, keys of names not known yet."""
    models = models_from(listed_models(listed(MODELS)), (), {})
    slowest = [max(_sorted(models, key) for key in order.BY_KEY) for _ in range(repetitions)]
    what = f"sort {MODELS:,} models by the slowest column"
    return [Row(what, "ms CPU", slowest, at_most=SORT_CPU)]


def _sorted(models: tuple[Model, ...], key: str) -> float:
    order._name_key.cache_clear()
    started = time.process_time()
    order.sort(models, key)
    return (time.process_time() - started) * 1000
