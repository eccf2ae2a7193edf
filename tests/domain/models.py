"""Models for tests, made from the few things a test cares about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ollama_tui.api.replies import ListedModel, ModelDetails, RunningModel
from ollama_tui.domain.model import Facts, Model

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def a_model(
    name: str = "m:latest",
    *,
    size: int = 1_000_000_000,
    days: float | None = 1,
    capabilities: list[str] | None = None,
    digest: str = "",
    cloud: bool = False,
    vram: int = 0,
    facts: Facts | None = None,
    **details: str | int,
) -> Model:
    listed = ListedModel(
        name=name,
        model=name,
        modified_text="" if days is None else (NOW - timedelta(days=days)).isoformat(),
        size=size,
        digest=digest,
        details=ModelDetails(**details),  # type: ignore[arg-type]
        capabilities=capabilities,
        remote_model="m" if cloud else "",
        remote_host="https://ollama.com:443" if cloud else "",
    )
    running = RunningModel(name=name, size=vram, size_vram=vram) if vram else None
    return Model(listed, facts, running)


def many_models(count: int = 10_000) -> tuple[Model, ...]:
    """Return `count` models that differ in everything one can sort or filter by."""
    return tuple(_nth(n) for n in range(count))


def _nth(n: int) -> Model:
    return a_model(
        f"user{n % 97}/model-{n * 7919 % 10_007}:{n % 71}b-q{n % 8}",
        size=n * 7_919_000_003 % 400_000_000_000,
        days=n * 7919 % 1009 / 3,
        capabilities=None if n % 11 == 0 else ["completion", *["vision", "tools"][: n % 3]],
        digest=f"{n % 9001:064x}",
        cloud=n % 50 == 0,
        vram=n if n % 400 == 1 else 0,
        family=f"family{n % 31}",
        parameter_size=f"{n % 710 / 10}B" if n % 13 else "",
        quantization_level=["Q4_K_M", "Q8_0", "F16", "unknown", ""][n % 5],
        context_length=n % 7 * 8192,
        format="gguf",
        parent_model=f"base{n % 5}" if n % 3 == 0 else "",
    )
