"""What is said of a model's memory beside the figures."""

from __future__ import annotations

import msgspec
import pytest

from ollama_tui.api.replies import RunningModel
from ollama_tui.domain.memory.available import GIB, configured
from ollama_tui.domain.memory.footprint import Load, footprint
from ollama_tui.domain.memory_report import reported, unload_advice
from tests.domain.memory.test_fit import LLAMA
from tests.domain.models import a_model

TAKEN = footprint(LLAMA, Load(4096))
"""Six gigabytes."""


def on_gpu(name: str, gigabytes: int) -> RunningModel:
    return RunningModel(name=name, size=gigabytes * 10**9, size_vram=gigabytes * 10**9)


def test_what_to_unload_is_named() -> None:
    running = [on_gpu("large:1", 9), on_gpu("small:1", 1), on_gpu("tiny:1", 1)]
    model = a_model("m:1")
    said = unload_advice(model, TAKEN, configured(16 * GIB), running)
    assert said == "454 MB more GPU memory is needed: unload large:1 first."
    assert unload_advice(model, TAKEN, configured(24 * GIB), running) == ""
    assert unload_advice(model, TAKEN, configured(4 * GIB), running) == ""  # it would not help
    assert unload_advice(model, TAKEN, None, running) == ""
    assert unload_advice(a_model("m:1", vram=1), TAKEN, configured(16 * GIB), running) == ""


def test_many_names_are_counted() -> None:
    running = [on_gpu(f"m{n:02}:1", 1) for n in range(24)]
    said = unload_advice(a_model("m:1"), TAKEN, configured(24 * GIB), running)
    assert said.endswith("unload m00:1, m01:1, m02:1 and 2 more first.")


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (1.0, "as computed."),
        (1.005, "as computed."),
        (1.25, "25% more than computed"),
        (0.9, "10% less than computed"),
        (0.5, "less than the weights alone, so that figure is wrong."),
    ],
)
def test_what_the_server_reports_is_compared(share: float, said: str) -> None:
    running = RunningModel(size=int(TAKEN.total * share), context_length=4096)
    assert said in reported(LLAMA, running)


def test_nothing_is_said_where_there_is_nothing_to_compare() -> None:
    assert reported(LLAMA, None) == ""
    assert reported(LLAMA, RunningModel(size=0, context_length=4096)) == ""
    assert reported(LLAMA, RunningModel(size=10**9, context_length=0)) == ""
    assert reported(LLAMA, RunningModel(size=10**9, context_length=2**60)) == ""


def test_names_of_running_models_are_inert() -> None:
    evil = msgspec.structs.replace(on_gpu("x", 11), name="evil\x1b[31m")
    assert "\x1b" not in unload_advice(a_model("m:1"), TAKEN, configured(16 * GIB), [evil])
