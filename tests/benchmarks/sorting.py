"""10,000 models: what the slowest column costs when it is chosen first, and what fits a GPU."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from ollama_tui.api.decode import decode, listed_models
from ollama_tui.api.replies import Show
from ollama_tui.domain import columns as order
from ollama_tui.domain import model_memory
from ollama_tui.domain.filter.fields import Scope
from ollama_tui.domain.filter.parser import parse
from ollama_tui.domain.memory.available import GIB, configured
from ollama_tui.domain.model import Model, facts_of, models_from
from tests.benchmarks.report import Row
from tests.benchmarks.server import digest_of, listed, name_of, shown
from tests.benchmarks.stage import Stage

MODELS = 10_000
SORT_CPU = 100.0


def measure(stage: Stage, repetitions: int) -> list[Row]:
    """Measure the processor time of each order, keys of names not known yet."""
    shows = ((number, decode(shown(name_of(number)), Show)) for number in range(MODELS))
    facts = {digest_of(number): facts_of(show) for number, show in shows}
    memory = configured(24 * GIB, 64 * GIB)
    models = models_from(listed_models(listed(MODELS)), (), facts, memory=memory)
    slowest = [max(_sorted(models, key) for key in order.BY_KEY) for _ in range(repetitions)]
    what = f"sort {MODELS:,} models by the slowest column"
    rows = [Row(what, "ms CPU", slowest, at_most=SORT_CPU)]
    for text in ("fits:16g", "is:fits"):
        times = [_filtered(models, text) for _ in range(repetitions)]
        what = f"filter {MODELS:,} models by {text} for the first time"
        rows.append(Row(what, "ms CPU", times, at_most=SORT_CPU))
    return rows


def _sorted(models: tuple[Model, ...], key: str) -> float:
    order._name_key.cache_clear()
    model_memory.computed.cache_clear()
    started = time.process_time()
    order.sort(models, key)
    return (time.process_time() - started) * 1000


def _filtered(models: tuple[Model, ...], text: str) -> float:
    model_memory.computed.cache_clear()
    scope = Scope(models, datetime.now(UTC))
    started = time.process_time()
    found = parse(text).select(models, scope)
    taken = (time.process_time() - started) * 1000
    assert found
    return taken
